"""What gRPC's document on HTTP/2 asks of a server, where no other test looks at it: the exact frames and statuses."""

import struct
import time

import h2.errors
import hpack
import pytest

from rig import contract
from rig.caller import refused
from rig.daemon import SLOWER
from rig.frames import PREFACE, Connection, frame, tls_socket

OK, EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 8, 12, 13


def ask(name, **values):
    return contract.fill(contract.methods()[name].request(), values).SerializeToString()


def path(name):
    return contract.methods()[name].path


@pytest.mark.parametrize("content_type, answer", [
    ("application/grpc", "application/grpc"), ("application/grpc+proto", "application/grpc+proto"),
    ("application/grpc;charset=utf-8", "application/grpc"), ("application/grpc+proto; x=y", "application/grpc+proto")])
def test_content_types(world, content_type, answer):
    """The answer is of the family that was asked in, also when it is an error."""
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", content_type=content_type)
        assert stream.grpc_status() == OK and stream.headers["content-type"] == answer
        stream = connection.call("GetAsset", ask("GetAsset", asset="none"), content_type=content_type)
        assert stream.grpc_status() == 5 and stream.headers["content-type"] == answer


@pytest.mark.parametrize("content_type", ["application/grpc+json", "application/grpc-web", "application/grpcproto", "text/html"])
def test_content_types_of_others(world, content_type):
    """415 of HTTP, and no status of gRPC, for what is no gRPC of ours."""
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", content_type=content_type).wait()
        assert stream.headers[":status"] == "415" and "grpc-status" not in stream.headers


@pytest.mark.parametrize("te", [None, "gzip", "trailers, deflate"])
def test_te_that_is_not_trailers(world, te):
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", te=te)
        assert stream.grpc_status() in (INTERNAL, None) and not stream.data


def test_cardinality(world):
    """One message, no more and no less, and a whole one."""
    with Connection(world, "tina") as connection:
        assert connection.open(path("GetCaller"), end=True).grpc_status() == UNIMPLEMENTED
        for body, status in ((b"", UNIMPLEMENTED), (bytes(10), UNIMPLEMENTED), (bytes(5) + b"\0", UNIMPLEMENTED),
                             (b"\0", INTERNAL), (b"\0\0\0\0\1", INTERNAL), (b"\0\0\0\0\3ab", INTERNAL), (bytes(5), OK)):
            for name in ("GetCaller", "ExportAssets"):
                stream = connection.open(path(name))
                connection.send(stream, body)
                assert stream.grpc_status() == status, (name, body)


def test_trailers_only(world):
    """An error without a message is one HEADERS frame; an OK has headers, a message and trailers."""
    with Connection(world, "tina") as connection:
        error = connection.call("GetAsset", ask("GetAsset", asset="none"))
        assert error.grpc_status() == 5 and error.headers[":status"] == "200" and error.headers["grpc-status"] == "5"
        assert error.headers["content-type"] == "application/grpc" and not error.trailers and not error.data
        good = connection.call("GetCaller", b"")
        assert good.grpc_status() == OK and good.data[0] == 0
        assert "grpc-status" not in good.headers and good.trailers == {"grpc-status": "0"}


def test_percent_encoding_on_the_wire(world):
    """Capital hexadecimal for everything but printable ASCII, and for the percent sign."""
    with Connection(world, "tina") as connection:
        stream = connection.call("GetAsset", ask("GetAsset", asset="50% Zürich"))
        assert stream.grpc_status() == 5 and "50%25 Z%C3%BCrich" in stream.headers["grpc-message"]


def test_the_end_before_the_client_is_done(world):
    """The status, then RST_STREAM(NO_ERROR): stop sending, nothing went wrong with the stream."""
    with Connection(world, "tina") as connection:
        stream = connection.open(path("GetCaller"))
        connection.send(stream, struct.pack(">BI", 0, 100 << 20), end=False)
        deadline = time.monotonic() + 20
        while stream.reset is None:
            assert time.monotonic() < deadline
            connection.pump(1)
        assert stream.headers["grpc-status"] == str(EXHAUSTED) and stream.reset == h2.errors.ErrorCodes.NO_ERROR
        assert connection.call("GetCaller", b"").grpc_status() == OK


