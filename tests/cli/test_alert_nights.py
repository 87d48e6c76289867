"""
A hundred nights of the alert job with faults: killed at every step, two hosts, the relay down or half down, nights missed, the
clock set back. Nights pass by moving the data's dates. The relay's own record is the truth: what it took.

Each thing in the ledger is to be told in exactly one message: an item as overdue, and as settled if it was; and what each other
kind of alert tells of, of which `Subjects` knows how often it is to be in the ledger. A message that the relay took before its
sender died may come again: with the same Message-ID, and never more often than there were such deaths.
"""

import collections
import email
import email.policy
import os
import random
import re
import signal
import subprocess
import time

import pytest

from rig import COMMAND, contract, figures
from rig.receivers import Relay
from rig.world import day, new_id

NIGHTS, ITEMS = 100, 150
# What is done to the sender: killed by the relay when it is at this stage; the reply is never said.
STAGES = ("hello", "sender", "recipient", "data", "accepted")
HEADINGS = {
    "overdue": "OVERDUE", "escalated": "STILL OVERDUE", "due_soon": "DUE SOON", "ticket_waiting": "TICKET WAITS",
    "ticket_late": "REPAIR RUNS LATE", "warranty_ending": "WARRANTY ENDS", "part_low": "PART RUNS LOW",
    "calibration_ending": "CALIBRATION ENDS", "loaner_not_back": "LOANER NOT BACK", "ticket_moved": "TICKET MOVED",
    "certificate_ending": "CERTIFICATE ENDS", "import_unfinished": "IMPORT UNFINISHED", "resolved": "SETTLED",
}


