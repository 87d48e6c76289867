"""The Connect protocol: the same methods on the same port for curl, for pages, and for Connect's own clients."""

import base64
import gzip
import json
import os
import subprocess
import threading
import time
import urllib.parse

import pytest
from google.protobuf import json_format
from test_tenancy import ABSENT, probes

from rig import contract
from rig.caller import Refused
from rig.connect import JSON, PROTO, Answer, Client
from rig.daemon import SLOWER
from rig.world import attach, day, new_id

# ada's probes make the agency that the tenancy test holds to be nowhere, and grant roles over it: here it has another name.
NOWHERE = {**ABSENT, "agency": "YYY", "tag": "NOSUCHTAG9", "person": "connect-grantee"}
UNARY = sorted(name for name, method in contract.methods().items() if not method.streams and not method.client_streams)
READS = sorted(name for name in UNARY if not contract.methods()[name].writes)


@pytest.fixture
def client(world):
    """Makes connections of a principal: client("tina")."""
    made = []

    def make(name="tina", **options):
        made.append(Client(world, name, **options))
        return made[-1]
    yield make
    for one in made:
        one.socket.close()


@pytest.fixture(scope="module")
def ids(world):
    """Records of an agency of this module's own, for the probes."""
    agency, person = world.agency(), world.person(NOWHERE["person"])
    plan = world.plan(agency, "CONNECTPL", first_due_on=day(-40))
    asset = world.asset(agency, alias=f"{agency} Engine 7", notes="Zürich 東京 \U0001f4fb")
    world.tina.CreateServiceRecord(asset=asset.id, plan=plan.code, result="passed", done_on=day(-500),
                                   readings=[{"name": "TX power", "value": 4.75, "unit": "W"}])
    ticket = world.tina.OpenTicket(asset=asset.id, problem="broken").ticket
    world.tina.AddTicketEntry(ticket=ticket.number, kind="note", text="line\none")
    world.ada.CreateAlertRoute(route={"agency": agency, "code": "CONNECT", "channel": "output"})
    alerts = [a for a in world.nightly.EmitAlerts(agency=agency).alerts if a.tag == asset.tag]
    world.ada.SetLabourRate(from_day="2000-01-01", hourly_cents=100)
    world.tina.CreatePart(part={"number": f"{agency}P", "name": "speaker"})
    world.tina.CreateStockLocation(location={"code": f"{agency}L", "name": "shelf"})
    due = world.due(agency)[asset.tag, plan.code].due_on
    change = world.tina.DeferDue(asset=asset.id, plan=plan.code, due_on=due, deferred_to=day(20), reason="no time").change
    rma = world.tina.OpenRma(ticket=ticket.number, number=f"{agency}R", kind="depot").rma
    world.ada.CreateCampaign(campaign={"code": f"C{agency}", "name": "Rekey", "kind": "rekey"}, selection={"agency": [agency]})
    lent = world.asset(agency)
    world.ada.AddLoaner(asset=lent.id)
    loan = world.tina.IssueLoan(asset=lent.id, ticket=ticket.number, borrower="A. Ruiz").loan
    custodian = world.tina.CreateCustodian(custodian={"agency": agency, "code": f"{agency}B", "name": "A. Ruiz"}).custodian
    held = world.asset(agency)
    world.tina.CheckOutAssets(assets=[held.id], to=custodian.id)
    field = world.ada.CreateField(field={"agency": agency, "name": f"f{agency.lower()}", "type": "text"}).field
    keyset = world.ada.CreateKeyset(keyset={"agency": agency, "code": f"K{agency}", "name": "x", "number": 1, "algorithm": "adp", "ckrs": "1-4"}).keyset
    world.tina.LoadKeyset(keyset=keyset.id, assets=[asset.id], means="otar")
    component = world.asset(agency, **{"class": "battery", "model": ""})
    world.tina.AttachAssets(assets=[component.id], to=held.id)
    retired = world.asset(agency)
    retirement = world.tina.RetireAssets(assets=[retired.id], reason="surplus").retirements[0]
    transfer = world.ada.OfferTransfer(assets=[world.asset(agency).id], to=world.agency()).transfer
    stored = attach(world, ticket.number, "report.txt", b"passed")
    upload = world.tina.StartUpload(record=ticket.number, name="photo.txt", size_bytes=9, sha256="0" * 64).attachment
    system = world.ada.CreateRadioSystem(system={"name": f"{agency}N"}).system.name
    for first in (1, 21):  # one for the probe that revokes
        world.ada.GrantUnitBlock(agency=agency, system=system, first=first, last=first + 8)
    saved = world.tina.SaveMapping(mapping={"agency": agency, "name": f"M{agency}", "text": "tag = {Tag}"}).mapping
    count = world.tina.StartInventory(agency=agency).inventory
    return {"system": system, "inventory": count.number, "agency": agency, "asset": asset.id, "tag": asset.tag, "serial": asset.serial, "alias": asset.alias,
            "ticket": ticket.id, "number": ticket.number, "plan": plan.code, "alert": alerts[0].id, "person": person,
            "change": change.id, "part": f"{agency}P", "location": f"{agency}L", "month": world.bill(agency, []),
            "rma": rma.number, "rma_id": rma.id, "campaign": f"C{agency}", "loan": loan.id, "lent": lent.tag,
            "custodian": custodian.code, "custodian_id": custodian.id, "held": held.tag, "component": component.tag, "retired": retired.tag, "retirement": retirement.id, "transfer": transfer.number,
            "run": world.tina.StartImport(agency=agency, file_name="radios.csv", file=asset.id, rows=2).run.id,
            "field": field.name, "field_id": field.id, "keyset": keyset.code, "keyset_id": keyset.id, "mapping": saved.name,
            "file": stored.name, "attachment": stored.id, "upload": upload.id,
            "route": "CONNECT", "delivery": world.nightly.ClaimDeliveries(agency=agency, host="x").deliveries[0].id}


