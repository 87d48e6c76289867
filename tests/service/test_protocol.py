"""gRPC as the protocol document has it: deadlines, cancellation, errors, health, reflection, limits."""

import threading
import time

import grpc
import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.frames import Connection
from rig.world import new_id


def test_an_error_says_field_and_reason(world, agency):
    with refused("INVALID_ARGUMENT") as refusal:
        world.ada.CreateAgency(agency={"code": "a b", "name": "x"})
    assert any("code" in f for f in refusal.fields) and "capital letters" in refusal.text
    details = dict(refusal.metadata).get("grpc-status-details-bin")
    status = contract.message("google.rpc.Status").FromString(details)
    assert status.code == 3 and status.message == refusal.text


def test_percent_encoding(world):
    """A sentence with bytes beyond ASCII arrives as it was written."""
    with refused("NOT_FOUND") as refusal:
        world.ada.GetAsset(asset="Zürich 100 % 東京")
    assert "Zürich 100 % 東京" in refusal.text


def test_unknown_method_and_service(world):
    for path in ("/radioshop.v1.AssetService/NoSuch", "/no.such.Service/Get", "/radioshop.v1.AssetService/GetAsset/",
                 "/RADIOSHOP.V1.AssetService/GetAsset", "/radioshop.v1.AssetService/getAsset"):
        with pytest.raises(Refused) as refusal:
            world.ada.raw(path, b"")
        assert refusal.value.code == "UNIMPLEMENTED", path


def test_not_protobuf(world):
    path = contract.methods()["GetAsset"].path
    for junk in (b"\xff", b"\x0a\x05abc", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 100, b"\x00" * 10):
        with pytest.raises(Refused) as refusal:
            world.ada.raw(path, junk)
        # INTERNAL is what other gRPC servers say to bytes that are no message.
        assert refusal.value.code in ("INVALID_ARGUMENT", "INTERNAL"), junk
    # Fields that are not known are skipped, as protobuf says.
    with refused("NOT_FOUND"):
        world.ada.raw(path, b"\x0a\x03abc\xfa\x3f\x03xyz")


def test_text_that_is_no_text(world, agency):
    method = contract.methods()["LookupAssets"]
    for bad in (b"a\x00b", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        with refused("INVALID_ARGUMENT", field="code"):
            world.ada.raw(method.path, b"\x0a" + bytes([len(bad)]) + bad)


def test_deadline(world, migrated):
    """A locked row: the call ends at its deadline, the work is stopped in the database, and nothing is written."""
    asset = world.asset("IND")
    lock = "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4); ROLLBACK;"
    holder = threading.Thread(target=migrated.sql, args=(lock,))
    holder.start()
    try:
        time.sleep(0.7)
        begun = time.monotonic()
        # lock_timeout may end it a little earlier, with ABORTED.
        with refused("DEADLINE_EXCEEDED", "ABORTED"):
            world.tina.UpdateAsset(asset={"id": asset.id, "notes": "late", "revision": asset.revision},
                                   update_mask=["notes"], timeout=0.8)
        assert time.monotonic() - begun < 2.5
        assert world.tina.GetCaller().principal.name == "tina", "only calls that need the table wait"
        time.sleep(0.5)
        waiting = migrated.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'radioshop_app' AND wait_event_type = 'Lock'")
        assert waiting == "0", "the statement still waits in the database"
    finally:
        holder.join()
    assert world.tina.GetAsset(asset=asset.id).asset.notes == ""


def test_the_daemon_keeps_the_deadline_itself(world, migrated):
    """The status comes from the daemon, in time, also when the client would go on waiting."""
    asset = world.asset("IND")
    request = world.tina.request(contract.methods()["GetAsset"], {"asset": asset.id}).SerializeToString()
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2.5); ROLLBACK;",))
    with Connection(world, "tina") as connection:
        assert connection.call("GetAsset", request, headers=[("grpc-timeout", "10S")]).grpc_status() == 0
        holder.start()
        time.sleep(0.7)
        begun = time.monotonic()
        assert connection.call("GetAsset", request, headers=[("grpc-timeout", "400m")]).grpc_status() == 4
        assert 0.3 < time.monotonic() - begun < 1.5
        assert connection.call("GetCaller", b"", headers=[("grpc-timeout", "1n")]).grpc_status() in (0, 4)
        holder.join()
        assert connection.call("GetAsset", request).grpc_status() == 0


@pytest.mark.parametrize("value", ["", "10", "S", "-1S", "123456789S", "1x", "1 S", "1.5S"])
def test_a_timeout_that_is_none(world, value):
    """The daemon must not guess; grpcio would never send these."""
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", headers=[("grpc-timeout", value)])
        assert stream.grpc_status() in (3, 13), stream.trailers


