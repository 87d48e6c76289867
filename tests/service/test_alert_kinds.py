"""Kinds of alerts beside what is overdue, soon due, waiting or out of warranty: what each is told of, when once more, and when it is over.
Kinds of the shop are told by rules and routes of SHOP; the database of the tests has one shop, so each test looks at its own subjects."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509

from rig import contract
from rig.caller import Caller, refused
from rig.world import day, new_id


class Kind:
    """A kind that is turned on for an agency while a test runs; what is told of its subjects."""

    def __init__(self, world, agency, kind):
        self.world, self.agency, self.kind, self.subjects = world, agency, kind, set()

    def rule(self, **values):
        rules = [r for r in self.world.ada.GetAlertRules(agency=self.agency).rules if contract.label(r, "kind") == self.kind]
        return self.world.ada.SetAlertRule(agency=self.agency, kind=self.kind, revision=rules[0].revision if rules else 0, **values).rule

    def mine(self, alerts):
        return [a for a in alerts if a.subject in self.subjects]

    def alerts(self, **values):
        """What a run tells of them now."""
        return self.mine(self.world.nightly.EmitAlerts(agency=self.agency, **values).alerts)

    def told(self, **values):
        return sorted((contract.label(a, "kind"), a.subject, a.due_on, a.days_overdue, a.step) for a in self.alerts(**values))

    def open(self):
        return self.mine(self.world.ada.pages("ListAlerts", "alerts", agency=self.agency, open=True))


@pytest.fixture
def kind_of_shop(world):
    """Turns a kind of the shop on, and off again: a test that follows sees none of it."""
    on = []

    def turn_on(name, **values):
        on.append(Kind(world, "SHOP", name))
        on[-1].rule(**values)
        return on[-1]
    yield turn_on
    for kind in on:
        kind.rule(stopped=True)


def part(world, kind, reorder_point=5, **values):
    number = world.number()
    world.tina.CreatePart(part={"number": f"LOW-{number}", "name": "Belt clip", "reorder_point": reorder_point, **values})
    world.tina.CreateStockLocation(location={"code": f"L{number}", "name": "Shelf"})
    world.tina.CreateStockLocation(location={"code": f"M{number}", "name": "Shelf beside it"})
    kind.subjects.add(f"LOW-{number}")
    return f"LOW-{number}", f"L{number}", f"M{number}"


def test_a_part_that_runs_low(world, kind_of_shop):
    """Told once for each fall, however often it is used then; over when more came; told anew at the next fall, acknowledged or not."""
    kind = kind_of_shop("part_low")
    number, shelf, beside = part(world, kind, reorder_quantity=20)
    receive = lambda n: world.tina.ReceiveParts(part=number, location=shelf, quantity=n, unit_cost_cents=100)  # noqa: E731
    scrap = lambda n: world.tina.ScrapParts(part=number, location=shelf, quantity=n, reason="broken")  # noqa: E731
    (never,) = kind.alerts()
    assert (never.tag, never.plan, never.days_overdue, never.what) == ("", "", 0, "Belt clip: 0 each left, reorder point 5, order 20")
    receive(9)
    assert kind.told() == [("resolved", number, day(), 0, 0)] and not kind.open()
    scrap(3)
    assert not kind.told(), "six are more than five"
    scrap(1)
    (first,) = kind.alerts()
    assert (contract.label(first, "kind"), first.subject, first.due_on, first.agency) == ("part_low", number, day(), "SHOP")
    assert first.what == "Belt clip: 5 each left, reorder point 5, order 20" and not kind.told()
    world.tina.MoveParts(part=number, location=shelf, to_location=beside, quantity=3)
    scrap(1)
    assert not kind.told(), "from place to place, and still lower: the same fall"
    assert [a.id for a in kind.open()] == [first.id]
    receive(5)
    assert kind.told() == [("resolved", number, day(), 0, 0)] and not kind.open()
    scrap(5)
    (second,) = kind.alerts()
    assert second.id != first.id and second.due_on == first.due_on, "another fall on the same day"
    receive(5)
    scrap(5)
    assert kind.told() == [("part_low", number, day(), 0, 0), ("resolved", number, day(), 0, 0)], "up and down between two runs"
    world.ada.AckAlert(alert=kind.open()[0].id, note="ordered")
    assert not kind.told()
    receive(5)
    scrap(5)
    assert ("part_low", number, day(), 0, 0) in kind.told(), "what was acknowledged was the fall before"
    revision = world.tina.GetPart(part=number).part.revision
    world.ada.UpdatePart(part={"number": number, "obsolete": True, "revision": revision}, update_mask=["obsolete"])
    assert kind.told() == [("resolved", number, day(), 0, 0)], "nobody orders it any more"


def test_two_hosts_tell_of_a_part_once(world, kind_of_shop):
    kind = kind_of_shop("part_low")
    numbers = {part(world, kind)[0] for _ in range(5)}

    def run(_):
        with world.fresh_caller("nightly") as caller:
            return [a.subject for a in kind.mine(caller.EmitAlerts(agency="SHOP").alerts)]
    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(run, range(4)), [])
    assert sorted(told) == sorted(numbers)


def test_what_is_the_shops_is_told_to_the_shop(world, kind_of_shop):
    """On routes of SHOP, to those who have a role over every agency. An agency and its alerter see no rule, alert, route or message of it."""
    kind = kind_of_shop("part_low")
    number, *_ = part(world, kind)
    code = f"R{world.number()}"
    world.ada.CreateAlertRoute(route={"agency": "SHOP", "code": code, "channel": "email", "address": "stock@example.org", "kinds": ["part_low"]})
    world.ada.CreateAlertRoute(route={"agency": "IND", "code": code, "channel": "email", "address": "fleet@example.org"})
    assert not kind.mine(world.caller("ind-alerter").EmitAlerts().alerts)
    assert [a.subject for a in kind.alerts()] == [number]
    given = world.nightly.ClaimDeliveries(host="one", limit=20).deliveries
    assert [[i.subject for i in d.items if i.subject == number] for d in given if d.route == code] == [[number]]
    mine = [d for d in world.vera.pages("ListDeliveries", "deliveries", agency="SHOP") if d.subject == number]
    assert [(d.route, d.tag, contract.label(d, "state")) for d in mine] == [(code, "", "waiting")]
    assert [s.agency for s in world.vera.SummarizeAlerts(agency="SHOP").agencies] == ["SHOP"]
    assert "SHOP" in {r.agency for r in world.vera.GetAlertRules().rules}
    for name in ("frank", "ind-admin"):
        who = world.caller(name)
        assert "SHOP" not in {r.agency for r in who.GetAlertRules().rules} | {s.agency for s in who.SummarizeAlerts().agencies}
        assert not kind.mine(who.ListAlerts(page_size=1000).alerts) and not [r for r in who.ListAlertRoutes().routes if r.agency == "SHOP"]
        for call, values in (("SetAlertRule", {"agency": "SHOP", "kind": "part_low"}), ("ListAlerts", {"agency": "SHOP"}),
                             ("GetAlertRules", {"agency": "SHOP"}), ("SummarizeAlerts", {"agency": "SHOP"}),
                             ("CreateAlertRoute", {"route": {"agency": "SHOP", "code": "X", "channel": "output"}})):
            with refused("NOT_FOUND", field="agency"):
                getattr(who, call)(**values)
        with refused("NOT_FOUND", field="alert"):
            who.AckAlert(alert=kind.open()[0].id)
    with refused("INVALID_ARGUMENT", field="agency", text="give SHOP as its agency"):
        world.ada.SetAlertRule(agency="IND", kind="part_low")
    with refused("INVALID_ARGUMENT", field="days", text="a rule for part_low has no days"):
        kind.rule(days=3)
    for name in ("SHOP", "IND"):
        route = world.ada.GetAlertRoute(agency=name, route=code).route
        world.ada.UpdateAlertRoute(route={"agency": name, "code": code, "stopped": True, "revision": route.revision}, update_mask=["stopped"])
    world.nightly.ClaimDeliveries(host="one", limit=20)


def test_a_calibration_that_ends(world, kind_of_shop, migrated):
    """Told once before it ends and once when it has ended, although the first was acknowledged; over with the next calibration."""
    kind = kind_of_shop("calibration_ending", days=20)
    serial = f"R8K{world.number()}"
    kind.subjects.update((serial, f"{serial}-OLD", f"{serial}-NONE"))
    make = lambda name, **values: world.ada.CreateAnalyser(analyser={"serial": name, "manufacturer": "Freedom", "model": "R8000", **values})  # noqa: E731

    def pass_days(n):
        migrated.sql(f"""SET session_replication_role = replica;
            UPDATE radioshop.analyser SET calibrated_on = calibrated_on - {n}, calibration_due_on = calibration_due_on - {n} WHERE serial = '{serial}';
            UPDATE radioshop.alert SET due_on = due_on - {n} WHERE subject = '{serial}'""")
    make(serial, calibrated_on=day(-300), calibration_due_on=day(21))
    make(f"{serial}-NONE")
    make(f"{serial}-OLD", calibrated_on=day(-300), calibration_due_on=day(-1))
    old = world.ada.GetAnalyser(analyser=f"{serial}-OLD").analyser
    world.ada.UpdateAnalyser(analyser={"serial": old.serial, "revision": old.revision, "retired": True}, update_mask=["retired"])
    assert not kind.told(), "too early, never calibrated, retired"
    pass_days(1)
    (first,) = kind.alerts()
    assert (first.due_on, first.days_overdue, first.step, first.what) == (day(20), 20, 0, "Freedom R8000") and not kind.told()
    pass_days(20)
    assert not kind.told(), "the last day is still inside"
    world.ada.AckAlert(alert=first.id, note="booked")
    pass_days(1)
    (second,) = kind.alerts()
    assert (second.due_on, second.days_overdue, second.step) == (day(-1), 1, 1) and second.what.endswith("out of calibration")
    pass_days(5)
    assert not kind.told()
    now = world.ada.GetAnalyser(analyser=serial).analyser
    world.ada.UpdateAnalyser(analyser={"serial": serial, "revision": now.revision, "calibrated_on": day(), "calibration_due_on": day(300)},
                             update_mask=["calibrated_on", "calibration_due_on"])
    assert kind.told() == [("resolved", serial, day(-6), 0, 0)] and not kind.open() and not kind.told()


@pytest.fixture
def always_open(world):
    """A shop that never closes, so that what is counted does not hang on the hour of the test."""
    calendar = world.ada.GetShopCalendar().calendar
    world.ada.UpdateShopCalendar(calendar={"revision": calendar.revision, "time_zone": "UTC", "hours": ["mon-sun 00:00-24:00"]},
                                 update_mask=["time_zone", "hours"])
    yield
    now = world.ada.GetShopCalendar().calendar
    world.ada.UpdateShopCalendar(calendar={"revision": now.revision, "time_zone": calendar.time_zone, "hours": list(calendar.hours)},
                                 update_mask=["time_zone", "hours"])


def test_a_repair_that_runs_late(world, agency, migrated, always_open):
    """Told at a part of the agreed time and when it is over, in urgent runs too; a clock that stops settles the first, the end both."""
    terms = world.ada.GetTicketTerms(agency=agency).terms
    world.ada.UpdateTicketTerms(terms={"agency": agency, "revision": terms.revision, "normal_hours": 20}, update_mask=["normal_hours"])
    kind = Kind(world, agency, "ticket_late")
    assert kind.rule().percent == 80 and kind.rule(percent=50).percent == 50
    asset = world.asset(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="deaf", received=True).ticket
    number = ticket.number
    kind.subjects.add(number)

    def pass_hours(n):
        migrated.sql(f"""ALTER TABLE radioshop.ticket_entry DISABLE TRIGGER only_append;
            UPDATE radioshop.ticket_entry e SET at = e.at - interval '{n} hours' FROM radioshop.ticket t
              WHERE t.number = '{number}' AND e.agency_id = t.agency_id AND e.ticket_id = t.ticket_id;
            ALTER TABLE radioshop.ticket_entry ENABLE TRIGGER only_append;
            DO $$ BEGIN PERFORM radioshop.count_ticket_clock(t.agency_id, t.ticket_id) FROM radioshop.ticket t WHERE t.number = '{number}'; END $$;
            UPDATE radioshop.alert SET occasion = occasion - {n} * 3600,
              due_on = (to_timestamp(occasion - {n} * 3600) AT TIME ZONE 'UTC')::date WHERE subject = '{number}'""")

    def move(*states):
        for new in states:
            now = world.tina.GetTicket(ticket=number).ticket
            world.tina.MoveTicket(ticket=number, revision=now.revision, state=new)
    kinds = lambda **values: [told[0::4] for told in kind.told(**values)]  # noqa: E731
    pass_hours(9)
    assert not kinds()
    pass_hours(2)
    (first,) = kind.alerts(urgent=True)
    assert (first.tag, first.step) == (asset.tag, 0) and first.what.startswith(f"{number} is received: 11.0 of 20 working hours are spent, over on ")
    assert not kinds() and not kinds(urgent=True), "said once, whichever run comes first"
    move("diagnosing", "awaiting_parts")
    assert kinds() == [("resolved", 0)] and not kind.open(), "it waits for somebody else"
    pass_hours(100)
    assert not kinds()
    move("repairing")
    assert kinds() == [("ticket_late", 0)], "its clock runs again, to another end"
    world.tina.AckAlert(alert=kind.open()[0].id)
    pass_hours(8)
    assert not kinds(urgent=True)
    pass_hours(2)
    (broken,) = kind.alerts(urgent=True)
    assert broken.step == 1 and f"{number} is repairing: its 20 working hours were over on " in broken.what
    move("awaiting_parts")
    assert not kinds() and [a.id for a in kind.open()] == [broken.id], "what is broken stays broken"
    move("repairing", "testing", "ready")
    assert not kinds()
    move("returned")
    assert kinds() == [("resolved", 0)] and not kinds() and not kind.open()
    assert not kind.mine(world.frank.ListAlerts(page_size=1000).alerts), "another agency hears nothing"
    with refused("INVALID_ARGUMENT", field="percent", text="1 to 99"):
        kind.rule(percent=100)
    with refused("INVALID_ARGUMENT", field="days", text="has no days"):
        kind.rule(days=1)


def shown(world, migrated, name, days, port=None, calls=1):
    """Somebody comes with a certificate of the CA that ends in so many days; the second of its end, when the database has it."""
    pem, key = world.certificates.odd(name, days=(-1, days))
    end = int(x509.load_pem_x509_certificate(pem).not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp())
    with Caller(port or world.daemon.port, world.certificates.ca_pem(), pem, key, address=world.daemon.address) as caller:
        for _ in range(calls):
            assert caller.GetCaller().principal.name == name
        known = f"""SELECT c.xmin FROM radioshop.principal_certificate c JOIN radioshop.principal p USING (principal_id)
            WHERE p.name = '{name}' AND c.ends_at = to_timestamp({end})"""
        late = time.monotonic() + 60
        while not migrated.sql(known):
            assert time.monotonic() < late, "the database does not learn of it"
            time.sleep(0.2)
        return migrated.value(known)


def test_a_certificate_that_ends(world, kind_of_shop, migrated):
    """Real certificates at the daemon's door: told before the end and at it, over with a renewal; written once a day, and not for a call."""
    kind = kind_of_shop("certificate_ending", days=20)
    name, gone, old = (world.person(f"{word}-{world.number()}", [("viewer", "IND")]) for word in ("ending", "gone", "old"))
    kind.subjects.update((name, gone, old))

    def pass_days(who, n):
        migrated.sql(f"""UPDATE radioshop.principal_certificate c SET ends_at = c.ends_at - interval '{n} days' FROM radioshop.principal p
              WHERE p.principal_id = c.principal_id AND p.name = '{who}';
            SET session_replication_role = replica; UPDATE radioshop.alert SET due_on = due_on - {n} WHERE subject = '{who}'""")
    written = shown(world, migrated, name, 10, calls=5)
    shown(world, migrated, gone, 10)
    shown(world, migrated, old, 15)
    shown(world, migrated, old, 300)
    revision = world.ada.GetPrincipal(principal=gone).principal.revision
    assert revision == 1, "what is noted is no change of the principal"
    world.ada.UpdatePrincipal(principal={"name": gone, "disabled": True, "revision": revision}, update_mask=["disabled"])
    (first,) = kind.alerts()
    assert (first.subject, first.due_on, first.days_overdue, first.step, first.what) == (name, day(10), 10, 0, f"{name} (test)")
    assert not kind.told(), "the other two: one is locked out, one has renewed"
    # An hour later the same certificate: nothing is written. The next connection of another one is behind it, so this one was told.
    pem, key = world.certificates.odd(name, days=(-1, 10))
    with Caller(world.daemon.port, world.certificates.ca_pem(), pem, key, address=world.daemon.address) as caller:
        caller.GetCaller()
        migrated.sql(f"""SELECT n FROM radioshop.note_certificates(ARRAY(SELECT p.name || ' ' || extract(epoch FROM c.ends_at)::bigint
            FROM radioshop.principal_certificate c JOIN radioshop.principal p USING (principal_id) WHERE p.name = '{name}')) n""")
    assert migrated.value(f"""SELECT c.xmin FROM radioshop.principal_certificate c JOIN radioshop.principal p USING (principal_id)
        WHERE p.name = '{name}' ORDER BY c.ends_at LIMIT 1""") == written
    # The renewed one was lost, and the old one is in use again: after a month its end is what counts.
    migrated.sql(f"""UPDATE radioshop.principal_certificate c SET seen_on = seen_on - 30 FROM radioshop.principal p
        WHERE p.principal_id = c.principal_id AND p.name = '{old}' AND c.ends_at > now() + interval '100 days'""")
    assert kind.told() == [("certificate_ending", old, day(15), 15, 0)]
    pass_days(name, 10)
    migrated.sql(f"""UPDATE radioshop.principal_certificate c SET ends_at = now() - interval '1 s' FROM radioshop.principal p
        WHERE p.principal_id = c.principal_id AND p.name = '{name}' AND c.ends_at = (SELECT max(k.ends_at) FROM radioshop.principal_certificate k
          WHERE k.principal_id = p.principal_id)""")
    ended = [a for a in kind.alerts() if a.step == 1]
    assert [(a.subject, a.days_overdue) for a in ended] == [(name, 0)] and "cannot enter any more" in ended[0].what
    shown(world, migrated, name, 200)
    assert ("resolved", name) in {told[:2] for told in kind.told()} and not kind.told()
    assert {a.subject for a in kind.open()} == {old}
    for who in ("frank", "ind-admin"):
        assert not kind.mine(world.caller(who).ListAlerts(page_size=1000).alerts), "the shop's alone"


