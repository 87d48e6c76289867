"""The command's channel as a client of servers that nobody wrote for radioshop: gRPC's interoperability cases."""

import concurrent.futures
import functools
import subprocess
import tempfile
import time

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from rig import BUILD, ROOT, free_port
from rig.daemon import SLOWER
from rig.strange_server import StrangeServer

CLIENT = BUILD / "tests" / "interop_client"
OWN_SERVER = BUILD / "tests" / "interop_server"
CASES = ["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream", "cancel_after_begin",
         "cancel_after_first_response", "timeout_on_sleeping_server", "custom_metadata", "status_code_and_message",
         "special_status_message", "unimplemented_method", "unimplemented_service", "server_compressed_unary", "client_compressed_unary",
         "much_both_ways", "too_late"]


@functools.lru_cache(maxsize=None)
def messages():
    """Classes of grpc.testing's messages by short name."""
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        subprocess.run(["protoc", f"-I{ROOT / 'tests' / 'service'}", f"--descriptor_set_out={out.name}", "interop.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {m.name: factory.GetPrototype(pool.FindMessageTypeByName(f"grpc.testing.{m.name}")) for file in files.file for m in file.message_type}


class TestService:
    """What the methods of grpc.testing.TestService do, on Debian's grpcio."""

    __test__ = False

    def __init__(self):
        self.cancelled = 0

    @staticmethod
    def _echo_metadata(context):
        for key, value in context.invocation_metadata():
            if key == "x-grpc-test-echo-initial":
                context.send_initial_metadata([(key, value)])
            elif key == "x-grpc-test-echo-trailing-bin":
                context.set_trailing_metadata([(key, value)])

    @staticmethod
    def _echo_status(request, context):
        if request.HasField("response_status") and request.response_status.code:
            code = next(c for c in grpc.StatusCode if c.value[0] == request.response_status.code)
            context.abort(code, request.response_status.message.decode())

    @staticmethod
    def _zeros(size):
        return messages()["Payload"](body=bytes(size))

    def EmptyCall(self, request, context):
        self._echo_metadata(context)
        return messages()["Empty"]()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        self._echo_metadata(context)
        self._echo_status(request, context)
        return messages()["SimpleResponse"](payload=self._zeros(request.response_size))

    def StreamingOutputCall(self, request, context):
        self._echo_metadata(context)
        self._echo_status(request, context)
        for parameters in request.response_parameters:
            time.sleep(parameters.interval_us / 1e6)
            yield messages()["StreamingOutputCallResponse"](payload=self._zeros(parameters.size))

    def StreamingInputCall(self, requests, context):
        context.add_callback(lambda: setattr(self, "cancelled", self.cancelled + (context.code() is None)))
        return messages()["StreamingInputCallResponse"](aggregated_payload_size=sum(len(r.payload.body) for r in requests))

    def FullDuplexCall(self, requests, context):
        self._echo_metadata(context)
        for request in requests:
            yield from self.StreamingOutputCall(request, Silent(context))

    def handlers(self):
        def handler(make, name, request, reply):
            return make(getattr(self, name), request_deserializer=messages()[request].FromString,
                        response_serializer=lambda m: m.SerializeToString())
        return grpc.method_handlers_generic_handler("grpc.testing.TestService", {
            "EmptyCall": handler(grpc.unary_unary_rpc_method_handler, "EmptyCall", "Empty", "Empty"),
            "UnaryCall": handler(grpc.unary_unary_rpc_method_handler, "UnaryCall", "SimpleRequest", "SimpleResponse"),
            "StreamingOutputCall": handler(grpc.unary_stream_rpc_method_handler, "StreamingOutputCall", "StreamingOutputCallRequest",
                                           "StreamingOutputCallResponse"),
            "StreamingInputCall": handler(grpc.stream_unary_rpc_method_handler, "StreamingInputCall", "StreamingInputCallRequest",
                                          "StreamingInputCallResponse"),
            "FullDuplexCall": handler(grpc.stream_stream_rpc_method_handler, "FullDuplexCall", "StreamingOutputCallRequest",
                                      "StreamingOutputCallResponse"),
        })


class Silent:
    """The context of a call whose metadata are echoed already."""

    def __init__(self, context):
        self.abort = context.abort

    @staticmethod
    def invocation_metadata():
        return ()


@pytest.fixture(scope="module")
def grpcio(certificates):
    """A port of grpcio's server, with our certificates both ways."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 16 << 20)])
    server.add_generic_rpc_handlers((TestService().handlers(),))
    credentials = grpc.ssl_server_credentials(
        [(certificates.server_key.read_bytes(), certificates.server_certificate.read_bytes())], certificates.ca_pem(), True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield port
    server.stop(0).wait()


@pytest.fixture(scope="module")
def own(certificates):
    """A port of our own interop server."""
    port = free_port()
    process = subprocess.Popen([OWN_SERVER, "--port", str(port), "--ca", certificates.ca, "--certificate", certificates.server_certificate,
                                "--key", certificates.server_key], stdout=subprocess.PIPE, text=True)
    assert str(port) in process.stdout.readline()
    yield port
    process.terminate()
    assert process.wait(30) == 0


def run(certificates, port, *words):
    certificate, key = certificates.person("tina")
    done = subprocess.run([CLIENT, "--port", str(port), "--ca", certificates.ca, "--certificate", certificate, "--key", key, *words],
                          capture_output=True, text=True, timeout=180, check=False)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("case", CASES)
def test_against_grpcio(certificates, grpcio, case):
    done = run(certificates, grpcio, case)
    assert (done.stdout, done.returncode) == (f"{case} ok\n", 0), done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_against_our_own_server(certificates, own, case):
    done = run(certificates, own, case)
    assert (done.stdout, done.returncode) == (f"{case} ok\n", 0), done.stdout + done.stderr


def test_all_cases_on_one_connection(certificates, grpcio):
    done = run(certificates, grpcio, *CASES, *reversed(CASES))
    assert done.returncode == 0 and done.stdout.count(" ok\n") == 2 * len(CASES), done.stdout + done.stderr


def test_requests_are_compressed(certificates):
    """grpcio does not show its services how a message came; a server of bytes does."""
    def script(peer):
        peer.greet()
        for _ in range(2):
            peer.answer(peer.request(), messages()["SimpleResponse"](payload={"body": bytes(314159)}).SerializeToString())
        peer.wait_for_the_end()
    with StrangeServer(certificates, script) as server:
        done = run(certificates, server.port, "client_compressed_unary")
        assert done.returncode == 0, done.stdout
        small, large = server.requests()
        assert small.headers["grpc-encoding"] == "gzip" and small.data[0] == 1 and len(small.data) < 10000
        assert "grpc-encoding" not in large.headers and large.data[0] == 0 and len(large.data) > 271828


def hanging(answers):
    """A script of a server that takes a call and then answers so many PINGs, and nothing else."""
    def script(peer):
        peer.greet()
        peer.until(lambda: peer.requests)
        peer.until(lambda: peer.pings >= answers, 60)
        while peer.socket.fileno() >= 0 and not peer.closed:  # alive, and deaf
            time.sleep(0.05)
            if peer.socket.pending() == 0 and time.monotonic() > peer.deaf_until:
                break
    def timed(peer):
        peer.deaf_until = time.monotonic() + 30
        script(peer)
    return timed


@pytest.mark.parametrize("answers", [0, 3])
def test_a_server_that_hangs(certificates, answers):
    """A PING after the silence; when no answer comes, the call ends long before its deadline."""
    with StrangeServer(certificates, hanging(answers)) as server:
        begun = time.monotonic()
        done = run(certificates, server.port, "--keepalive", "400", "wait_for_ever")
        took = time.monotonic() - begun
    assert "UNAVAILABLE" in done.stdout and "PING" in done.stdout, done.stdout
    assert 0.8 + 0.4 * answers <= took < 20 * SLOWER, took
    assert server.peers[0].pings >= answers


def test_no_ping_before_the_silence_that_servers_want(certificates):
    """With the keepalive as the command has it, a call of some seconds sends none: no server calls that too many."""
    def script(peer):
        peer.greet()
        peer.until(lambda: peer.requests)
        peer.until(lambda: False, 3)
        peer.socket.shutdown(1)
        peer.until(lambda: False, 1)
    with StrangeServer(certificates, script) as server:
        run(certificates, server.port, "wait_for_ever")
        assert server.peers[0].pings == 0
    header = (ROOT / "client" / "connection.h").read_text(encoding="utf-8")
    assert "KEEPALIVE_SILENCE_MS = 310 * 1000" in header, "more than the five minutes of gRPC's servers"