# One path: whatever gRPC answers, Connect answers.


def by_grpc(caller, method, message):
    # Whom the shop does not know is cut off within seconds, which the library takes for a server that went away.
    for _ in range(3):
        try:
            return "ok", method.reply.FromString(caller.raw(method.path, message.SerializeToString()))
        except Refused as refusal:
            told = refusal.code.lower(), refusal.text, refusal.fields, refusal.reason
        if told[0] != "unavailable":
            break
    return told


def by_connect(answer, method):
    if answer.http == 200:
        if answer.headers["content-type"] == PROTO:
            return "ok", method.reply.FromString(answer.body)
        return "ok", json_format.Parse(answer.body, method.reply())
    info = answer.details().get("google.rpc.ErrorInfo")
    return answer.code, answer.json()["message"], answer.fields(), info.reason if info else ""


@pytest.mark.parametrize("name", UNARY)
def test_every_method_answers_as_by_grpc(world, client, ids, name):
    """
    Every probe of the tenancy test, of records that are there and of some that are not, by people of five kinds. A write
    goes by Connect first and then, with the same request_id, by gRPC: it must be known again.
    """
    method = contract.methods()[name]
    seen = set()
    for person in ("ada", "tina", "lsu-everything", "granted-nothing", "nobody-knows-me"):
        caller, connections = world.caller(person), []

        def post(*words, **options):
            # Whom the shop does not know is cut off within seconds: then by another connection.
            for _ in range(3):
                if not connections or connections[-1].closed:
                    connections.append(client(person))
                answer = connections[-1].post(*words, **options)
                if answer.http:
                    return answer
                connections[-1].closed = True
            raise AssertionError(f"{person} gets no answer")
        for values in probes(name, ids) + probes(name, NOWHERE):
            message = caller.request(method, values)
            answer = post(name, json_format.MessageToJson(message))
            expected = by_grpc(caller, method, message)
            assert by_connect(answer, method) == expected, f"{person} {values}: {answer}"
            binary = post(name, message.SerializeToString(), content_type=PROTO)
            assert by_connect(binary, method) == expected, f"{person} {values}: {binary}"
            seen.add(expected[0])
    assert "unauthenticated" in seen and len(seen) >= 2, f"the probes show too little: {seen}"


# Those of the shop itself, which have no agency and whose probe is a name that none has; and the plan here follows no procedure,
# its month is closed, and the mapping was taken away by another probe.
NOT_HERE = {"GetMapping", "GetModel", "GetRadioSystem", "GetAnalyser", "GetProcedure", "GetServiceSheet", "GetTicketCode", "PreviewMonth", "PreviewStatement"}


def test_the_probes_show_good_answers(world, client, ids):
    connection, silent = client("ada"), set()
    for name in READS:
        asked = [json_format.MessageToJson(world.ada.request(contract.methods()[name], values)) for values in probes(name, ids)]
        if not any(connection.post(name, message).http == 200 for message in asked):
            silent.add(name)
    assert silent <= NOT_HERE, silent - NOT_HERE


# Good answers.


