"""The interoperability cases of gRPC, by their names in its doc/interop-test-descriptions.md, with Debian's grpcio as the
client of interop_server: the daemon's own network and rpc layers, without a database."""

import gzip
import queue
import struct
import threading
import time

import grpc
import pytest

from rig.daemon import SLOWER
from rig.frames import Connection
from rig.interop import InteropServer, message, path

LARGE_REQUEST, LARGE_REPLY = 271828, 314159
REQUEST_SIZES, REPLY_SIZES = (27182, 8, 1828, 45904), (31415, 9, 2653, 58979)
PATIENCE = 60


@pytest.fixture(scope="module")
def server(scratch, certificates):
    server = InteropServer(scratch / "interop", certificates)
    yield server
    server.stop()


def open_channel(server):
    certificate, key = server.certificates.person("interop")
    credentials = grpc.ssl_channel_credentials(server.certificates.ca_pem(), key.read_bytes(), certificate.read_bytes())
    return grpc.secure_channel(f"ipv4:127.0.0.1:{server.port}", credentials, options=[
        ("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 << 20)])


@pytest.fixture
def stub(server):
    with open_channel(server) as channel:
        yield Stub(channel)


@pytest.fixture
def frames(server):
    """HTTP/2 by hand, for what grpcio does not show: flags of messages, raw headers, windows."""
    made = []

    def connect(**options):
        made.append(Connection(server, "interop", port=server.port, **options))
        return made[-1]
    yield connect
    for connection in made:
        connection.socket.close()


class Stub:
    """The calls of TestService with messages in and out."""

    TYPES = {"EmptyCall": ("Empty", "Empty"), "UnaryCall": ("SimpleRequest", "SimpleResponse"),
             "CacheableUnaryCall": ("SimpleRequest", "SimpleResponse"), "UnimplementedCall": ("Empty", "Empty"),
             "StreamingOutputCall": ("StreamingOutputCallRequest", "StreamingOutputCallResponse"),
             "StreamingInputCall": ("StreamingInputCallRequest", "StreamingInputCallResponse"),
             "FullDuplexCall": ("StreamingOutputCallRequest", "StreamingOutputCallResponse"),
             "HalfDuplexCall": ("StreamingOutputCallRequest", "StreamingOutputCallResponse")}

    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        request, reply = (message(t) for t in self.TYPES[name])
        kind = {"StreamingOutputCall": self.channel.unary_stream, "StreamingInputCall": self.channel.stream_unary,
                "FullDuplexCall": self.channel.stream_stream,
                "HalfDuplexCall": self.channel.stream_stream}.get(name, self.channel.unary_unary)
        return kind(path(name), request_serializer=request.SerializeToString, response_deserializer=reply.FromString)


class Sender:
    """Request messages one by one, as a test puts them."""

    def __init__(self, *requests):
        self.queue = queue.Queue()
        for request in requests:
            self.put(request)

    def put(self, request):
        self.queue.put(request)

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


def zeros(size):
    return message("Payload")(body=bytes(size))


def simple(**values):
    return message("SimpleRequest")(response_size=LARGE_REPLY, payload=zeros(LARGE_REQUEST), **values)


def output(*sizes, request=0, **values):
    return message("StreamingOutputCallRequest")(
        response_parameters=[{"size": size} for size in sizes], payload=zeros(request), **values)


def sizes(replies):
    """Sizes of the payloads; all of them are zeros."""
    found = []
    for reply in replies:
        assert not any(reply.payload.body)
        found.append(len(reply.payload.body))
    return found


def status_of(call):
    """Code and text that a call ends with."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def test_empty_unary(stub):
    assert stub.EmptyCall(message("Empty")(), timeout=PATIENCE) == message("Empty")()


def test_cacheable_unary(stub):
    assert sizes([stub.CacheableUnaryCall(simple(), timeout=PATIENCE)]) == [LARGE_REPLY]


def test_large_unary(stub):
    assert sizes([stub.UnaryCall(simple(), timeout=PATIENCE)]) == [LARGE_REPLY]


def test_client_streaming(stub):
    requests = [message("StreamingInputCallRequest")(payload=zeros(size)) for size in REQUEST_SIZES]
    assert stub.StreamingInputCall(iter(requests), timeout=PATIENCE).aggregated_payload_size == 74922


def test_server_streaming(stub):
    assert sizes(stub.StreamingOutputCall(output(*REPLY_SIZES), timeout=PATIENCE)) == list(REPLY_SIZES)


def test_ping_pong(stub):
    sender = Sender()
    call = stub.FullDuplexCall(iter(sender), timeout=PATIENCE)
    for request, reply in zip(REQUEST_SIZES, REPLY_SIZES):
        sender.put(output(reply, request=request))
        assert sizes([next(call)]) == [reply]
    sender.end()
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_empty_stream(stub):
    call = stub.FullDuplexCall(iter([]), timeout=PATIENCE)
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_half_duplex(stub):
    """Nothing comes before the half-close, then everything, in order."""
    sender = Sender(*(output(size) for size in REPLY_SIZES))
    call = stub.HalfDuplexCall(iter(sender), timeout=PATIENCE)
    first = []
    reader = threading.Thread(target=lambda: first.append(next(call)))
    reader.start()
    reader.join(0.5)
    assert not first, "an answer came before the end of the questions"
    sender.end()
    reader.join(PATIENCE)
    assert sizes([*first, *call]) == list(REPLY_SIZES)


def test_cancel_after_begin(stub):
    call = stub.StreamingInputCall.future(iter(Sender()))
    call.cancel()
    assert call.cancelled()
    with pytest.raises(grpc.FutureCancelledError):
        call.result()


def test_cancel_after_first_response(stub):
    sender = Sender(output(31415, request=27182))
    call = stub.FullDuplexCall(iter(sender))
    assert sizes([next(call)]) == [31415]
    call.cancel()
    assert status_of(lambda: next(call))[0] == grpc.StatusCode.CANCELLED
    sender.end()


def test_timeout_on_sleeping_server(stub):
    sender = Sender(output(request=27182))
    call = stub.FullDuplexCall(iter(sender), timeout=0.001)
    assert status_of(lambda: next(call))[0] == grpc.StatusCode.DEADLINE_EXCEEDED
    sender.end()


@pytest.mark.parametrize("timeout", ["1n", "999999u", "300m", "1S"])
def test_the_server_ends_a_sleeping_call_itself(frames, timeout):
    """What the client would not have noticed by its own clock, in each unit that a test can wait for."""
    begun = time.monotonic()
    assert frames().open(path("FullDuplexCall"), [("grpc-timeout", timeout)]).grpc_status() == 4
    value, unit = int(timeout[:-1]), {"n": 1e-9, "u": 1e-6, "m": 1e-3, "S": 1}[timeout[-1]]
    assert time.monotonic() - begun >= value * unit * 0.99


@pytest.mark.parametrize("timeout", ["1M", "99999999H", "00000060S"])
def test_long_timeouts(frames, timeout):
    connection = frames()
    stream = connection.open(path("EmptyCall"), [("grpc-timeout", timeout)])
    connection.pump(0.3)
    connection.send(stream, bytes(5))
    assert stream.grpc_status() == 0


METADATA = [("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]


def echoed(call):
    return [next((item for item in metadata if item.key == key), (None, None))[1] for metadata, key in (
        (call.initial_metadata(), METADATA[0][0]), (call.trailing_metadata(), METADATA[1][0]))]


def test_custom_metadata(stub):
    _, call = stub.UnaryCall.with_call(simple(), metadata=METADATA, timeout=PATIENCE)
    assert echoed(call) == [value for _, value in METADATA]
    call = stub.FullDuplexCall(iter([output(LARGE_REPLY, request=LARGE_REQUEST)]), metadata=METADATA, timeout=PATIENCE)
    assert sizes(call) == [LARGE_REPLY] and echoed(call) == [value for _, value in METADATA]


def test_initial_metadata_comes_at_once(stub):
    """Before any message went either way."""
    sender = Sender()
    call = stub.FullDuplexCall(iter(sender), metadata=METADATA, timeout=PATIENCE)
    assert METADATA[0] in [tuple(item) for item in call.initial_metadata()]
    sender.end()
    assert list(call) == []


def test_binary_metadata_on_the_wire(frames):
    """Padded or not, several in one header with commas, several headers; the answer has no padding."""
    name = "x-grpc-test-echo-trailing-bin"
    connection = frames()
    stream = connection.open(path("EmptyCall"), [(name, "q6ur"), (name, "AA=="), (name, "AQ, AgM=,"), ("x-other-bin", "AA")])
    connection.send(stream, bytes(5))
    assert stream.grpc_status() == 0
    assert [value for key, value in stream.trailer_list if key == name] == ["q6ur", "AA", "AQ", "AgM", ""]
    for wrong in ("a", "!!!!", "A=A="):
        stream = connection.open(path("EmptyCall"), [("x-other-bin", wrong)])
        connection.send(stream, bytes(5))
        assert stream.grpc_status() == 13, wrong


def test_odd_values_of_metadata(frames):
    """Values of text that are none are no error: they are dropped or passed on, and the call goes on."""
    connection = frames()
    for value in ("", "z\u00fcrich", "tab\there", "a,b"):
        stream = connection.open(path("EmptyCall"), [("x-odd", value), ("x-upper", "A")])
        connection.send(stream, bytes(5))
        assert stream.grpc_status() == 0, value


def test_reserved_metadata_is_not_passed_on(frames):
    connection = frames()
    stream = connection.open(path("EmptyCall"), [("grpc-test-echo-initial", "x"), ("grpc-previous-rpc-attempts", "1")])
    connection.send(stream, bytes(5))
    assert stream.grpc_status() == 0 and not [name for name in stream.headers if "echo" in name or "attempts" in name]


def test_metadata_over_the_limit(frames):
    connection = frames()
    stream = connection.open(path("EmptyCall"), [("x-grpc-test-echo-initial", "y" * 1000)] * 17)
    assert stream.grpc_status() == 8
    # Each alone is within the limit of a request, and what goes back is held to the same one.
    stream = connection.call(path("EmptyCall"), b"", [("x-grpc-test-echo-initial", "y" * 10)] * 40)
    assert stream.grpc_status() == 8


def test_status_code_and_message(stub):
    wanted = {"code": 2, "message": b"test status message"}
    unknown = (grpc.StatusCode.UNKNOWN, "test status message")
    assert status_of(lambda: stub.UnaryCall(simple(response_status=wanted), timeout=PATIENCE)) == unknown
    assert status_of(lambda: list(stub.FullDuplexCall(iter([output(response_status=wanted)]), timeout=PATIENCE))) == unknown


def test_special_status_message(stub):
    text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    request = message("SimpleRequest")(response_status={"code": 2, "message": text.encode()})
    assert status_of(lambda: stub.UnaryCall(request, timeout=PATIENCE)) == (grpc.StatusCode.UNKNOWN, text)


def test_unimplemented_method(stub):
    assert status_of(lambda: stub.UnimplementedCall(message("Empty")(), timeout=PATIENCE))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(stub):
    call = stub.channel.unary_unary(path("UnimplementedCall", "UnimplementedService"))
    assert status_of(lambda: call(b"", timeout=PATIENCE))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_client_compressed_unary(stub):
    probe = simple(expect_compressed={"value": True})
    assert status_of(lambda: stub.UnaryCall(probe, timeout=PATIENCE))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert sizes([stub.UnaryCall(probe, compression=grpc.Compression.Gzip, timeout=PATIENCE)]) == [LARGE_REPLY]
    assert sizes([stub.UnaryCall(simple(expect_compressed={"value": False}), timeout=PATIENCE)]) == [LARGE_REPLY]


def test_client_compressed_streaming(stub, frames):
    first = message("StreamingInputCallRequest")(expect_compressed={"value": True}, payload=zeros(27182))
    second = message("StreamingInputCallRequest")(expect_compressed={"value": False}, payload=zeros(45904))
    assert status_of(lambda: stub.StreamingInputCall(iter([first]), timeout=PATIENCE))[0] == grpc.StatusCode.INVALID_ARGUMENT
    reply = stub.StreamingInputCall(iter([first, second]), compression=grpc.Compression.Gzip, timeout=PATIENCE)
    assert reply.aggregated_payload_size == 73086
    # grpcio compresses all or none; the case has one of each.
    connection, packed = frames(), gzip.compress(first.SerializeToString())
    stream = connection.open(path("StreamingInputCall"), [("grpc-encoding", "gzip")])
    connection.send(stream, struct.pack(">BI", 1, len(packed)) + packed, end=False)
    connection.send(stream, struct.pack(">BI", 0, second.ByteSize()) + second.SerializeToString())
    assert stream.grpc_status() == 0
    [(_, body)] = split(stream.data)
    assert message("StreamingInputCallResponse").FromString(body).aggregated_payload_size == 73086


def split(data):
    """[(flag, message)], expanded."""
    found = []
    while data:
        flag, length = struct.unpack(">BI", data[:5])
        found.append((flag, gzip.decompress(data[5:5 + length]) if flag else data[5:5 + length]))
        data = data[5 + length:]
    return found


ACCEPT = [("grpc-accept-encoding", "identity,gzip")]


def test_server_compressed_unary(stub, frames):
    connection = frames()
    for compressed in (True, False):
        request = simple(response_compressed={"value": compressed})
        assert sizes([stub.UnaryCall(request, timeout=PATIENCE)]) == [LARGE_REPLY]
        stream = connection.call(path("UnaryCall"), request.SerializeToString(), ACCEPT)
        assert stream.grpc_status() == 0
        [(flag, body)] = split(stream.data)
        assert flag == compressed and len(message("SimpleResponse").FromString(body).payload.body) == LARGE_REPLY
    # Never for a client that did not say it takes it.
    stream = connection.call(path("UnaryCall"), simple(response_compressed={"value": True}).SerializeToString())
    assert stream.grpc_status() == 0 and split(stream.data)[0][0] == 0


def test_server_compressed_streaming(stub, frames):
    request = message("StreamingOutputCallRequest")(response_parameters=[
        {"size": 31415, "compressed": {"value": True}}, {"size": 92653, "compressed": {"value": False}}])
    assert sizes(stub.StreamingOutputCall(request, timeout=PATIENCE)) == [31415, 92653]
    stream = frames().call(path("StreamingOutputCall"), request.SerializeToString(), ACCEPT)
    assert stream.grpc_status() == 0
    replies = [(flag, message("StreamingOutputCallResponse").FromString(body)) for flag, body in split(stream.data)]
    assert [(flag, len(reply.payload.body)) for flag, reply in replies] == [(1, 31415), (0, 92653)]


def test_slow_consumer(stub):
    """2000 replies for a client that takes its time over each."""
    count = 0
    for reply in stub.StreamingOutputCall(output(*[1030] * 2000), timeout=PATIENCE * SLOWER):
        assert len(reply.payload.body) == 1030
        count += 1
        time.sleep(0.001)
    assert count == 2000


def test_rpc_soak(stub):
    for _ in range(200):
        assert sizes([stub.UnaryCall(simple(), timeout=PATIENCE)]) == [LARGE_REPLY]


def test_channel_soak(server):
    for _ in range(20):
        with open_channel(server) as channel:
            assert sizes([Stub(channel).UnaryCall(simple(), timeout=PATIENCE)]) == [LARGE_REPLY]


def test_intervals(stub):
    """Each reply waits for its interval, counted from the one before."""
    request = message("StreamingOutputCallRequest")(response_parameters=[{"size": 1, "interval_us": 100000}] * 5)
    begun = time.monotonic()
    assert sizes(stub.StreamingOutputCall(request, timeout=PATIENCE)) == [1] * 5
    assert time.monotonic() - begun >= 0.5


# What the streaming layer promises beyond the cases: neither side can flood the other.

WINDOW = 256 * 1024


def framed(request):
    return struct.pack(">BI", 0, request.ByteSize()) + request.SerializeToString()


def test_a_handler_that_waits_holds_its_client_up(frames):
    """While the handler is busy with one message, a client can send a window more and then must wait; others need not."""
    connection = frames()
    stream = connection.open(path("FullDuplexCall"))
    slow = message("StreamingOutputCallRequest")(response_parameters=[{"size": 1, "interval_us": 3000000 * SLOWER}])
    connection.send(stream, framed(slow), end=False)
    connection.pump(0.2)
    item, sent, idle = framed(output(1, request=1000)), 0, 0
    while idle < 5:
        room = connection.h2.local_flow_control_window(stream.number)
        if room < len(item):
            idle += 1
            connection.pump(0.1)
            continue
        connection.send(stream, item, end=False)
        sent += 1
    assert not stream.data, "the handler did not wait"
    assert WINDOW - 2 * len(item) <= sent * len(item) <= WINDOW + len(item), sent * len(item)
    # The connection is not held up: another call sends more than what is left of anybody's window.
    other = connection.call(path("UnaryCall"), simple(expect_compressed={"value": False}).SerializeToString())
    assert other.grpc_status() == 0 and not stream.data
    # Then all of it is heard, and the window opens for more.
    deadline = time.monotonic() + 60
    while len(split(stream.data)) < sent + 1:
        assert time.monotonic() < deadline
        connection.pump(1)
    connection.send(stream, item * 100)
    assert stream.grpc_status() == 0 and len(split(stream.data)) == sent + 101


def test_a_client_that_does_not_read_is_not_heard(frames, server):
    """Replies that nobody takes: the daemon stops making them and stops hearing requests, and keeps little."""
    before = server.rss_kib()
    connections = [frames(acknowledge=False) for _ in range(4)]
    for connection in connections:
        for _ in range(10):
            stream = connection.open(path("FullDuplexCall"))
            connection.send(stream, framed(output(*[100000] * 500)), end=False)
        connection.pump(0.5)
    for connection in connections:
        for _ in range(20):
            connection.pump(0.05)
    # 2 GB were asked for. At most 64 KiB and a message wait in each of the 40 streams.
    assert server.rss_kib() - before < 24 * 1024 * SLOWER
    connection = connections[0]
    stream = connection.streams[1]
    room = connection.h2.local_flow_control_window(1)
    connection.send(stream, framed(output(1, request=room))[:room - 100], end=False)
    connection.pump(0.5)
    assert connection.h2.local_flow_control_window(1) < WINDOW / 2, "a request was heard while replies pile up"
    # When it reads again, everything goes on.
    taken, connection.acknowledge = len(stream.data), True
    for other in connection.streams.values():
        connection.h2.acknowledge_received_data(len(other.data), other.number)
    connection.flush()
    deadline = time.monotonic() + PATIENCE
    while len(stream.data) < taken + 1000000:
        assert time.monotonic() < deadline
        connection.pump(1)


def test_a_stream_cut_in_a_message(frames):
    """END_STREAM in the middle of a message is INTERNAL; what came whole before it was heard."""
    connection = frames()
    stream = connection.open(path("FullDuplexCall"))
    connection.send(stream, framed(output(7)) + b"\0\0\0\0\x09half")
    assert stream.grpc_status() == 13 and len(split(stream.data)) == 1
    stream = connection.open(path("StreamingInputCall"))
    connection.send(stream, b"\0\0")
    assert stream.grpc_status() == 13


def test_many_messages_in_one_frame(frames):
    """DATA boundaries mean nothing: thousands of messages in few frames, and one message byte by byte."""
    connection = frames()
    stream = connection.open(path("FullDuplexCall"))
    connection.send(stream, framed(output(3)) * 3000)
    assert stream.grpc_status() == 0 and len(split(stream.data)) == 3000
    stream = connection.open(path("StreamingInputCall"))
    for byte in framed(message("StreamingInputCallRequest")(payload=zeros(20))):
        connection.send(stream, bytes([byte]), end=False)
    connection.send(stream, b"")
    assert stream.grpc_status() == 0


def test_a_message_larger_than_a_window(stub, server):
    """The window opens while a message is incomplete, or it could never become whole; the limit of a message holds."""
    request = message("StreamingInputCallRequest")(payload=zeros(3 << 20))
    assert stub.StreamingInputCall(iter([request] * 5), timeout=PATIENCE).aggregated_payload_size == 15 << 20
    too_large = message("StreamingInputCallRequest")(payload=zeros(5 << 20))
    code, _ = status_of(lambda: stub.StreamingInputCall(iter([request, too_large]), timeout=PATIENCE))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_reset_in_the_middle_frees_everything(frames, server):
    """Hundreds of streams given up in every state; the server goes on and, under the sanitizers, leaks nothing."""
    slow = message("StreamingOutputCallRequest")(response_parameters=[{"size": 1, "interval_us": 5000000}])
    for _ in range(5):
        connection = frames()
        for i in range(40):
            stream = connection.open(path("HalfDuplexCall" if i % 3 == 0 else "FullDuplexCall"))
            connection.send(stream, framed(slow if i % 2 else output(100000, 100000)) * (1 + i % 4) + b"\0\0\0"[:i % 4], end=i % 5 == 0)
            if i % 4 == 0:
                connection.pump(0.01)
            if stream.reset is None and not stream.ended:
                connection.h2.reset_stream(stream.number, 8)
                connection.flush()
        if _ % 2:
            connection.socket.close()
    connection = frames()
    assert connection.call(path("EmptyCall"), b"").grpc_status() == 0
