"""Memory runs out: each allocation of a call fails in its turn, once, and once with all that follow it.

The daemon must not crash, must not leak, and must serve the next call. What libpq allocates is left out: see
failing_allocator.c."""

import mmap
import struct

import pytest

from rig import BUILD, contract
from rig.frames import Connection
from rig.world import new_id

FAIL_AT, PERSISTENT, SEEN, FAILED = range(4)
# What a call may end with: None is a connection that was closed or a stream that was reset.
HONEST = {None, 4, 8, 14}    # DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE
OK = 0


class Orders:
    """The file through which the daemon is told; see struct orders of failing_allocator.c."""

    def __init__(self, path):
        path.write_bytes(bytes(32))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 32)

    def get(self, number):
        return struct.unpack_from("=q", self.map, 8 * number)[0]

    def set(self, fail_at, persistent=False):
        struct.pack_into("=q", self.map, 0, 0)    # nothing fails while the others change
        struct.pack_into("=qqq", self.map, 8, persistent, 0, 0)
        struct.pack_into("=q", self.map, 0, fail_at)


@pytest.fixture(scope="module")
def failing(own_daemon, world, scratch):
    """A daemon whose allocations obey its .orders."""
    daemon = own_daemon("failing", max_connections_per_address=2000)
    daemon.program = BUILD / "tests" / "radioshopd_failing"
    path = scratch / "allocations"
    daemon.orders = Orders(path)
    daemon.environment = {"RADIOSHOP_ALLOCATIONS": str(path)}
    daemon.start()
    yield daemon
    daemon.orders.set(0)
    daemon.stop()    # with LeakSanitizer's opinion, in the sanitized build


def outcome(connection, path, message):
    """The status a call ends with, and what it got."""
    stream = connection.call(path, message)
    stream.wait(seconds=5)
    return stream.grpc_status(), stream.data


def sweep(daemon, world, call, persistent, step=1):
    """Runs call(connection) until no allocation is left to fail. Gives how many failed and how often it still was OK."""
    sites, fine, connection, at = 0, 0, None, 1
    while True:
        if connection is None or connection.closed or connection.goaway is not None:
            connection = Connection(world, "tina", port=daemon.port)
            assert outcome(connection, "GetCaller", b"")[0] == OK
        daemon.orders.set(at, persistent)
        try:
            status, _ = call(connection)
        except AssertionError as hung:
            raise AssertionError(f"allocation {at} of {daemon.orders.get(SEEN)}: {hung}\n" + daemon.text()[-3000:]) from None
        seen, failed = daemon.orders.get(SEEN), daemon.orders.get(FAILED)
        daemon.orders.set(0)
        assert daemon.process.poll() is None, f"died at allocation {at}\n" + daemon.text()[-6000:]
        if not failed:
            assert status == OK, f"refused although nothing failed: {status}"
            connection.socket.close()
            return sites, fine
        assert status in HONEST | {OK}, f"allocation {at} of {seen}: status {status}\n" + daemon.text()[-3000:]
        sites, fine = sites + 1, fine + (status == OK)
        # The next call is served, on this connection or, when it had to go, on another one.
        if not connection.closed and connection.goaway is None:
            again, _ = outcome(connection, "GetCaller", b"")
            assert again in (OK, None), f"after allocation {at}: {again}"
        at += step


def packed(name, **values):
    return contract.fill(contract.methods()[name].request(), values).SerializeToString()


@pytest.fixture(scope="module")
def stock(world):
    """An agency with assets enough for a stream of two pages."""
    agency = world.agency()
    return agency, [world.asset(agency) for _ in range(3)]


CALLS = {
    "unary read": lambda stock: ("GetAsset", packed("GetAsset", asset=stock[1][0].id)),
    "refused": lambda stock: ("GetAsset", packed("GetAsset", asset="no-such-asset")),
    "stream": lambda stock: ("ExportAssets", packed("ExportAssets", agency=stock[0])),
    "health": lambda stock: ("/grpc.health.v1.Health/Check", b""),
    "reflection": lambda stock: ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"\x3a\x00"),
}


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from-then-on"])
@pytest.mark.parametrize("name", CALLS)
def test_a_call(failing, world, stock, name, persistent):
    path, message = CALLS[name](stock)
    if name == "refused":
        def call(connection):
            status, data = outcome(connection, path, message)
            return (OK if status == 5 else status), data
    else:
        def call(connection):
            return outcome(connection, path, message)
    sites, fine = sweep(failing, world, call, persistent)
    print(f"{name}: {sites} allocations failed, {fine} calls were OK all the same")
    assert sites > 5, "too few allocations failed to prove anything"


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from-then-on"])
def test_a_write(failing, world, stock, persistent):
    """Whatever fails, a write is there once: the repeat with the same request_id settles it."""
    agency, assets = stock
    requests = []

    def call(connection):
        requests.append(new_id())
        return outcome(connection, "LogRepair", packed("LogRepair", request_id=requests[-1], asset=assets[0].id,
                                                       problem="no memory", action="repeat", minutes=1))
    before = len(world.tina.ListTickets(asset=assets[0].id, closed=True, page_size=500).tickets)
    sites, _ = sweep(failing, world, call, persistent)
    assert sites > 5
    numbers = {world.tina.LogRepair(request_id=request, asset=assets[0].id, problem="no memory", action="repeat",
                                    minutes=1).ticket.number for request in requests}
    assert len(numbers) == len(requests)
    tickets = world.tina.pages("ListTickets", "tickets", asset=assets[0].id, closed=True, page_size=200)
    assert len(tickets) - before == len(requests)


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from-then-on"])
def test_a_new_connection(failing, world, persistent):
    """Accepting, the handshake and the first call. OpenSSL allocates thousands of times: some of them fail."""
    orders, at, sites = failing.orders, 1, 0
    while True:
        orders.set(at, persistent)
        try:
            with Connection(world, "tina", port=failing.port) as connection:
                status, _ = outcome(connection, "GetCaller", b"")
        except OSError:
            status = None
        failed = orders.get(FAILED)
        orders.set(0)
        assert failing.process.poll() is None, f"died at allocation {at}\n" + failing.text()[-6000:]
        if not failed:
            assert status == OK
            break
        assert status in HONEST | {OK}, f"allocation {at}: {status}"
        sites += 1
        at += 1 if at < 60 else at // 40
    print(f"new connection: {sites} allocations failed, of {at}")
    assert sites > 60
    with Connection(world, "tina", port=failing.port) as connection:
        assert outcome(connection, "GetCaller", b"")[0] == OK