def test_a_certificate_that_cannot_be_noted(own_daemon, world, migrated):
    """The daemon serves as before, and says so once; what was not written is told again."""
    daemon = own_daemon("unnoted").start()
    name = world.person(f"unnoted-{world.number()}", [("viewer", "IND")])
    pem, key = world.certificates.odd(name, days=(-1, 10))
    migrated.sql("REVOKE INSERT ON radioshop.principal_certificate FROM radioshop_app")
    try:
        with Caller(daemon.port, world.certificates.ca_pem(), pem, key, address=daemon.address) as caller:
            caller.GetCaller()
            daemon.wait_until(lambda: "certificate_note_failed" in daemon.text(), 30, "told")
            assert caller.GetCaller().principal.name == name and daemon.ready()
    finally:
        migrated.sql("GRANT INSERT ON radioshop.principal_certificate TO radioshop_app")
    assert daemon.text().count("certificate_note_failed") == 1
    assert migrated.value(f"SELECT count(*) FROM radioshop.principal_certificate JOIN radioshop.principal p USING (principal_id) WHERE p.name = '{name}'") == "0"
    daemon.stop()


def test_an_import_that_was_broken_off(world, agency, migrated):
    """Told once when no rows have come for the days of the rule; over with the last row, with more rows, or when it is given up."""
    kind = Kind(world, agency, "import_unfinished")
    assert kind.rule().days == 1
    run, second = (world.tina.StartImport(agency=agency, file_name=f"{name}.csv", file=new_id(), rows=3).run for name in ("radios", "chargers"))
    kind.subjects.update((run.id, second.id))
    done = iter(range(1, 9))

    def send(number):
        n = next(done)
        world.tina.ImportAssets(agency=agency, run=run.id, rows_done=number, rows=[{"line": n, "tag": f"U{n}", "class": "pager"}])

    def pass_days(n):
        migrated.sql(f"""UPDATE radioshop.import_run SET last_rows_at = last_rows_at - interval '{n} days';
            SET session_replication_role = replica; UPDATE radioshop.alert SET due_on = due_on - {n} WHERE subject = ANY ('{{{run.id},{second.id}}}')""")
    send(1)
    assert not kind.told(), "rows came today"
    pass_days(1)
    first = sorted(kind.alerts(), key=lambda a: a.what)
    assert [(a.agency, a.subject, a.due_on, a.days_overdue, a.step, a.tag, a.what) for a in first] == [
        (agency, second.id, day(-1), 1, 0, "", "chargers.csv of tina: 0 of 3 rows were imported"),
        (agency, run.id, day(-1), 1, 0, "", "radios.csv of tina: 1 of 3 rows were imported")]
    pass_days(1)
    assert not kind.told(), "once"
    send(2)
    world.ada.EndImport(run=second.id, state="abandoned")
    assert sorted(t[:2] for t in kind.told()) == sorted([("resolved", run.id), ("resolved", second.id)]) and not kind.open()
    pass_days(3)
    assert kind.told() == [("import_unfinished", run.id, day(-3), 3, 0)], "broken off once more"
    send(3)
    assert kind.told() == [("resolved", run.id, day(-3), 0, 0)] and not kind.open()
    pass_days(30)
    assert not kind.told()
    kind.rule(stopped=True)