def test_headers_of_an_answer(world, client, agency):
    asset = world.asset(agency, notes="Zürich 東京 \U0001f4fb")
    answer = client().post("GetAsset", {"asset": asset.id})
    assert answer.http == 200 and answer.trailers == {}
    assert answer.headers["content-type"] == JSON and int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith(("grpc-", "access-control-"))]
    asset = answer.json()["asset"]
    assert asset["notes"] == "Zürich 東京 \U0001f4fb" and asset["revision"] == "1" and asset["status"] == "ASSET_STATUS_IN_SERVICE"


def test_a_page_of_a_list(world, client, agency):
    for _ in range(3):
        world.asset(agency)
    first = client().post("ListAssets", {"agency": agency, "pageSize": 2}).json()
    rest = client().post("ListAssets", {"agency": agency, "page_size": "2", "pageToken": first["nextPageToken"]}).json()
    assert len(first["assets"]) == 2 and len(rest["assets"]) == 1 and "nextPageToken" not in rest


def test_a_request_in_pieces(client, ids):
    """The body ends with the stream, however it is cut, and with or without a content-length."""
    body = json.dumps({"asset": ids["asset"]}).encode()
    for headers in ((), [("content-length", str(len(body)))]):
        connection = client()
        stream = connection.open(Client.path("GetAsset"), headers, content_type=JSON, te=None)
        for byte in body:
            connection.send(stream, bytes([byte]), end=False)
        connection.send(stream, b"")
        assert Answer(stream).http == 200


def test_an_empty_body(client):
    """No bytes are an empty message in protobuf, and nothing at all in JSON; neither is ever decompressed."""
    for headers in ((), [("content-encoding", "gzip")]):
        assert client().post("GetCaller", b"", headers, content_type=PROTO).http == 200
        refused = client().post("GetCaller", b"", headers)
        assert refused.http == 400 and refused.code == "invalid_argument" and "not JSON" in refused.json()["message"]


def test_health(client):
    path = "/grpc.health.v1.Health/Check"
    assert client().post(path, {}).json() == {"status": "SERVING"}
    missing = client().post(path, {"service": "no.such.Service"})
    assert missing.http == 404 and missing.code == "not_found" and missing.fields() == ["service"]


# One intent, whatever it is written in.


def test_a_repeat_in_another_dialect(world, client, agency):
    """JSON in any order of fields, protobuf, gRPC: one request, done once, answered the same."""
    method, request = contract.methods()["CreateAsset"], new_id()
    asset = {"agency": agency, "tag": "ONCE", "class": "EQUIPMENT_CLASS_PORTABLE"}
    first = client().post("CreateAsset", {"requestId": request, "asset": asset})
    assert first.http == 200, first
    again = client().post("CreateAsset", {"asset": dict(reversed(asset.items())), "request_id": request})
    assert again.body == first.body and again.headers["content-type"] == JSON
    message = world.tina.request(method, {"request_id": request, "asset": {**asset, "class": "portable"}})
    by_proto = client().post("CreateAsset", message.SerializeToString(), content_type=PROTO)
    assert by_proto.headers["content-type"] == PROTO
    expected = json_format.Parse(first.body, method.reply())
    assert method.reply.FromString(by_proto.body) == expected == world.tina.call(
        method, {"request_id": request, "asset": {**asset, "class": "portable"}})
    other = client().post("CreateAsset", {"requestId": request, "asset": {**asset, "notes": "different"}})
    assert other.http >= 400, "another request under the same request_id"
    assert len(world.tina.ListAssets(agency=agency).assets) == 1


def test_grpc_first_then_json(world, client, agency):
    asset = world.asset(agency)
    request = new_id()
    ticket = world.tina.OpenTicket(request_id=request, asset=asset.id, problem="dead").ticket
    answer = client().post("OpenTicket", {"requestId": request, "asset": asset.id, "problem": "dead"})
    assert answer.http == 200 and answer.json()["ticket"]["number"] == ticket.number
    assert len(world.tina.ListTickets(agency=agency).tickets) == 1


# Errors.


def test_a_field_at_fault(client, agency):
    answer = client("ada").post("CreateAgency", {"requestId": new_id(), "agency": {"code": "a b", "name": "x"}})
    assert answer.http == 400 and answer.code == "invalid_argument"
    assert any("code" in field for field in answer.fields()) and "capital letters" in answer.json()["message"]
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"


