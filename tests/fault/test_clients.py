"""Clients that leave, or lie: they are told off or cut off, and others do not notice. Floods are in test_floods.py."""

import os
import re
import signal
import struct
import threading
import time

import pytest

from rig import contract
from rig.caller import refused
from rig.daemon import SLOWER
from rig.frames import PREFACE, Connection, frame, tls_socket
from rig.world import new_id


@pytest.fixture(autouse=True)
def unharmed(world, daemon):
    """After each of these the daemon lives, serves others, and has not grown beyond reason."""
    world.ada.GetCaller()
    before = daemon.rss_kib()
    pid = daemon.process.pid
    yield
    assert daemon.process.poll() is None and daemon.process.pid == pid, daemon.text()[-3000:]
    assert world.ada.GetCaller(timeout=5).principal.name == "ada"
    assert daemon.rss_kib() - before < 64 * 1024 * SLOWER, f"grew from {before} to {daemon.rss_kib()} KiB"


def test_gone_in_the_middle_of_a_call(world, migrated, daemon):
    """The client dies while its write waits: it is done once or not at all, and a repeat says which."""
    asset = world.asset("IND")
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.ticket IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); ROLLBACK;",))
    holder.start()
    time.sleep(0.5)
    request = {"request_id": new_id(), "asset": asset.id, "problem": "gone"}
    message = world.tina.request(contract.methods()["OpenTicket"], request).SerializeToString()
    for _ in range(5):
        connection = Connection(world, "tina")
        stream = connection.open(contract.methods()["OpenTicket"].path)
        connection.send(stream, struct.pack(">BI", 0, len(message)) + message)
        time.sleep(0.05)
        connection.socket.close()
    holder.join()
    ticket = world.tina.OpenTicket(**request).ticket
    assert [t.number for t in world.tina.ListTickets(asset=asset.id).tickets] == [ticket.number]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'radioshop_app' AND state LIKE 'idle in transaction%'"
    daemon.wait_until(lambda: migrated.value(waiting) == "0", 5, "rid of open transactions")


def test_four_mebibytes_of_empty_submessages(world, daemon):
    """Two bytes on the wire become a struct in memory each: refused within the call's budget, and nothing grows."""
    for name, field in (("ImportAssets", 4), ("ImportModels", 2), ("CreateServiceRecord", 6)):
        payload = bytes([field << 3 | 2, 0]) * (2 * 1024 * 1024 - 16)
        before = daemon.rss_kib()
        with refused("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"):
            world.ada.raw(contract.methods()[name].path, payload)
        assert daemon.rss_kib() - before < 40 * 1024 * SLOWER, name


