"""Reads of one principal that wait together share an identity and a Sync: none sees another's rows, none falls with another."""

import contextlib
import signal
import time

import pytest

from rig import contract
from rig.caller import Refused
from rig.daemon import SLOWER

PRINCIPALS, EACH = 30, 40
SHARED, AGAIN, WAITING = "radioshop_database_shared_total", "radioshop_database_retries_total", "radioshop_database_queue"


@pytest.fixture
def narrow(own_daemon):
    """One connection for reads: what comes at once goes there at once."""
    made = own_daemon("batches", read_connections=1, queue_calls=4096, lock_timeout_ms=60000).start()
    yield made
    made.stop()


@contextlib.contextmanager
def standing_still(daemon):
    """What is sent meanwhile it finds in one turn of its loop."""
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        yield
        time.sleep(0.3)    # the client's own threads write
    finally:
        daemon.process.send_signal(signal.SIGCONT)


def begin(caller, name, timeout=60 * SLOWER, **values):
    method = contract.methods()[name]
    payload = caller.request(method, values).SerializeToString()
    return method, caller.channel.unary_unary(method.path).future(payload, timeout=timeout)


def finish(caller, begun):
    method, call = begun
    return method.reply.FromString(caller.finish(call))


def test_each_sees_its_own(narrow, world, migrated):
    """The same tag in many cities, asked for by the people of each, all at once: everybody gets the radio of their own city."""
    people = {}
    for number in range(PRINCIPALS):
        city = world.agency()
        name = world.person(f"batch-{number}", [("viewer", city)])
        people[name] = (city, world.asset(city, tag="SAME").id, world.fresh_caller(name, narrow.port))
    for _, _, caller in people.values():
        caller.GetCaller()    # connected
    before = narrow.metric(SHARED)
    with migrated.locked("radioshop.asset"):    # so that all of them wait
        asked = [(name, begin(people[name][2], "GetAsset", asset="SAME")) for _ in range(EACH) for name in people]
        narrow.wait_until(lambda: narrow.metric(WAITING) > len(asked) - 100, 20 * SLOWER, "waiting")
    for name, begun in asked:
        city, own, caller = people[name]
        asset = finish(caller, begun).asset
        assert (asset.agency, asset.id) == (city, own)
    assert narrow.metric(SHARED) - before > len(asked) / 2, "they were hardly ever together"
    for _, _, caller in people.values():
        caller.close()


def test_one_that_fails_takes_nobody_with_it(narrow, world, migrated):
    """One waits for a lock until its deadline, in the middle of a batch. Those before it were answered, those behind it are asked again."""
    assets = [world.asset().id for _ in range(20)]
    with world.fresh_caller("tina", narrow.port) as caller:
        caller.GetCaller()
        again, shared = narrow.metric(AGAIN), narrow.metric(SHARED)
        with migrated.locked("radioshop.reading_limit"):
            with migrated.locked("radioshop.asset"):    # so many that the others have to wait, and then go together
                asked = [begin(caller, "GetAsset", asset=asset) for asset in assets[:10]]
                hangs = begin(caller, "ListLimits", timeout=4 * SLOWER)
                asked += [begin(caller, "GetAsset", asset=asset) for asset in assets[10:]]
                narrow.wait_until(lambda: narrow.metric(WAITING) >= 11, 3 * SLOWER, "waiting")
            with pytest.raises(Refused) as refusal:
                finish(caller, hangs)
            assert refusal.value.code == "DEADLINE_EXCEEDED"
            assert [finish(caller, begun).asset.id for begun in asked] == assets
        assert narrow.metric(SHARED) > shared
        assert narrow.metric(AGAIN) > again


def test_one_that_is_wrong_takes_nobody_with_it(narrow, world):
    """A request that cannot be bound is told what is wrong with it, in the middle of others."""
    asset = world.asset().id
    with world.fresh_caller("tina", narrow.port) as caller:
        caller.GetCaller()
        with standing_still(narrow):
            asked = [begin(caller, "GetAsset", asset=asset), begin(caller, "ListAssets", page_token="nonsense"),
                     begin(caller, "GetAsset", asset="no such tag"), begin(caller, "GetAsset", asset=asset)]
        assert finish(caller, asked[0]) == finish(caller, asked[3])
        for begun, code in ((asked[1], "INVALID_ARGUMENT"), (asked[2], "NOT_FOUND")):
            with pytest.raises(Refused) as refusal:
                finish(caller, begun)
            assert refusal.value.code == code


def test_who_is_not_let_in(narrow, world):
    """A principal without any role, among its own calls and those of others: each of its calls is refused, nobody else's."""
    asset = world.asset().id
    with world.fresh_caller("tina", narrow.port) as tina, world.fresh_caller("granted-nothing", narrow.port) as nobody:
        tina.GetCaller()
        for _ in range(2):    # the first time it connects
            with pytest.raises(Refused):
                nobody.GetAsset(asset=asset)
        with standing_still(narrow):
            asked = [(who, begin(who, "GetAsset", asset=asset)) for _ in range(12) for who in (tina, nobody)]
        for who, begun in asked:
            if who is tina:
                assert finish(who, begun).asset.id == asset
                continue
            with pytest.raises(Refused) as refusal:
                finish(who, begun)
            assert refusal.value.code == "PERMISSION_DENIED"