def test_codes_and_their_http_status(world, client, agency):
    asset = world.asset(agency)
    tina = client("tina")
    stale = {"requestId": new_id(), "asset": {"id": asset.id, "notes": "x", "revision": 7}, "updateMask": "notes"}
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x").ticket
    wrong_move = {"requestId": new_id(), "ticket": ticket.id, "revision": str(ticket.revision), "state": "closed"}
    twice = {"requestId": new_id(), "asset": {"agency": agency, "tag": asset.tag, "class": 1}}
    for answer, http, code in (
            (tina.post("GetAsset", {"asset": "nosuch"}), 404, "not_found"),
            (tina.post("CreatePlan", {"requestId": new_id(), "plan": {"agency": agency}}), 403, "permission_denied"),
            (tina.post("UpdateAsset", stale), 409, "aborted"),
            (tina.post("MoveTicket", wrong_move), 400, "failed_precondition"),
            (tina.post("CreateAsset", twice), 409, "already_exists"),
            (tina.post("CreateAsset", {"requestId": new_id(), "asset": {"notes": "x" * (5 << 20)}}), 429, "resource_exhausted"),
            (client("nobody-knows-me").post("GetCaller", {}), 401, "unauthenticated"),
            (tina.post("/radioshop.v1.AssetService/NoSuch", {}), 404, "unimplemented"),
            (tina.post("/", {}), 404, "unimplemented"),
            (tina.post("/radioshop.v1.AssetService/GetAsset/", {}), 404, "unimplemented"),
            (tina.post("ExportAssets", {}), 415, "unimplemented"),
            (tina.post("/grpc.health.v1.Health/Watch", {}), 415, "unimplemented")):
        assert (answer.http, answer.code) == (http, code), answer
        assert answer.json()["message"] and answer.headers["content-type"] == JSON
    assert tina.post("GetCaller", {}).http == 200, "the connection lives on"


def test_errors_to_a_protobuf_caller_are_json(client):
    answer = client().post("GetAsset", b"\x0a\x06nosuch", content_type=PROTO)
    assert answer.http == 404 and answer.code == "not_found"
    assert client().post("GetAsset", b"\xff\xff", content_type=PROTO).code == "invalid_argument"


def test_the_database_is_away(own_daemon, client, migrated):
    """503 with Retry-After, and RetryInfo in the details."""
    daemon = own_daemon("connect-away", database="host=/nonexistent dbname=x")
    daemon.start(wait=False)
    daemon.wait_until(lambda: daemon.http("/healthz")[0] == 200, 30, "listening")
    answer = client("tina", port=daemon.port).post("GetCaller", {})
    assert (answer.http, answer.code) == (503, "unavailable"), answer
    delay = answer.details()["google.rpc.RetryInfo"].retry_delay
    assert int(answer.headers["retry-after"]) == -(-(delay.seconds * 1000 + delay.nanos // 1000000) // 1000) > 0
    daemon.stop()


REFUSED_JSON = [
    ('{"asset":', "", "not JSON"), ('{"asset":"a"} x', "", "not JSON"), ('{"asset":"a","asset":"b"}', "", "not JSON"),
    ("[]", "", "must be a JSON object"), ("null", "", "not JSON"), ('{"asset":1}', "asset", "must be a string"),
    ('{"colour":1}', "colour", "is not a field of GetAssetRequest"), ('{"asset":"\\u0000"}', "asset", "NUL"),
    ('{"asset":"\\ud800"}', "", "not JSON"), (b'{"asset":"\xff"}', "", "not JSON"), ('{"asset":"\x1b"}', "", "not JSON"),
    ('{"asset":"\\u001b[2J"}', "asset", "control character"), ("[" * 3000, "", "not JSON"), ('{"a":' * 1000, "", "not JSON"),
]


@pytest.mark.parametrize("number", range(len(REFUSED_JSON)))
def test_wrong_json(client, number):
    text, field, why = REFUSED_JSON[number]
    answer = client().post("GetAsset", text)
    assert (answer.http, answer.code) == (400, "invalid_argument") and why in answer.json()["message"], answer
    assert answer.fields() == ([field] if field else [])


def test_a_tree_larger_than_its_text(client, daemon):
    """Two bytes of JSON become forty of memory: the limit of the call holds for what they become."""
    answer = client().post("ImportAssets", '{"rows":[' + ",".join("0" * 2_000_000) + "]}")
    assert (answer.http, answer.code) == (429, "resource_exhausted"), answer
    assert daemon.ready()


# Deadlines.


def test_deadline(world, client, migrated, agency):
    """The database keeps it, and nothing is written."""
    asset = world.asset(agency)
    connection = client()
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); ROLLBACK;",))
    holder.start()
    try:
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'radioshop.asset'::regclass"
        while migrated.value(held) == "0":
            time.sleep(0.05)
        begun = time.monotonic()
        body = {"requestId": new_id(), "asset": {"id": asset.id, "notes": "late", "revision": asset.revision}, "updateMask": "notes"}
        answer = connection.post("UpdateAsset", body, [("connect-timeout-ms", "600")])
        # lock_timeout may end it a little earlier, as aborted.
        assert (answer.http, answer.code) in ((504, "deadline_exceeded"), (409, "aborted")), answer
        assert time.monotonic() - begun < 2.5
    finally:
        holder.join()
    assert world.tina.GetAsset(asset=asset.id).asset.notes == ""


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "1S", "12345678901"])
def test_a_timeout_that_is_none(client, value):
    answer = client().post("GetCaller", {}, [("connect-timeout-ms", value)])
    assert (answer.http, answer.code) == (400, "invalid_argument") and "connect-timeout-ms" in answer.json()["message"]


