"""The working time that a repair may take: counted by the database, and by an oracle that walks through the days one by one."""

import datetime
import json
import random
import zoneinfo

import pytest

from rig.caller import refused
from rig.world import state

UTC = datetime.timezone.utc
DAYS = "mon tue wed thu fri sat sun".split()


# The oracle: local times become instants as PostgreSQL takes them (left out: as before the change; repeated: the second one).

def instant(day, minute, zone):
    local = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(minutes=minute)
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    left_out = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    return (first if left_out else second).astimezone(UTC)


class Oracle:
    def __init__(self, zone, hours, holidays):
        self.zone, self.hours, self.holidays, self.kept = zoneinfo.ZoneInfo(zone), hours, set(holidays), {}

    def spans(self, first, last):
        """Spans of the days from first to last, without overlap."""
        done, day = None, first
        while day <= last:
            if day not in self.kept:
                self.kept[day] = [] if day in self.holidays else [
                    (instant(day, o, self.zone), instant(day, c, self.zone)) for o, c in sorted(self.hours.get(day.weekday(), ()))]
            for starts, ends in self.kept[day]:
                starts = max(starts, done) if done else starts
                if starts < ends:
                    yield starts, ends
                    done = ends
            day += datetime.timedelta(days=1)

    def between(self, a, b):
        day = datetime.timedelta(days=1)
        return sum(max(0, int((min(b, ends) - max(a, starts)).total_seconds())) for starts, ends in
                   self.spans(a.date() - 2 * day, b.date() + 2 * day))

    def after(self, a, seconds):
        day = datetime.timedelta(days=1)
        for starts, ends in self.spans(a.date() - 2 * day, a.date() + 4000 * day):
            here = max(0, int((ends - max(a, starts)).total_seconds()))
            if here >= seconds:
                return max(a, starts) + datetime.timedelta(seconds=seconds)
            seconds -= here
        return None


def random_calendar(dice):
    """Offices, shifts, and nights across the hour that the clocks leave out or repeat."""
    zone = dice.choice(["America/Chicago", "America/New_York", "America/St_Johns", "UTC", "Australia/Lord_Howe", "Europe/Berlin"])
    hours = {}
    for day in range(7):
        if day < 5 or dice.random() < 0.4:
            cuts = sorted(dice.sample(range(0, 1441, 15), 2 * dice.choice([1, 1, 2, 3])))
            hours[day] = list(zip(cuts[::2], cuts[1::2]))
    hours[6] = hours.get(6, []) if dice.random() < 0.5 else [(0, dice.choice([100, 120, 150, 180, 240]))]
    days = [datetime.date(2023, 1, 1) + datetime.timedelta(days=dice.randrange(1400)) for _ in range(25)]
    return zone, hours, days


def near_a_change(dice, zone):
    """An instant, now and then within hours of a change of the clocks."""
    at = datetime.datetime(2023, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=dice.randrange(4 * 365 * 86400))
    if dice.random() < 0.5:
        day = at.replace(hour=0, minute=0, second=0)
        for _ in range(370):
            if day.astimezone(zone).utcoffset() != (day + datetime.timedelta(days=1)).astimezone(zone).utcoffset():
                return day + datetime.timedelta(seconds=dice.randrange(86400))
            day += datetime.timedelta(days=1)
    return at


RUNS = ("reported", "received", "diagnosing", "repairing", "testing")