def test_cancelled_by_the_client(world, migrated, daemon):
    """The client leaves while its statement waits for a lock: the daemon goes on, and the lock's end changes nothing."""
    asset = world.asset("IND")
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); ROLLBACK;",))
    holder.start()
    time.sleep(0.5)
    method = contract.methods()["GetAsset"]
    call = world.tina.channel.unary_unary(method.path).future(
        world.tina.request(method, {"asset": asset.id}).SerializeToString())
    time.sleep(0.2)
    call.cancel()
    holder.join()
    assert world.tina.GetAsset(asset=asset.id).asset.id == asset.id
    assert daemon.ready()


def test_an_oversize_message(world, agency):
    with refused("RESOURCE_EXHAUSTED"):
        world.tina.CreateAsset(asset={"agency": agency, "tag": "BIG", "class": "portable", "notes": "x" * (5 << 20)})
    assert world.tina.GetCaller().principal.name == "tina"


def test_many_streams_on_one_connection(world):
    asset = world.asset("IND")
    method = contract.methods()["GetAsset"]
    payload = world.tina.request(method, {"asset": asset.id}).SerializeToString()
    calls = [world.tina.channel.unary_unary(method.path).future(payload, timeout=60) for _ in range(1000)]
    assert {method.reply.FromString(call.result()).asset.tag for call in calls} == {asset.tag}


def health(world, name, service=""):
    request = contract.message("grpc.health.v1.HealthCheckRequest")(service=service)
    return world.ada.raw(f"/grpc.health.v1.Health/{name}", request.SerializeToString())


def test_health(world):
    reply = contract.message("grpc.health.v1.HealthCheckResponse")
    assert reply.FromString(health(world, "Check")).status == 1
    assert reply.FromString(health(world, "Check", "radioshop.v1.AssetService")).status == 1
    with refused("NOT_FOUND"):
        health(world, "Check", "no.such.Service")


def test_health_watch(world):
    request = contract.message("grpc.health.v1.HealthCheckRequest")().SerializeToString()
    call = world.ada.channel.unary_stream("/grpc.health.v1.Health/Watch")(request, timeout=10)
    reply = contract.message("grpc.health.v1.HealthCheckResponse")
    assert reply.FromString(next(call)).status == 1
    call.cancel()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection(world, version):
    """A tool that knows nothing learns everything: services, and the files of each with what they import."""
    request = contract.message(f"grpc.reflection.{version}.ServerReflectionRequest")
    reply = contract.message(f"grpc.reflection.{version}.ServerReflectionResponse")
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"

    def ask(*requests):
        answers = world.ada.channel.stream_stream(path)(iter([r.SerializeToString() for r in requests]), timeout=10)
        return [reply.FromString(a) for a in answers]
    services = {s.name for s in ask(request(list_services="*"))[0].list_services_response.service}
    assert services >= {f"radioshop.v1.{m.full_name.split('.')[0]}" for m in contract.methods().values()}
    assert "grpc.health.v1.Health" in services
    file, symbol, missing = ask(request(file_by_filename="radioshop/v1/asset.proto"),
                                request(file_containing_symbol="radioshop.v1.AssetService.GetAsset"),
                                request(file_containing_symbol="no.such.Symbol"))
    assert file.file_descriptor_response.file_descriptor_proto and symbol.file_descriptor_response.file_descriptor_proto
    assert missing.error_response.error_code == 5


def test_each_call_is_one_line_of_the_log(world, daemon):
    asset = world.asset("IND")
    request = new_id()
    world.tina.OpenTicket(request_id=request, asset=asset.id, problem="secret problem text")
    with refused("NOT_FOUND"):
        world.frank.GetAsset(asset="not there at all")
    time.sleep(0.3)
    lines = daemon.text().splitlines()
    opened = [line for line in lines if "OpenTicket" in line and "tina" in line]
    assert opened and "OK" in opened[-1]
    missed = [line for line in lines if "GetAsset" in line and "frank" in line and "NOT_FOUND" in line]
    assert missed
    assert "secret problem text" not in daemon.text() and "BEGIN PRIVATE" not in daemon.text()


def test_the_server_is_named_by_its_certificate(daemon, certificates):
    """A client that trusts another CA does not talk to us."""
    certificate, key = certificates.person("ada")
    other = certificates.other_ca_pem()
    credentials = grpc.ssl_channel_credentials(other, key.read_bytes(), certificate.read_bytes())
    with grpc.secure_channel(f"localhost:{daemon.port}", credentials) as channel:
        with pytest.raises(grpc.RpcError) as error:
            channel.unary_unary("/radioshop.v1.PrincipalService/GetCaller")(b"", timeout=5)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