def test_a_reply_that_nobody_takes(world, client, agency):
    """Its HTTP status is out already when the deadline passes: the stream is reset, and the connection serves on."""
    rows = [{"line": i, "tag": f"R{i:04d}", "class": "portable", "notes": "x" * 400} for i in range(400)]
    world.tina.ImportAssets(agency=agency, rows=rows)
    connection = client(acknowledge=False)
    answer = connection.post("ListAssets", {"agency": agency, "pageSize": 1000}, [("connect-timeout-ms", str(1500 * SLOWER))])
    assert answer.http == 200 and answer.reset is not None and len(answer.body) < int(answer.headers["content-length"])
    assert client().post("ListAssets", {"agency": agency, "pageSize": 1000}).http == 200


# Versions, codecs, encodings.


def test_protocol_version(client):
    assert client().post("GetCaller", {}, [("connect-protocol-version", "1")]).http == 200
    answer = client().post("GetCaller", {}, [("connect-protocol-version", "2")])
    assert (answer.http, answer.code) == (400, "invalid_argument")


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/connect+json", "application/connect+proto", "application/xml", "application/grpc-web"])
def test_unknown_codecs(client, kind):
    """415, and which would do. The first ones a page of any site can send without asking: they must never reach a method."""
    answer = client().post("GetCaller", b'{"x":1}', content_type=kind)
    assert (answer.http, answer.code) == (415, "unimplemented")
    assert JSON in answer.headers["accept-post"] and PROTO in answer.headers["accept-post"]


def test_content_type_with_parameters(client):
    assert client().post("GetCaller", {}, content_type="application/json; charset=utf-8").http == 200


def test_a_compressed_request(client, ids):
    body = json.dumps({"asset": ids["asset"]}).encode()
    answer = client().post("GetAsset", gzip.compress(body), [("content-encoding", "gzip")])
    assert answer.http == 200 and answer.json()["asset"]["id"] == ids["asset"]
    assert client().post("GetAsset", body, [("content-encoding", "identity")]).http == 200
    assert client().post("GetAsset", body, [("content-encoding", "gzip")]).code == "invalid_argument"
    unknown = client().post("GetAsset", body, [("content-encoding", "br")])
    assert (unknown.http, unknown.code) == (501, "unimplemented") and "gzip" in unknown.json()["message"]
    assert "gzip" in unknown.headers["accept-encoding"]
    bomb = client().post("GetAsset", gzip.compress(b" " * (64 << 20)), [("content-encoding", "gzip")])
    assert (bomb.http, bomb.code) == (429, "resource_exhausted")


def test_a_compressed_reply(world, client, agency):
    for _ in range(20):
        world.asset(agency)
    plain = client().post("ListAssets", {"agency": agency})
    assert "content-encoding" not in plain.headers
    for accepted in ("gzip", "br, gzip;q=0.5", "gzip, deflate, br"):
        packed = client().post("ListAssets", {"agency": agency}, [("accept-encoding", accepted)])
        assert packed.headers["content-encoding"] == "gzip" and int(packed.headers["content-length"]) == len(packed.body)
        assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
    for accepted in ("identity", "br", "gzip;q=0", "xgzip", ""):
        assert "content-encoding" not in client().post("ListAssets", {"agency": agency}, [("accept-encoding", accepted)]).headers


# Refusals ahead of the request's end. curl before 8.1 throws away an answer that RST_STREAM follows.


