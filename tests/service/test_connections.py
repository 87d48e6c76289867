"""The life of a connection: who gets one, how long it lives, and what ends it. And the plain listener beside it."""

import contextlib
import os
import resource
import select
import socket
import struct
import threading
import time

import pytest

from rig import free_port
from rig.daemon import SLOWER
from rig.frames import Connection, frame, tls_connect, tls_context

GRPC_OK, UNAUTHENTICATED = 0, 16


def ends_within(connection, seconds):
    deadline = time.monotonic() + seconds
    while not connection.closed and time.monotonic() < deadline:
        connection.pump(0.1)
    return connection.closed


def lives_for(connection, seconds):
    return not ends_within(connection, seconds)


def stalled_export(world, name, port=None):
    """A connection whose export stands still, since its client takes no more bytes."""
    connection = Connection(world, name, acknowledge=False, port=port, window=40)
    stream = connection.call("ExportAssets", b"")
    deadline = time.monotonic() + 20 * SLOWER
    while not stream.data:
        assert time.monotonic() < deadline and not connection.closed, "the export does not begin"
        connection.pump(1)
    return connection, stream


def watching(world, name, port=None):
    connection = Connection(world, name, port=port)
    stream = connection.call("/grpc.health.v1.Health/Watch", b"")
    while not stream.data and not connection.closed:
        connection.pump(1)
    return connection, stream


# ---- principals that are locked out

@pytest.fixture
def leaver(world):
    """A principal who may see something, and a way to lock it out."""
    name = world.person(f"leaver-{world.number()}", [("viewer", "IND")])
    for _ in range(3):
        world.asset("IND")

    def lock_out():
        revision = world.ada.GetPrincipal(principal=name).principal.revision
        world.ada.UpdatePrincipal(principal={"name": name, "disabled": True, "revision": revision}, update_mask=["disabled"])
    yield name, lock_out


@pytest.mark.parametrize("begin", [stalled_export, watching])
def test_locked_out_in_the_middle_of_a_stream(world, daemon, leaver, begin):
    """It calls nothing any more, so nobody asks for it but the daemon by itself."""
    name, lock_out = leaver
    connection, stream = begin(world, name)
    other, _ = begin(world, "vera")
    had = len(stream.data)
    before = daemon.metric("radioshop_connections_cut_total", why="locked_out")
    assert lives_for(connection, 3), "it was cut although nothing was wrong"
    lock_out()
    assert ends_within(connection, 8 * SLOWER), "who is locked out stays connected"
    assert connection.goaway == 0 and not stream.ended and len(stream.data) == had
    assert daemon.metric("radioshop_connections_cut_total", why="locked_out") == before + 1
    assert any("event=connection_cut" in line and f"principal={name}" in line for line in daemon.text().splitlines())
    other.pump(0.1)
    assert not other.closed
    for c in (connection, other):
        c.socket.close()


def test_somebody_unknown_who_only_watches(world):
    """A certificate of the shop's CA, but no principal: health and reflection ask the database nothing."""
    connection, _ = watching(world, "known-to-nobody")
    assert ends_within(connection, 8 * SLOWER)
    connection.socket.close()


def test_a_refused_call_ends_the_connection(world, daemon):
    """The call is answered first, and what else has come; then the connection ends, with the other calls that are open on it. It may happen that
    the question that is asked every other second is quicker; not three times in a row."""
    before, lines = daemon.metric("radioshop_connections_cut_total", why="locked_out"), []
    for i in range(3):
        connection, watch = watching(world, f"never-heard-of-{i}")
        call = connection.call("GetCaller", b"")
        assert call.grpc_status() in (UNAUTHENTICATED, None)
        assert ends_within(connection, 5 * SLOWER) and connection.goaway == 0 and not watch.ended
        connection.socket.close()
        lines += [line for line in daemon.text().splitlines() if f"principal=never-heard-of-{i}" in line]
        if any("event=connection_cut" in line and "the database did not let" in line for line in lines):
            break
    else:
        raise AssertionError(lines)
    assert daemon.metric("radioshop_connections_cut_total", why="locked_out") == before + i + 1


def test_one_question_for_all_of_them(own_daemon, world):
    """How often the database is asked does not depend on how many are connected."""
    daemon = own_daemon("many-watch").start()
    connections = [watching(world, name, daemon.port)[0] for name in ("vera", "tina", "frank") for _ in range(20)]
    asked, begun = daemon.metric("radioshop_database_questions_total"), time.monotonic()
    time.sleep(7)
    asked = daemon.metric("radioshop_database_questions_total") - asked
    assert 1 <= asked <= (time.monotonic() - begun) / 2 + 4, "were each asked about, it would be sixty times as many"
    for connection in connections:
        connection.pump(0.01)
        assert not connection.closed
        connection.socket.close()
    daemon.stop()


