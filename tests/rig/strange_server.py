"""A TLS server that does what it is told to, well or badly: for what no decent server would send to the command."""

import select
import socket
import ssl
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from rig.frames import PREFACE, frame


class Request:
    def __init__(self, number, headers):
        self.number, self.headers = number, dict(headers)
        self.data, self.ended, self.reset = b"", False, None
        self.came = time.monotonic()

    def messages(self):
        """(compressed flag, bytes) of each message that is whole."""
        at, found = 0, []
        while at + 5 <= len(self.data):
            flag, length = struct.unpack_from(">BI", self.data, at)
            if at + 5 + length > len(self.data):
                break
            found.append((flag, self.data[at + 5:at + 5 + length]))
            at += 5 + length
        return found


class Peer:
    """One connection that came, seen from the server."""

    def __init__(self, sock, settings=None, acknowledge=True):
        self.socket, self.acknowledge = sock, acknowledge
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.requests, self.pings, self.goaway, self.settled, self.closed = {}, 0, None, False, False

    def greet(self):
        self.h2.initiate_connection()
        self.flush()
        return self

    def flush(self):
        self.send_bytes(self.h2.data_to_send())

    def send_bytes(self, data):
        """Once the other side has gone, its last words (RST_STREAM, GOAWAY) may still lie unread: they are taken first."""
        if self.closed:
            return
        try:
            self.socket.sendall(data)
        except OSError:
            while self._take(0):
                pass
            self.closed = True

    def pump(self, seconds=0.05):
        """Takes what comes within the time, once, and answers it."""
        if self._take(seconds):
            self.flush()

    def _take(self, seconds):
        """Whether something came."""
        if self.closed:
            return False
        try:
            if not self.socket.pending() and not select.select([self.socket], [], [], seconds)[0]:
                return False
            data = self.socket.recv(65536)
        except (OSError, ValueError):  # ValueError: closed under our hands
            data = b""
        if not data:
            self.closed = True
            return False
        try:
            for event in self.h2.receive_data(data):
                self._note(event)
        except h2.exceptions.ProtocolError:
            pass
        return True

    def _note(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = Request(event.stream_id, event.headers)
        elif isinstance(event, h2.events.PingReceived):
            self.pings += 1
        elif isinstance(event, h2.events.SettingsAcknowledged):
            self.settled = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        request = self.requests.get(getattr(event, "stream_id", None))
        if request is None:
            return
        if isinstance(event, h2.events.DataReceived):
            request.data += event.data
            if self.acknowledge:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            request.ended = True
        elif isinstance(event, h2.events.StreamReset):
            request.reset = event.error_code

    def until(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition() and not self.closed and time.monotonic() < deadline:
            self.pump()
        return condition()

    def request(self):
        """The next request that nobody has answered yet, when it is whole."""
        def whole():
            return [r for r in self.requests.values() if r.ended and not getattr(r, "taken", False)]
        self.until(whole)
        if not whole():
            raise ConnectionError("the command sent no request")
        request = whole()[0]
        request.taken = True
        return request

    def head(self, request, status="200", content_type="application/grpc", end=False, headers=()):
        fields = [(":status", status)] + ([("content-type", content_type)] if content_type is not None else [])
        self.h2.send_headers(request.number, [*fields, *headers], end_stream=end)
        self.flush()

    def message(self, request, payload, flag=0, length=None, end=False):
        """One message, within the client's windows."""
        data = struct.pack(">BI", flag, len(payload) if length is None else length) + payload
        self.data(request, data, end)

    def data(self, request, data, end=False):
        while data:
            room = min(self.h2.local_flow_control_window(request.number), self.h2.max_outbound_frame_size, len(data))
            if room <= 0:
                self.pump(1)
                if self.closed or request.reset is not None:
                    raise ConnectionError("the command has gone")
                continue
            self.h2.send_data(request.number, data[:room])
            data = data[room:]
            self.flush()
        if end:
            self.h2.end_stream(request.number)
            self.flush()

    def trailers(self, request, status=0, message=None, headers=()):
        fields = [("grpc-status", str(status))] + ([("grpc-message", message)] if message is not None else [])
        self.h2.send_headers(request.number, [*fields, *headers], end_stream=True)
        self.flush()

    def answer(self, request, payload=b"", **end):
        """As a good server does."""
        self.head(request)
        self.message(request, payload)
        self.trailers(request, **end)

    def wait_for_the_end(self, seconds=30):
        self.until(lambda: False, seconds)


class StrangeServer:
    """Runs one script a connection, script(peer); the last one serves all that follow."""

    def __init__(self, certificates, *scripts, certificate=None, alpn=("h2",), most=None, least=ssl.TLSVersion.TLSv1_3, port=0):
        self.scripts, self.peers, self.errors = scripts, [], []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = least
        if most is not None:
            self.context.maximum_version = most
        self.context.load_cert_chain(*(certificate or (certificates.server_certificate, certificates.server_key)))
        self.context.load_verify_locations(certificates.ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        if alpn:
            self.context.set_alpn_protocols(list(alpn))
        self.listener = socket.create_server(("127.0.0.1", port), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.threads = []
        self.acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.acceptor.start()
        return self

    def __exit__(self, *_):
        self.stop()
        for peer in self.peers:
            try:
                peer.socket.close()
            except OSError:
                pass
        for thread in self.threads:
            thread.join(10)

    def stop(self):
        """Listens no more."""
        self.listener.close()

    def _accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(plain,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _serve(self, plain):
        try:
            plain.settimeout(60)
            peer = Peer(self.context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=True))
        except OSError as error:
            self.errors.append(error)
            return
        number = len(self.peers)
        self.peers.append(peer)
        try:
            self.scripts[min(number, len(self.scripts) - 1)](peer)
        except (OSError, h2.exceptions.H2Error) as error:
            self.errors.append(error)
        finally:
            try:
                peer.socket.close()
            except OSError:
                pass

    @staticmethod
    def wait_until(condition, seconds=30):
        """Whether it came true. Looks only: a connection is read by its script."""
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        return condition()

    def requests(self):
        return [request for peer in self.peers for request in peer.requests.values()]


__all__ = ["PREFACE", "Peer", "Request", "StrangeServer", "frame"]
