"""A principal who calls the daemon, over Debian's grpcio: a client that nobody wrote for radioshop."""

import contextlib
import uuid

import grpc

from rig import contract


class Refused(Exception):
    """A call that ended with another status than OK."""

    def __init__(self, error):
        self.code = error.code().name
        self.text = error.details() or ""
        self.fields, self.reason, self.retry_ms = [], "", None
        self.metadata = list(error.trailing_metadata() or ())
        for key, value in self.metadata:
            if key == "grpc-status-details-bin":
                self._read_details(value)
        super().__init__(f"{self.code}: {self.text} {self.fields}")

    def _read_details(self, value):
        status = contract.message("google.rpc.Status").FromString(value)
        for detail in status.details:
            kind = detail.type_url.rsplit("/", 1)[1]
            body = contract.message(kind).FromString(detail.value)
            if kind == "google.rpc.BadRequest":
                self.fields += [v.field for v in body.field_violations]
            elif kind == "google.rpc.ErrorInfo":
                self.reason = body.reason
            elif kind == "google.rpc.RetryInfo":
                self.retry_ms = body.retry_delay.seconds * 1000 + body.retry_delay.nanos // 1000000


class Caller:
    """caller.GetAsset(asset="IND:1042") calls the method; request_id is made up where it is not given."""

    def __init__(self, port, ca, certificate=None, key=None, options=(), address="127.0.0.1"):
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        elsewhere = [] if address == "127.0.0.1" else [("grpc.ssl_target_name_override", "localhost")]
        # By address: a name is not looked up again for 30 s after a connection was lost.
        self.channel = grpc.secure_channel(f"ipv4:{address}:{port}", credentials, options=[
            ("grpc.enable_retries", 0), ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 500), ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", 64 << 20), *elsewhere, *options])
        self.received = bytearray()	# every byte of every answer and refusal, for the canary

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getattr__(self, name):
        if name.startswith("_") or name not in contract.methods():
            raise AttributeError(name)
        return lambda timeout=60, **values: self.call(contract.methods()[name], values, timeout)

    @staticmethod
    def request(method, values):
        message = contract.fill(method.request(), values)
        if method.writes and "request_id" not in values:
            message.request_id = str(uuid.uuid4())
        return message

    def call(self, method, values, timeout=60):
        message = self.request(method, values)
        if method.streams:
            return list(self.stream(method, message, timeout))
        return method.reply.FromString(self.raw(method.path, message.SerializeToString(), timeout))

    def raw(self, path, payload, timeout=60, metadata=None):
        """Bytes in, bytes out."""
        try:
            reply, call = self.channel.unary_unary(path).with_call(payload, timeout=timeout, metadata=metadata)
            self._remember(reply, call)
            return reply
        except grpc.RpcError as error:
            self._remember(b"", error)
            raise Refused(error) from None

    def finish(self, call):
        """Waits for a call that channel.unary_unary(path).future() began; the reply's bytes."""
        try:
            reply = call.result()
            self._remember(reply, call)
            return reply
        except grpc.FutureCancelledError:
            raise Refused(call) from None
        except grpc.RpcError as error:
            self._remember(b"", error)
            raise Refused(error) from None

    def stream(self, method, message, timeout=60):
        call = self.channel.unary_stream(method.path)(message.SerializeToString(), timeout=timeout)
        try:
            for reply in call:
                self.received += reply
                yield method.reply.FromString(reply)
            self._remember(b"", call)
        except grpc.RpcError as error:
            self._remember(b"", error)
            raise Refused(error) from None
        finally:
            call.cancel()

    def _remember(self, reply, call):
        self.received += reply + (call.details() or "").encode()
        for key, value in [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]:
            self.received += key.encode() + (value if isinstance(value, bytes) else value.encode())

    def pages(self, name, field, **values):
        """All rows of a paged list."""
        rows, token = [], ""
        while True:
            reply = getattr(self, name)(page_token=token, **values)
            rows += getattr(reply, field)
            token = reply.next_page_token
            if not token:
                return rows


@contextlib.contextmanager
def refused(*codes, field=None, text=None):
    """The call inside must be refused with one of the codes; gives the refusal afterwards."""
    outcome = type("Outcome", (), {})()
    try:
        yield outcome
    except Refused as refusal:
        assert refusal.code in codes, str(refusal)
        assert field is None or field in refusal.fields, f"{refusal}: field {field} is not named"
        assert text is None or text in refusal.text, str(refusal)
        assert refusal.text, "a refusal without a sentence"
        outcome.__dict__.update(refusal.__dict__)
        return
    raise AssertionError(f"the call was not refused; expected {' or '.join(codes)}")
