"""One server takes over from another: the daemon finds it by itself, and never goes back to the old one."""

import concurrent.futures
import contextlib
import signal
import time

import pytest

from fault.faults import OURS
from fault.network import DATABASE, DROP, RESET
from fault.site import Site
from rig.caller import Refused, refused
from rig.daemon import SLOWER
from rig.world import new_id


@pytest.fixture
def site(template, request):
    with Site(template, standby=request.param, write_connections=4, connect_timeout_ms=2000) as made:
        made.ticket = made.world.tina.OpenTicket(asset=made.world.asset("IND").id, problem="x").ticket.number
        yield made


def writes(site, count, seconds=30, text=None):
    """Writes at the same time, each repeated until it is acknowledged: their texts."""
    def write(number):
        request = {"request_id": new_id(), "ticket": site.ticket, "kind": "labour", "minutes": 1,
                   "text": text or f"{number} {new_id()}"}
        deadline = time.monotonic() + seconds * SLOWER
        with site.caller("tina") as caller:
            while True:
                try:
                    caller.AddTicketEntry(timeout=3, **request)
                    return request["text"]
                except Refused as refusal:
                    assert refusal.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED"), str(refusal)
                    assert time.monotonic() < deadline, f"not written within {seconds} s: {refusal}"
                    time.sleep(0.1)
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return set(pool.map(write, range(count)))


def texts(server):
    return {text for (text,) in server.sql("SELECT text FROM radioshop.ticket_entry WHERE kind = 'labour'")}


def both_caught_up(site):
    site.daemon.wait_until(lambda: texts(site.primary) == texts(site.standby), 20, "the same on both")


@pytest.mark.parametrize("site", ["async"], indirect=True)
def test_a_lost_machine(site):
    """The old primary does not even refuse connections: the daemon must not wait for it again and again."""
    before = writes(site, 4)
    both_caught_up(site)
    site.network.cut(DATABASE, DROP, site.primary.address)
    site.primary.kill()
    site.fail_over()
    after = writes(site, 8)
    assert before | after <= texts(site.primary)


@pytest.mark.parametrize("site", ["async"], indirect=True)
def test_the_old_primary_returns(site):
    """It takes writes as before, and for a while it is the only one to be reached: yet nothing is written to it."""
    before = writes(site, 4)
    both_caught_up(site)
    site.primary.kill()
    site.fail_over()
    after = writes(site, 4)
    site.standby.start()
    site.network.cut(DATABASE, RESET, site.primary.address)
    site.rows(f"SELECT pg_terminate_backend(pid) {OURS}")
    site.daemon.wait_until(lambda: "older timeline" in site.daemon.text(), 20 * SLOWER, "turned away")
    with refused("UNAVAILABLE"):
        site.world.tina.AddTicketEntry(ticket=site.ticket, kind="labour", text="nowhere", minutes=1, timeout=3)
    site.network.mend()
    after |= writes(site, 8)
    assert texts(site.standby) == before, "something was written to the server that was replaced"
    assert texts(site.primary) == before | after


@pytest.mark.parametrize("site", ["async"], indirect=True)
def test_the_old_primary_awakes(site):
    """Frozen for a while: connections to it are still there. When it awakes, nothing is written through them."""
    before = writes(site, 4)
    both_caught_up(site)
    site.primary.signal(signal.SIGSTOP)
    old = site.primary
    site.standby.promote()
    site.primary, site.standby = site.standby, old
    after = writes(site, 1)
    old.signal(signal.SIGCONT)
    after |= writes(site, 8)
    assert texts(old) == before, "something was written to the server that was replaced"
    assert texts(site.primary) == before | after


@pytest.mark.parametrize("site", ["sync"], indirect=True)
def test_a_commit_on_one_disk_is_not_acknowledged(site):
    """
    The wait for the standby is broken off: the outcome is not known. A repeat finds the reply on this server, and may
    not be told before the standby has it too, since the standby may be all that is left in a moment.
    """
    request = {"request_id": new_id(), "ticket": site.ticket, "kind": "labour", "text": "on one disk", "minutes": 1}
    site.standby.signal(signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        write = pool.submit(lambda: site.world.tina.AddTicketEntry(timeout=20, **request))
        waiting = f"SELECT pid {OURS} AND wait_event = 'SyncRep'"
        site.daemon.wait_until(lambda: site.rows(waiting), 10 * SLOWER, "waiting for the standby")
        site.rows(f"SELECT pg_cancel_backend(pid) FROM ({waiting}) w")
        with refused("UNAVAILABLE") as refusal:
            write.result()
    assert refusal.reason == "OUTCOME_UNKNOWN"
    assert texts(site.primary) == {"on one disk"}
    with contextlib.suppress(Refused):
        site.world.tina.AddTicketEntry(timeout=2, **request)
        raise AssertionError("acknowledged, and it is on one disk only")
    site.primary.kill()
    site.standby.kill()
    site.standby.start()
    assert texts(site.standby) == set()
    site.fail_over()
    site.rebuild_standby()
    writes(site, 1)
    assert site.world.tina.AddTicketEntry(timeout=20, **request).ticket.number == site.ticket
    assert site.value("SELECT count(*) FROM radioshop.ticket_entry WHERE text = 'on one disk'") == "1"


@pytest.mark.parametrize("site", ["sync"], indirect=True)
def test_a_repeat_moves_to_a_server_that_knows_nothing_of_it(site):
    """
    The first server has found the reply that it kept, and the repeat waits there for the standby. Then the standby takes
    over, which never saw the write: it is done there, once, and its answer is the answer.
    """
    request = {"request_id": new_id(), "ticket": site.ticket, "kind": "labour", "text": "known to one", "minutes": 1}
    waiting = f"{OURS} AND wait_event = 'SyncRep'"
    old, new = site.primary, site.standby
    writes(site, 4)    # so that several connections are known for those of writers by what they last asked
    new.kill()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, site.caller("tina") as caller:
        write = pool.submit(lambda: caller.AddTicketEntry(timeout=20, **request))
        site.daemon.wait_until(lambda: site.rows(f"SELECT pid {waiting}"), 10 * SLOWER, "waiting for the standby")
        site.rows(f"SELECT pg_cancel_backend(pid) {waiting}")
        with refused("UNAVAILABLE"):
            write.result()
        repeat = pool.submit(lambda: caller.AddTicketEntry(timeout=60, **request))
        site.daemon.wait_until(lambda: site.rows(f"SELECT pid {waiting}"), 10 * SLOWER, "waiting again")
        with open(new.data / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write("primary_conninfo = ''\n")
        new.start()
        assert "known to one" not in texts(new)
        site.fail_over()
        # The old one lets nobody in any more, and the first to find the new one is a connection of writers.
        old.sql("SET synchronous_commit = local; ALTER ROLE radioshop_app CONNECTION LIMIT 0")
        ended = old.sql(f"SELECT pg_terminate_backend(pid) {OURS} AND query LIKE '%keep_reply%' AND wait_event = 'ClientRead'")
        assert ended
        site.daemon.wait_until(lambda: "database_took_over" in site.daemon.text(), 20 * SLOWER, "taken over")
        site.rebuild_standby()
        assert repeat.result().ticket.number == site.ticket
    assert site.value("SELECT count(*) FROM radioshop.ticket_entry WHERE text = 'known to one'") == "1"
