"""Calls that nobody waits for any more: the database stops them at once, and nobody else is hit.

The daemons here let a statement wait for a lock for a minute, so that nothing but a cancel can end it in time. They
have one connection for reads: the calls of all principals stand behind each other there.
"""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from fault.gate import Gate
from rig import UNDER_ASAN, contract
from rig.caller import Refused
from rig.daemon import SLOWER
from rig.frames import Connection
from rig.seed import seed_of_run
from rig.world import new_id

CANCEL = 8
ROUNDS = 15 if UNDER_ASAN else 50
OURS = "FROM pg_stat_activity WHERE usename = 'radioshop_app'"


@pytest.fixture(name="patient", scope="module")
def patient_daemon(own_daemon, world):
    assert world
    daemon = own_daemon("patient", read_connections=1, write_connections=2, slow_connections=1, lock_timeout_ms=60000).start()
    yield daemon
    daemon.stop()


def waiting(cluster):
    return int(cluster.value(f"SELECT count(*) {OURS} AND wait_event_type = 'Lock'"))


def packed(caller, name, **values):
    return caller.request(contract.methods()[name], values).SerializeToString()


def begin(caller, name, **values):
    """A call that goes on meanwhile."""
    return caller.channel.unary_unary(contract.methods()[name].path).future(packed(caller, name, **values), timeout=60)


def code(caller, call):
    try:
        caller.finish(call)
        return "OK"
    except Refused as refusal:
        return refusal.code


def reset(connection, stream):
    connection.h2.reset_stream(stream.number, CANCEL)
    connection.flush()


def leave(connection, _):
    connection.socket.close()


@pytest.mark.parametrize("end", [reset, leave])
@pytest.mark.parametrize("name", ["GetAsset", "UpdateAsset", "ExportAssets"])
def test_the_database_stops_it(world, migrated, patient, name, end):
    """A read, a write and a slow one wait for a lock; their client cancels, or is gone."""
    asset = world.asset("IND")
    change = {"request_id": new_id(), "asset": {"id": asset.id, "notes": "once", "revision": asset.revision}, "update_mask": ["notes"]}
    values = {"GetAsset": {"asset": asset.id}, "UpdateAsset": change, "ExportAssets": {}}[name]
    before = patient.metric("radioshop_database_cancels_total")
    with Connection(world, "tina", port=patient.port) as connection:
        with migrated.locked("radioshop.asset"):
            stream = connection.call(name, packed(world.tina, name, **values))
            patient.wait_until(lambda: waiting(migrated) == 1, 10 * SLOWER, "waiting for the lock")
            time.sleep(0.2)
            assert waiting(migrated) == 1, "nobody has cancelled it yet"
            end(connection, stream)
            patient.wait_until(lambda: waiting(migrated) == 0, 2 * SLOWER, "stopped")
            patient.wait_until(lambda: patient.metric("radioshop_database_cancels_total") > before, 2, "counted")
    with world.fresh_caller("tina", patient.port) as tina:
        if name == "UpdateAsset":
            assert tina.UpdateAsset(**change).asset.revision == asset.revision + 1, "as if it had never been"
        assert tina.GetAsset(asset=asset.id).asset.id == asset.id
        assert tina.ExportAssets()


def test_a_deadline_that_passed_behind_another(world, migrated, patient):
    """Two reads stand behind each other: the second's time is over before it begins, and neither stays when the first is cancelled."""
    asset = world.asset("IND")
    before = patient.metric("radioshop_database_cancels_total")
    with world.fresh_caller("tina", patient.port) as tina, Connection(world, "frank", port=patient.port) as frank:
        tina.GetCaller()
        with migrated.locked("radioshop.asset"):
            first = begin(tina, "GetAsset", asset=asset.id)
            patient.wait_until(lambda: waiting(migrated) == 1, 10 * SLOWER, "waiting for the lock")
            second = frank.call("GetAsset", packed(tina, "GetAsset", asset=asset.id), headers=[("grpc-timeout", "1S")])
            assert second.grpc_status() == 4
            time.sleep(0.7)    # the daemon gives the server half a second more
            first.cancel()
            patient.wait_until(lambda: patient.metric("radioshop_database_cancels_total") > before, 2 * SLOWER, "stopped")
            patient.wait_until(lambda: waiting(migrated) == 0, 2 * SLOWER, "gone, both of them")