class Subjects:
    """
    What the other kinds tell of: things of the agency and of the shop, what happens to them on which night, and in `wanted` how
    often each is to be in the ledger: {(kind, name): times}. What happens to one thing is so many nights apart that no faults hide it.
    """

    def __init__(self, world, agency, migrated):
        self.world, self.agency, self.migrated = world, agency, migrated
        self.wanted, self.on = collections.Counter(), collections.defaultdict(list)
        self.number = world.number()
        self.agency_id = migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{agency}'")
        for place, kind, numbers in ((agency, "due_soon", {"days": 7}), (agency, "warranty_ending", {}), (agency, "ticket_waiting", {"days": 7}),
                                     (agency, "ticket_late", {}), (agency, "loaner_not_back", {}), (agency, "import_unfinished", {}), ("SHOP", "part_low", {}),
                                     ("SHOP", "calibration_ending", {"days": 10}), ("SHOP", "certificate_ending", {"days": 10})):
            self.rule(place, kind, **numbers)
        terms = world.ada.GetTicketTerms(agency=agency).terms
        world.ada.UpdateTicketTerms(terms={"agency": agency, "revision": terms.revision, "normal_hours": 480}, update_mask=["normal_hours"])
        self.warranties()
        self.loans()
        self.repairs()
        self.watched()
        self.parts()
        self.analysers()
        self.certificates()
        self.imports()

    def rule(self, agency, kind, **values):
        rules = [r for r in self.world.ada.GetAlertRules(agency=agency).rules if contract.label(r, "kind") == kind]
        self.world.ada.SetAlertRule(agency=agency, kind=kind, revision=rules[0].revision if rules else 0, **values)

    def close(self):
        for kind in ("part_low", "calibration_ending", "certificate_ending"):
            self.rule("SHOP", kind, stopped=True)

    def things(self, letter, count, **told):
        """Names of things, each of which is to be told so often of each kind."""
        for i in range(count):
            name = f"{letter}{self.number}-{i}"
            self.wanted.update({(kind, name): times for kind, times in told.items()})
            yield i, name

    def asset(self, tag, **values):
        """It is on no plan."""
        return self.world.asset(self.agency, tag=tag, model="", **{"class": "charger"}, **values)

    def warranties(self):
        for i, tag in self.things("V", 10, warranty_ending=1):
            self.asset(tag, warranty_until=day(35 + 9 * i))

    def loans(self):
        for i, tag in self.things("L", 8, loaner_not_back=1, resolved=1):
            asset = self.asset(tag)
            self.world.ada.AddLoaner(asset=asset.id)
            loan = self.world.tina.IssueLoan(asset=asset.id, borrower="B. Lane", due_on=day(5 + 10 * i)).loan
            self.on[16 + 10 * i].append(lambda loan=loan: self.world.tina.ReturnLoan(loan=loan.id, revision=loan.revision))

    def move(self, ticket, state):
        now = self.world.tina.GetTicket(ticket=ticket).ticket
        self.world.tina.MoveTicket(ticket=ticket, revision=now.revision, state=state)

    def open(self, tag, cancelled_on, **values):
        ticket = self.world.tina.OpenTicket(asset=self.asset(tag).id, problem="deaf", received=True, **values).ticket.number
        self.on[cancelled_on].append(lambda: self.move(ticket, "cancelled"))
        return ticket

    def repairs(self):
        """Late when 16 and 20 days are over, of twenty by day and night; waiting for one, two and three weeks."""
        for i, tag in self.things("R", 4, ticket_late=2, ticket_waiting=3, resolved=2):
            self.on[3 + 15 * i].append(lambda i=i, tag=tag: self.open(tag, 30 + 15 * i))

    def watched(self):
        """Told to who watches it. There is no target for those that can wait."""
        who = self.world.person(f"watcher-{self.number}", [("viewer", self.agency)])
        self.world.ada.CreateAlertRoute(route={"agency": self.agency, "code": "WATCH", "channel": "email", "address": "watcher@example.org",
                                               "principal": who, "kinds": ["ticket_moved"]})
        for i, tag in self.things("M", 2, ticket_moved=5):
            ticket = self.open(tag, 33 + i, priority="low")
            self.world.ada.WatchTicket(ticket=ticket, principal=who)
            for n, state in enumerate(("diagnosing", "awaiting_parts", "repairing", "awaiting_parts")):
                self.on[5 + 7 * n + i].append(lambda ticket=ticket, state=state: self.move(ticket, state))

    def parts(self):
        """Low, filled up, and low again."""
        shelf = f"S{self.number}"
        self.world.tina.CreateStockLocation(location={"code": shelf, "name": "Shelf"})
        for i, number in self.things("P", 8, part_low=2, resolved=1):
            self.world.tina.CreatePart(part={"number": number, "name": "Belt clip", "reorder_point": 5})
            receive = lambda n, number=number: self.world.tina.ReceiveParts(part=number, location=shelf, quantity=n, unit_cost_cents=100)  # noqa: E731
            scrap = lambda number=number: self.world.tina.ScrapParts(part=number, location=shelf, quantity=5, reason="broken")  # noqa: E731
            receive(9)
            for night, happens in ((4, scrap), (11, lambda receive=receive: receive(5)), (18, scrap)):
                self.on[night + 9 * i].append(happens)

    def analysers(self):
        """Calibration ends in ten days, has ended, and is done again."""
        for i, serial in self.things("A", 6, calibration_ending=2, resolved=1):
            self.world.ada.CreateAnalyser(analyser={"serial": serial, "manufacturer": "Freedom", "model": "R8000", "calibrated_on": day(-300),
                                                    "calibration_due_on": day(15 + 12 * i)})
            self.on[25 + 12 * i].append(lambda serial=serial: self.calibrate(serial))

    def calibrate(self, serial):
        now = self.world.ada.GetAnalyser(analyser=serial).analyser
        self.world.ada.UpdateAnalyser(analyser={"serial": serial, "revision": now.revision, "calibrated_on": day(), "calibration_due_on": day(300)},
                                      update_mask=["calibrated_on", "calibration_due_on"])

    def certificates(self):
        for i, name in self.things("c", 4, certificate_ending=2, resolved=1):
            self.world.person(name, [("viewer", self.agency)])
            self.show(name, 15 + 16 * i)
            self.on[25 + 16 * i].append(lambda name=name: self.show(name, 300))

    def show(self, name, days):
        """As the daemon notes it when somebody comes with a certificate."""
        self.migrated.sql(f"""INSERT INTO radioshop.principal_certificate (principal_id, ends_at, seen_on)
            SELECT principal_id, now() + interval '{days} days', current_date FROM radioshop.principal WHERE name = '{name}'""")

    def imports(self):
        """Broken off, gone on with, broken off again and given up."""
        for i in range(4):
            run = self.world.tina.StartImport(agency=self.agency, file_name=f"radios{i}.csv", file=new_id(), rows=9).run.id
            self.wanted.update({("import_unfinished", run): 2, ("resolved", run): 2})
            row = {"line": 1, "tag": f"I{self.number}-{i}", "class": "charger"}
            self.on[20 + 12 * i].append(lambda run=run, row=row: self.world.tina.ImportAssets(agency=self.agency, run=run, rows_done=1, rows=[row]))
            self.on[40 + 12 * i].append(lambda run=run: self.world.ada.EndImport(run=run, state="abandoned"))

    def happen(self, night):
        for happens in self.on[night]:
            happens()

    def pass_nights(self, n):
        """SQL that makes all of it so much older. When the time of a repair is over is told apart by the second."""
        ours, day = f"agency_id = {self.agency_id}", f"interval '{n} days'"
        mine = f"~ '^[A-Za-z]{self.number}-'"
        return f"""
            UPDATE radioshop.asset SET warranty_until = warranty_until - {n} WHERE {ours};
            UPDATE radioshop.loan SET due_on = due_on - {n}, out_on = out_on - {n}, out_at = out_at - {day} WHERE {ours};
            UPDATE radioshop.ticket SET opened_at = opened_at - {day} WHERE {ours};
            UPDATE radioshop.ticket_entry SET at = at - {day} WHERE {ours};
            UPDATE radioshop.ticket_clock SET since = since - {day}, due_at = due_at - {day} WHERE {ours};
            UPDATE radioshop.alert SET occasion = occasion - {n} * 86400 WHERE {ours} AND kind = 'ticket_late';
            UPDATE radioshop.part_move m SET at = m.at - {day} FROM radioshop.part p WHERE p.part_id = m.part_id AND p.number {mine};
            UPDATE radioshop.analyser SET calibrated_on = calibrated_on - {n}, calibration_due_on = calibration_due_on - {n} WHERE serial {mine};
            UPDATE radioshop.principal_certificate c SET ends_at = c.ends_at - {day}, seen_on = c.seen_on - {n}
              FROM radioshop.principal p WHERE p.principal_id = c.principal_id AND p.name {mine};
            UPDATE radioshop.import_run SET last_rows_at = last_rows_at - {day} WHERE {ours};
            UPDATE radioshop.alert SET due_on = due_on - {n} WHERE agency_id = 0 AND subject {mine};"""


