"""One history under many faults: clients write and read while strikes fall, one after another, by the dice of a seed."""

import collections
import random
import time

from fault import checker, truth
from fault.command import command
from fault.faults import faults
from fault.history import History
from fault.network import DATABASE_PORT
from fault.server import BIN
from fault.workload import Client, Workload
from rig.daemon import SLOWER
from rig.figures import show

# Full service within this time after healing, without a person.
SERVICE_SECONDS = 10 * SLOWER


class Probe(Client):
    """Writes until it is answered, and knows how long that took."""
    MANNERS = (Client.steadily,)
    TIMEOUT = 1.0

    def outage(self):
        begun = time.monotonic()
        self.look_at("GetTicket", "ticket", self.city.tickets[0])
        while not self.work():
            assert time.monotonic() - begun < 6 * SERVICE_SECONDS, "no service after healing"
        return time.monotonic() - begun


class Ordeal:
    def __init__(self, site, directory, name, seed, **options):
        self.site, self.name, self.seed = site, name, seed
        self.dice = random.Random(seed)
        self.history = History(directory)
        self.load = Workload(site, site.world, self.history, seed, **options)
        self.probe = Probe(self.load, self.load.cities[0], self.load.cities[0].technician(0), 900)
        self.strikes, self.outages = collections.Counter(), []
        self.truth = self.found = None

    def run(self, strikes, rare=()):
        """So many strikes, in turn from a shuffled deck that holds the rare kinds once and the others twice; then the judgement."""
        table, deck = faults(self.site), []
        self.load.start()
        try:
            for _ in range(strikes):
                if not deck:
                    deck = [fault for fault in table.values() for _ in range(1 if fault.kind in rare else 2)]
                    self.dice.shuffle(deck)
                self.strike(deck.pop())
        finally:
            self.load.stop()
            self.probe.close()
        return self.judge()

    def strike(self, fault):
        time.sleep(self.dice.random() * 0.3)
        fault.strike(self.dice)
        try:
            time.sleep(self.dice.random() * 0.5)
        finally:
            fault.heal()
        self.outages.append((self.probe.outage(), fault.kind))
        self.strikes[fault.kind] += 1

    def judge(self):
        self.history.close()
        self.truth = truth.read(self.site, self.load.agencies, self.load.principals, self.load.parts)
        self.found = checker.check(self.history, self.truth)
        text = self.site.daemon.text()
        self.found += [checker.Violation("leak", f"{city.canary} stands in the daemon's log") for city in self.load.cities
                       if city.canary in text]
        self.found += self.storage()
        return self

    def storage(self):
        """Every index has every row, and every page its sum. The daemon and the server end for it."""
        primary = self.site.primary
        try:
            command(f"{BIN}/pg_amcheck", "--install-missing", "--heapallindexed", "--schema=radioshop", "-h", primary.directory,
                    "-p", DATABASE_PORT, "-U", "postgres", "-d", "radioshop")
            self.site.daemon.stop()
            primary.stop()
            command(f"{BIN}/pg_checksums", "--check", "-D", primary.data)
        except AssertionError as failure:
            return [checker.Violation("storage", str(failure)[:2000])]
        return []

    def tell(self):
        """The figures, for whoever runs the tests."""
        counts, kinds = self.history.count(), collections.Counter(violation.kind for violation in self.found)
        others = sum(kinds.values()) - kinds["lost"] - kinds["doubled"] - kinds["half"]
        show(f"faults, {self.name} (seed {self.seed}): {sum(self.strikes.values())} strikes of {len(self.strikes)} kinds; "
             f"{len(self.history.operations)} writes sent {counts['attempts']} times: {counts['OK']} acknowledged, "
             f"{counts['settled']} of them after an unknown outcome; {counts['FAILED']} refused, {counts['UNKNOWN']} unknown; "
             f"{len(self.history.reads)} reads checked; {kinds['lost']} lost, {kinds['doubled']} doubled, "
             f"{kinds['half']} half done, {others} other violations")
        for kind, count in sorted(self.strikes.items()):
            longest = max(seconds for seconds, of in self.outages if of == kind)
            show(f"  {kind}: {count}, service again after {longest:.1f} s at the longest")