@pytest.mark.parametrize("seed", range(6))
def test_against_the_oracle(migrated, seed):
    """Of each seed 250 pairs of instants, 250 targets, and 60 histories of a ticket, under two calendars; nothing is kept."""
    dice = random.Random(seed)
    script, wanted = ["BEGIN;", """
        INSERT INTO radioshop.agency (agency_id, code, name) VALUES (990, 'CLK', 'Clock');
        UPDATE radioshop.ticket_terms SET normal_hours = 1 WHERE agency_id = 990;
        INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (990, 'C', 'portable');
        INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem)
          SELECT 990, 'CLK-1', asset_id, 'reported', 'x' FROM radioshop.asset WHERE agency_id = 990;
        ALTER TABLE radioshop.ticket_entry DISABLE TRIGGER USER;"""], []
    text = lambda at: at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00") if at else ""  # noqa: E731
    for _ in range(2):
        zone, hours, holidays = random_calendar(dice)
        oracle = Oracle(zone, hours, holidays)
        spans = ", ".join(f"({d + 1}, interval '{o} min', '{c // 60:02d}:{c % 60:02d}')" for d, each in hours.items() for o, c in each)
        script.append(f"""DELETE FROM radioshop.shop_hours; DELETE FROM radioshop.shop_holiday;
            UPDATE radioshop.shop_calendar SET time_zone = '{zone}';
            INSERT INTO radioshop.shop_hours (weekday, opens, closes) SELECT d, '00:00'::time + o, c::time FROM (VALUES {spans}) v (d, o, c);
            INSERT INTO radioshop.shop_holiday (day, name) SELECT d::date, 'x' FROM unnest('{{{",".join(map(str, set(holidays)))}}}'::date[]) d;
            DO $$ BEGIN PERFORM radioshop.lay_shop_spans(); END $$;""")
        for _ in range(125):
            a = near_a_change(dice, oracle.zone)
            b = a + datetime.timedelta(seconds=dice.choice([dice.randrange(86400), dice.randrange(86400 * 40)]))
            script.append(f"SELECT radioshop.shop_seconds('{text(b)}') - radioshop.shop_seconds('{text(a)}');")
            wanted.append((f"{zone} {hours} between {a} and {b}", str(oracle.between(a, b))))
            seconds = dice.choice([1, 60, 3600, dice.randrange(1, 40 * 3600)])
            script.append(f"""SELECT coalesce(to_char(radioshop.shop_instant(radioshop.shop_seconds('{text(a)}') + {seconds}) AT TIME ZONE 'UTC',
                'YYYY-MM-DD HH24:MI:SS"+00"'), '');""")
            wanted.append((f"{zone} {hours} {seconds} s after {a}", text(oracle.after(a, seconds))))
        for _ in range(30):
            target = dice.choice([1, 4, 8, 24])
            at, moves = near_a_change(dice, oracle.zone), []
            for _ in range(dice.randrange(1, 9)):
                moves.append((at, dice.choice([*RUNS, "awaiting_parts", "awaiting_approval", "at_depot", "ready"])))
                at += datetime.timedelta(seconds=dice.choice([dice.randrange(7200), dice.randrange(86400 * 6)]))
            rows = ", ".join(f"({n}, '{text(at)}'::timestamptz, '{new}')" for n, (at, new) in enumerate(moves, 1))
            script.append(f"""DELETE FROM radioshop.ticket_entry WHERE agency_id = 990;
                UPDATE radioshop.ticket_terms SET normal_hours = {target} WHERE agency_id = 990;
                INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, at, kind, state)
                  SELECT 990, t.ticket_id, n, v.at, 'move', v.state FROM radioshop.ticket t, (VALUES {rows}) v (n, at, state) WHERE t.agency_id = 990;
                DO $$ BEGIN PERFORM radioshop.count_ticket_clock(990, ticket_id) FROM radioshop.ticket WHERE agency_id = 990; END $$;
                SELECT json_build_array(c.spent_seconds, coalesce(to_char(c.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"+00"'), ''), c.since IS NOT NULL)
                  FROM radioshop.ticket_clock c WHERE c.agency_id = 990;""")
            wanted.append((f"{zone} {hours} {holidays} {target} h {moves}", history(oracle, moves, target * 3600, text)))
    found = [row[0] for row in migrated.sql("\n".join([*script, "ROLLBACK;"]))]
    assert len(found) == len(wanted)
    for (what, expected), got in zip(wanted, found):
        assert (json.loads(got) if got.startswith("[") else got) == expected, what


def history(oracle, moves, target, text):
    """Second for second: [spent until the clock last stood still, due, whether it runs]."""
    spent, due, since = 0, None, None
    for at, new in moves:
        if since and new not in RUNS:
            here = oracle.between(since, at)
            if due is None and spent + here >= target:
                due = oracle.after(since, target - spent)
            spent, since = spent + here, None
        elif not since and new in RUNS:
            since = at
    if since and due is None:
        due = oracle.after(since, target - spent)
    return [spent, text(due), since is not None]


# Through the daemon

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


def agree(world, agency, **hours):
    now = world.ada.GetTicketTerms(agency=agency).terms
    world.ada.UpdateTicketTerms(terms={"agency": agency, "revision": now.revision, **hours}, update_mask=list(hours))


