"""A mail relay and a webhook receiver that do as they are told, for what the command sends: real SMTP, real HTTPS."""

import asyncio
import hashlib
import hmac
import http.server
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from rig import free_port


class Relay:
    """
    accepted: (recipient, bytes) of each message that it took. replies: what it says to a RCPT of a recipient instead of 250.
    at(stage): called at "hello", "sender", "recipient", "data" (the message is there) and "accepted" (it is taken, 250 is not yet said);
    it may return a reply to say instead, or "drop" to cut the connection, or "hang" to say nothing for a while.
    """

    def __init__(self, certificates=None):
        self.accepted, self.replies, self.at = [], {}, lambda stage: None
        self.senders, self.port, self.controller = [], free_port(), None
        self.context = None
        if certificates is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates.server_certificate, certificates.server_key)

    def start(self):
        class Sized(Controller):
            def factory(inner):    # noqa: N805 (the outer self is wanted)
                return SMTP(self, tls_context=self.context, hostname="relay.test", enable_SMTPUTF8=False, timeout=20)
        self.controller = Sized(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def _say(self, stage, server, otherwise):
        said = self.at(stage)
        if said == "hang":
            await asyncio.sleep(5)
            said = "drop"
        if said == "drop":
            server.transport.abort()
            return "421 gone"
        return said or otherwise

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        said = await self._say("hello", server, None)
        return [said] if said else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        said = await self._say("sender", server, "250 OK")
        if said.startswith("250"):
            envelope.mail_from = address
        return said

    async def handle_RCPT(self, server, session, envelope, address, options):
        said = await self._say("recipient", server, self.replies.get(address, "250 OK"))
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server, session, envelope):
        said = await self._say("data", server, "250 queued")
        if not said.startswith("250"):
            return said
        self.senders.append(envelope.mail_from)
        for address in envelope.rcpt_tos:
            self.accepted.append((address, envelope.original_content))
        return await self._say("accepted", server, "250 queued as 7F")


class Receiver:
    """taken: (path, headers, body) of each POST. status: what it answers; "hang" to say nothing. location: where it points to."""

    def __init__(self, certificates):
        self.taken, self.status, self.location = [], 200, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):    # noqa: N802 (its name is given)
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                outer.taken.append((self.path, dict(self.headers), body))
                if outer.status == "hang":
                    outer.released.wait(20)
                    return
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"seen")

            do_GET = do_POST    # what a redirect would become

            def log_message(self, *_):
                pass

        self.released = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server_certificate, certificates.server_key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path="/alerts"):
        return f"https://localhost:{self.port}{path}"


def is_signed(headers, body, key):
    text = headers["Radioshop-Timestamp"].encode() + b"." + body
    return hmac.compare_digest(headers["Radioshop-Signature"], "sha256=" + hmac.new(key.encode(), text, hashlib.sha256).hexdigest())
