#!/usr/bin/env python3
"""Compares radioshop.reckon_due() with an independent reckoning in plain Python, on seeded random cases.

Usage: due_date_oracle.py CONNECTION [CASES [SEED]]
       due_date_oracle.py CONNECTION mutations

Reads nothing and keeps nothing in the database. Prints how many cases it compared, and the cases that differ;
exits with 1 if any does. With "mutations" it breaks each rule of MUTATIONS in the SQL, for one transaction each, and exits
with 1 if one of them goes unnoticed: that table names each rule and what breaks when it is not kept.

The reckoning here is written from the rules (the comment of reckon_due() and the help of Plan), not from the SQL, and works
another way: it writes the due days of decades down in a list, one by one, and then only looks into that list. It never
divides, and asks zoneinfo, not PostgreSQL, what day it is somewhere.
"""
import bisect
import calendar
import datetime
import multiprocessing
import random
import subprocess
import sys
import zoneinfo

DAY = datetime.timedelta(days=1)
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
ZONES = ["America/Chicago", "America/New_York", "America/Phoenix", "America/Anchorage", "Pacific/Honolulu", "Pacific/Guam",
         "America/Puerto_Rico", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CLOCKS = {name: zoneinfo.ZoneInfo(name) for name in ZONES}


# ---- the calendar -------------------------------------------------------------------------------------------------

def later_by_months(date, months):
    """The same day so many months later or earlier, or that month's last day where there is none."""
    year, month = date.year, date.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    return datetime.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def later(date, plan, times):
    if plan["unit"] in ("months", "years"):
        return later_by_months(date, plan["count"] * times * (12 if plan["unit"] == "years" else 1))
    return date + DAY * (plan["count"] * times * (7 if plan["unit"] == "weeks" else 1))


def weekday_in_month(year, month, which, weekday):
    """By looking at every day of the month."""
    days = [datetime.date(year, month, d) for d in range(1, calendar.monthrange(year, month)[1] + 1)]
    hits = [d for d in days if WEEKDAYS[d.weekday()] == weekday]
    return hits[-1] if which == "last" else hits[["first", "second", "third", "fourth"].index(which)]


def is_black(date, blackout):
    first, last = blackout
    here = (date.month, date.day)
    return first <= here <= last if first <= last else here >= first or here <= last


def out_of_blackout(date, blackout):
    """Day by day, until it is light."""
    while blackout and is_black(date, blackout):
        date += DAY
    return date


def day_at(moment, zone):
    return moment.astimezone(CLOCKS[zone]).date()


# ---- the rules ----------------------------------------------------------------------------------------------------

def due_days(plan, first):
    """Rules 1 to 3: all due days from before the first until far behind the last event; and which of them is D(0)."""
    count = plan["steps"]
    anchor = first
    if plan["rule"]:
        anchor = first.replace(day=1)
        if weekday_in_month(anchor.year, anchor.month, *plan["rule"]) < first:
            anchor = later_by_months(anchor, 1)

    def occurrence(k):
        date = later(anchor, plan, k)
        if plan["rule"]:
            date = weekday_in_month(date.year, date.month, *plan["rule"])
        return out_of_blackout(date, plan["blackout"])
    start = occurrence(0)
    days, k = {start}, 0
    while len([d for d in days if d < start]) < 1:
        k -= 1
        days.add(occurrence(k))
    k = 0
    while k < count or max(days) <= plan["horizon"]:
        k += 1
        days.add(occurrence(k))
    days.add(occurrence(k + 1))
    while len([d for d in days if d > plan["horizon"]]) < 3:
        k += 1
        days.add(occurrence(k + 1))
    days = sorted(days)
    return days, days.index(start)


def is_for(day, before, due, early):
    """Rule 4: does something of this day belong to the due day?"""
    if day >= due:
        return True
    if before is not None and day <= before:
        return False
    if early:
        return (due - day).days <= early
    return before is None or (due - day).days < (day - before).days


def by_calendar(plan, first, done, skipped):
    """Rules 4 to 6: (due day before, current one, the one after, last service that counted)."""
    events = sorted([(day, 0) for day in done] + [(day, 1) for day in skipped])
    counted = None
    if plan["basis"] == "scheduled":
        days, now = due_days(plan, first)
        for day, is_skip in events:
            if is_for(day, days[now - 1], days[now], plan["early"]):
                now = bisect.bisect_right(days, max(day, days[now]))
                counted = counted if is_skip else day
        return days[now - 1], days[now], days[now + 1], counted

    def after(day):
        date = later(day, plan, 1)
        if plan["rule"]:
            date = weekday_in_month(date.year, date.month, *plan["rule"])
        return out_of_blackout(date, plan["blackout"])
    if plan["rule"]:
        month = first.replace(day=1)
        due = weekday_in_month(month.year, month.month, *plan["rule"])
        if due < first:
            month = later_by_months(month, 1)
            due = weekday_in_month(month.year, month.month, *plan["rule"])
    else:
        due = first
    due, before = out_of_blackout(due, plan["blackout"]), None
    for day, is_skip in events:
        if plan["early"] and (due - day).days > plan["early"]:
            continue
        before, due = day, after(day)
        counted = counted if is_skip else day
    return before, due, after(due), counted


def by_meter(plan, events, readings, since):
    """Rule 7: (day it makes due or None, units left or None). readings are (day, total), by day."""
    if not plan["every"] or not readings:
        return None, None
    start = max(events) if events else since
    known = [total for day, total in readings if day <= start]
    base = known[-1] if known else readings[0][1]
    hits = [day for day, total in readings if day > start and total - base >= plan["every"]]
    return out_of_blackout(hits[0], plan["blackout"]) if hits else None, plan["every"] - (readings[-1][1] - base)


def reckon(plan, first, done, skipped, deferred, absences, readings, since):
    """(next due, occurs on, last counted, deferred?, by meter?, units left), None for nothing."""
    before = due = after = counted = None
    if plan["count"]:
        before, due, after, counted = by_calendar(plan, first, done, skipped)
    elif done:
        counted = max(done)
    reached, left = by_meter(plan, done + skipped, readings, since)
    choices = [day for day in (due, reached) if day]
    occurs = min(choices) if choices else None
    from_meter = reached is not None and (due is None or reached < due)
    next_due, was_deferred = occurs, False
    if occurs:
        holding = [until for day, until in deferred if until > occurs
                   and (day == reached or due and day < after and is_for(day, before, due, plan["early"]))]
        if holding:                                                             # rule 8
            next_due, was_deferred = max(holding), True
        for away, back in absences:                                             # rule 9
            if away <= next_due < back:
                next_due = out_of_blackout(back, plan["blackout"])
    return next_due, occurs, counted, was_deferred, from_meter, left


def first_due_of(plan, zone, plan_made, asset_made):
    """An asset that came after the plan is first due one interval after it came, and not before the plan's first due date."""
    if asset_made <= plan_made:
        return plan["first"]
    came = day_at(asset_made, zone)
    return max(plan["first"], later(came, plan, 1) if plan["count"] else came)


# ---- cases --------------------------------------------------------------------------------------------------------

def random_moment(rng, near):
    """A moment of that day or the next, likelier around midnight in some zone and when clocks are changed."""
    if rng.random() < 0.2:
        near = near.replace(month=rng.choice([3, 4, 10, 11]), day=rng.choice([1, 2, 3, 8, 9, 14, 28, 30]))
    hour = rng.choice([0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 23])
    return datetime.datetime(near.year, near.month, near.day, hour, rng.choice([0, 0, 1, 29, 30, 59]), tzinfo=datetime.timezone.utc)


def random_plan(rng):
    unit = rng.choice(["days", "weeks", "months", "months", "years"])
    count = {"days": lambda: rng.choice([1, 2, 7, 30, 90, 180, 365, rng.randint(1, 700)]), "weeks": lambda: rng.choice([1, 2, 4, 13, 26, 52]),
             "months": lambda: rng.choice([1, 1, 2, 3, 6, 12, 24]), "years": lambda: rng.choice([1, 1, 2, 5])}[unit]()
    length = count * {"days": 1, "weeks": 7, "months": 30, "years": 365}[unit]
    year, month = rng.randint(2004, 2036), rng.randint(1, 12)
    last = calendar.monthrange(year, month)[1]
    first = datetime.date(year, month, rng.choice([1, last, last, rng.randint(1, last)]))
    if rng.random() < 0.05:
        first = datetime.date(rng.choice([2004, 2008, 2020, 2024]), 2, 29)
    rule = None
    if unit in ("months", "years") and rng.random() < 0.4:
        rule = (rng.choice(["first", "second", "third", "fourth", "last"]), rng.choice(WEEKDAYS))
    blackout = None
    if rng.random() < 0.4:
        month = rng.randint(1, 12)
        start = datetime.date(2004, month, rng.choice([1, 15, calendar.monthrange(2004, month)[1]]))
        stop = start + DAY * rng.choice([0, 1, 10, 45, 90, 180])
        blackout = ((start.month, start.day), (stop.month, stop.day))
    meter_only = rng.random() < 0.05
    return {"unit": None if meter_only else unit, "count": 0 if meter_only else count, "length": length, "first": first,
            "rule": None if meter_only else rule, "blackout": blackout, "basis": rng.choice(["scheduled", "scheduled", "completed"]),
            "early": rng.choice([0, 0, 0, 1, length // 4, length // 2, length - 1, length, 2 * length]) or 0,
            "every": 500 if meter_only or rng.random() < 0.25 else 0, "steps": 3}


def random_case(rng):
    plan = random_plan(rng)
    zone = rng.choice(ZONES)
    plan_made = random_moment(rng, plan["first"] - DAY * rng.randint(0, 60))
    asset_made = plan_made + datetime.timedelta(hours=rng.choice([-5000, -1, 0, 1, 11, 2000, 9000]))
    first = first_due_of(plan, zone, plan_made, asset_made)
    length = plan["length"]
    # Near due days, and half way between two, the rules decide.
    near = [first + DAY * (length * k) for k in range(-1, 5)]
    if plan["count"] and plan["basis"] == "scheduled":
        plan["horizon"] = first
        days, at = due_days(plan, first)
        near += days[at:at + 4]

    def somewhere(spread=None):
        if rng.random() < 0.65:
            return rng.choice(near) + DAY * rng.choice([-1, 0, 0, 1, length // 2 - 1, length // 2, length // 2 + 1, -(length // 2),
                                                         -plan["early"], -plan["early"] - 1])
        return first + DAY * rng.randint(-2 * length, spread or 6 * length)
    done = [somewhere() for _ in range(rng.choice([0, 1, 1, 2, 3, 6]))]
    skipped = [rng.choice(near) if rng.random() < 0.8 else somewhere() for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    deferred = []
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        day = rng.choice(near) if rng.random() < 0.8 else somewhere()
        deferred.append((day, day + DAY * rng.choice([1, 10, max(1, length // 2), max(1, length - 1), length + 5])))
    absences, start = [], first - DAY * rng.randint(0, length + 1)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        left = random_moment(rng, start + DAY * rng.randint(0, length + 20))
        back = left + datetime.timedelta(hours=rng.choice([1, 30, 24 * 20, 24 * length, 24 * 2 * length]))
        if absences and left <= absences[-1][1]:    # it has to be back before it can leave again
            continue
        absences.append((left, back))
        start = day_at(back, zone) + DAY * 2
    readings, total, day = [], rng.randint(0, 800), first - DAY * rng.randint(0, 2 * length)
    for _ in range(rng.choice([0, 1, 3, 8]) if plan["every"] else 0):
        readings.append((day, total))
        day, total = day + DAY * rng.randint(0, length), total + rng.choice([0, 1, 100, 249, 250, 499, 500, 501])
    plan["horizon"] = max([first, *done, *skipped, *(d for d, _ in deferred)])
    rng.shuffle(done)
    return plan, zone, plan_made, asset_made, done, skipped, deferred, absences, readings


def simple(first, count, unit, basis, done, **more):
    moment = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    plan = {"unit": unit, "count": count, "length": 30, "first": first, "rule": None, "blackout": None, "basis": basis, "early": 0,
            "every": 0, "steps": 3, "horizon": max([first, *done]), **more}
    return plan, "UTC", moment, moment, done, [], [], [], []


def fixed_cases():
    """Those that people get wrong."""
    day = datetime.date
    end_of_january = day(2026, 1, 31)
    leap = [day(2024, 2, 29), day(2025, 2, 28), day(2026, 2, 28), day(2027, 2, 28)]
    return [
        simple(end_of_january, 1, "months", "scheduled", []),
        simple(end_of_january, 1, "months", "scheduled", [end_of_january]),
        simple(end_of_january, 1, "months", "scheduled", [end_of_january, day(2026, 2, 28)]),
        simple(day(2023, 12, 31), 2, "months", "scheduled", [day(2023, 12, 31)]),
        simple(day(2024, 2, 29), 12, "months", "scheduled", leap),
        simple(day(2024, 2, 29), 1, "years", "scheduled", leap),
        simple(day(2026, 1, 1), 10, "days", "scheduled", [day(2025, 12, 27)]),  # half way: does not count
        simple(day(2026, 1, 1), 10, "days", "scheduled", [day(2025, 12, 28)]),  # nearer to the first: counts
        simple(day(2026, 1, 1), 10, "days", "scheduled", [day(2027, 1, 1)]),
        simple(day(2026, 1, 1), 1, "days", "scheduled", [day(2025, 12, 31), day(2026, 1, 1), day(2026, 1, 1)]),
        simple(day(2026, 1, 31), 1, "months", "completed", [day(2026, 1, 30)]),
        simple(day(2026, 1, 31), 3650, "months", "scheduled", [day(2026, 2, 1)]),
        simple(day(2026, 1, 31), 3650, "days", "completed", [day(2020, 2, 29)]),
        simple(day(2026, 1, 2), 1, "months", "scheduled", [], rule=("first", "Thursday")),  # the first has been: February
        simple(day(2026, 1, 1), 1, "months", "scheduled", [], rule=("first", "Thursday")),
        simple(day(2026, 12, 31), 1, "years", "scheduled", [], blackout=((12, 1), (2, 29))),
        simple(day(2027, 12, 31), 1, "years", "scheduled", [], blackout=((12, 1), (2, 29))),
        simple(day(2026, 12, 1), 1, "days", "scheduled", [day(2026, 11, 30)], blackout=((12, 1), (1, 5))),
    ]


# ---- the rules, and how each is broken ------------------------------------------------------------------------------

# Rule (numbers as in the comment of reckon_due()): function, a piece of it, and what is put in its place.
MUTATIONS = [
    ("1  months are counted from the anchor", "occurrence", "interval_count * k))", "interval_count * (k + 1)))"),
    ("1  a week has seven days", "occurrence", "interval_count * 7", "interval_count * 5"),
    ("1  a year has twelve months", "occurrence", "interval_count * 12", "interval_count * 10"),
    ("2  the nth weekday", "nth_weekday", "7 * (nth - 1)", "7 * nth"),
    ("2  the last weekday", "nth_weekday", "isodow', last)::int - weekday + 7) % 7", "isodow', last)::int - weekday + 6) % 7"),
    ("2  the first such day on or after first_due", "reckon_due", "weekday) < first_due THEN", "weekday) <= first_due THEN"),
    ("3  the last day of a blackout is in it", "clear_of", "NOT BETWEEN blackout_from AND blackout_until", "NOT BETWEEN blackout_from AND blackout_until - 1"),
    ("3  a blackout over the end of the year", "clear_of", "CASE WHEN month_day > blackout_until THEN 1 ELSE 0 END", "0"),
    ("3  29 February ends February", "clear_of", "RETURN least(first + blackout_until % 100, (first + interval '1 month')::date)",
     "RETURN first + blackout_until % 100"),
    ("3  what falls on one day is one", "reckon_due", "WHILE due <= from_day", "WHILE due <= day"),
    ("4  half way does not belong", "belongs", "day - before > due - day", "day - before >= due - day"),
    ("4  the early window includes its first day", "belongs", "day >= due - early_days", "day > due - early_days"),
    ("4  what was done belongs to one due day only", "belongs", "day > before)", "day >= before)"),
    ("4  missed occurrences are skipped", "reckon_due", "WHILE due <= from_day", "WHILE false"),
    ("4  an older record does not move the date back", "reckon_due", "ORDER BY e.day, e.is_skip", "ORDER BY e.is_skip, e.day DESC"),
    ("5  completed: early work does not count", "reckon_due", "r.early_days > 0 AND day < due - r.early_days", "false"),
    ("5  completed: counted from the work", "reckon_due", "due := radioshop.due_day(r, day, 1)", "due := radioshop.due_day(r, due, 1)"),
    ("6  a skip is no service", "reckon_due", "IF NOT is_skip THEN", "IF true THEN"),
    ("6  a skip moves on", "reckon_due", "SELECT unnest(skipped), true", "SELECT NULL::date, true"),
    ("7  the meter counts from the last service", "reckon_due", "coalesce(last, meter_since)", "meter_since"),
    ("7  exactly so many units are enough", "reckon_due", "read_total[i] >= base", "read_total[i] > base"),
    ("7  whichever comes first", "reckon_due", "least(due, reached)", "greatest(due, reached)"),
    ("8  a deferral holds for its own occurrence", "reckon_due", "deferred[i] < following AND", "true AND"),
    ("8  the latest deferral holds", "reckon_due", "deferred_to[i] > next_due AND", "deferred_to[i] > occurs_on AND"),
    ("9  due on the day it left: not lost", "reckon_due", "away_from[i] <= next_due", "away_from[i] < next_due"),
    ("9  due on the day it is back", "reckon_due", "next_due < back_on[i]", "next_due <= back_on[i] - 2"),
    ("9  back within a blackout", "reckon_due", "radioshop.clear_of(back_on[i], r.blackout_from, r.blackout_until)", "back_on[i]"),
    ("   added later: one interval after it came", "first_due", "asset_made <= plan_made", "asset_made < plan_made"),
    ("   days are the agency's", "day_at", "AT TIME ZONE time_zone", "AT TIME ZONE 'UTC'"),
]


def mutated(connection, function, old, new):
    """SQL that breaks the function until the end of the transaction."""
    text = subprocess.run(["psql", "-XqAt", connection, "-c", "SELECT pg_get_functiondef(oid) FROM pg_proc "
                           f"WHERE pronamespace = 'radioshop'::regnamespace AND proname = '{function}'"],
                          text=True, capture_output=True, check=True).stdout
    if text.count(old) != 1:
        sys.exit(f"due_date_oracle: {function}() has {text.count(old)} times: {old}")
    return "BEGIN;\n" + text.replace(old, new) + ";\n"


def notices(work):
    connection, (rule, *change) = work
    rng = random.Random(rule)
    cases = fixed_cases() + [random_case(rng) for _ in range(2500)]
    answers = ask(connection, cases, mutated(connection, *change))
    return rule, sum(answer != expected(case) for case, answer in zip(cases, answers))


def check_mutations(connection):
    with multiprocessing.Pool() as pool:
        found = pool.map(notices, [(connection, mutation) for mutation in MUTATIONS], chunksize=1)
    for rule, differ in found:
        print(f"{rule}: {differ} differ")
    unnoticed = [rule for rule, differ in found if not differ]
    print(f"{len(found)} rules broken, {len(unnoticed)} unnoticed")
    return 1 if unnoticed else 0


# ---- the database -------------------------------------------------------------------------------------------------

def array(values):
    return "{" + ",".join(map(str, values)) + "}"


COLUMNS = ("n int, count int, unit text, basis text, nth int, weekday int, early int, black_from int, black_until int, every bigint, "
           "first date, zone text, plan_made timestamptz, asset_made timestamptz, done date[], skipped date[], deferred date[], deferred_to date[], left_at timestamptz[], "
           "back_at timestamptz[], read_on date[], totals bigint[]")
QUERY = """
SELECT coalesce(d.next_due::text, '-'), coalesce(d.occurs_on::text, '-'), coalesce(d.last_counted::text, '-'), d.is_deferred, d.by_meter,
  coalesce(d.meter_left::text, '-')
FROM c
CROSS JOIN LATERAL (SELECT array_agg(radioshop.day_at(a, c.zone) ORDER BY a) AS away_from,
      array_agg(radioshop.day_at(b, c.zone) ORDER BY a) AS back_on
    FROM unnest(c.left_at, c.back_at) u (a, b)) w
CROSS JOIN LATERAL radioshop.reckon_due(
    ROW(c.count, c.unit, c.basis, c.nth, c.weekday, c.early, c.black_from, c.black_until, c.every)::radioshop.recurrence,
    radioshop.first_due(c.first, c.count, c.unit, c.plan_made, c.asset_made, c.zone),
    c.done, c.skipped, c.deferred, c.deferred_to, w.away_from, w.back_on, c.read_on, c.totals,
    greatest(radioshop.day_at(c.plan_made, c.zone), radioshop.day_at(c.asset_made, c.zone))) d
ORDER BY c.n;
"""


def line(n, case):
    plan, zone, plan_made, asset_made, done, skipped, deferred, absences, readings = case
    which, weekday = plan["rule"] or (None, None)
    values = [
        n, plan["count"], plan["unit"], plan["basis"],
        which and {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}[which], weekday and WEEKDAYS.index(weekday) + 1,
        plan["early"], *([m * 100 + d for m, d in plan["blackout"]] if plan["blackout"] else [None, None]), plan["every"], plan["first"],
        zone, plan_made, asset_made, array(done), array(skipped), array(d for d, _ in deferred), array(d for _, d in deferred),
        array(f'"{a}"' for a, _ in absences), array(f'"{b}"' for _, b in absences), array(d for d, _ in readings),
        array(t for _, t in readings)]
    return "\t".join("\\N" if value is None else str(value) for value in values) + "\n"


def ask(connection, cases, first=""):
    """The answers of the database, in one query from COPY lines."""
    script = [first, f"CREATE TEMP TABLE c ({COLUMNS});\n", "COPY c FROM stdin;\n", *(line(n, case) for n, case in enumerate(cases)), "\\.\n", QUERY]
    run = subprocess.run(["psql", "-XqAt", "-F", " ", "-v", "ON_ERROR_STOP=1", connection], input="".join(script), text=True,
                         capture_output=True)
    if run.returncode != 0:
        sys.exit("due_date_oracle: " + (run.stderr.strip() or "psql failed"))
    return run.stdout.splitlines()


def expected(case):
    plan, zone, plan_made, asset_made, done, skipped, deferred, absences, readings = case
    days = [(day_at(a, zone), day_at(b, zone)) for a, b in absences]
    due, occurs, counted, was_deferred, from_meter, left = reckon(
        plan, first_due_of(plan, zone, plan_made, asset_made), done, skipped, deferred, [(a, b) for a, b in days if a < b], readings,
        max(day_at(plan_made, zone), day_at(asset_made, zone)))
    return " ".join([*(str(d) if d else "-" for d in (due, occurs, counted)), "t" if was_deferred else "f", "t" if from_meter else "f",
                     "-" if left is None else str(left)])


def compare(work):
    """The cases that differ, of one share of them."""
    connection, count, seed, fixed = work
    rng = random.Random(seed)
    cases = (fixed_cases() if fixed else []) + [random_case(rng) for _ in range(count)]
    answers = ask(connection, cases)
    if len(answers) != len(cases):
        sys.exit(f"due_date_oracle: {len(cases)} cases, {len(answers)} answers")
    return len(cases), [(case, answer, expected(case)) for case, answer in zip(cases, answers) if answer != expected(case)]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n\n")[1])
    if sys.argv[2:] == ["mutations"]:
        return check_mutations(sys.argv[1])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261123
    share = 5000
    works = [(sys.argv[1], min(share, wanted - at), f"{seed} {at}", at == 0) for at in range(0, wanted, share)]
    total, differ = 0, []
    with multiprocessing.Pool() as pool:
        for count, wrong in pool.imap(compare, works):
            total += count
            differ += wrong
    for case, answer, right in differ[:10]:
        print(f"{case}\n    database {answer}\n    oracle   {right}\n    (next due, occurs on, last counted, deferred, by meter, units left)")
    print(f"{total} cases, {len(differ)} differ (seed {seed})")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