class Nights:
    def __init__(self, shop, world, agency, migrated):
        self.shop, self.world, self.agency, self.migrated = shop, world, agency, migrated
        self.subjects = Subjects(world, agency, migrated)
        self.random = random.Random(os.environ.get("RADIOSHOP_SEED") or "alerts")
        self.relay = Relay().start()
        self.victims, self.kill_at = [], None    # senders that run, and the stage that is fatal
        self.kills = dict.fromkeys(("emit", "send") + STAGES, 0)
        self.runs = 0
        self.relay.at = self.at
        self.agency_id = migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{agency}'")

    def at(self, stage):
        """The relay is spoken to. A sender that is killed has heard no answer; every sender of the moment is."""
        if stage != self.kill_at:
            return None
        self.kill_at = None
        for victim in self.victims:
            victim.send_signal(signal.SIGKILL)
            self.kills[stage] += 1
        return "drop"

    def start(self, hosts, verb):
        """On each host at once, for the agency and for the shop: others may have things to tell in this database too."""
        return [self.start_one(host, verb, agency) for host in hosts for agency in (self.agency, "SHOP")]

    def start_one(self, host, verb, agency):
        state = self.shop.state / host
        environment = self.shop.environment(RADIOSHOP_PROFILE=self.shop.profile("nightly"), XDG_STATE_HOME=str(state))
        self.runs += 1
        return subprocess.Popen([COMMAND, "alert", verb, "--agency", agency], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment)

    def finish(self, processes, killed_after=None):
        if killed_after is not None:
            time.sleep(killed_after)
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    self.kills["emit" if "emit" in process.args else "send"] += 1
        for process in processes:
            out, errors = process.communicate(timeout=60)
            assert "Sanitizer" not in errors and "runtime error" not in errors, errors
            assert process.returncode in (0, 75, 69, -signal.SIGKILL), f"{process.args}: {process.returncode}\n{out}{errors}"

    def pass_nights(self, n):
        """So many days are over: every date is so much older. Back when n is negative."""
        self.migrated.sql(f"""
            BEGIN;
            SET LOCAL session_replication_role = replica;
            UPDATE radioshop.schedule SET next_due = next_due - {n}, first_due_on = first_due_on - {n}, alerted_due = alerted_due - {n}
              WHERE agency_id = {self.agency_id};
            UPDATE radioshop.alert SET due_on = due_on - {n} WHERE agency_id = {self.agency_id};
            {self.subjects.pass_nights(n)}
            COMMIT""")

    def leases_end(self):
        """What a host that died has taken is free again, and what was to be tried later is tried."""
        self.migrated.sql(f"""UPDATE radioshop.alert_delivery SET lease_until = NULL, next_at = now() - interval '1 s'
            WHERE agency_id IN (0, {self.agency_id}) AND state = 'waiting';
            UPDATE radioshop.alert_run SET running_since = NULL WHERE agency_id IN (0, {self.agency_id})""")

    def emit(self, hosts, faults):
        moment = self.random.uniform(0, 0.15) if "kill emit" in faults else None
        self.finish(self.start(hosts, "emit"), moment)

    def send(self, hosts, faults):
        if "relay down" in faults:
            self.relay.stop()
        self.relay.replies = {"fleet@example.org": "451 later"} if "greylisted" in faults else {}
        self.kill_at = self.random.choice(STAGES) if "kill at the relay" in faults else None
        self.victims = self.start(hosts, "send")
        self.finish(self.victims, self.random.uniform(0, 0.2) if "kill send" in faults else None)
        self.victims, self.kill_at, self.relay.replies = [], None, {}
        if "relay down" in faults:
            self.relay.start()

    def night(self, n):
        faults = {fault for fault, chance in {"kill emit": 0.2, "kill send": 0.15, "kill at the relay": 0.35, "relay down": 0.1, "greylisted": 0.1,
                                              "missed": 0.1, "two hosts": 0.3, "clock back": 0.05}.items() if self.random.random() < chance}
        self.pass_nights(1)
        self.subjects.happen(n)
        if "missed" in faults:
            return
        hosts = ("one", "two") if "two hosts" in faults else (self.random.choice(("one", "two")),)
        self.emit(hosts, faults)
        if "clock back" in faults:
            self.pass_nights(-2)
            self.emit(hosts, ())
            self.pass_nights(2)
        self.send(hosts, faults)
        if n % 3 == 0:
            self.leases_end()

    def told(self):
        """{(heading, name): times} of what the relay took, each message once; and how many messages it took, and how many of them anew."""
        taken = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in self.relay.accepted]
        messages, told = {message["message-id"]: message for message in taken}, collections.Counter()
        for message in messages.values():
            heading = ""
            for line in message.get_content().splitlines():
                found = re.match(r"  (\S+) ", line)
                if heading and found:
                    told[(heading, found.group(1))] += 1
                elif not line.startswith(" "):
                    heading = line if line in HEADINGS.values() else ""
        return told, len(messages), len(taken) - len(messages)

    def ledger(self):
        """{(kind, name): times} of the agency and of our things of the shop."""
        rows = self.migrated.sql(f"""SELECT l.kind, coalesce(a.tag, l.subject), count(*) FROM radioshop.alert l
            LEFT JOIN radioshop.asset a USING (agency_id, asset_id)
            WHERE l.agency_id = {self.agency_id} OR (l.agency_id = 0 AND l.subject ~ '^[A-Za-z]{self.subjects.number}-') GROUP BY 1, 2""")
        return collections.Counter({(kind, name): int(times) for kind, name, times in rows})