def opened(world, agency, **values):
    return world.tina.OpenTicket(asset=world.asset(agency).id, problem="x", received=True, **values).ticket


def move(world, ticket, *states):
    for new in states:
        now = world.tina.GetTicket(ticket=ticket.number).ticket
        ticket = world.tina.MoveTicket(ticket=ticket.number, revision=now.revision, state=new).ticket
    return ticket


def age(migrated, ticket, hours):
    """As if the ticket's history had been so long ago."""
    migrated.sql(f"""ALTER TABLE radioshop.ticket_entry DISABLE TRIGGER only_append;
        UPDATE radioshop.ticket_entry e SET at = e.at - interval '{hours} hours' FROM radioshop.ticket t
          WHERE t.number = '{ticket.number}' AND e.agency_id = t.agency_id AND e.ticket_id = t.ticket_id;
        ALTER TABLE radioshop.ticket_entry ENABLE TRIGGER only_append;
        DO $$ BEGIN PERFORM radioshop.count_ticket_clock(t.agency_id, t.ticket_id) FROM radioshop.ticket t WHERE t.number = '{ticket.number}'; END $$""")


def test_the_clock_of_a_ticket(world, agency, migrated, always_open):
    """Runs on the bench, stands still while it waits, and ends with the return."""
    assert not opened(world, agency).HasField("sla_remaining_minutes"), "nothing is agreed"
    agree(world, agency, normal_hours=10, urgent_hours=2)
    ticket = opened(world, agency)
    assert ticket.sla_remaining_minutes in (599, 600) and not ticket.sla_breached
    assert ticket.sla_due_at.seconds - ticket.opened_at.seconds == 36000
    age(migrated, ticket, 4)
    for new in ("diagnosing", "awaiting_parts"):
        ticket = move(world, ticket, new)
    assert ticket.sla_remaining_minutes in (359, 360) and not ticket.HasField("sla_due_at")
    age(migrated, ticket, 30)
    ticket = world.tina.GetTicket(ticket=ticket.number).ticket
    assert ticket.sla_remaining_minutes in (359, 360), "waiting for parts does not count"
    ticket = move(world, ticket, "repairing")
    assert ticket.HasField("sla_due_at") and not ticket.sla_breached
    # More urgent than was thought: the four hours that are spent are more than two.
    ticket = world.tina.UpdateTicket(ticket={"id": ticket.id, "revision": ticket.revision, "priority": "urgent"},
                                     update_mask=["priority"]).ticket
    assert ticket.sla_breached and ticket.sla_remaining_minutes in (-120, -121)
    ticket = move(world, ticket, "testing", "ready", "returned")
    assert ticket.sla_breached, "a broken promise stays one"


def test_the_list_of_broken_promises(world, agency, migrated, always_open):
    agree(world, agency, normal_hours=3)
    late, later, waiting, done, fine = (opened(world, agency) for _ in range(5))
    for ticket, hours in ((late, 9), (later, 5), (waiting, 2), (done, 8)):
        age(migrated, ticket, hours)
    move(world, waiting, "diagnosing", "awaiting_parts")
    age(migrated, waiting, 50)
    move(world, done, "diagnosing", "ready", "returned")
    numbers = lambda **values: [t.number for t in world.vera.ListTickets(agency=agency, breached=True, **values).tickets]  # noqa: E731
    assert numbers() == [later.number, late.number]
    assert numbers(state="diagnosing") == [] and numbers(asset=late.tag) == [late.number] and numbers(asset=fine.tag) == []
    paged = world.vera.pages("ListTickets", "tickets", agency=agency, breached=True, page_size=1)
    assert [t.number for t in paged] == numbers() and all(t.sla_breached for t in paged)
    agree(world, agency, normal_hours=6)
    assert numbers() == [late.number], "what is agreed anew counts for open tickets at once"
    agree(world, agency, normal_hours=0)
    assert numbers() == []