def test_unknown_fields_and_groups(world, daemon):
    """Four mebibytes of fields nobody knows, and groups nested deep."""
    path = contract.methods()["GetAsset"].path
    for payload in (b"\xf8\x3f\x01" * 1300000, b"\x0b" * 200000 + b"\x0c" * 200000, b"\xfa\x3f\x00" * 1300000):
        with refused("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "NOT_FOUND", "INTERNAL") as refusal:
            world.ada.raw(path, payload)
        assert refusal.code != "INTERNAL" or "are not a" in refusal.text, "INTERNAL: only for bytes that are no message"
    assert daemon.ready()


@pytest.fixture(scope="module")
def whoever_may(world):
    """A caller of the roles that every method takes one of: some are for managers, and not for administrators."""
    return world.caller(world.person("whoever-may", [("admin", ""), ("fleet_manager", "")]))


@pytest.mark.parametrize("bad", [b"a\x00b", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"],
                         ids=["nul", "ff", "broken", "surrogate", "five"])
def test_strings_that_are_none_in_every_request(whoever_may, bad):
    """Every string field of every request, also in submessages: the field is named, and nothing is written."""
    for method in contract.methods().values():
        for path, payload in strings_of(method.request.DESCRIPTOR, bad):
            with refused("INVALID_ARGUMENT") as refusal:
                whoever_may.raw(method.path, payload)
            fields = [re.sub(r"\[\d+\]", "", field) for field in refusal.fields]
            assert path in fields or refusal.fields == ["request_id"], f"{method.name}: {path}: {refusal.fields}"


def strings_of(descriptor, bad, depth=0):
    """(dotted path, request bytes) for each string field that can be reached."""
    for field in descriptor.fields:
        key = field.number << 3 | 2
        head = bytes([key]) if key < 128 else bytes([key & 127 | 128, key >> 7])
        if field.type == field.TYPE_STRING:
            yield field.name, head + bytes([len(bad)]) + bad
        elif field.type == field.TYPE_MESSAGE and depth < 3:
            for path, payload in strings_of(field.message_type, bad, depth + 1):
                yield f"{field.name}.{path}", head + bytes([len(payload)]) + payload


@pytest.mark.parametrize("length, codes", [(2**32 - 1, (8,)), (4194305, (8,)), (1 << 31, (8,)), (100, (3, 13)), (0, (3, 12, 13))])
def test_a_length_that_lies(world, daemon, length, codes):
    """The announced length is not believed: no memory for it, and a clear status."""
    before = daemon.rss_kib()
    with Connection(world, "ada") as connection:
        stream = connection.call("GetAsset", b"\x0a\x03abc", length=length)
        assert stream.grpc_status() in codes or stream.reset is not None, (stream.headers, stream.trailers)
    assert daemon.rss_kib() - before < 8 * 1024 * SLOWER


@pytest.mark.parametrize("flag, codes", [(1, (13,)), (2, (13,)), (255, (13,))])
def test_a_compressed_flag(world, flag, codes):
    with Connection(world, "ada") as connection:
        assert connection.call("GetCaller", b"", flag=flag).grpc_status() in codes


def test_no_message_and_two_messages(world):
    path = contract.methods()["GetCaller"].path
    with Connection(world, "ada") as connection:
        assert connection.open(path, end=True).grpc_status() not in (0, None)
        stream = connection.open(path)
        connection.send(stream, struct.pack(">BI", 0, 0) * 2)
        assert stream.grpc_status() not in (0, None)
        stream = connection.open(path)
        connection.send(stream, b"\x00\x00")
        assert stream.grpc_status() not in (0, None)
        assert connection.call("GetCaller", b"").grpc_status() == 0, "the connection is none the worse"


@pytest.mark.parametrize("options, http", [
    ({"content_type": "text/plain"}, "415"), ({"content_type": None}, "415"), ({"content_type": "application/grpcx"}, "415"),
    ({"method": "GET"}, "405")])
def test_not_grpc(world, options, http):
    with Connection(world, "ada") as connection:
        stream = connection.open(contract.methods()["GetCaller"].path, end=True, **options)
        stream.wait()
        assert stream.headers.get(":status") == http, stream.headers


def test_without_te_trailers(world):
    """Old proxies drop it; the document says a server may refuse. Whatever it does, it says so in gRPC."""
    with Connection(world, "ada") as connection:
        assert connection.call("GetCaller", b"", te=None).grpc_status() in (0, 3, 13)


@pytest.mark.parametrize("path", ["radioshop.v1.PrincipalService/GetCaller", "//radioshop.v1.PrincipalService/GetCaller",
                                  "/radioshop.v1.PrincipalService/GetCaller?x=1", "/" + "a" * 3000, "/", "*", "/%67"])
def test_paths(world, path):
    """Only the exact path is a method: 12 is UNIMPLEMENTED; HTTP/2 itself may reject what is no path."""
    with Connection(world, "ada") as connection:
        stream = connection.call(path if "/" in path else "/" + path, b"") if path != "*" else connection.open("*", end=True)
        assert stream.grpc_status() in (12, None) and not stream.data


def test_too_many_headers(world):
    with Connection(world, "ada") as connection:
        stream = connection.call("GetCaller", b"", headers=[(f"x-{i}", "y" * 100) for i in range(600)])
        assert stream.grpc_status() in (8, None)
        assert connection.closed or connection.call("GetCaller", b"").grpc_status() in (0, None)


@pytest.mark.parametrize("junk", [
    b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 4096, os.urandom(4096), PREFACE + b"\xff" * 512,
    PREFACE + frame(4, 0, 0) + frame(0, 0, 1, b"data for nobody"), PREFACE + frame(4, 0, 0) + frame(1, 4, 2, b"\x82"),
    PREFACE + frame(4, 0, 0) + frame(1, 4, 1, b"\xff" * 100), PREFACE + frame(4, 0, 0, b"12345"),
    PREFACE + frame(8, 0, 0, b"\x00\x00\x00\x00"), PREFACE + struct.pack(">I", 1 << 23)[1:] + b"\x00\x00" + b"\x00" * 4,
    PREFACE + frame(4, 0, 0) + frame(9, 4, 1, b"\x82"), PREFACE[:10]],
    ids=["silence", "http1", "zeros", "random", "ff", "data", "even", "hpack", "settings", "window", "huge", "continuation",
         "half"])
def test_garbage_after_the_handshake(world, daemon, junk):
    sock = tls_socket(world, "ada")
    try:
        sock.sendall(junk)
        sock.settimeout(2)
        while sock.recv(65536):
            pass
    except OSError:
        pass
    finally:
        sock.close()
    assert daemon.ready()


def test_garbage_instead_of_a_handshake(daemon):
    import socket
    for junk in (b"", b"\x16\x03\x01\x40\x00" + b"\x00" * 64, os.urandom(2000), b"GET / HTTP/1.0\r\n\r\n", b"\x80" * 500):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", daemon.port), timeout=5) as sock:
                sock.sendall(junk)
    assert daemon.ready()


def test_many_streams_at_once(world):
    """More than max_streams at one time: those beyond are refused, the others answered."""
    with Connection(world, "ada") as connection:
        connection.pump(0.5)
        allowed = connection.h2.remote_settings.max_concurrent_streams
        assert allowed <= 1000
        streams = [connection.open(contract.methods()["GetCaller"].path) for _ in range(int(allowed))]
        for stream in streams:
            connection.send(stream, struct.pack(">BI", 0, 0))
        assert {stream.grpc_status() for stream in streams} == {0}


def test_a_body_byte_by_byte(world):
    message = world.ada.request(contract.methods()["LookupAssets"], {"code": "no such thing"}).SerializeToString()
    with Connection(world, "ada") as connection:
        stream = connection.open(contract.methods()["LookupAssets"].path)
        for byte in struct.pack(">BI", 0, len(message)) + message:
            connection.send(stream, bytes([byte]), end=False)
        connection.send(stream, b"")
        assert stream.grpc_status() == 0


def test_an_error_on_one_connection_does_not_end_another(world, daemon):
    """OpenSSL's error queue is the thread's: garbage on some connections while another works."""
    stop = threading.Event()

    def disturbing():
        import socket
        while not stop.is_set():
            with socket.create_connection(("127.0.0.1", daemon.port), timeout=5) as sock:
                sock.sendall(b"\x16\x03\x01\x00\x05hello garbage")
            sock = tls_socket(world, "ada")
            sock.sendall(PREFACE)
            sock.close()
    thread = threading.Thread(target=disturbing)
    thread.start()
    try:
        for _ in range(300):
            world.frank.GetCaller(timeout=5)
    finally:
        stop.set()
        thread.join()


def test_stopped_client(world, daemon, own_daemon):
    """SIGPIPE and half-closed sockets end their connection and nothing else."""
    for _ in range(20):
        connection = Connection(world, "vera")
        connection.call("ListEvents", world.vera.request(contract.methods()["ListEvents"], {"page_size": 500}).SerializeToString())
        connection.socket.close()
    os.kill(daemon.process.pid, signal.SIGPIPE)
    assert daemon.ready()