PATH = "/radioshop.v1.AssetService/"
EARLY = [
    (404, "NoSuch", JSON, (), "POST"), (415, "GetAsset", "application/x-www-form-urlencoded", (), "POST"),
    (415, "ExportAssets", JSON, (), "POST"), (405, "GetAsset", JSON, (), "PUT"), (405, "GetAsset", "application/grpc", (), "GET"),
    (403, "GetAsset", JSON, [("origin", "https://evil.example.org")], "POST"),
    (400, "GetAsset", JSON, [("connect-timeout-ms", "soon")], "POST"), (400, "GetAsset", JSON, [("connect-protocol-version", "2")], "POST"),
    (501, "GetAsset", JSON, [("content-encoding", "br")], "POST"), (429, "GetAsset", JSON, [("x", "y" * 20000)], "POST"),
]


def begin(connection, early):
    _, name, kind, headers, verb = early
    return connection.open(PATH + name, headers, content_type=kind, te=None, method=verb)


def still_waits(connection, streams):
    end = time.monotonic() + 0.5
    while (left := end - time.monotonic()) > 0:
        connection.pump(left)
    return not any(stream.headers or stream.reset is not None for stream in streams)


def test_a_refusal_waits_for_the_end_of_the_request(client):
    """However large the body is that nobody reads: more than a stream's window, so the window must have been opened for it."""
    connection = client()
    streams = [begin(connection, early) for early in EARLY]
    assert still_waits(connection, streams)
    for early, stream in zip(EARLY, streams):
        connection.send(stream, b"x" * 300_000)
        answer = Answer(stream)
        assert (answer.http, answer.reset) == (early[0], None) and answer.json()["message"], answer
    assert connection.post("GetCaller", {}).http == 200, "the connection lives on"


def test_a_refusal_in_the_middle_of_the_request(client):
    """A GET has its message in the query, so the first byte of a body is one too many, and others may follow."""
    connection = client()
    stream = connection.open(PATH + "ListAssets?encoding=json&message={}", content_type=None, te=None, method="GET")
    connection.send(stream, b"{", end=False)
    assert still_waits(connection, [stream])
    connection.send(stream, b"x" * 300_000)
    answer = Answer(stream)
    assert (answer.http, answer.reset) == (501, None), answer


@pytest.fixture(scope="module")
def narrow(own_daemon):
    """A daemon of small limits."""
    daemon = own_daemon("connect-narrow", max_request_bytes=65536, default_deadline_ms=1000, max_deadline_ms=2000,
                        call_memory_bytes=1 << 18, calls_memory_bytes=1 << 20).start()
    yield daemon
    daemon.stop()


def test_a_refusal_does_not_wait_for_more_than_a_request_may_be(client, narrow):
    for early in EARLY:
        connection = client(port=narrow.port)
        stream = begin(connection, early)
        connection.send(stream, b"x" * 65537, end=False)
        answer = Answer(stream)
        assert (answer.http, answer.reset) == (early[0], 0) and answer.json()["message"], answer
        assert connection.post("GetCaller", {}).http == 200, "the connection lives on"


def test_a_refusal_does_not_wait_for_ever(client, narrow):
    """As long as a call may last: what the client gave it, or what the configuration gives those that ask for nothing or too much."""
    connection = client(port=narrow.port)
    begun = time.monotonic()
    streams = [begin(connection, early) for early in EARLY]
    impatient = connection.open(PATH + "ExportAssets", [("connect-timeout-ms", "300")], content_type=JSON, te=None)
    patient = connection.open(PATH + "ExportAssets", [("connect-timeout-ms", "9999999999")], content_type=JSON, te=None)
    for stream, http in ((impatient, 415), *((stream, early[0]) for stream, early in zip(streams, EARLY)), (patient, 415)):
        answer = Answer(stream)
        assert (answer.http, answer.reset) == (http, 0) and answer.json()["message"], answer
        assert not patient.headers or stream is patient
    assert 2 <= time.monotonic() - begun < 15
    assert connection.post("GetCaller", {}).http == 200, "the connection lives on"


def test_a_refusal_does_not_wait_when_memory_is_short(client, narrow):
    """Waiting is a courtesy: what there is no memory for is answered at once, and what waited before goes on waiting."""
    connections = [client(port=narrow.port) for _ in range(6)]
    streams = [begin(connection, EARLY[1]) for connection in connections for _ in range(90)]
    while not any(stream.headers for stream in streams):
        connections[-1].pump(0.1)
    assert not streams[0].headers and streams[0].reset is None
    for stream in streams:
        answer = Answer(stream)
        assert (answer.http, answer.reset) == (415, 0), answer