def test_nothing_is_asked_while_the_database_is_away(own_daemon, world):
    daemon = own_daemon("no-database", database="host=/nonexistent").start(wait=False)
    daemon.wait_until(lambda: daemon.http("/healthz")[0] == 200, 20 * SLOWER, "up")
    connections = [watching(world, "vera", daemon.port)[0] for _ in range(10)]
    time.sleep(5)
    assert daemon.metric("radioshop_database_questions_total") == 0 and "lockout_check_failed" not in daemon.text()
    for connection in connections:
        connection.pump(0.01)
        assert not connection.closed, "without an answer nobody is cut"
        connection.socket.close()
    daemon.stop()


# ---- age, idleness, silence

def test_old_connections_are_replaced_without_a_failed_call(own_daemon, world):
    daemon = own_daemon("aging", connection_age_ms=2000).start()
    caller = world.fresh_caller("vera", daemon.port)
    end, done = time.monotonic() + 9, 0
    while time.monotonic() < end:
        caller.GetCaller()
        done += 1
    assert done > 20 and daemon.metric("radioshop_connections_accepted_total") >= 3
    assert daemon.metric("radioshop_connections_cut_total") == 0
    caller.close()
    daemon.stop()


def test_connections_of_one_moment_do_not_end_in_one(own_daemon, world):
    """Each has its own age, a tenth more or less: some that came first go well after some that came last."""
    daemon = own_daemon("jittery", connection_age_ms=8000).start()
    connections = [Connection(world, "vera", port=daemon.port) for _ in range(30)]
    begun, ended = time.monotonic(), {}
    while len(ended) < len(connections):
        assert time.monotonic() - begun < 40 * SLOWER
        waiting = {c.socket: c for c in connections if c not in ended}
        for readable in select.select(list(waiting), [], [], 1)[0]:
            waiting[readable].pump(0.01)
            if waiting[readable].goaway is not None:
                ended[waiting[readable]] = time.monotonic()
    times = [ended[connection] for connection in connections]
    assert any(later < earlier - 0.4 for i, earlier in enumerate(times) for later in times[i + 1:]), times
    for connection in connections:
        assert ends_within(connection, 10 * SLOWER)
        connection.socket.close()
    daemon.stop()


def test_a_call_that_runs_on_may_end(own_daemon, world, leaver):
    """After both GOAWAYs what was begun is finished; then the connection is closed."""
    daemon = own_daemon("parting", connection_age_ms=1000, connection_grace_ms=60000).start()
    connection, stream = stalled_export(world, leaver[0], daemon.port)
    deadline = time.monotonic() + 20 * SLOWER
    while connection.goaway is None:
        assert time.monotonic() < deadline
        connection.pump(0.2)
    # By hand from here: python3-h2 takes a GOAWAY for the end of everything.
    time.sleep(2)
    connection.send_bytes(frame(8, 0, stream.number, struct.pack(">I", 1 << 20)))
    kinds, data = [], b""
    connection.socket.settimeout(20 * SLOWER)
    while True:
        part = connection.socket.recv(65536)
        if not part:
            break
        data += part
    while data:
        length, kind, flags, number = int.from_bytes(data[:3], "big"), data[3], data[4], int.from_bytes(data[5:9], "big")
        kinds.append((kind, flags & 1, number))
        data = data[9 + length:]
    assert kinds[0] == (7, 0, 0), "the second GOAWAY, half a second after the first"
    assert kinds[1][0] == 0 and kinds[-1] == (1, 1, stream.number), "the rest of the reply, its trailers, then the end"
    connection.socket.close()
    assert daemon.metric("radioshop_connections_cut_total") == 0
    daemon.stop()


def test_a_call_that_does_not_end_is_cut(own_daemon, world, leaver):
    daemon = own_daemon("grace", connection_age_ms=1000, connection_grace_ms=2000).start()
    begun = time.monotonic()
    connection, stream = stalled_export(world, leaver[0], daemon.port)
    assert ends_within(connection, 20 * SLOWER) and not stream.ended
    assert time.monotonic() - begun > 2.8, "it was given its grace"
    assert daemon.metric("radioshop_connections_cut_total", why="age") == 1
    connection.socket.close()
    daemon.stop()


