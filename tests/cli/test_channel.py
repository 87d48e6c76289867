"""The command against servers that answer badly, late, too much or not at all: the sentence, the exit code, what is kept."""

import gzip
import os
import re
import signal
import ssl
import struct
import subprocess
import time
import types

import h2.errors
import h2.settings
import pytest

from conftest import Command  # of this directory
from rig import COMMAND, UNDER_ASAN, contract
from rig.daemon import SLOWER
from rig.strange_server import PREFACE, StrangeServer, frame

DONE, REFUSED, NOT_FOUND, UNAVAILABLE, FAULT, AGAIN, DENIED = 0, 65, 66, 69, 70, 75, 77
LOG = ["ticket", "log", "IND:1042", "--problem", "no audio", "--action", "typed at the bench", "--minutes", "5"]
CODES = h2.errors.ErrorCodes


@pytest.fixture
def shop(certificates, tmp_path):
    """The command without a daemon: each test has a server of its own."""
    (tmp_path / "config").mkdir()
    return Command(types.SimpleNamespace(certificates=certificates), tmp_path / "config", tmp_path / "state")


@pytest.fixture
def serve(certificates):
    """serve(script…) is a server with one script a connection; see StrangeServer."""
    made = []

    def start(*scripts, **options):
        made.append(StrangeServer(certificates, *scripts, **options).__enter__())
        return made[-1]
    yield start
    for server in made:
        server.__exit__()


def caller(name="tina"):
    return contract.fill(contract.methods()["GetCaller"].reply(), {"principal": {"name": name}}).SerializeToString()


def page(tag, token=""):
    return contract.fill(contract.methods()["ListAssets"].reply(), {
        "assets": [{"agency": "IND", "tag": tag}], "next_page_token": token}).SerializeToString()


def row(tag, notes=""):
    return contract.fill(contract.methods()["ExportAssets"].reply(), {
        "asset": {"agency": "IND", "tag": tag, "notes": notes}}).SerializeToString()


def one(action):
    """A script that greets, takes one request, does action(peer, request), and stays until the command goes."""
    def script(peer):
        peer.greet()
        action(peer, peer.request())
        peer.wait_for_the_end()
    return script


def good(payload=None):
    """A script that answers everything."""
    def script(peer):
        peer.greet()
        while True:
            peer.answer(peer.request(), caller() if payload is None else payload)
    return script


def kept(shop):
    directory = shop.state / "radioshop" / "unsent"
    return [path.read_text(encoding="utf-8") for path in directory.glob("*.json")] if directory.exists() else []


# ---- what the end of a call means ----

@pytest.mark.parametrize("http, code", [(400, FAULT), (401, DENIED), (403, DENIED), (404, FAULT), (429, UNAVAILABLE), (502, UNAVAILABLE),
                                        (503, UNAVAILABLE), (504, UNAVAILABLE), (301, FAULT), (500, FAULT), (418, FAULT)])
@pytest.mark.parametrize("content_type", ["text/html", "application/grpc"])
def test_http_status_without_grpc_status(shop, serve, http, code, content_type):
    server = serve(one(lambda peer, r: (peer.head(r, str(http), content_type), peer.data(r, b"<html>no</html>", end=True))))
    if content_type == "application/grpc":  # the body is then no message, which the table comes before only if it is not read
        server.scripts = (one(lambda peer, r: peer.head(r, str(http), content_type, end=True)),)
    shop.fails(code, "tina", "whoami", port=server.port, says=f"HTTP status {http}", lines=1)


def test_grpc_status_wins_over_the_http_status(shop, serve):
    server = serve(one(lambda peer, r: peer.head(r, "503", end=True, headers=[("grpc-status", "5"), ("grpc-message", "no such radio")])))
    shop.fails(NOT_FOUND, "tina", "whoami", port=server.port, says="no such radio")


def test_informational_headers_are_skipped(shop, serve):
    def action(peer, request):
        for status in ("100", "103"):
            peer.h2.send_headers(request.number, [(":status", status), ("grpc-status", "13"), ("link", "</x>")])
        peer.answer(request, caller("pat"))
    assert "pat" in shop.ok("tina", "whoami", port=serve(one(action)).port)


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/grpcx", None])
def test_an_answer_that_is_not_grpc(shop, serve, content_type):
    server = serve(one(lambda peer, r: (peer.head(r, "200", content_type), peer.data(r, b"<html>sign in</html>", end=True))))
    shop.fails(FAULT, "tina", "whoami", port=server.port, says="not gRPC", lines=1)


@pytest.mark.parametrize("content_type", ["application/grpc", "application/grpc+proto", "application/grpc; x=1"])
def test_content_types_of_grpc(shop, serve, content_type):
    server = serve(one(lambda peer, r: (peer.head(r, content_type=content_type), peer.message(r, caller("pat")), peer.trailers(r))))
    assert "pat" in shop.ok("tina", "whoami", port=server.port)


