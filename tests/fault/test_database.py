"""The database goes away, comes back, is slow, or is one that must not be served."""

import os
import subprocess
import threading
import time

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.cluster import Cluster
from rig.daemon import SLOWER
from rig.world import new_id


@pytest.fixture
def settled(daemon):
    """Each test begins and ends with a daemon that is ready."""
    daemon.wait_until(daemon.ready, 20, "ready")
    yield daemon
    daemon.wait_until(daemon.ready, 30, "ready again without a restart")


def code(call):
    try:
        call()
        return "OK"
    except Refused as refusal:
        return refusal.code


def test_postgresql_killed_and_back(world, settled, migrated):
    """SIGKILL to all of PostgreSQL: UNAVAILABLE at once, not ready; back: served again by the same daemon."""
    pid = settled.process.pid
    asset = world.asset("IND")
    migrated.kill()
    try:
        settled.wait_until(lambda: settled.http("/readyz")[0] == 503, 5 * SLOWER, "not ready")
        begun = time.monotonic()
        with refused("UNAVAILABLE") as refusal:
            world.frank.GetAsset(asset=asset.id)
        assert time.monotonic() - begun < 1 * SLOWER, "at once, and not after the deadline"
        assert refusal.retry_ms, "it says when to try again"
        assert settled.http("/healthz")[0] == 200, "alive all the same"
        health = contract.message("grpc.health.v1.HealthCheckResponse").FromString(
            world.ada.raw("/grpc.health.v1.Health/Check", b""))
        assert health.status == 2
        time.sleep(1)
        before = settled.cpu_seconds()
        time.sleep(2)
        assert settled.cpu_seconds() - before < 0.4 * SLOWER, "it does not spin while it waits"
    finally:
        migrated.restart()
    settled.wait_until(settled.ready, 30, "ready again")
    assert world.frank.GetAsset(asset=asset.id).asset.id == asset.id
    world.tina.UpdateAsset(asset={"id": asset.id, "notes": "after", "revision": asset.revision}, update_mask=["notes"])
    assert settled.process.pid == pid and settled.process.poll() is None


def test_killed_in_the_middle_of_a_write(world, settled, migrated):
    """The write waits on a lock when PostgreSQL dies: the client is told that it is not known, and a repeat settles it."""
    asset = world.asset("IND")
    holder = threading.Thread(target=migrated.sql, kwargs={"check": False, "text": (
        "BEGIN; LOCK TABLE radioshop.asset IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(30); ROLLBACK;")})
    holder.start()
    time.sleep(0.6)
    request = {"request_id": new_id(), "asset": {"id": asset.id, "notes": "once", "revision": asset.revision},
               "update_mask": ["notes"]}
    outcome = []
    writer = threading.Thread(target=lambda: outcome.append(code(lambda: world.tina.UpdateAsset(**request))))
    writer.start()
    time.sleep(0.5)
    migrated.kill()
    writer.join(15)
    assert outcome == ["UNAVAILABLE"]
    holder.join()
    migrated.restart()
    settled.wait_until(settled.ready, 30, "ready again")
    answer = world.tina.UpdateAsset(**request).asset
    assert (answer.notes, answer.revision) == ("once", asset.revision + 1)
    assert world.tina.UpdateAsset(**request).asset == answer


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_restarted(world, settled, migrated, how):
    """Calls under way are UNAVAILABLE, never INTERNAL; everything is served after it."""
    stop, codes = threading.Event(), []

    def calling():
        caller = world.fresh_caller("frank")
        while not stop.is_set():
            codes.append(code(lambda: caller.ListAssets(page_size=5, timeout=5)))
            time.sleep(0.005)
        caller.close()
    threads = [threading.Thread(target=calling) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    data = migrated.directory / "data"
    command = ["/bin/sh", "-c", f"$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)/pg_ctl -D {data} -m {how} -w stop"]
    if os.getuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    migrated.restart()
    settled.wait_until(settled.ready, 30, "ready again")
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(codes) <= {"OK", "UNAVAILABLE"} and codes[-1] == "OK" and "UNAVAILABLE" in codes, set(codes)


def test_backends_ended_one_by_one(world, settled, migrated):
    """pg_terminate_backend of every connection, again and again: writes with one request_id happen once."""
    asset = world.asset("IND")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x").ticket
    done = 0
    stop = threading.Event()

    def ending():
        while not stop.is_set():
            migrated.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'radioshop_app'",
                         check=False)
            time.sleep(0.25)
    ender = threading.Thread(target=ending)
    ender.start()
    begun = time.monotonic()
    while time.monotonic() - begun < 4:
        request = {"request_id": new_id(), "ticket": ticket.number, "kind": "labour", "text": "x", "minutes": 1}
        for _ in range(200):
            outcome = code(lambda: world.tina.AddTicketEntry(**request))  # noqa: B023 (called at once)
            assert outcome in ("OK", "UNAVAILABLE"), outcome
            if outcome == "OK":
                done += 1
                break
            time.sleep(0.05)
        else:
            raise AssertionError("the write did not go through in 200 tries")
    stop.set()
    ender.join()
    settled.wait_until(settled.ready, 30, "ready again")
    assert world.tina.GetTicket(ticket=ticket.number).ticket.labour_minutes == done > 0


