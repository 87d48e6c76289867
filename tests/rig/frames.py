"""HTTP/2 by hand, on python3-h2 or as bare bytes: for what no decent client would send."""

import socket
import ssl
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

from rig import contract


def tls_context(certificates, name, alpn=("h2",), version=None, files=None):
    """What a principal's client brings along: version "1.2" or "1.3" for that one alone, files: certificate and key."""
    certificate, key = files or certificates.person(name)
    context = ssl.create_default_context(cafile=certificates.ca)
    context.load_cert_chain(certificate, key)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if version:
        context.minimum_version = context.maximum_version = {
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    return context


def tls_connect(context, port, session=None):
    """A TLS connection after the handshake, as far as the client sees it."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return context.wrap_socket(plain, server_hostname="localhost", session=session)
    except OSError:
        plain.close()
        raise


def tls_socket(world, name, port=None):
    """A TLS connection of a principal, after the handshake."""
    return tls_connect(tls_context(world.certificates, name), port or world.daemon.port)


class Stream:
    def __init__(self, connection, number):
        self.connection, self.number = connection, number
        self.headers, self.trailers, self.data, self.reset, self.ended = {}, {}, b"", None, False
        self.trailer_list = []	# with those that come several times

    def wait(self, seconds=20):
        deadline = time.monotonic() + seconds
        while not self.ended and self.reset is None and not self.connection.closed:
            assert time.monotonic() < deadline, "the stream does not end"
            self.connection.pump(deadline - time.monotonic())
        return self

    def grpc_status(self):
        """The status; a stream that was reset, or a connection that was closed, gives None."""
        self.wait()
        text = {**self.headers, **self.trailers}.get("grpc-status")
        return None if text is None else int(text)


class Connection:
    """A client connection that sends what it is told, flow control left to the caller if acknowledge is False."""

    def __init__(self, world, name, acknowledge=True, port=None, window=None, files=None):
        self.socket = tls_connect(tls_context(world.certificates, name, files=files), port or world.daemon.port)
        # Headers are not checked on the way out: wrong ones are the point.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.acknowledge, self.closed, self.goaway, self.streams = acknowledge, False, None, {}
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        try:
            self.socket.sendall(self.h2.data_to_send())
        except OSError:
            self.closed = True

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def pump(self, seconds=1.0):
        """Reads what has come and notes it."""
        self.socket.settimeout(max(seconds, 0.01))
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, socket.timeout):
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.closed = True
            return
        for event in events:
            self._note(event)
        self.flush()

    def _note(self, event):
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway, self.goaway_text = event.error_code, event.additional_data
            return
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers, stream.trailer_list = dict(event.headers), list(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            if self.acknowledge:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = event.error_code
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True

    def open(self, path, headers=(), content_type="application/grpc", te="trailers", method="POST", end=False):
        number = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "https"), (":path", path), (":authority", "localhost")]
        if content_type is not None:
            fields.append(("content-type", content_type))
        if te is not None:
            fields.append(("te", te))
        self.h2.send_headers(number, [*fields, *headers], end_stream=end)
        stream = self.streams[number] = Stream(self, number)
        self.flush()
        return stream

    def send(self, stream, data, end=True):
        """DATA within the windows; stops when the stream or the connection is ended by the daemon."""
        view = memoryview(data)
        deadline = time.monotonic() + 30
        while len(view) and not stream.ended and stream.reset is None and not self.closed:
            assert time.monotonic() < deadline, "the daemon does not take the data"
            room = min(self.h2.local_flow_control_window(stream.number), self.h2.max_outbound_frame_size, len(view))
            if room <= 0:
                self.pump(1)
                continue
            self.h2.send_data(stream.number, view[:room].tobytes())
            view = view[room:]
            self.flush()
        if end and not stream.ended and stream.reset is None and not self.closed:
            self.h2.end_stream(stream.number)
            self.flush()

    def call(self, name, message, headers=(), flag=0, length=None, **options):
        """One call; flag and length are those of the gRPC prefix, right unless given."""
        stream = self.open(contract.methods()[name].path if "/" not in name else name, headers, **options)
        prefix = struct.pack(">BI", flag, len(message) if length is None else length)
        self.send(stream, prefix + message)
        return stream


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
