"""What is acknowledged is there exactly once, whatever happens: hundreds of faults in one history, judged by the checker."""

import collections

import pytest

from fault.ordeal import SERVICE_SECONDS, Ordeal, seed_of_run
from fault.site import Site
from fault.storage import Disk, SmallWal
from rig import UNDER_ASAN
from rig.figures import show

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