def test_a_locked_table_holds_up_its_own_calls_only(world, settled, migrated):
    """Many calls wait for one table; others are answered, and the loop goes on turning."""
    others = [world.asset("IND") for _ in range(6)]
    holder = threading.Thread(target=migrated.sql, args=(
        "BEGIN; LOCK TABLE radioshop.ticket IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); ROLLBACK;",))
    holder.start()
    time.sleep(0.5)
    method = contract.methods()["OpenTicket"]
    waiting = [world.tina.channel.unary_unary(method.path).future(
        world.tina.request(method, {"asset": other.id, "problem": "waits"}).SerializeToString(), timeout=2) for other in others]
    slowest = 0.0
    for _ in range(100):
        begun = time.monotonic()
        assert world.frank.ListAssets(agency="IND", page_size=1).assets
        assert settled.http("/healthz")[0] == 200
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 0.5 * SLOWER, f"{slowest:.3f} s"
    for call in waiting:
        assert call.exception() is None or call.exception().code().name in ("DEADLINE_EXCEEDED", "ABORTED")
    holder.join()


def test_few_connections(world, own_daemon, migrated):
    """PostgreSQL lets only some in: the daemon serves with those, and does not spin over the rest."""
    migrated.sql("ALTER ROLE radioshop_app CONNECTION LIMIT 20")
    try:
        daemon = own_daemon("few").start(wait=False)
        caller = world.fresh_caller("frank", daemon.port)
        time.sleep(3)
        before = daemon.cpu_seconds()
        time.sleep(1)
        assert daemon.cpu_seconds() - before < 0.4 * SLOWER
    finally:
        migrated.sql("ALTER ROLE radioshop_app CONNECTION LIMIT -1")
    daemon.wait_until(daemon.ready, 30, "ready")
    assert caller.GetCaller().principal.name == "frank"
    caller.close()
    daemon.stop()


def refuses(daemon, *words):
    for arguments in ((), ("--check",)):
        done = daemon.run(*arguments)
        assert done.returncode > 0, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("radioshopd: ")]
        assert len(lines) == 1 and all(word in lines[0] for word in words), done.stderr


@pytest.fixture
def other_cluster(scratch):
    made = []

    def make(name, **environment):
        os.environ.update(environment)
        try:
            made.append(Cluster(scratch / name).start())
        finally:
            for key in environment:
                del os.environ[key]
        return made[-1]
    yield make
    for cluster in made:
        cluster.stop()


def test_a_database_without_migrations(own_daemon, other_cluster):
    empty = other_cluster("empty/pg")
    refuses(own_daemon("without", cluster=empty), "migrat")


def test_a_database_with_newer_migrations(own_daemon, migrated):
    migrated.sql("UPDATE radioshop.schema_version SET version = version + 1")
    try:
        refuses(own_daemon("newer"), "version")
    finally:
        migrated.sql("UPDATE radioshop.schema_version SET version = version - 1")


def test_a_database_that_may_forget(own_daemon, other_cluster):
    """fsync off: an OK would not be true."""
    forgetful = other_cluster("forgetful/pg", PGOPTS_EXTRA="-c fsync=off")
    forgetful.sqitch("deploy")
    refuses(own_daemon("forgetful-daemon", cluster=forgetful), "fsync")
    forgetful.stop()


@pytest.mark.parametrize("setting", ["synchronous_commit"])
def test_a_role_that_may_forget(own_daemon, migrated, setting):
    migrated.sql(f"ALTER ROLE radioshop_app SET {setting} = off")
    try:
        refuses(own_daemon("weak-role"), setting)
    finally:
        migrated.sql(f"ALTER ROLE radioshop_app RESET {setting}")


def test_a_table_without_its_policy(own_daemon, migrated):
    migrated.sql("ALTER TABLE radioshop.asset NO FORCE ROW LEVEL SECURITY")
    try:
        refuses(own_daemon("unforced"), "asset")
    finally:
        migrated.sql("ALTER TABLE radioshop.asset FORCE ROW LEVEL SECURITY")


def test_a_role_that_passes_policies(own_daemon, migrated):
    migrated.sql("ALTER ROLE radioshop_app BYPASSRLS")
    try:
        refuses(own_daemon("bypass"), "radioshop_app")
    finally:
        migrated.sql("ALTER ROLE radioshop_app NOBYPASSRLS")


def test_the_schema_does_not_fit_the_statements(own_daemon, migrated):
    """A column that a statement reads is not there: the daemon names the statement and does not start."""
    migrated.sql("ALTER TABLE radioshop.asset RENAME COLUMN firmware TO fware")
    try:
        daemon = own_daemon("misfit")
        done = daemon.run("--check")
        assert done.returncode > 0 and "firmware" in done.stderr and "asset" in done.stderr, done.stderr
    finally:
        migrated.sql("ALTER TABLE radioshop.asset RENAME COLUMN fware TO firmware")


def test_no_database_at_the_start(own_daemon, world, scratch):
    """Not there yet: the daemon comes up unready and waits, since at boot nobody promises an order."""
    daemon = own_daemon("early", database=f"host={scratch}/nowhere dbname=radioshop user=radioshop_app connect_timeout=2")
    daemon.start(wait=False)
    daemon.wait_until(lambda: daemon.http("/readyz")[0] == 503, 10, "up")
    with world.fresh_caller("ada", daemon.port) as caller:
        with refused("UNAVAILABLE"):
            caller.GetCaller()
    before = daemon.cpu_seconds()
    time.sleep(1)
    assert daemon.cpu_seconds() - before < 0.3 * SLOWER
    daemon.stop()