def test_headers_over_the_limit(world):
    """Up to four times the limit it is said in gRPC; the stream pays and the connection does not."""
    with Connection(world, "tina") as connection:
        connection.pump(0.5)
        limit = connection.h2.remote_settings.max_header_list_size
        assert limit == 16384, "the limit is told"
        stream = connection.call("GetCaller", b"", headers=[(f"x-{i:02d}", "y" * 1000) for i in range(17)])
        assert stream.grpc_status() == EXHAUSTED
        stream = connection.call("GetCaller", b"", headers=[(f"x-{i:02d}", "y" * 1000) for i in range(14)])
        assert stream.grpc_status() == OK


def test_more_streams_than_allowed(world):
    """A client that has not heard of the limit yet is told REFUSED_STREAM, which is safe to repeat; the others are served.
    One that has agreed to the limit and passes it breaks the protocol."""
    allowed = 100
    with Connection(world, "tina") as connection:
        streams = [connection.open(path("GetCaller")) for _ in range(allowed + 5)]
        for stream in streams[allowed:]:
            assert stream.wait().reset == h2.errors.ErrorCodes.REFUSED_STREAM
        for stream in streams[:allowed]:
            connection.send(stream, bytes(5))
        assert {stream.grpc_status() for stream in streams[:allowed]} == {OK}
        assert connection.call("GetCaller", b"").grpc_status() == OK
        assert connection.h2.remote_settings.max_concurrent_streams == allowed, "the limit is told"
        streams = [connection.open(path("GetCaller")) for _ in range(allowed)]
        connection.h2.remote_settings.max_concurrent_streams = allowed + 1
        connection.h2.remote_settings.acknowledge()
        assert connection.open(path("GetCaller")).wait().reset is None
        assert connection.goaway == h2.errors.ErrorCodes.PROTOCOL_ERROR


def test_a_reply_over_the_limit(own_daemon, world):
    """What one call may take in memory bounds its answer, too: RESOURCE_EXHAUSTED, and a smaller page works."""
    agency = world.agency()
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"L{i:04d}", "class": "portable", "notes": "n" * 900}
                                                 for i in range(1, 301)])
    daemon = own_daemon("small-calls", max_request_bytes=65536, call_memory_bytes=131072).start()
    with world.fresh_caller("tina", daemon.port) as caller:
        with refused("RESOURCE_EXHAUSTED"):
            caller.ListAssets(agency=agency, page_size=300)
        assert len(caller.ListAssets(agency=agency, page_size=20).assets) == 20
    daemon.stop()


def test_a_write_whose_answer_is_over_the_limit(own_daemon, world):
    """It is undone: whoever is not told what was done must find that nothing was."""
    agency = world.agency()
    daemon = own_daemon("small-answers", max_request_bytes=65536, call_memory_bytes=131072).start()
    with world.fresh_caller("tina", daemon.port) as caller:
        for count in range(250, 100, -10):
            rows = [{"line": i, "tag": f"W{i:04d}", "class": "portable"} for i in range(count)]
            with refused("RESOURCE_EXHAUSTED") as refusal:
                caller.ImportAssets(agency=agency, rows=rows)
            assert not caller.ListAssets(agency=agency, page_size=1).assets, refusal.text
            if "the answer is larger" in refusal.text:
                break
        assert "the answer is larger" in refusal.text
        assert len(caller.ImportAssets(agency=agency, rows=rows[:50]).results) == 50
    daemon.stop()