class Behind:
    """A read that waits for a lock, and one of another principal behind it on the same connection to the database."""

    def __init__(self, world, patient, cluster, tina, frank):
        self.patient, self.cluster, self.tina, self.frank = patient, cluster, tina, frank
        self.ticket = world.tina.OpenTicket(asset=world.asset("IND").id, problem="x").ticket

    def begin(self, timeout):
        first = begin(self.tina, "ListAssets", agency="IND", page_size=1)
        self.patient.wait_until(lambda: waiting(self.cluster) == 1, 10 * SLOWER, "waiting for the lock")
        second = self.frank.call("GetTicket", packed(self.tina, "GetTicket", ticket=self.ticket.id), headers=[("grpc-timeout", timeout)])
        self.settle()
        return first, second

    def settle(self):
        """What the daemon has been told before, it has done."""
        assert self.frank.call("/grpc.health.v1.Health/Check", b"").grpc_status() == 0

    def give_up(self, second):
        reset(self.frank, second)
        self.settle()

    def timeouts(self):
        return (self.cluster.directory / "data" / "server.log").read_text(encoding="utf-8").count(" timeout\n")

    def is_over(self, timeouts):
        """On the same connection, behind both. A timer of the server's would be seen in its log."""
        assert self.tina.GetCaller(timeout=5 * SLOWER).principal.name == "tina"
        assert waiting(self.cluster) == 0 and self.timeouts() == timeouts


@pytest.fixture(name="behind")
def one_behind_another(world, migrated, patient):
    with world.fresh_caller("tina", patient.port) as tina, Connection(world, "frank", port=patient.port) as frank:
        behind = Behind(world, patient, migrated, tina, frank)
        with migrated.locked("radioshop.ticket"):
            yield behind


# A read whose caller has gone while it stood behind another waits for a lock when its turn comes, and has as much time again. It is
# cancelled then, or whoever is behind it would wait as long.


@pytest.mark.parametrize("given_up", ["late", "reset"])
def test_at_its_turn_it_is_stopped(migrated, behind, given_up):
    """The one ahead is answered."""
    with migrated.locked("radioshop.asset"):
        first, second = behind.begin("2S" if given_up == "late" else "60S")
        if given_up == "late":
            assert second.grpc_status() == 4
            time.sleep(0.7)    # the daemon's own timer of it, which runs half a second longer, stops it as well
        else:
            behind.give_up(second)
        before = behind.timeouts()
    assert code(behind.tina, first) == "OK"
    behind.is_over(before)


def test_at_its_turn_it_is_stopped_too(migrated, behind):
    """The one ahead is cancelled; of that and the word that it has been done, either may come first."""
    before = behind.timeouts()
    with migrated.locked("radioshop.asset"):
        for _ in range(10):
            first, second = behind.begin("60S")
            behind.give_up(second)
            first.cancel()
            behind.is_over(before)


