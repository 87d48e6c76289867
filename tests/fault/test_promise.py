"""What is acknowledged is there exactly once, whatever happens: hundreds of faults in one history, judged by the checker."""

import collections
import concurrent.futures
import signal

import pytest

from fault.faults import OURS
from fault.ordeal import SERVICE_SECONDS, Ordeal
from fault.site import Site
from fault.storage import Disk, SmallWal
from rig import UNDER_ASAN
from rig.caller import refused
from rig.daemon import SLOWER
from rig.figures import show
from rig.seed import seed_of_run
from rig.world import new_id

# Those that take seconds to heal: a standby is made anew, a server recovers from a full disk.
RARE = {"failover", "failover_of_a_lost_machine", "old_primary_returns", "failover_over_doubtful_commits",
        "log_disk_full", "data_disk_full", "power_cut"}
SITES = {"a standby that confirms": ({"standby": "sync"}, 120), "a small disk": ({"storage": Disk}, 50),
         "a small log disk": ({"storage": SmallWal}, 40)}
# Sanitizers look for other things, and take their time: a part of it is enough for them.
SHARE = 7 if UNDER_ASAN else 1
STRIKES, KINDS = 200 // SHARE, 12


@pytest.fixture(scope="module")
def ordeals():
    return []


@pytest.mark.parametrize("name", SITES)
def test_nothing_acknowledged_is_lost(template, scratch, ordeals, name):
    options, strikes = SITES[name]
    with Site(template, **options) as site:
        ordeal = Ordeal(site, scratch / f"history-{name.replace(' ', '-')}", name, seed_of_run()).run(strikes // SHARE + 1, RARE)
        ordeal.tell()
        ordeals.append(ordeal)
        assert not ordeal.found, f"seed {ordeal.seed}\n" + "\n".join(str(violation) for violation in ordeal.found[:20])
        assert max(ordeal.outages)[0] < SERVICE_SECONDS, f"seed {ordeal.seed}: {max(ordeal.outages)}"


def test_enough_faults_have_struck(ordeals):
    strikes = sum((ordeal.strikes for ordeal in ordeals), collections.Counter())
    kinds = collections.Counter(violation.kind for ordeal in ordeals for violation in ordeal.found)
    writes = sum(len(ordeal.history.operations) for ordeal in ordeals)
    acknowledged = sum(ordeal.history.count()["OK"] for ordeal in ordeals)
    longest, kind = max(outage for ordeal in ordeals for outage in ordeal.outages)
    show(f"faults in all: {sum(strikes.values())} strikes of {len(strikes)} kinds, {writes} writes, "
         f"{acknowledged} acknowledged, {kinds['lost']} lost, {kinds['doubled']} doubled, {kinds['half']} half done; "
         f"longest time to full service after healing {longest:.1f} s ({kind})")
    assert sum(strikes.values()) >= STRIKES and len(strikes) >= KINDS, strikes


def test_a_repeat_that_cannot_fetch_its_answer(template):
    """
    The answer that is kept waits for the standby as its write did. A repeat whose connection breaks meanwhile, and breaks
    again, must not be told that nothing was changed: it was, and an answer was given.
    """
    with Site(template, standby="sync") as site, site.caller("tina") as caller:
        ticket = site.world.tina.OpenTicket(asset=site.world.asset("IND").id, problem="x").ticket.number
        request = {"request_id": new_id(), "ticket": ticket, "kind": "labour", "text": "x", "minutes": 1}
        answer = caller.AddTicketEntry(**request)
        site.standby.signal(signal.SIGSTOP)
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                repeat = pool.submit(lambda: caller.AddTicketEntry(**request))
                ended = set()
                for _ in range(2):
                    waiting = f"SELECT pid {OURS} AND wait_event = 'SyncRep'"
                    site.daemon.wait_until(lambda: {pid for (pid,) in site.rows(waiting)} - ended, 10 * SLOWER, "waiting")
                    ended |= {pid for (pid,) in site.rows(waiting)}
                    site.rows(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) w")
                with refused("UNAVAILABLE") as refusal:
                    repeat.result()
        finally:
            site.standby.signal(signal.SIGCONT)
        assert refusal.reason == "OUTCOME_UNKNOWN" and "nothing was changed" not in refusal.text
        assert caller.AddTicketEntry(**request) == answer