@pytest.mark.parametrize("reset, code", [
    (CODES.NO_ERROR, FAULT), (CODES.PROTOCOL_ERROR, FAULT), (CODES.INTERNAL_ERROR, FAULT), (CODES.FLOW_CONTROL_ERROR, FAULT),
    (CODES.SETTINGS_TIMEOUT, FAULT), (CODES.FRAME_SIZE_ERROR, FAULT), (CODES.CANCEL, AGAIN), (CODES.COMPRESSION_ERROR, FAULT),
    (CODES.CONNECT_ERROR, FAULT), (CODES.ENHANCE_YOUR_CALM, AGAIN), (CODES.INADEQUATE_SECURITY, DENIED),
    (CODES.HTTP_1_1_REQUIRED, FAULT), (77, FAULT)], ids=lambda value: getattr(value, "name", str(value)))
def test_reset_codes(shop, serve, reset, code):
    server = serve(one(lambda peer, r: peer.send_bytes(frame(3, 0, r.number, struct.pack(">I", reset)))))
    shop.fails(code, "tina", "whoami", port=server.port, says=f"localhost:{server.port}", lines=1)
    assert len(server.requests()) == 1, "it is not repeated"


@pytest.mark.parametrize("status", ["17", "99", "-1", "abc", "", "007", "4294967296"])
def test_a_status_that_is_none(shop, serve, status):
    """UNKNOWN, with the server's own words."""
    server = serve(one(lambda peer, r: (peer.head(r), peer.trailers(r, status, "something odd"))))
    shop.fails(FAULT, "tina", "whoami", port=server.port, says="something odd", lines=1)


def test_no_status_at_all(shop, serve):
    server = serve(one(lambda peer, r: (peer.head(r), peer.message(r, caller(), end=True))))
    shop.fails(FAULT, "tina", "whoami", port=server.port, says="without a status", lines=1)


@pytest.mark.parametrize("status, code", [
    (1, AGAIN), (2, FAULT), (3, REFUSED), (4, AGAIN), (5, NOT_FOUND), (6, REFUSED), (7, DENIED), (8, AGAIN), (9, REFUSED), (10, AGAIN),
    (11, REFUSED), (12, FAULT), (13, FAULT), (14, UNAVAILABLE), (15, FAULT), (16, DENIED)])
@pytest.mark.parametrize("only_trailers", [True, False])
def test_every_status(shop, serve, status, code, only_trailers):
    def action(peer, request):
        if not only_trailers:
            peer.head(request)
            peer.trailers(request, status, "so it is")
        else:
            peer.head(request, end=True, headers=[("grpc-status", str(status)), ("grpc-message", "so it is")])
    shop.fails(code, "tina", "whoami", port=serve(one(action)).port, says="so it is", lines=1)