@pytest.fixture
def always_open(world):
    """A shop that never closes, so that the time of a repair does not hang on the day of the week."""
    calendar = world.ada.GetShopCalendar().calendar
    world.ada.UpdateShopCalendar(calendar={"revision": calendar.revision, "time_zone": "UTC", "hours": ["mon-sun 00:00-24:00"]},
                                 update_mask=["time_zone", "hours"])
    yield
    now = world.ada.GetShopCalendar().calendar
    world.ada.UpdateShopCalendar(calendar={"revision": now.revision, "time_zone": calendar.time_zone, "hours": list(calendar.hours)},
                                 update_mask=["time_zone", "hours"])


def test_a_hundred_nights(shop, world, agency, migrated, always_open):
    nights = Nights(shop, world, agency, migrated)
    (shop.config / "send.conf").write_text(f"mail = smtp://127.0.0.1:{nights.relay.port}\nmail_from = radioshop@example.org\nmail_tls = never\n"
                                           "timeout_s = 5\n", encoding="utf-8")
    world.plan(agency, first_due_on=day(3), **{"class": "portable"})
    rows = [{"line": i, "tag": f"N{i:03d}", "class": "portable"} for i in range(ITEMS)]
    assets = {f"N{i:03d}": r.id for i, r in enumerate(world.tina.ImportAssets(agency=agency, rows=rows).results)}
    # Item i becomes overdue on night i % 100; its plan alone would make all due on one day.
    migrated.sql(f"""SET session_replication_role = replica;
        UPDATE radioshop.schedule s SET next_due = current_date + substr(a.tag, 2)::int % {NIGHTS}, first_due_on = current_date
        FROM radioshop.asset a WHERE a.agency_id = s.agency_id AND a.asset_id = s.asset_id AND s.agency_id = {nights.agency_id}""")
    world.ada.CreateAlertRoute(route={"agency": agency, "code": "FLEET", "channel": "email", "address": "fleet@example.org", "storm_limit": 200})
    shops = {"agency": "SHOP", "code": f"N{nights.subjects.number}"}
    world.ada.CreateAlertRoute(route={**shops, "channel": "email", "address": "shop@example.org", "storm_limit": 200})
    serviced = {}
    try:
        for n in range(1, NIGHTS + 1):
            nights.night(n)
            overdue = [t for t in assets if int(t[1:]) % NIGHTS < n - 3 and t not in serviced]
            if overdue and n % 2 == 0:
                serviced[overdue[0]] = n
                world.tina.CreateServiceRecord(asset=assets[overdue[0]], plan="PM12", result="passed")
        nights.pass_nights(2)
        for _ in range(3):    # the faults are over: what is left is told now
            nights.leases_end()
            nights.emit(("one",), ())
            nights.emit(("two",), ())
            nights.send(("one",), ())
            nights.send(("two",), ())
    finally:
        nights.relay.stop()
        nights.subjects.close()
        route = world.ada.GetAlertRoute(agency="SHOP", route=shops["code"]).route
        world.ada.UpdateAlertRoute(route={**shops, "stopped": True, "revision": route.revision}, update_mask=["stopped"])
    (told, messages, repeats), ledger, wanted = nights.told(), nights.ledger(), nights.subjects.wanted
    things = collections.Counter({(HEADINGS[kind], name): times for (kind, name), times in ledger.items()})
    told = collections.Counter({(heading, name): times for (heading, name), times in told.items()
                                if name in assets or name in {name for _, name in wanted}})
    lost, doubled = things - told, told - things
    figures.show(f"alerts: {NIGHTS} nights, {nights.runs} runs, kills {nights.kills}, {things.total()} things to tell of {ITEMS} items and "
                 f"{len({name for _, name in wanted})} others in {len({kind for kind, _ in ledger})} kinds, {messages} messages, "
                 f"{lost.total()} lost, {doubled.total()} doubled, {repeats} repeated with the same Message-ID")
    late = {tag for (kind, tag) in ledger if kind == "overdue" and tag in assets}
    assert late | set(serviced) == set(assets) and all(ledger[("overdue", tag)] == 1 for tag in late), "the ledger has each item once"
    assert {tag for tag in serviced if tag in late} == {tag for tag in assets if ledger[("resolved", tag)] == 1}
    assert {ledger[("due_soon", tag)] for tag in assets if int(tag[1:]) % NIGHTS >= 7} == {1}, "within the week before, once"
    assert {what: ledger[what] for what in wanted} == wanted, "and each other thing as often as it came about"
    assert not lost, lost
    assert not doubled, doubled
    assert repeats <= nights.kills["accepted"] + nights.kills["send"], "only what was taken from a sender that died comes again"
    assert sum(nights.kills.values()) > 20 and all(nights.kills[stage] for stage in STAGES), nights.kills