# GET.


@pytest.mark.parametrize("name", READS)
def test_reads_by_get(world, client, ids, name):
    message = json_format.MessageToJson(world.ada.request(contract.methods()[name], probes(name, ids)[0]))
    by_post, by_get = client("ada").post(name, message), client("ada").get(name, message)
    assert by_get.http == by_post.http and by_get.body == by_post.body
    assert by_get.headers["cache-control"] == "no-store"


def test_forms_of_a_get(world, client, ids):
    method = contract.methods()["GetAsset"]
    text = json.dumps({"asset": ids["tag"]})
    binary = method.request(asset=ids["tag"]).SerializeToString()

    def url64(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")
    quoted = urllib.parse.quote(text)
    for query in (f"connect=v1&encoding=json&message={quoted}", f"message={quoted}&encoding=json", f"x=1&message={quoted}&encoding=json&y",
                  f"encoding=json&base64=1&message={url64(text.encode())}", f"encoding=proto&base64=1&message={url64(binary)}",
                  f"encoding=json&base64=1&compression=gzip&message={url64(gzip.compress(text.encode()))}"):
        answer = client().get("GetAsset", query=query)
        assert answer.http == 200, f"{query}: {answer}"
        assert ids["asset"].encode() in answer.body
    for query in ("", "encoding=json", f"message={quoted}", f"connect=v2&encoding=json&message={quoted}", "encoding=json&message=%7",
                  "encoding=proto&base64=1&message=***", f"encoding=json&message={quoted}&compression=gzip"):
        assert client().get("GetAsset", query=query).code == "invalid_argument", query
    assert client().get("GetAsset", query=f"encoding=xml&message={quoted}").http == 415
    assert client().get("GetAsset", query=f"encoding=json&compression=br&message={quoted}").http == 501
    assert client().get("/radioshop.v1.AssetService/NoSuch").http == 404
    assert client().get("ExportAssets").http == 415
    both = client()
    stream = both.open(Client.path("GetCaller") + "?encoding=json&message={}", content_type=None, te=None, method="GET")
    both.send(stream, b"{}")
    assert Answer(stream).code == "unimplemented", "a GET with a second message in its body"


@pytest.mark.parametrize("name", sorted(set(UNARY) - set(READS)))
def test_writes_are_never_called_by_get(world, client, ids, name):
    message = json_format.MessageToJson(world.ada.request(contract.methods()[name], probes(name, ids)[0]))
    answer = client("ada").get(name, message)
    assert (answer.http, answer.code, answer.headers["allow"]) == (405, "unimplemented", "POST")


def test_a_get_is_not_written_to_the_log(world, client, daemon):
    """What is asked for is part of the path here, and no body of a message belongs into the log."""
    before = daemon.text().count("LookupAssets")
    assert client().get("LookupAssets", json.dumps({"code": "SECRETTAG77"})).http == 200
    assert client().get("LookupAssets", json.dumps({"code": "SECRETTAG77", "x": 1})).http == 400
    daemon.wait_until(lambda: daemon.text().count("LookupAssets") >= before + 2, 5, "in the log")
    assert "SECRETTAG77" not in daemon.text()


# Browsers. A browser with a client certificate shows it for any page, so what protects the shop is here.


@pytest.mark.parametrize("header", [("origin", "https://evil.example.org"), ("origin", "null"), ("origin", "http://localhost"),
                                    ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")])
def test_pages_of_other_sites_are_refused(world, client, agency, header):
    body = {"requestId": new_id(), "asset": {"agency": agency, "tag": "EVIL", "class": 1}}
    answer = client().post("CreateAsset", body, [header])
    assert (answer.http, answer.code) == (403, "permission_denied")
    assert client().get("GetCaller", headers=[header]).http == 403
    assert "access-control-allow-origin" not in answer.headers
    grpc = client().call("GetCaller", b"", headers=[header])
    assert grpc.grpc_status() == 7
    assert len(world.tina.ListAssets(agency=agency).assets) == 0


def test_pages_of_our_own_origin_are_served(client):
    own = [("origin", "https://localhost"), ("sec-fetch-site", "same-origin")]
    assert client().post("GetCaller", {}, own).http == 200
    # Typed into the address bar.
    assert client().get("GetCaller", headers=[("sec-fetch-site", "none")]).http == 200


def test_nobody_answers_a_preflight(client):
    asking = [("origin", "https://evil.example.org"), ("access-control-request-method", "POST"),
              ("access-control-request-headers", "content-type")]
    connection = client()
    for headers in (asking, ()):
        answer = Answer(connection.open(Client.path("CreateAsset"), headers, content_type=None, te=None, method="OPTIONS", end=True))
        assert answer.http in (403, 405) and not [name for name in answer.headers if name.startswith("access-control-")]
    for method in ("PUT", "DELETE", "HEAD", "PATCH", "TRACE"):
        answer = Answer(connection.open(Client.path("GetAsset"), (), content_type=JSON, te=None, method=method, end=True))
        assert answer.http == 405 and answer.headers["allow"] == "GET, POST", method


# curl.


def curl(world, person, *words):
    certificate, key = world.certificates.person(person)
    return subprocess.run(["curl", "-sS", "--http2", "--cacert", world.certificates.ca, "--cert", certificate, "--key", key, *words],
                          capture_output=True, text=True, timeout=60, check=False)


def test_curl(world, ids):
    url = f"https://localhost:{world.daemon.port}/radioshop.v1.AssetService/GetAsset"
    done = curl(world, "tina", "--json", json.dumps({"asset": f"{ids['agency']}:{ids['tag']}"}), url)
    assert done.returncode == 0 and json.loads(done.stdout)["asset"]["id"] == ids["asset"], done.stderr
    done = curl(world, "tina", "--compressed", "-w", "\n%{http_code} %header{content-type}", "--json", '{"asset":"nosuch"}', url)
    body, last = done.stdout.rsplit("\n", 1)
    assert json.loads(body)["code"] == "not_found" and last == "404 application/json"
    done = curl(world, "tina", "-G", "--data-urlencode", "encoding=json", "--data-urlencode",
                "message=" + json.dumps({"asset": ids["tag"]}), url)
    assert json.loads(done.stdout)["asset"]["id"] == ids["asset"], done.stdout + done.stderr
    done = curl(world, "tina", "-d", '{"asset":"x"}', "-w", "%{http_code}", "-o", "/dev/null", url)
    assert done.stdout == "415", "-d without a content type is a form"


def test_curl_reads_every_refusal(world):
    """Whenever its body comes; this was a race, which curl lost now and then."""
    url = f"https://localhost:{world.daemon.port}" + PATH
    refusals = ((url + "NoSuch", "--json", "404"), (url + "GetAsset", "-d", "415"), (url + "ExportAssets", "--json", "415"))
    for where, way, http in refusals * 50:
        done = curl(world, "tina", way, '{"asset":"x"}', "-w", "%{http_code}", "-o", "/dev/null", where)
        assert (done.returncode, done.stdout) == (0, http), done.stderr


def test_buf_curl_connect(world, ids):
    from test_foreign import BUF, ROOT
    certificate, key = world.certificates.person("tina")
    done = subprocess.run([BUF, "curl", "--protocol", "connect", "--schema", str(ROOT / "proto"), "--cacert", world.certificates.ca,
                           "--cert", certificate, "--key", key, "-d", json.dumps({"asset": ids["tag"]}),
                           f"https://localhost:{world.daemon.port}/radioshop.v1.AssetService/GetAsset"],
                          capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 0 and json.loads(done.stdout)["asset"]["id"] == ids["asset"], done.stderr


def test_connect_for_node(world, scratch, agency):
    """Connect's own client, with what it makes of our errors; rows enough for a compressed list."""
    from test_foreign import FOREIGN, ROOT
    asset = [world.asset(agency, notes="belt clip and battery") for _ in range(30)][0]
    descriptors = scratch / "radioshop.binpb"
    descriptors.write_bytes(contract.file_set().SerializeToString())

    def run(name):
        certificate, key = world.certificates.person(name)
        done = subprocess.run(["node", FOREIGN / "connect.js", f"https://localhost:{world.daemon.port}", world.certificates.ca,
                               certificate, key, descriptors, agency, asset.tag], capture_output=True, text=True, timeout=60,
                              check=False, env={**os.environ, "NODE_PATH": str(ROOT / "node_modules")})
        return done.stdout.splitlines(), done.stderr
    lines, errors = run("tina")
    ways = ("json", "proto", "json by GET", "proto by GET", "compressed", "compressed by GET")
    assert lines == [*(f"{way}: {asset.tag} revision 1 of 30, NotFound asset" for way in ways),
                     "opened once", "PermissionDenied"], errors
    assert "[unauthenticated]" in run("nobody-knows-me")[1]
    assert len(world.tina.ListTickets(agency=agency).tickets) == 1
