"""Each fault by itself: what a client sees while it lasts, that nothing acknowledged is lost, and how soon all is well."""

import random
import re
import threading
import time

import pytest

from fault.faults import ROWS, faults
from fault.site import Site
from fault.storage import Disk, SmallWal
from rig import UNDER_ASAN
from rig.caller import Refused
from rig.daemon import SLOWER
from rig.world import new_id

SEED = 20261123
FULL_SERVICE_SECONDS = 10
PROBE_SECONDS, WELL_PROBES = 0.2, 4
PATIENCE_SECONDS = 1.5 * SLOWER
SITES = {"standby": {"standby": "sync"}, "small-wal": {"storage": SmallWal}, "disk": {"storage": Disk},
         "clocks": {"clocks": True}}
HERE = {"log_disk_full": "small-wal", "data_disk_full": "disk", "power_cut": "disk",
        "daemon_clock_ahead": "clocks", "daemon_clock_back": "clocks",
        "database_clock_ahead": "clocks", "database_clock_back": "clocks"}
# A clock that can be set, and a cap on what may be mapped, are for the plain build: see clock.py; ASan maps terabytes.
KINDS = [row.kind for row in ROWS if not UNDER_ASAN or (HERE.get(row.kind) != "clocks" and row.kind != "memory_capped")]


@pytest.fixture(scope="module")
def site_of(template):
    """The site of a name, made when first asked for. One fault after the other strikes it: healed is healed."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = Site(template, **SITES[name])
            made[name].ticket = made[name].world.tina.OpenTicket(
                asset=made[name].world.asset("IND").id, problem="probed").ticket.number
        return made[name]
    yield get
    failures = []
    for site in made.values():
        try:
            site.stop()
        except AssertionError as failure:
            failures.append(failure)
        finally:
            site.close()
    assert not failures, failures


class Probe:
    """One client that reads and writes every 200 ms, and remembers what it was told."""

    def __init__(self, site):
        self.site, self.told, self.over = site, [], threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with self.site.caller("tina") as caller:
            while not self.over.is_set():
                begun, text = time.monotonic(), new_id()
                read = outcome(lambda: caller.GetCaller(timeout=PATIENCE_SECONDS))
                written = outcome(lambda: caller.AddTicketEntry(  # noqa: B023 (called at once)
                    ticket=self.site.ticket, kind="labour", text=text, minutes=1, timeout=PATIENCE_SECONDS))
                self.told.append((begun, read, written, text))
                self.over.wait(max(0.0, begun + PROBE_SECONDS - time.monotonic()))

    def codes(self, since):
        return {code for begun, *codes, _ in list(self.told) if begun >= since for code in codes}

    def well_since(self):
        """When it began that all is well, if it is: the beginning of the last probes, all OK."""
        last = list(self.told)[-WELL_PROBES:]
        return last[0][0] if len(last) == WELL_PROBES and all(codes == ["OK", "OK"] for _, *codes, _ in last) else None

    def end(self):
        self.over.set()
        self.thread.join(60)


def outcome(call):
    try:
        call()
        return "OK"
    except Refused as refusal:
        return refusal.code


@pytest.mark.parametrize("kind", KINDS)
def test_fault(site_of, kind):
    site = site_of(HERE.get(kind, "standby"))
    fault, dice = faults(site)[kind], random.Random(f"{SEED} {kind}")
    probe = Probe(site)
    try:
        site.daemon.wait_until(probe.well_since, 30 * SLOWER, "well before the fault")
        struck = time.monotonic()
        fault.strike(dice)
        if fault.felt:
            site.daemon.wait_until(lambda: probe.codes(struck) - {"OK"}, 30 * SLOWER, "felt: it did not strike")
        time.sleep(0.3 if fault.felt else 1)
        fault.heal()
        healed = time.monotonic()
        site.daemon.wait_until(lambda: (probe.well_since() or 0) > healed, 60 * SLOWER, "well after the fault")
        took = probe.well_since() - healed
    finally:
        probe.end()
    print(f"{kind}: {sorted(probe.codes(struck))}, full service after {took:.1f} s")
    refusals = probe.codes(struck) - {"OK"}
    assert refusals <= fault.codes, refusals
    assert took < FULL_SERVICE_SECONDS * SLOWER
    assert not re.search(r"[a-z]=-\d", site.daemon.text()), "something took less than no time"
    check_promise(site, probe)


def check_promise(site, probe):
    """What was acknowledged is there once, the rest at most once."""
    times = {}
    for (text,) in site.rows("SELECT text FROM radioshop.ticket_entry"):
        times[text] = times.get(text, 0) + 1
    for _, _, written, text in probe.told:
        assert times.get(text, 0) in ((1,) if written == "OK" else (0, 1)), (written, times.get(text, 0))
