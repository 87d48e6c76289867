"""The migrations: forth, checked, back and forth again; and that the statements fit what they make."""

import subprocess

import pytest

from rig import DAEMON, ROOT
from rig.cluster import Cluster


@pytest.fixture(scope="module")
def database(scratch):
    cluster = Cluster(scratch / "migrations" / "pg").start()
    yield cluster
    cluster.stop()


def schema(database):
    """All of it as pg_dump writes it, without what differs from run to run."""
    done = subprocess.run(["pg_dump", "--schema-only", "--schema=radioshop", database.url("postgres")], capture_output=True,
                          text=True, check=True)
    return [line for line in done.stdout.splitlines() if line and not line.startswith("--") and "restrict" not in line]


def test_forth_and_back_and_forth(database):
    database.sqitch("deploy", "--verify")
    first = schema(database)
    assert len(first) > 500
    database.sqitch("verify")
    database.sqitch("revert", "-y")
    left = database.value("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'radioshop'")
    assert left == "0", "the revert leaves something"
    database.sqitch("deploy", "--verify")
    assert schema(database) == first


def test_one_change_at_a_time(database):
    """Each change can be taken back by itself, from the last to the first."""
    database.sqitch("deploy")
    plan = [line.split()[0] for line in (ROOT / "migrations" / "sqitch.plan").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("%")]
    for before in [*reversed(plan[:-1]), None]:
        database.sqitch("revert", "-y", *(["--to", before] if before else []))
        assert database.value("SELECT count(*) FROM sqitch.changes") == str(plan.index(before) + 1 if before else 0)
    database.sqitch("deploy", "--verify")


def test_every_change_has_its_three_files():
    names = {line.split()[0] for line in (ROOT / "migrations" / "sqitch.plan").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("%")}
    for kind in ("deploy", "revert", "verify"):
        assert {path.stem for path in (ROOT / "migrations" / kind).glob("*.sql")} == names, kind


def test_verify_does_bite(database):
    database.sqitch("deploy")
    database.sql("ALTER TABLE radioshop.asset RENAME TO asset_gone")
    try:
        assert database.sqitch("verify", check=False).returncode != 0
    finally:
        database.sql("ALTER TABLE radioshop.asset_gone RENAME TO asset")
    assert database.sqitch("verify").returncode == 0


def test_the_daemon_checks_itself_against_it(own_daemon):
    """Every statement is prepared and compared with the contract: names, types, nullability."""
    daemon = own_daemon("check")
    done = daemon.run("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert DAEMON.exists()


def test_every_violation_has_its_sentence(migrated):
    """Constraints that a client can violate are named, and say the field and what is wrong."""
    rows = migrated.sql("""
        SELECT c.conrelid::regclass || '.' || c.conname, coalesce(obj_description(c.oid, 'pg_constraint'), '')
        FROM pg_constraint c WHERE c.connamespace = 'radioshop'::regnamespace AND c.contype IN ('c', 'u') AND c.conrelid <> 0""")
    assert len(rows) > 20
    # Nobody sends these: the shop itself writes alerts, what becomes of them, and events.
    ours = ("radioshop.schema_version", "radioshop.alert.", "radioshop.alert_delivery.", "radioshop.alert_notice.", "radioshop.event.")
    bare = [name for name, comment in rows if not comment and not name.startswith(ours)]
    assert not bare, bare
    for name, comment in rows:
        assert not comment or ": " in comment, f"{name}: {comment}"


def test_the_daemons_role(migrated):
    """radioshop_app owns nothing, makes nothing, and passes no policy."""
    assert migrated.sql("""SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles
        WHERE rolname = 'radioshop_app'""") == [["f", "f", "f", "f"]]
    assert migrated.sql("SELECT 1 FROM pg_class WHERE relowner = 'radioshop_app'::regrole") == []
    # The functions that act as the owner; their reasons are written above them in asset_import.sql, ticket_search.sql and asset_search.sql.
    assert migrated.sql("SELECT proname FROM pg_proc WHERE pronamespace = 'radioshop'::regnamespace AND prosecdef "
                        "ORDER BY proname") == [["find_documents"], ["find_words"], ["refresh_statistics"]]
    denied = migrated.sql("CREATE TABLE radioshop.mine (a int)", role="radioshop_app", check=False)
    assert denied == []
    assert migrated.value("SELECT count(*) FROM pg_class WHERE relname = 'mine'") == "0"
    migrated.sql("DELETE FROM radioshop.event", role="radioshop_app", check=False)


def test_events_are_for_ever(migrated):
    for role in ("radioshop_app", "radioshop_owner"):
        before = migrated.value("SELECT count(*) FROM radioshop.event")
        for sql in ("DELETE FROM radioshop.event", "UPDATE radioshop.event SET principal = 'x'", "TRUNCATE radioshop.event"):
            done = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", migrated.url(role), "-c", sql], capture_output=True,
                                  text=True, check=False)
            assert done.returncode != 0, f"{role}: {sql}"
        assert migrated.value("SELECT count(*) FROM radioshop.event") == before