@contextlib.contextmanager
def locked_now_and_then(cluster):
    """Each statement waits a little, one after the other, and ends at about the time that a cancel comes."""
    text = """DO $$ BEGIN LOOP LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE;
        PERFORM pg_sleep(0.01 + random() * 0.02); COMMIT; END LOOP; END $$;"""
    with subprocess.Popen(["psql", "-Xq", cluster.url("postgres")], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as holder:
        holder.stdin.write("SET application_name = 'now and then';\n" + text + "\n")
        holder.stdin.flush()
        try:
            yield
        finally:
            cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'now and then'")
            holder.stdin.close()


@contextlib.contextmanager
def dozing(process, dice):
    """The process stands still for moments: a cancel takes as long to arrive."""
    stop = threading.Event()

    def doze():
        while not stop.is_set():
            os.kill(process, signal.SIGSTOP)
            time.sleep(0.01 + dice.random() * 0.03)
            os.kill(process, signal.SIGCONT)
            time.sleep(0.01)
    thread = threading.Thread(target=doze)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_nobody_else_is_hit(world, migrated, patient):
    """Cancels at random moments and late, others' calls on the same connections: those are answered, and each write is done once."""
    seed = seed_of_run()
    dice = random.Random(seed)
    asset = world.asset("IND")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x").ticket.number
    before = patient.metric("radioshop_database_retries_total")
    entries, rounds = [], 0

    def hits():
        return patient.metric("radioshop_database_retries_total") - before

    def entry(text):
        entries.append({"request_id": new_id(), "ticket": ticket, "kind": "labour", "text": text, "minutes": 1})
        return entries[-1]

    with world.fresh_caller("tina", patient.port) as tina, world.fresh_caller("frank", patient.port) as frank, \
            world.fresh_caller("ada", patient.port) as ada, locked_now_and_then(migrated), dozing(migrated.pid(), random.Random(seed)):
        for caller in (tina, frank, ada):
            caller.GetCaller()
        while rounds < ROUNDS or (hits() < 5 and rounds < 10 * ROUNDS):
            rounds += 1
            victims = [begin(tina, "GetAsset", asset=asset.id) for _ in range(4)]
            victims.append(begin(tina, "AddTicketEntry", **entry("cancelled")))
            others = [(frank, begin(frank, "GetAsset", asset=asset.id)) for _ in range(4)]
            others += [(ada, begin(ada, "GetAsset", asset=asset.id)), (ada, begin(ada, "AddTicketEntry", **entry("kept")))]
            dice.shuffle(victims)
            for victim in victims:
                time.sleep(dice.random() * 0.03)
                victim.cancel()
            codes = [code(caller, call) for caller, call in others]
            assert set(codes) == {"OK"}, f"{codes}, seed {seed}"
        assert hits() >= 5, "others were hit, and have not noticed"
    for again in entries:
        world.tina.AddTicketEntry(**again) if again["text"] == "cancelled" else world.ada.AddTicketEntry(**again)
    assert world.tina.GetTicket(ticket=ticket).ticket.labour_minutes == len(entries), f"seed {seed}"


def waits_for(cluster, table):
    return int(cluster.value(f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted"))


@pytest.mark.parametrize("kind", ["read", "write"])
def test_whoever_comes_while_a_cancel_is_under_way(world, migrated, own_daemon, scratch, kind):
    """
    The cancel is long on its way, and what it was meant for is over. The connection takes nothing else for a second, since that might
    be hit; and what it has taken after that is hit, and is sent again. A write that was to be stopped is undone, however late the cancel.
    """
    asset = world.asset("IND")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x").ticket.id
    change = {"request_id": new_id(), "asset": {"id": asset.id, "notes": "once", "revision": asset.revision}, "update_mask": ["notes"]}
    name, values = {"read": ("ListAssets", {"agency": "IND", "page_size": 1}), "write": ("UpdateAsset", change)}[kind]
    entry = {"request_id": new_id(), "ticket": ticket, "kind": "labour", "text": "kept", "minutes": 7}
    next_name, next_values = {"read": ("GetTicket", {"ticket": ticket}), "write": ("AddTicketEntry", entry)}[kind]
    with Gate(scratch / f"gate-{kind}", migrated.url()) as gate:
        daemon = own_daemon(f"gated-{kind}", database=gate.url, read_connections=1, write_connections=1, slow_connections=1,
                            lock_timeout_ms=60000).start()
        with world.fresh_caller("tina", daemon.port) as tina, world.fresh_caller("ada", daemon.port) as ada:
            ada.GetCaller()
            with migrated.locked("radioshop.ticket"):
                with migrated.locked("radioshop.asset"):
                    victim = begin(tina, name, **values)
                    daemon.wait_until(lambda: waits_for(migrated, "radioshop.asset"), 10 * SLOWER, "waiting for the lock")
                    asked = time.monotonic()
                    victim.cancel()
                    assert gate.came.wait(10 * SLOWER), "nobody asks to cancel it"
                another = begin(ada, next_name, **next_values)
                daemon.wait_until(lambda: waits_for(migrated, "radioshop.ticket"), 10 * SLOWER, "sent to the database")
                took = time.monotonic() - asked
                assert took > 0.9, f"it is sent while the cancel is under way, {took:.2f} s after that was asked for"
                before = daemon.metric("radioshop_database_retries_total")
                gate.open.set()
                daemon.wait_until(lambda: daemon.metric("radioshop_database_retries_total") > before, 10 * SLOWER, "hit, and sent again")
            assert code(ada, another) == "OK"
            if kind == "write":
                assert ada.GetAsset(asset=asset.id).asset.revision == asset.revision, "it was to be stopped, and was done"
                assert tina.UpdateAsset(**change).asset.revision == asset.revision + 1
                assert ada.GetTicket(ticket=ticket).ticket.labour_minutes == 7
        daemon.stop()


def test_a_storm_of_cancels(world, migrated, patient):
    """Five hundred calls that wait for a lock, all cancelled: few cancels, the same connections, and nothing left."""
    asset = world.asset("IND")
    processes = f"SELECT string_agg(pid::text, ' ' ORDER BY pid) {OURS}"
    world_before, before = migrated.value(processes), patient.metric("radioshop_database_cancels_total")
    with Connection(world, "tina", port=patient.port) as connection, world.fresh_caller("frank", patient.port) as frank:
        frank.GetCaller()
        message = packed(world.tina, "GetAsset", asset=asset.id)
        with migrated.locked("radioshop.asset"):
            for _ in range(10):
                streams = [connection.call("GetAsset", message) for _ in range(50)]
                connection.pump(0.02)
                for stream in streams:
                    reset(connection, stream)
                assert frank.GetCaller().principal.name == "frank", "served between them"
            patient.wait_until(lambda: waiting(migrated) == 0, 5 * SLOWER, "all stopped")
        assert connection.call("GetAsset", message).grpc_status() == 0
    sent = patient.metric("radioshop_database_cancels_total") - before
    assert 0 < sent <= 10 * 9, f"{sent:.0f} cancels: no more than are sent to the database at one time"
    assert migrated.value(processes) == world_before, "no connection was lost"
    assert len(os.listdir(f"/proc/{patient.process.pid}/task")) == 2 and patient.ready()


def test_a_cancel_that_is_not_answered(world, migrated, own_daemon):
    """The postmaster stands still, so that the thread hangs in its cancel: the daemon serves on, and ends when asked."""
    asset = world.asset("IND")
    daemon = own_daemon("unanswered", read_connections=1, lock_timeout_ms=60000).start()
    with world.fresh_caller("tina", daemon.port) as tina:
        tina.GetCaller()
        postmaster = migrated.pid()
        try:
            with migrated.locked("radioshop.asset"):
                call = begin(tina, "GetAsset", asset=asset.id)
                daemon.wait_until(lambda: waiting(migrated) == 1, 10 * SLOWER, "waiting for the lock")
                os.kill(postmaster, signal.SIGSTOP)
                call.cancel()
                time.sleep(0.3)
            assert tina.GetAsset(asset=asset.id, timeout=10 * SLOWER).asset.id == asset.id
            assert daemon.metric("radioshop_database_cancels_total") == 0
            begun = time.monotonic()
            daemon.stop()
            assert time.monotonic() - begun < 5 * SLOWER
        finally:
            os.kill(postmaster, signal.SIGCONT)
