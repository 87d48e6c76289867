"""gzip in both directions, as gRPC's compression document has it: agreed on in headers, flagged message by message."""

import gzip
import struct
import zlib

import grpc
import pytest

from rig import contract
from rig.caller import Caller
from rig.daemon import SLOWER
from rig.frames import Connection

GZIP = [("grpc-encoding", "gzip")]
ACCEPT = [("grpc-accept-encoding", "identity,deflate,gzip")]


def messages(data):
    """[(flag, message as it was before compression)] of a reply's bytes."""
    found = []
    while data:
        flag, length = struct.unpack(">BI", data[:5])
        found.append((flag, gzip.decompress(data[5:5 + length]) if flag else data[5:5 + length]))
        data = data[5 + length:]
    return found


@pytest.fixture(scope="module")
def full_agency(world):
    """An agency with enough assets for a reply of several kilobytes."""
    agency = world.agency()
    world.tina.ImportAssets(agency=agency, rows=[
        {"line": i, "tag": f"G{i:04d}", "class": "portable", "notes": "belt clip and battery"} for i in range(1, 201)])
    return agency


def ask(name, **values):
    return contract.fill(contract.methods()[name].request(), values).SerializeToString()


def test_a_compressed_request(world):
    """Compressed or not, message by message: grpc-encoding only allows it."""
    request = ask("LookupAssets", code="no such thing " * 50)
    with Connection(world, "tina") as connection:
        assert connection.call("LookupAssets", gzip.compress(request), GZIP, flag=1).grpc_status() == 0
        assert connection.call("LookupAssets", request, GZIP).grpc_status() == 0
        assert connection.call("LookupAssets", request, [("grpc-encoding", "identity")]).grpc_status() == 0
        assert connection.call("GetCaller", b"", GZIP, flag=1).grpc_status() == 0, "no bytes are an empty message"


def test_grpcio_compresses(world):
    certificate, key = world.certificates.person("tina")
    with Caller(world.daemon.port, world.certificates.ca_pem(), certificate.read_bytes(), key.read_bytes(),
                options=[("grpc.default_compression_algorithm", grpc.Compression.Gzip)]) as caller:
        asset = world.asset("IND")
        notes = "the same words again and again, " * 60
        caller.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "notes": notes.strip()}, update_mask=["notes"])
        assert caller.GetAsset(asset=asset.id).asset.notes == notes.strip()


@pytest.mark.parametrize("headers", [[], [("grpc-encoding", "identity")]], ids=["none", "identity"])
def test_a_flag_that_was_not_agreed_on(world, headers):
    with Connection(world, "tina") as connection:
        assert connection.call("GetCaller", gzip.compress(b""), headers, flag=1).grpc_status() == 13


@pytest.mark.parametrize("encoding", ["deflate", "br", "gzip,identity", "GZIP", ""])
def test_an_encoding_nobody_knows(world, encoding):
    """UNIMPLEMENTED, and the answer says what would do."""
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", [("grpc-encoding", encoding)])
        assert stream.grpc_status() == 12
        assert stream.headers.get("grpc-accept-encoding") == "identity,gzip"


@pytest.mark.parametrize("body", [b"this is no gzip", gzip.compress(b"cut in the middle" * 10)[:-9], zlib.compress(b"zlib"),
                                  gzip.compress(b"") + b"more"], ids=["text", "cut", "zlib", "tail"])
def test_what_is_not_gzip(world, body):
    with Connection(world, "tina") as connection:
        assert connection.call("GetCaller", body, GZIP, flag=1).grpc_status() == 13
        assert connection.call("GetCaller", b"").grpc_status() == 0


def test_a_bomb(world, daemon):
    """A gibibyte in a mebibyte costs the daemon no more than one message of the largest size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 24)) for _ in range(64)) + packer.flush()
    before = daemon.rss_kib()
    with Connection(world, "tina") as connection:
        for _ in range(5):
            assert connection.call("GetCaller", bomb, GZIP, flag=1).grpc_status() == 8
        assert connection.call("GetCaller", b"").grpc_status() == 0
    assert daemon.rss_kib() - before < 32 * 1024 * SLOWER
    # What fits is not a bomb, however small it was.
    with Connection(world, "tina") as connection:
        assert connection.call("LookupAssets", gzip.compress(b"\x0a\x80\x20" + b"x" * 4096), GZIP, flag=1).grpc_status() in (0, 3)


def test_a_large_reply_is_compressed(world, full_agency):
    """For a client that takes gzip, and for no other; it is the same message."""
    request = ask("ListAssets", agency=full_agency, page_size=200)
    with Connection(world, "tina") as connection:
        plain, packed = connection.call("ListAssets", request), connection.call("ListAssets", request, ACCEPT)
        assert plain.grpc_status() == packed.grpc_status() == 0
    assert "grpc-encoding" not in plain.headers and packed.headers["grpc-encoding"] == "gzip"
    [(flag, first)], [(packed_flag, second)] = messages(plain.data), messages(packed.data)
    reply = contract.methods()["ListAssets"].reply
    assert (flag, packed_flag) == (0, 1)
    assert reply.FromString(first).assets == reply.FromString(second).assets and len(reply.FromString(second).assets) == 200
    assert len(packed.data) * 3 < len(plain.data)


def test_a_small_reply_is_not(world):
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"", ACCEPT)
        assert stream.grpc_status() == 0
    assert messages(stream.data)[0][0] == 0 and "grpc-encoding" not in stream.headers


def test_what_the_server_takes_is_said(world):
    with Connection(world, "tina") as connection:
        stream = connection.call("GetCaller", b"")
        assert stream.grpc_status() == 0 and stream.headers["grpc-accept-encoding"] == "identity,gzip"


def test_a_stream_may_be_compressed(world, full_agency):
    """The header of a stream allows it; rows are too small to gain from it."""
    with Connection(world, "tina") as connection:
        stream = connection.call("ExportAssets", ask("ExportAssets", agency=full_agency), ACCEPT)
        assert stream.grpc_status() == 0 and stream.headers["grpc-encoding"] == "gzip"
        plain = connection.call("ExportAssets", ask("ExportAssets", agency=full_agency))
        assert plain.grpc_status() == 0 and "grpc-encoding" not in plain.headers
    assert messages(stream.data) == messages(plain.data) and len(messages(plain.data)) == 200


def test_the_reply_kept_for_a_repeat(world):
    """A write that is repeated gets its first reply, compressed if this time the client takes it."""
    agency = world.agency()
    rows = [{"line": i, "tag": "SAME", "class": "portable"} for i in range(1, 101)]
    method = contract.methods()["ImportAssets"]
    request = world.tina.request(method, {"agency": agency, "rows": rows}).SerializeToString()
    with Connection(world, "tina") as connection:
        first, repeat = connection.call("ImportAssets", request), connection.call("ImportAssets", request, ACCEPT)
        assert first.grpc_status() == repeat.grpc_status() == 0
    [(flag, as_first)], [(repeat_flag, as_repeat)] = messages(first.data), messages(repeat.data)
    assert (flag, repeat_flag) == (0, 1) and as_first == as_repeat