@pytest.mark.parametrize("sent, told", [
    ("caf%C3%A9 100%25", "café 100%"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%0Ab", "a"), ("%1B[31mred", "[31mred")])
def test_percent_decoding(shop, serve, sent, told):
    server = serve(one(lambda peer, r: peer.head(r, end=True, headers=[("grpc-status", "9"), ("grpc-message", sent)])))
    text = shop.fails(REFUSED, "tina", "whoami", port=server.port, says=told)
    assert "\x1b" not in text


def test_details(shop, serve):
    """google.rpc.Status: the field is shown as the flag it came from, the wait as a hint."""
    message = contract.message("google.rpc.Status")
    details = message(code=8, message="slow down")
    retry = contract.message("google.rpc.RetryInfo")()
    retry.retry_delay.seconds = 4
    detail = details.details.add()
    detail.type_url, detail.value = "type.googleapis.com/google.rpc.RetryInfo", retry.SerializeToString()
    import base64
    for value in (base64.b64encode(details.SerializeToString()).decode(), base64.b64encode(details.SerializeToString()).decode().rstrip("=")):
        server = serve(one(lambda peer, r, value=value: peer.head(r, end=True, headers=[
            ("grpc-status", "8"), ("grpc-message", "slow down"), ("grpc-status-details-bin", value)])))
        assert "5 seconds" in shop.fails(AGAIN, "tina", "whoami", port=server.port, says="slow down")
    for junk in ("!!!", "AAAA" * 4000, "gA=="):
        server = serve(one(lambda peer, r, junk=junk: peer.head(r, end=True, headers=[
            ("grpc-status", "8"), ("grpc-message", "slow down"), ("grpc-status-details-bin", junk)])))
        shop.fails(AGAIN, "tina", "whoami", port=server.port, says="slow down", lines=1)


@pytest.mark.parametrize("when", ["greeting", "request", "headers", "message", "half a message"])
def test_a_connection_that_breaks(shop, serve, when):
    """No answer: unavailable; a write is kept, and it is said that nobody knows whether it was done."""
    def script(peer):
        if when == "greeting":
            return
        peer.greet()
        request = peer.request()
        if when != "request":
            peer.head(request)
        if when == "message":
            peer.message(request, b"")
        if when == "half a message":
            peer.message(request, b"abc", length=100)
    server = serve(script)
    shop.fails(UNAVAILABLE, "tina", "whoami", port=server.port, lines=1)
    told = shop.fails(UNAVAILABLE, "tina", *LOG, port=server.port)
    assert "not known whether it was done" in told and "radioshop unsent send" in told
    assert "typed at the bench" in "".join(kept(shop))


def test_an_answer_with_too_many_and_too_few_messages(shop, serve):
    def two(peer, request):
        peer.head(request)
        peer.message(request, caller())
        peer.message(request, caller())
        peer.trailers(request)
    shop.fails(FAULT, "tina", "whoami", port=serve(one(two)).port, says="two answers")
    none = serve(one(lambda peer, r: (peer.head(r), peer.trailers(r))))
    shop.fails(FAULT, "tina", "whoami", port=none.port, says="nothing in it")
    cut = serve(one(lambda peer, r: (peer.head(r), peer.message(r, b"abc", length=9), peer.trailers(r))))
    shop.fails(FAULT, "tina", "whoami", port=cut.port, says="middle of a message")


# ---- deadlines ----

def milliseconds(request):
    digits, unit = re.fullmatch(r"([0-9]{1,8})([HMSmun])", request.headers["grpc-timeout"]).groups()
    return int(digits) * {"H": 3600000, "M": 60000, "S": 1000, "m": 1, "u": 1e-3, "n": 1e-6}[unit]


def test_the_remaining_time_is_sent(shop, serve):
    """What connecting took is not the server's any more."""
    def slow(peer):
        time.sleep(1)
        good()(peer)
    server = serve(slow)
    server.context.sni_callback = lambda *_: time.sleep(1)  # in the middle of the handshake
    shop.ok("tina", "whoami", "--timeout", "20", port=server.port)
    assert 1000 < milliseconds(server.requests()[0]) <= 19050


def test_a_call_past_its_deadline_never_leaves(shop, serve):
    server = serve(good())
    server.context.sni_callback = lambda *_: time.sleep(2)
    told = shop.fails(AGAIN, "tina", *LOG, "--timeout", "1", port=server.port, says="in time")
    time.sleep(1.5)
    assert "was not done" in told and kept(shop) and not server.requests()


def test_an_expired_call_is_cancelled(shop, serve):
    server = serve(one(lambda peer, r: None))
    begun = time.monotonic()
    told = shop.fails(AGAIN, "tina", *LOG, "--timeout", "1", port=server.port, says="in time")
    assert 1 <= time.monotonic() - begun < 4 * SLOWER
    assert "not known" in told and kept(shop)
    request = server.requests()[0]
    assert server.wait_until(lambda: request.reset is not None) and request.reset == CODES.CANCEL


@pytest.mark.parametrize("settings", [{h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0},
                                      {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 0}], ids=["window", "streams"])
def test_a_server_that_takes_nothing(shop, serve, settings):
    def script(peer):
        peer.send_bytes(frame(4, 0, 0, b"".join(struct.pack(">HI", int(k), v) for k, v in settings.items())))
        peer.wait_for_the_end()
    shop.fails(AGAIN, "tina", *LOG, "--timeout", "1", port=serve(script).port, says="in time")
    assert kept(shop)


# ---- GOAWAY, and what was not looked at ----

def goaway(last, code=0, debug=b""):
    return frame(7, 0, 0, struct.pack(">II", last, code) + debug)


def test_goaway_before_the_call_was_looked_at(shop, serve):
    """The server goes away and did not look at it: it is sent again at once, the same request, and nobody notices."""
    log = contract.methods()["LogRepair"]
    first = one(lambda peer, r: peer.send_bytes(goaway(0)))
    server = serve(first, good(contract.fill(log.reply(), {"ticket": {"number": "IND-2026-00001"}}).SerializeToString()))
    assert "IND-2026-00001" in shop.ok("tina", *LOG, port=server.port)
    sent = [log.request.FromString(r.messages()[0][1]) for r in server.requests()]
    assert len(sent) == 2 and sent[0] == sent[1] and sent[0].request_id and not kept(shop)
    assert len(server.peers) == 2


def test_goaway_with_the_greeting(shop, serve):
    """It may overtake the request, or the request it: in either case the call was not looked at."""
    def busy(peer):
        peer.send_bytes(frame(4, 0, 0) + goaway(0))
        peer.wait_for_the_end(2)
    server = serve(busy, busy, good())
    assert "tina" in shop.ok("tina", "whoami", port=server.port)
    assert len(server.peers) == 3


def test_goaway_after_the_call_was_looked_at(shop, serve):
    """Stream 1 is within what the server saw: the outcome is unknown, and the command does not decide it."""
    def action(peer, request):
        peer.send_bytes(goaway(request.number))
        peer.socket.shutdown(1)
    server = serve(one(action), good())
    told = shop.fails(UNAVAILABLE, "tina", *LOG, port=server.port)
    assert "not known whether it was done" in told and kept(shop) and len(server.requests()) == 1


def test_goaway_in_two_steps(shop, serve):
    """First 2^31-1, then the real id: the call that runs ends well, the next one goes to a new connection."""
    def first(peer):
        peer.greet()
        request = peer.request()
        peer.send_bytes(goaway(2**31 - 1))
        time.sleep(0.2)
        peer.send_bytes(goaway(request.number))
        peer.answer(request, page("A1", "more"))
        peer.wait_for_the_end()
    server = serve(first, good(page("A2")))
    rows = shop.ok("tina", "asset", "list", "-o", "csv", "--columns", "tag", port=server.port).split()
    assert rows == ["tag", "A1", "A2"] and len(server.peers) == 2
    assert [len(peer.requests) for peer in server.peers] == [1, 1]


def test_a_connection_is_kept_for_the_next_call(shop, serve):
    replies = iter([page("A1", "more"), page("A2", "more"), page("A3")])

    def script(peer):
        peer.greet()
        for reply in replies:
            peer.answer(peer.request(), reply)
        peer.wait_for_the_end()
    server = serve(script)
    assert shop.ok("tina", "asset", "list", "-o", "csv", "--columns", "tag", port=server.port).split()[1:] == ["A1", "A2", "A3"]
    peer, = server.peers
    assert server.wait_until(lambda: peer.goaway is not None) and peer.goaway == CODES.NO_ERROR, "it says goodbye"


def test_a_kept_connection_that_was_closed(shop, serve):
    """The connection is looked at before it is used again: what was sent into a closed one would be in doubt."""
    def first(peer):
        peer.greet()
        request = peer.request()
        peer.h2.send_headers(request.number, [(":status", "200"), ("content-type", "application/grpc")])
        body = page("A1", "more")
        peer.h2.send_data(request.number, struct.pack(">BI", 0, len(body)) + body)
        peer.h2.send_headers(request.number, [("grpc-status", "0")], end_stream=True)
        peer.socket.setsockopt(6, 3, 1)  # TCP_CORK: the last bytes and the end come together
        peer.flush()
        try:
            peer.socket.settimeout(5)
            peer.socket.unwrap()
        except (OSError, ValueError):
            pass
    server = serve(first, good(page("A2")))
    assert shop.ok("tina", "asset", "list", "-o", "csv", "--columns", "tag", port=server.port).split()[1:] == ["A1", "A2"]


def test_refused_streams_are_repeated(shop, serve):
    refuse = frame(3, 0, 1, struct.pack(">I", CODES.REFUSED_STREAM))

    def script(peer):
        peer.greet()
        for _ in range(2):
            request = peer.request()
            peer.send_bytes(refuse[:5] + struct.pack(">I", request.number) + refuse[9:])
        peer.answer(peer.request(), caller("pat"))
        peer.wait_for_the_end()
    server = serve(script)
    assert "pat" in shop.ok("tina", "whoami", port=server.port)
    assert len(server.peers) == 1 and len(server.requests()) == 3


def test_a_server_that_refuses_for_ever(shop, serve):
    """It is asked a few times, slower and slower, and then it is said that nothing was done."""
    came = []

    def script(peer):
        peer.greet()
        while True:
            request = peer.request()
            came.append(time.monotonic())
            peer.send_bytes(frame(3, 0, request.number, struct.pack(">I", CODES.REFUSED_STREAM)))
    server = serve(script)
    told = shop.fails(UNAVAILABLE, "tina", *LOG, port=server.port, says="does not take calls now")
    assert "it was not done" in told and kept(shop)
    gaps = [b - a for a, b in zip(came, came[1:])]
    assert len(came) == 7 and gaps[1] > 0.15 and gaps[-1] > gaps[1]
    begun = time.monotonic()
    shop.fails(UNAVAILABLE, "tina", "whoami", "--timeout", "1", port=server.port)
    assert time.monotonic() - begun < 3 * SLOWER, "the deadline bounds it all"


def test_a_server_that_starts_again(shop, serve, certificates):
    """It sent us away and is not there for a moment: the call waits for it."""
    again = []

    def leaving(peer):
        peer.greet()
        peer.request()
        server.stop()
        peer.send_bytes(goaway(0))
        peer.socket.shutdown(1)
        time.sleep(0.7)
        again.append(serve(good(caller("pat")), port=server.port))
    server = serve(leaving)
    assert "pat" in shop.ok("tina", "whoami", port=server.port)
    assert again


def test_last_words_are_told(shop, serve):
    def action(peer, request):
        peer.send_bytes(goaway(request.number, int(CODES.ENHANCE_YOUR_CALM), b"too_many_pings\x1b[2J"))
        peer.socket.shutdown(1)
    text = shop.fails(UNAVAILABLE, "tina", "whoami", port=serve(one(action)).port, says="too_many_pings")
    assert "\x1b" not in text


# ---- compression ----

def test_gzip_replies(shop, serve):
    def action(peer, request):
        assert request.headers["grpc-accept-encoding"] == "identity,gzip"
        peer.head(request, headers=[("grpc-encoding", "gzip")])
        peer.message(request, gzip.compress(caller("pat" * 50)), flag=1)
        peer.trailers(request)
    server = serve(one(action))
    assert "patpat" in shop.ok("tina", "whoami", port=server.port)
    assert not server.errors


@pytest.mark.parametrize("encoding, payload, flag", [
    (None, gzip.compress(b""), 1), ("deflate", gzip.compress(b""), 1), ("gzip", b"no gzip at all", 1), ("gzip", gzip.compress(b"x" * 99)[:-9], 1),
    ("gzip", gzip.compress(b"") + b"more", 1), ("gzip", b"", 2), (None, b"", 255)], ids=["none", "deflate", "junk", "cut", "more", "flag2", "flag255"])
def test_compression_that_is_none(shop, serve, encoding, payload, flag):
    def action(peer, request):
        peer.head(request, headers=[("grpc-encoding", encoding)] if encoding else [])
        peer.message(request, payload, flag=flag)
        peer.trailers(request)
    shop.fails(FAULT, "tina", "whoami", port=serve(one(action)).port, says="cannot be taken", lines=1)


def test_large_requests_are_compressed_where_the_server_takes_it(shop, serve, tmp_path):
    """Only after it has said so, and only what is worth it; to a server that never says so, nothing is compressed."""
    file = tmp_path / "many.csv"
    file.write_text("tag,notes\n" + "".join(f"A{i},{'note ' * 20}\n" for i in range(1001)), encoding="utf-8")
    method = contract.methods()["ImportAssets"]

    def script(offer):
        def answer(peer):
            peer.greet()
            while True:
                request = peer.request()
                peer.head(request, headers=offer)
                peer.message(request, method.reply().SerializeToString())
                peer.trailers(request)
        return answer
    for offer, flags in (([("grpc-accept-encoding", "identity, deflate,gzip")], [0, 1, 0]), ([("grpc-accept-encoding", "identity")], [0, 0, 0]),
                         ([("grpc-accept-encoding", "xgzip,gzipped")], [0, 0, 0]), ([], [0, 0, 0])):
        server = serve(script(offer))
        assert shop.run("tina", "asset", "import", file, "--agency", "IND", "--dry-run", port=server.port).returncode == REFUSED
        assert [request.messages()[0][0] for request in server.requests()] == flags
        rows = 0
        for request in server.requests():
            (flag, payload), = request.messages()
            assert request.headers.get("grpc-encoding") == ("gzip" if flag else None)
            rows += len(method.request.FromString(gzip.decompress(payload) if flag else payload).rows)
        assert rows == 1001


# ---- too much ----

# The peak of a process that is forked from this large one would be this one's: a small one stands between.
MEASURE = """
import os, sys
pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as out:
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime + usage.ru_stime, file=out)
"""


class Measured:
    """The command with its largest resident size, in KiB, and its processor time, in seconds."""

    def __init__(self, shop, words, port):
        directory = shop.state.parent
        with open(directory / "out", "wb") as out, open(directory / "err", "wb") as err:
            subprocess.run(["/usr/bin/python3", "-SEsc", MEASURE, directory / "measured", COMMAND, *words], stdin=subprocess.DEVNULL,
                           stdout=out, stderr=err, env=shop.environment(RADIOSHOP_PROFILE=shop.profile("tina", port)), check=True, timeout=120)
        code, kib, cpu = (directory / "measured").read_text(encoding="ascii").split()
        self.code, self.kib, self.cpu = int(code), int(kib), float(cpu)
        self.error = (directory / "err").read_text(encoding="utf-8", errors="replace")
        assert "Sanitizer" not in self.error and "runtime error" not in self.error, self.error
        assert self.code >= 0, f"ended by signal {-self.code}: {self.error}"


# The command with its libraries (libcurl brings thirty) and its windows. The sanitizers keep what is freed: a bomb is far beyond that, too.
QUIET_KIB = (320 if UNDER_ASAN else 28) * 1024


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_large_stream_in_little_memory(shop, serve, form):
    """The window opens as rows are written: the length of an export costs no memory."""
    payload = row("A", "n" * 200_000)

    def action(peer, request):
        peer.head(request)
        for _ in range(200):
            peer.message(request, payload)
        peer.trailers(request)
    done = Measured(shop, ["asset", "export", "--agency", "IND", "-o", form, "--columns", "tag,notes"], serve(one(action)).port)
    assert done.code == DONE, done.error
    assert (shop.state.parent / "out").stat().st_size > 200 * 200_000
    assert done.kib < QUIET_KIB, done.kib


@pytest.mark.parametrize("rows", [3, 50])
def test_a_reader_that_has_enough(shop, serve, rows):
    """--limit ends the stream, which tells the server to stop: whether it waits then, or still sends while the command goes."""
    server = serve(one(lambda peer, r: (peer.head(r), [peer.message(r, row(f"A{i}")) for i in range(rows)])))
    assert shop.ok("tina", "asset", "export", "--limit", "3", "--columns", "tag", port=server.port).split() == ["tag", "A0", "A1", "A2"]
    request, = server.requests()
    assert server.wait_until(lambda: request.reset is not None) and request.reset == CODES.CANCEL


@pytest.mark.parametrize("length", [(64 << 20) + 1, 1 << 30, 2**32 - 1])
def test_a_length_that_lies(shop, serve, length):
    server = serve(one(lambda peer, r: (peer.head(r), peer.message(r, b"abc", length=length))))
    done = Measured(shop, ["whoami"], server.port)
    assert done.code == AGAIN and "cannot be taken" in done.error and done.kib < QUIET_KIB, (done.code, done.error, done.kib)


def test_a_gzip_bomb(shop, serve):
    bomb = gzip.compress(bytes(400 << 20), 9)

    def action(peer, request):
        peer.head(request, headers=[("grpc-encoding", "gzip")])
        peer.message(request, bomb, flag=1)
    done = Measured(shop, ["whoami"], serve(one(action)).port)
    assert done.code == AGAIN and "expands" in done.error, done.error
    assert done.kib < QUIET_KIB + 128 * 1024, "it stops at the limit of a message"


def literal(name, value):
    """HPACK, not indexed, short."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


HEAD = b"\x88" + literal(b"content-type", b"application/grpc")
BOMB = b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000 + b"\xbe" * 12000  # a header of 4 KB in the table, named 12000 times


def pour(chunk, times=100_000):
    """Sends the same bytes until the command goes."""
    def action(peer, request):
        peer.send_bytes(frame(1, 4, request.number, HEAD))
        for _ in range(times):
            if peer.closed:
                return
            peer.send_bytes(chunk)
    return action


def continued(peer, request):
    peer.send_bytes(frame(1, 0, request.number, HEAD))
    for i in range(20000):
        if peer.closed:
            return
        peer.send_bytes(frame(9, 0, request.number, literal(b"x-%d" % i, b"y" * 100)))


def endless_blocks(peer, request):
    for i in range(20000):
        if peer.closed:
            return
        peer.send_bytes(frame(1, 4, request.number, b"\x08\x03103" + literal(b"x-%d" % i, b"y" * 100)))


FLOODS = {
    "pings": pour(frame(6, 0, 0, b"12345678") * 500),
    "settings": pour(frame(4, 0, 0) * 500),
    "empty data": pour(frame(0, 0, 1) * 500),
    "windows": pour(frame(8, 0, 0, struct.pack(">I", 1)) * 500),
    "priorities": pour(frame(2, 0, 1, b"\0\0\0\3\x10") * 500),
    "unknown frames": pour(frame(77, 0, 0, bytes(16384)) * 4),
    "continuations": continued,
    "informational": endless_blocks,
    "large headers": lambda peer, r: peer.send_bytes(frame(1, 0, r.number, HEAD + b"".join(
        literal(b"x-%d" % i, b"y" * 120) for i in range(100))) + b"".join(frame(9, 0, r.number, b"".join(
            literal(b"z-%d" % i, b"y" * 120) for i in range(100))) for _ in range(6))),
    "hpack bomb": lambda peer, r: peer.send_bytes(frame(1, 4, r.number, HEAD + BOMB)),
    "promises": lambda peer, r: peer.send_bytes(frame(5, 4, r.number, struct.pack(">I", 2) + b"\x82\x84\x87\x01\x01a")),
    "half a frame header": lambda peer, r: (peer.send_bytes(b"\0\0"), peer.socket.close()),
    "window overflow": lambda peer, r: peer.send_bytes(frame(8, 0, 0, struct.pack(">I", 2**31 - 1)) * 2),
    "a frame too large": lambda peer, r: peer.send_bytes(b"\xff\xff\xff\0\0" + struct.pack(">I", r.number) + bytes(1 << 20)),
    "data for nobody": lambda peer, r: peer.send_bytes(frame(0, 0, 7, b"hello")),
    "wrong settings": lambda peer, r: peer.send_bytes(frame(4, 0, 0, b"12345")),
    "hpack that is none": lambda peer, r: peer.send_bytes(frame(1, 4, r.number, b"\xff" * 200)),
    "trailers twice": lambda peer, r: peer.send_bytes(frame(1, 4, r.number, HEAD) * 2 + frame(1, 4, r.number, HEAD) * 50),
    "upper case": lambda peer, r: peer.send_bytes(frame(1, 5, r.number, b"\x88" + literal(b"X-Y", b"1"))),
    "no status": lambda peer, r: peer.send_bytes(frame(1, 5, r.number, literal(b"x-y", b"1"))),
    "no protobuf": lambda peer, r: peer.answer(r, b"\xff\xff\xff"),
    "no utf-8": lambda peer, r: peer.answer(r, b"\x0a\x03\x0a\x01\xff"),
}


@pytest.mark.parametrize("flood", FLOODS, ids=lambda name: name.replace(" ", "-"))
def test_a_server_that_means_harm(shop, serve, flood):
    """Little memory, little time, one clear line, no crash; a write is kept wherever the shop did not answer."""
    server = serve(one(FLOODS[flood]))
    done = Measured(shop, ["whoami", "--timeout", "20"], server.port)
    assert done.code in (UNAVAILABLE, FAULT, AGAIN), (done.code, done.error)
    assert "in time" not in done.error, "it did not wait for the deadline"
    assert len(done.error.splitlines()) == 1 and done.error.startswith("radioshop: "), done.error
    assert flood not in ("informational", "large headers", "hpack bomb") or "headers without end" in done.error, done.error
    assert done.kib < QUIET_KIB and done.cpu < 3 * SLOWER, (done.kib, done.cpu)


def many_rows(tmp_path):
    """A file that makes a request of a megabyte, and, tried only, no other before it."""
    file = tmp_path / "many.csv"
    file.write_text("tag,notes\n" + "".join(f"A{i},{'n' * 4000}\n" for i in range(250)), encoding="utf-8")
    return ["asset", "import", str(file), "--agency", "IND", "--dry-run"]


def test_data_beyond_the_window(shop, serve, tmp_path):
    """While a large request waits for the server's window, the server sends on and on: what is not asked for is not kept."""
    def script(peer):
        peer.acknowledge = False
        peer.greet()
        peer.until(lambda: peer.requests)
        peer.send_bytes(frame(1, 4, 1, HEAD))
        for _ in range(2000):
            if not peer.closed:
                peer.send_bytes(frame(0, 0, 1, struct.pack(">BI", 0, 60 << 20) + bytes(16379)))
        peer.wait_for_the_end()
    done = Measured(shop, [*many_rows(tmp_path), "--timeout", "20"], serve(script).port)
    assert done.code in (UNAVAILABLE, FAULT) and "in time" not in done.error and len(done.error.splitlines()) == 1, done.error
    assert done.kib < QUIET_KIB, done.kib


def test_an_import_that_is_not_named(shop, serve, tmp_path):
    """The answer to the beginning of an import names none."""
    def action(peer, request):
        peer.head(request)
        peer.message(request, b"")
        peer.trailers(request)
    shop.fails(FAULT, "tina", *many_rows(tmp_path)[:-1], port=serve(one(action)).port, says="the shop named no import")


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"\0" * 4096, os.urandom(4096), PREFACE,
                                  frame(6, 0, 0, b"12345678"), b"220 mail.example.org ESMTP\r\n", b""],
                         ids=["http1", "zeros", "random", "preface", "ping", "smtp", "nothing"])
def test_a_server_that_is_another(shop, serve, junk):
    def script(peer):
        peer.send_bytes(junk)
        peer.socket.settimeout(1)
        try:
            while peer.socket.recv(65536):
                pass
        except OSError:
            pass
    told = shop.fails(UNAVAILABLE, "tina", *LOG, port=serve(script).port, says="no answer from localhost")
    assert kept(shop) and "radioshop unsent send" in told


def test_an_answer_before_the_request_is_whole(shop, serve, tmp_path):
    """An import of which the server takes only the head, and says why: the reason arrives, however much is still to be sent."""
    def script(peer):
        peer.acknowledge = False
        peer.greet()
        peer.until(lambda: peer.requests)
        request = next(iter(peer.requests.values()))
        peer.head(request, end=True, headers=[("grpc-status", "7"), ("grpc-message", "you may not import")])
        peer.wait_for_the_end()
    shop.fails(DENIED, "tina", *many_rows(tmp_path), port=serve(script).port, says="you may not import")


def test_the_reason_is_read_after_a_broken_write(shop, serve, tmp_path):
    """The server opens its window, says why it takes nothing, and closes: the next write breaks, and the reason lies unread."""
    started = []

    def script(peer):
        peer.acknowledge = False
        peer.greet()
        # All that it can send has come: a socket that is closed with something unread loses what was sent last.
        peer.until(lambda: started and peer.settled and peer.requests and len(peer.requests[1].data) >= 65535)
        os.kill(started[0].pid, signal.SIGSTOP)  # so that all of it waits for the command at once
        peer.send_bytes(frame(8, 0, 0, struct.pack(">I", 1 << 20)) + frame(8, 0, 1, struct.pack(">I", 1 << 20)))
        peer.head(peer.requests[1], end=True, headers=[("grpc-status", "7"), ("grpc-message", "you may not import")])
        peer.socket.close()
        os.kill(started[0].pid, signal.SIGCONT)
    server = serve(script)
    with subprocess.Popen([COMMAND, *many_rows(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=shop.environment(RADIOSHOP_PROFILE=shop.profile("tina", server.port))) as process:
        started.append(process)
        error = process.communicate(timeout=60)[1]
    assert (process.returncode, error) == (DENIED, "radioshop: you may not import\n")


# ---- TLS ----

def test_only_tls_1_3(shop, serve):
    server = serve(good(), most=ssl.TLSVersion.TLSv1_2, least=ssl.TLSVersion.TLSv1_2)
    shop.fails(UNAVAILABLE, "tina", "whoami", port=server.port, says="TLS 1.3", lines=1)


@pytest.mark.parametrize("alpn", [(), ("http/1.1",)], ids=["none", "http1"])
def test_alpn_is_required(shop, serve, alpn):
    server = serve(good(), alpn=alpn)
    shop.fails(UNAVAILABLE, "tina", "whoami", port=server.port, says="HTTP/2", lines=1)
    assert not server.requests()


def test_the_name_of_the_server(shop, serve, certificates):
    server = serve(good(), certificate=certificates.server("other.example.org"))
    shop.fails(DENIED, "tina", "whoami", port=server.port, says="for another name", lines=1)
    assert not server.requests()


def test_the_server_is_no_person(shop, serve, certificates):
    """A person's certificate is of the same CA, and does not make a server."""
    server = serve(good(), certificate=certificates.person("frank"))
    shop.fails(DENIED, "tina", "whoami", port=server.port, lines=1)
    assert not server.requests()


def test_a_revoked_certificate(shop, own_daemon, certificates, tmp_path):
    """The refusal comes after the handshake has succeeded, and is told as what it is."""
    certificate, key = certificates.odd("revoked-one")
    serial = re.search("serial=([0-9A-F]+)", subprocess.run(["openssl", "x509", "-noout", "-serial"], input=certificate, check=True,
                                                           capture_output=True).stdout.decode())[1]
    (tmp_path / "r.pem").write_bytes(certificate)
    (tmp_path / "r.key").write_bytes(key)
    (tmp_path / "r.key").chmod(0o600)
    crl = revoked_list(certificates, int(serial, 16))
    (tmp_path / "crl.pem").write_bytes(crl)
    daemon = own_daemon("cli-revoked", tls_client_crl=tmp_path / "crl.pem").start()
    words = {"RADIOSHOP_CERT": str(tmp_path / "r.pem"), "RADIOSHOP_KEY": str(tmp_path / "r.key")}
    for command in (["whoami"], LOG):
        shop.fails(DENIED, "tina", *command, port=daemon.port, env=words, says="has been revoked", lines=1)
    daemon.stop()


def revoked_list(certificates, serial):
    import datetime
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    issuer = x509.load_pem_x509_certificate(certificates.ca_pem())
    key = serialization.load_pem_private_key((certificates.directory / "ca.key").read_bytes(), None)
    now = datetime.datetime.utcnow()
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
    return x509.CertificateRevocationListBuilder().issuer_name(issuer.subject).last_update(now - datetime.timedelta(hours=1)).next_update(
        now + datetime.timedelta(days=3)).add_revoked_certificate(entry).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


# ---- a peer that is gone ----

def test_the_kernel_asks_whether_the_host_lives(shop, serve):
    """A long stream over which nothing comes: the socket's keepalive runs, at an interval that finds a dead host within a minute."""
    server = serve(one(lambda peer, r: peer.head(r)))
    with subprocess.Popen([COMMAND, "asset", "export"], env=shop.environment(RADIOSHOP_PROFILE=shop.profile("tina", server.port)),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 20
            found = None
            while found is None and time.monotonic() < deadline:
                shown = subprocess.run(["ss", "-tno", "state", "established", f"( dport = :{server.port} )"], capture_output=True,
                                       text=True, check=True).stdout
                found = re.search(r"timer:\(keepalive,([0-9.]+)(sec|ms)", shown)
        finally:
            process.kill()
    assert found and (found[2] == "ms" or float(found[1]) <= 20), shown