def test_a_client_that_does_not_read_stops_the_paging(world, daemon):
    """Back-pressure to PostgreSQL: while nobody reads an export, its next page is not asked for."""
    agency = world.agency()
    for base in range(0, 6000, 500):
        world.tina.ImportAssets(agency=agency, rows=[
            {"line": i, "tag": f"P{base + i:05d}", "class": "portable", "notes": "p" * 200} for i in range(1, 501)])
    pages = 6000 // 500

    def statements():
        return daemon.metric("radioshop_database_calls_total")
    with Connection(world, "tina", acknowledge=False) as connection:
        before = statements()
        stream = connection.call("ExportAssets", ask("ExportAssets", agency=agency))
        deadline = time.monotonic() + 20 * SLOWER
        while len(stream.data) < 65535:
            assert time.monotonic() < deadline
            connection.pump(0.2)
        time.sleep(1)
        asked = statements() - before
        assert 1 <= asked <= 3, f"{asked} of {pages} pages were fetched for a client that does not read"
        connection.pump(1)
        assert statements() - before == asked
        # When the window opens the rest comes.
        connection.acknowledge = True
        connection.h2.acknowledge_received_data(len(stream.data), stream.number)
        connection.flush()
        assert stream.wait(60 * SLOWER).grpc_status() == OK
        assert statements() - before >= pages
    count, data = 0, stream.data
    while data:
        count, data = count + 1, data[5 + struct.unpack(">BI", data[:5])[1]:]
    assert count == 6000


def test_pings(world):
    """A PING is answered; more than a client needs end the connection, and say why."""
    with Connection(world, "tina") as connection:
        connection.h2.ping(b"12345678")
        connection.flush()
        assert connection.call("GetCaller", b"").grpc_status() == OK and connection.goaway is None
        for _ in range(8):
            connection.h2.ping(b"12345678")
            connection.flush()
            connection.pump(0.2)
            if connection.goaway is not None:
                break
        assert connection.goaway == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
        assert connection.goaway_text == b"too_many_pings"


def test_goaway_in_two_steps(own_daemon, world):
    """First the client is told to go elsewhere, while all it has sent still counts; then the last stream is named, and that
    one is finished."""
    daemon = own_daemon("two-steps").start()
    fields = [(":method", "POST"), (":scheme", "https"), (":path", path("GetCaller")), (":authority", "localhost"),
              ("content-type", "application/grpc"), ("te", "trailers")]
    sock = tls_socket(world, "tina", daemon.port)
    # python3-h2 takes nothing after a GOAWAY, so these frames are read by hand.
    sock.sendall(PREFACE + frame(4, 0, 0) + frame(1, 4, 1, hpack.Encoder().encode(fields)))
    reader = Frames(sock)
    reader.until(lambda kind, *_: kind == 4)
    daemon.process.terminate()
    assert reader.until(lambda kind, *_: kind == 7) == struct.pack(">II", 2**31 - 1, 0)
    assert reader.until(lambda kind, *_: kind == 7) == struct.pack(">II", 1, 0)
    sock.sendall(frame(0, 1, 1, bytes(5)))
    last = reader.until(lambda kind, flags, stream: kind == 1 and stream == 1 and flags & 1)
    assert dict(reader.decoder.decode(last))["grpc-status"] in ("0", "14")
    assert not sock.recv(1), "the connection ends when its last call has"
    sock.close()
    assert daemon.process.wait(40) == 0
    daemon.process = None
    daemon.check_log()


class Frames:
    """Frames as they come from a socket."""

    def __init__(self, sock):
        self.sock, self.data, self.decoder = sock, b"", hpack.Decoder()

    def until(self, wanted):
        """The payload of the next frame for which wanted(type, flags, stream) holds."""
        while True:
            kind, flags, stream, payload = self._next()
            if wanted(kind, flags, stream):
                return payload
            if kind == 1:
                self.decoder.decode(payload)

    def _next(self):
        while len(self.data) < 9 or len(self.data) < 9 + int.from_bytes(self.data[:3], "big"):
            more = self.sock.recv(65536)
            assert more, "the connection ended"
            self.data += more
        end = 9 + int.from_bytes(self.data[:3], "big")
        found = self.data[3], self.data[4], int.from_bytes(self.data[5:9], "big"), self.data[9:end]
        self.data = self.data[end:]
        return found