def test_the_calendar_of_the_shop(world, agency, migrated, always_open):
    """A holiday gives a day more, at once."""
    agree(world, agency, normal_hours=24)
    ticket = opened(world, agency)
    tomorrow = (datetime.datetime.now(UTC) + datetime.timedelta(hours=20)).date()
    if tomorrow == datetime.datetime.now(UTC).date():
        tomorrow += datetime.timedelta(days=1)
    added = world.ada.AddShopHoliday(day=str(tomorrow), name="Founders' Day").calendar
    assert (str(tomorrow), "Founders' Day") in [(h.day, h.name) for h in added.holidays]
    assert world.tina.GetTicket(ticket=ticket.id).ticket.sla_due_at.seconds == ticket.sla_due_at.seconds + 86400
    with refused("ALREADY_EXISTS", field="day", text="Founders' Day"):
        world.ada.AddShopHoliday(day=str(tomorrow), name="again")
    world.ada.RemoveShopHoliday(day=str(tomorrow))
    assert world.tina.GetTicket(ticket=ticket.id).ticket.sla_due_at == ticket.sla_due_at
    with refused("NOT_FOUND", field="day"):
        world.ada.RemoveShopHoliday(day=str(tomorrow))
    for values, field in (({"day": "", "name": "x"}, "day"), ({"day": "2026-02-30", "name": "x"}, "day"), ({"day": "1999-01-01", "name": "x"}, "day"),
                          ({"day": "2026-12-24", "name": ""}, "name")):
        with refused("INVALID_ARGUMENT", field=field):
            world.ada.AddShopHoliday(**values)
    assert world.ada.GetShopCalendar().calendar.revision == added.revision + 1, "what was refused has changed something"


@pytest.mark.parametrize("hours", [[], ["mon"], ["mon 8-17"], ["mon 08:00-08:00"], ["mon 17:00-08:00"], ["day 08:00-17:00"],
                                   ["fri-mon 08:00-17:00"], ["mon 08:00-12:00", "mon-tue 11:59-13:00"], ["mon 08:00-24:01"], ["x" * 500]])
def test_hours_that_make_no_sense(world, hours):
    before = world.ada.GetShopCalendar().calendar
    with refused("INVALID_ARGUMENT", field="hours"):
        world.ada.UpdateShopCalendar(calendar={"revision": before.revision, "hours": hours}, update_mask=["hours"])
    assert world.ada.GetShopCalendar().calendar == before


def test_a_calendar_is_read_back_as_written(world, always_open):
    now = world.ada.GetShopCalendar().calendar
    assert list(now.hours) == [f"{day} 00:00-24:00" for day in DAYS]
    changed = world.ada.UpdateShopCalendar(calendar={"revision": now.revision, "hours": ["Sat 08:00-12:00", "mon-tue 13:00-17:00", "mon-tue 07:30-12:00"]},
                                           update_mask=["hours"]).calendar
    assert list(changed.hours) == ["mon 07:30-12:00", "mon 13:00-17:00", "tue 07:30-12:00", "tue 13:00-17:00", "sat 08:00-12:00"]
    with refused("ABORTED", field="revision"):
        world.ada.UpdateShopCalendar(calendar={"revision": now.revision, "time_zone": "UTC"}, update_mask=["time_zone"])
    with refused("INVALID_ARGUMENT", field="time_zone"):
        world.ada.UpdateShopCalendar(calendar={"revision": changed.revision, "time_zone": "Mars"}, update_mask=["time_zone"])


def test_terms_change_while_tickets_are_opened_and_moved(world, agency, always_open):
    """Whoever comes second counts: at the end every clock has the last target."""
    from concurrent.futures import ThreadPoolExecutor
    agree(world, agency, normal_hours=5)
    tickets = [opened(world, agency) for _ in range(3)]
    assets = [world.asset(agency) for _ in range(6)]

    def run(n):
        with world.fresh_caller("ada" if n == 0 else "tina") as caller:
            if n == 0:
                for hours in (6, 7, 8):
                    now = caller.GetTicketTerms(agency=agency).terms
                    caller.UpdateTicketTerms(terms={"agency": agency, "revision": now.revision, "normal_hours": hours}, update_mask=["normal_hours"])
            elif n <= 3:
                ticket = tickets[n - 1]
                for new in ("diagnosing", "repairing", "testing"):
                    ticket = caller.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=new).ticket
            else:
                for asset in assets[2 * n - 8:2 * n - 6]:
                    caller.OpenTicket(asset=asset.id, problem="x")
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(run, range(7)))
    all_of_them = world.vera.ListTickets(agency=agency).tickets
    assert len(all_of_them) == 9
    assert {state(t) for t in all_of_them} == {"testing", "reported"}
    for ticket in all_of_them:
        assert ticket.sla_due_at.seconds - ticket.opened_at.seconds == 8 * 3600, ticket.number
