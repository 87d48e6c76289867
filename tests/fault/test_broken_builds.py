"""Broken on purpose, and caught: a checker that passes one of these is itself the defect.

Each is one promise taken away, in the daemon (a patch in broken/), in the database (SQL), in the settings of the server or in a
client; then a short history under the faults that it takes to show. What is asserted is the kind of violation that it is.
"""

import signal
import threading
import time
import uuid

import pytest

from fault import mutant
from fault.faults import faults
from fault.ordeal import Ordeal
from fault.site import Site
from fault.storage import Disk
from fault.workload import Client

SEED = "broken"


class Run:
    """One short history: made with all in order, going on inside the `with`, judged behind it."""

    def __init__(self, site, directory, clients=3, client_kind=None):
        self.site = site
        self.ordeal = Ordeal(site, directory, "broken", SEED, cities=2, clients=clients, client_kind=client_kind)

    def with_daemon(self, name):
        """The daemon is from now on the one that the patch makes."""
        self.site.daemon.stop()
        self.site.daemon.program = mutant.build(name, self.site.directory / "mutant")
        self.site.daemon.start()
        return self

    def __enter__(self):
        self.ordeal.load.start()
        return self

    def __exit__(self, *_):
        self.ordeal.load.stop()
        self.ordeal.probe.close()
        self.ordeal.judge()

    def kinds(self):
        return {violation.kind for violation in self.ordeal.found}

    def strike(self, kind, times=1, lasts=0.3, served=True):
        """The fault, again and again, each time among writes that are served again, or not yet."""
        for _ in range(times):
            time.sleep(0.3 + self.ordeal.dice.random() * 0.4)
            fault = faults(self.site)[kind]
            fault.strike(self.ordeal.dice)
            time.sleep(lasts)
            fault.heal()
            if served:
                self.ordeal.probe.outage()


class Hasty(Client):
    """Never asks again."""
    MANNERS = (Client.once,)

    def settle(self):
        pass


# The daemon

def test_acknowledged_before_commit(template, scratch):
    """Each commit waits a little before it writes its record, so that the server always dies over one that was acknowledged."""
    with Site(template) as site:
        site.primary.reload(commit_delay=100000, commit_siblings=0)
        with Run(site, scratch / "before-commit", clients=6).with_daemon("acknowledged_before_commit") as run:
            run.strike("postgresql_killed", times=5)
        assert "lost" in run.kinds(), run.kinds()


def test_answer_of_another_request(template, scratch):
    with Site(template) as site:
        with Run(site, scratch / "another-request").with_daemon("answer_of_another_request") as run:
            time.sleep(4)
        assert "answer" in run.kinds(), run.kinds()


def test_unknown_called_undone(template, scratch):
    """The connection broke while the commit waited for the standby, and the client is told that nothing was changed."""
    with Site(template, standby="sync") as site:
        with Run(site, scratch / "undone", client_kind=Hasty).with_daemon("unknown_called_undone") as run:
            site.standby.signal(signal.SIGSTOP)
            time.sleep(1)
            run.strike("backends_ended", times=2, served=False)
            site.standby.signal(signal.SIGCONT)
            run.ordeal.probe.outage()
        assert "unasked" in run.kinds(), run.kinds()


@pytest.mark.parametrize("name", ["repeat_answered_from_one_disk", "doubtful_commit_acknowledged"])
def test_answered_from_one_disk(template, scratch, name):
    """Commits that wait for the standby no more are acknowledged, at once or to who asks again; then it takes over."""
    with Site(template, standby="sync") as site:
        with Run(site, scratch / name).with_daemon(name) as run:
            run.strike("failover_over_doubtful_commits", lasts=2)
        assert "lost" in run.kinds(), run.kinds()


# The database

NO_KEY = """CREATE OR REPLACE FUNCTION radioshop.keep_reply(reply bytea) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$"""

NO_EVENT = "DROP TRIGGER record_event ON radioshop.ticket"

# Every table shows everything, and the methods ask for every agency.
NO_POLICY = """
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT polname, polrelid::regclass AS place FROM pg_policy WHERE polcmd IN ('r', '*') LOOP
    EXECUTE format('ALTER POLICY %I ON %s USING (true)', p.polname, p.place);
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION radioshop.agencies() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT ARRAY(SELECT generate_series(0, 500)) $$"""

# The agency is left out; only tags as the clients make them, since the cities have others in common already.
NO_AGENCY_IN_KEY = "CREATE UNIQUE INDEX tag_of_all ON radioshop.asset (tag_key) WHERE tag_key LIKE '%-%'"


# Whoever wants more than there is gets what there is.
NO_SHORTAGE = """CREATE OR REPLACE FUNCTION radioshop.refuse_shortage(part uuid, lot uuid, location uuid, quantity int, number text,
  from_place text) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$"""