def test_idle_connections_are_closed(own_daemon, world):
    daemon = own_daemon("idle", idle_timeout_ms=2000, stall_timeout_ms=2000).start()
    idle, busy = Connection(world, "vera", port=daemon.port), watching(world, "vera", daemon.port)[0]
    begun = time.monotonic()
    assert ends_within(idle, 20 * SLOWER) and idle.goaway == 0
    assert time.monotonic() - begun > 1.5
    assert lives_for(busy, 1.5)
    for connection in (idle, busy):
        connection.socket.close()
    daemon.stop()


def test_a_silent_client_is_found(own_daemon, world):
    """With a call open and nothing to send, only a PING tells whether anybody is there. Who answers, stays."""
    daemon = own_daemon("silent", keepalive_ms=1000, stall_timeout_ms=2000, idle_timeout_ms=60000).start()
    silent, alive = watching(world, "vera", daemon.port)[0], watching(world, "tina", daemon.port)[0]
    end = time.monotonic() + 60 * SLOWER
    # `silent` does not read, so it does not answer either; the kernel still takes what comes for it.
    while daemon.metric("radioshop_clients_gone_total") == 0:
        assert time.monotonic() < end, "nobody noticed"
        alive.pump(0.1)
    assert ends_within(silent, 5)
    assert lives_for(alive, 4) and daemon.metric("radioshop_clients_gone_total") == 1
    assert "event=client_gone" in daemon.text()
    for connection in (silent, alive):
        connection.socket.close()
    daemon.stop()


# ---- how many

@contextlib.contextmanager
def plain_sockets():
    """Makes TCP connections that say nothing: connect(port, source)."""
    made = []

    def connect(port, source="127.0.0.1"):
        made.append(socket.create_connection(("127.0.0.1", port), timeout=10 * SLOWER, source_address=(source, 0)))
        return made[-1]
    try:
        yield connect
    finally:
        for one in made:
            one.close()


def is_closed(plain, seconds):
    """Whether the daemon has closed it within that time."""
    plain.settimeout(seconds)
    try:
        return plain.recv(1) == b""
    except (TimeoutError, socket.timeout):
        return False
    except OSError:
        return True


def gets_in(world, daemon, name="vera"):
    try:
        connection = Connection(world, name, port=daemon.port)
        status = connection.call("GetCaller", b"").grpc_status()
        connection.socket.close()
        return status == GRPC_OK
    except OSError:
        return False


def test_connections_in_all(own_daemon, world):
    """At the limit all are served; one more is closed at once, and counted; one that leaves makes place."""
    daemon = own_daemon("in-all", max_connections=6, max_connections_per_address=6).start()
    held = [Connection(world, "vera", port=daemon.port) for _ in range(6)]
    assert all(connection.call("GetCaller", b"").grpc_status() == GRPC_OK for connection in held)
    with plain_sockets() as connect:
        assert is_closed(connect(daemon.port), 10) and is_closed(connect(daemon.port, "127.0.0.2"), 10)
    assert daemon.metric("radioshop_connections_refused_total", limit="max_connections") == 2
    held.pop().socket.close()
    daemon.wait_until(lambda: gets_in(world, daemon), 10 * SLOWER, "served again")
    daemon.write_config(max_connections=12)
    assert daemon.reload()
    held += [Connection(world, "vera", port=daemon.port)]
    for connection in held:
        connection.socket.close()
    daemon.stop()


def test_connections_from_one_address(own_daemon, world):
    daemon = own_daemon("from-one", max_connections_per_address=4, handshake_timeout_ms=60000).start()
    with plain_sockets() as connect:
        held = [connect(daemon.port, "127.0.0.3") for _ in range(4)]
        assert is_closed(connect(daemon.port, "127.0.0.3"), 10)
        assert not any(is_closed(one, 0.1) for one in held)
        assert daemon.metric("radioshop_connections_refused_total") == \
            daemon.metric("radioshop_connections_refused_total", limit="max_handshakes_per_s") + \
            daemon.metric("radioshop_connections_refused_total", limit="max_connections_per_address") == 1
        assert gets_in(world, daemon), "another address is not concerned"
        held[0].close()
        time.sleep(0.5)
        assert not is_closed(connect(daemon.port, "127.0.0.3"), 0.5)
    daemon.stop()