# What is carried arrives in the ledger, but not on the shelf.
STOCK_BEHIND = """DROP TRIGGER follow ON radioshop.part_move;
CREATE TRIGGER follow AFTER INSERT ON radioshop.part_move FOR EACH ROW WHEN (NEW.kind <> 'move') EXECUTE FUNCTION radioshop.stock_follow()"""

# Two who take the last ones at one time both look before either takes.
NO_LOCK = """ALTER TABLE radioshop.part_stock DROP CONSTRAINT part_stock_not_below_zero;
DO $$ BEGIN EXECUTE replace(pg_get_functiondef('radioshop.part_to_move'::regproc), 'FOR NO KEY UPDATE', ''); END $$;
DO $$ BEGIN EXECUTE replace(pg_get_functiondef('radioshop.refuse_shortage'::regproc), 'BEGIN\n', 'BEGIN PERFORM pg_sleep(0.05);\n'); END $$"""


# The lock is missed only when two of three storekeepers want the last ones of one shelf at one time, and the agency in the key only when
# two cities have imported the same tag.
@pytest.mark.parametrize("name, sql, kind, seconds", [
    ("no-shortage", NO_SHORTAGE, "half", 8), ("stock-behind", STOCK_BEHIND, "stock", 8), ("no-stock-lock", NO_LOCK, "stock", 15),
    ("no-key", NO_KEY, "doubled", 8), ("no-event", NO_EVENT, "half", 8), ("no-policy", NO_POLICY, "leak", 8),
    ("no-agency-in-key", NO_AGENCY_IN_KEY, "refusal", 15)], ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "")
def test_database(template, scratch, name, sql, kind, seconds):
    with Site(template) as site:
        site.rows(sql)
        with Run(site, scratch / name) as run:
            time.sleep(seconds)
        assert kind in run.kinds(), run.kinds()


def test_event_in_a_transaction_of_its_own(template, scratch):
    """Events wait in a table, and somebody enters them a little later."""
    with Site(template) as site:
        site.rows("CREATE TABLE radioshop.event_later (LIKE radioshop.event INCLUDING DEFAULTS);"
                  "GRANT INSERT ON radioshop.event_later TO radioshop_app;"
                  "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('radioshop.record_event'::regproc), 'INTO radioshop.event ',"
                  " 'INTO radioshop.event_later '); END $$;"
                  "ALTER TABLE radioshop.event ALTER COLUMN transaction SET DEFAULT pg_current_xact_id()")
        over = threading.Event()

        def entering():
            columns = "agency_id, event_id, at, principal, resource, resource_id, action, before, after, method, call, request_id"
            while not over.wait(0.1):
                site.primary.sql(f"WITH late AS (DELETE FROM radioshop.event_later RETURNING {columns})"
                                 f" INSERT INTO radioshop.event ({columns}) SELECT * FROM late")
        with Run(site, scratch / "late-events") as run:
            enterer = threading.Thread(target=entering)
            enterer.start()
            time.sleep(4)
            run.ordeal.load.stop()
            time.sleep(0.5)
            over.set()
            enterer.join()
        assert "event" in run.kinds() and "half" not in run.kinds(), run.kinds()


# The server's settings, turned after the daemon has looked at them, and turned back before it looks again

@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync"])
def test_power_cut_without(template, scratch, setting):
    with Site(template, storage=Disk) as site:
        run = Run(site, scratch / f"no-{setting}")
        site.primary.sql("CHECKPOINT")
        site.primary.reload(**{setting: "off", "wal_writer_delay": "10s"})
        with run:
            time.sleep(3)
            site.cut_power()
            site.primary.configure(**{setting: "on"})
            site.primary.start()
        assert "lost" in run.kinds(), run.kinds()


def test_failover_to_a_standby_that_nobody_waits_for(template, scratch):
    """It is a little behind when the primary dies, as any may be."""
    with Site(template, standby="async") as site:
        with Run(site, scratch / "async") as run:
            time.sleep(1)
            site.standby.signal(signal.SIGSTOP)
            time.sleep(2)
            site.primary.kill()
            site.standby.signal(signal.SIGCONT)
            site.fail_over()
            run.ordeal.probe.outage()
        assert "lost" in run.kinds(), run.kinds()


# The client

class Forgetful(Client):
    """Makes a new request_id when it asks again."""

    def start(self, operation, method, message, timeout, caller=0):
        if operation.attempts and operation.attempts[-1].status:
            message.request_id = str(uuid.uuid4())
        return super().start(operation, method, message, timeout, caller)


def test_client_that_repeats_without_its_key(template, scratch):
    with Site(template) as site:
        with Run(site, scratch / "forgetful", client_kind=Forgetful) as run:
            run.strike("backends_ended", times=3)
        assert "doubled" in run.kinds(), run.kinds()


def test_a_sound_one_passes(template, scratch):
    """The same short history, nothing broken: so it is the breaking that is caught."""
    with Site(template) as site:
        with Run(site, scratch / "sound") as run:
            run.strike("backends_ended", times=3)
            run.strike("postgresql_killed", times=2)
        assert not run.ordeal.found, run.ordeal.found[:5]