def test_how_fast_one_address_comes(own_daemon, world):
    """A burst, then a trickle: whoever only knocks costs no handshake. Others do not notice."""
    daemon = own_daemon("trickle", max_connections_per_address=20, max_handshakes_per_s=2).start()

    def knock(times):
        for _ in range(times):
            connect(daemon.port, "127.0.0.4").close()
    with plain_sockets() as connect:
        begun = time.monotonic()
        knock(300)
        daemon.wait_until(lambda: daemon.metric("radioshop_connections_accepted_total") + daemon.metric(
            "radioshop_connections_refused_total") >= 300, 10 * SLOWER, "accepted or refused")
        let_in = daemon.metric("radioshop_connections_accepted_total")
        assert 15 <= let_in <= 20 + 2 * (time.monotonic() - begun) + 1
        assert daemon.metric("radioshop_connections_refused_total", limit="max_handshakes_per_s") > 200
        assert gets_in(world, daemon), "another address is not concerned"
        refused = daemon.metric("radioshop_connections_refused_total")
        time.sleep(2)
        knock(2)
        time.sleep(0.5)
        assert daemon.metric("radioshop_connections_refused_total") == refused, "after a while it is let in again"
    assert sum("event=connection_refused" in line for line in daemon.text().splitlines()) < 150, "the log is not flooded"
    daemon.stop()


def test_half_open_handshakes_do_not_keep_anybody_out(own_daemon, world):
    """More than max_handshakes: the one that has taken longest gives way, and an honest client does not take long."""
    daemon = own_daemon("crowded", max_handshakes=8, handshake_timeout_ms=300000).start()
    with plain_sockets() as connect:
        crowd = [connect(daemon.port) for _ in range(40)]
        assert gets_in(world, daemon)
        assert daemon.metric("radioshop_handshakes_pushed_out_total") >= 32
        assert all(is_closed(one, 5) for one in crowd[:30]), "the oldest are gone"
        assert not is_closed(crowd[-1], 0.2), "the youngest are there"
        assert daemon.metric("radioshop_connections") <= 8
    daemon.stop()


@pytest.mark.parametrize("drip", [False, True])
def test_a_handshake_has_its_time(own_daemon, drip):
    """Also one that sends a byte now and then."""
    daemon = own_daemon(f"slow-hands-{drip}", handshake_timeout_ms=1500).start()
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    with plain_sockets() as connect:
        one, begun = connect(daemon.port), time.monotonic()
        for i in range(int(100 * SLOWER)):
            with contextlib.suppress(OSError):
                if drip:
                    one.sendall(hello[i:i + 1])
            if is_closed(one, 0.2):
                break
        taken = time.monotonic() - begun
        assert 1.3 < taken < 15 * SLOWER, taken
    assert daemon.metric("radioshop_handshakes_failed_total") == 1
    daemon.stop()


def test_descriptors_run_out(own_daemon, world):
    """
    It stops accepting for a moment instead of spinning, on both listeners; who is connected is served, and later all are. Each
    pause is counted, and lasts a quarter of a second at least: no machine is so slow that a daemon that spins has as few of them.
    """
    daemon = own_daemon("no-descriptors", handshake_timeout_ms=300000).start()
    pid, limits = daemon.process.pid, resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    connected = Connection(world, "vera", port=daemon.port)
    assert connected.call("GetCaller", b"").grpc_status() == GRPC_OK
    cpu, begun = daemon.cpu_seconds(), time.monotonic()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 2, limits[1]))
    with plain_sockets() as connect:
        for _ in range(20):
            connect(daemon.port)
        daemon.wait_until(lambda: "event=accept_paused" in daemon.text(), 10 * SLOWER, "paused")
        connect(daemon.metrics_port)
        size = len(daemon.text())
        time.sleep(2)
        cpu, wall = daemon.cpu_seconds() - cpu, time.monotonic() - begun
        assert cpu < wall / 4, f"it spins: {cpu} s of CPU in {wall} s"
        assert daemon.text()[size:].count("\n") < 60
        assert connected.call("GetCaller", b"").grpc_status() == GRPC_OK
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        daemon.wait_until(lambda: daemon.metric("radioshop_accept_pauses_total") > 0, 10 * SLOWER, "back")
        pauses, wall = daemon.metric("radioshop_accept_pauses_total"), time.monotonic() - begun
        assert pauses <= 2 * (wall / 0.25 + 2), f"it spins: {pauses} pauses in {wall} s"
        assert gets_in(world, daemon)
    connected.socket.close()
    daemon.stop()


def test_a_crowd_that_comes_at_once(own_daemon, world, certificates):
    """As after a restart: everybody connects in one moment, from one address, and everybody gets in."""
    daemon = own_daemon("crowd").start()
    context, failed = tls_context(certificates, "vera"), []

    def come():
        try:
            with tls_connect(context, daemon.port) as connection:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
                connection.recv(9)
        except OSError as error:
            failed.append(error)
    threads = [threading.Thread(target=come) for _ in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and daemon.metric("radioshop_connections_refused_total") == 0
    daemon.stop()


# ---- two daemons, one port

def test_two_daemons_do_not_share_a_port_by_mistake(own_daemon):
    first = own_daemon("first").start()
    second = own_daemon("second", listen=f"127.0.0.1:{first.port}")
    for shared in ("no", "yes"):
        second.write_config(listen_shared=shared)
        done = second.run()
        assert done.returncode == 1 and "another process listens there" in done.stderr, done.stderr
        assert f"127.0.0.1:{first.port}" in done.stderr
    first.stop()


def test_two_daemons_share_a_port_on_purpose(own_daemon, world):
    """For more cores: the kernel spreads the clients. One that ends takes none of the other's with it."""
    port = free_port()
    both = [own_daemon(f"shared-{i}", listen=f"127.0.0.1:{port}", listen_shared="yes").start() for i in range(2)]
    for daemon in both:
        daemon.port = port
    for _ in range(60):
        assert gets_in(world, both[0])
    shares = [daemon.metric("radioshop_connections_accepted_total") for daemon in both]
    assert sum(shares) == 60 and min(shares) >= 5, shares
    both[0].stop()
    assert all(gets_in(world, both[1]) for _ in range(10))
    both[1].stop()


# ---- the plain listener

def http(daemon, text, source="127.0.0.1"):
    """What it answers to these bytes: status, head, body."""
    with socket.create_connection(("127.0.0.1", daemon.metrics_port), timeout=10 * SLOWER, source_address=(source, 0)) as one:
        one.sendall(text)
        answer = b""
        while True:
            part = one.recv(65536)
            if not part:
                break
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head.decode(), body


def test_what_the_plain_listener_answers(daemon):
    status, head, body = http(daemon, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 200 and f"Content-Length: {len(body)}" in head and b"radioshop_connections " in body
    assert "Content-Type: text/plain; version=0.0.4" in head
    status, head, body = http(daemon, b"HEAD /metrics HTTP/1.0\r\n\r\n")
    assert status == 200 and body == b"" and "Content-Length: 0" not in head
    assert http(daemon, b"GET /healthz?x=1 HTTP/1.1\r\n\r\n")[2] == b"alive\n"
    assert http(daemon, b"GET /readyz HTTP/1.1\r\nConnection: keep-alive\r\n\r\n")[2] == b"ready\n"
    assert http(daemon, b"GET / HTTP/1.1\r\n\r\n")[0] == 404
    status, head, _ = http(daemon, b"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
    assert status == 405 and "Allow: GET, HEAD" in head
    for wrong in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"GET metrics HTTP/1.1\r\n\r\n",
                  b"GET /metrics HTTP/2.0\r\n\r\n", b"\x16\x03\x01\x00\xff" + bytes(40) + b"\r\n\r\n", b" / HTTP/1.1\r\n\r\n"):
        assert http(daemon, wrong)[0] in (400, 405), wrong
    assert http(daemon, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 20000)[0] == 431


def test_nobody_wedges_the_plain_listener(own_daemon, world):
    """Silent, slow and greedy clients, more than it has places for: it answers, and the daemon's descriptors are spared."""
    daemon = own_daemon("wedged").start()
    pid, before = daemon.process.pid, len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    crowd = []
    for i in range(300):
        one = socket.create_connection(("127.0.0.1", daemon.metrics_port), timeout=10 * SLOWER)
        crowd.append(one)
        if i % 3 == 1:
            one.sendall(b"GET /metr")
        elif i % 3 == 2:
            one.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")     # and never reads
        if i % 50 == 49:
            assert http(daemon, b"GET /healthz HTTP/1.1\r\n\r\n")[0] == 200
            assert daemon.ready()
    assert len(os.listdir(f"/proc/{pid}/fd")) <= before + 33
    assert gets_in(world, daemon)
    # Ten seconds are all that a request has, however steadily it drips.
    slow, begun = crowd[-3], time.monotonic()
    while time.monotonic() - begun < 60 * SLOWER:
        try:
            slow.sendall(b"x")
        except OSError:
            break
        if is_closed(slow, 0.5):
            break
    assert 5 < time.monotonic() - begun < 30 * SLOWER
    daemon.wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before + 2, 30 * SLOWER, "rid of them")
    for one in crowd:
        one.close()
    daemon.stop()


def test_the_port_of_the_plain_listener_in_use(own_daemon):
    first = own_daemon("metrics-first").start()
    second = own_daemon("metrics-second", metrics_listen=f"127.0.0.1:{first.metrics_port}")
    done = second.run()
    assert done.returncode == 1 and "metrics_listen" in done.stderr and str(first.metrics_port) in done.stderr
    first.stop()
