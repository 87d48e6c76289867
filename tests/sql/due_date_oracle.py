#!/usr/bin/env python3
"""Compares radioshop.next_due() with an independent reckoning in plain Python, on seeded random cases.

Usage: due_date_oracle.py CONNECTION [CASES [SEED]]

Reads nothing and writes nothing in the database. Prints how many cases it compared, and the cases that differ;
exits with 1 if any does. The reckoning here walks the calendar one occurrence at a time and never divides, so that it cannot
share a slip with the SQL.
"""
import calendar
import datetime
import random
import subprocess
import sys


def occurrence(first, count, unit, k):
    """Occurrence k counted from the first: a month has its last day where the day does not exist."""
    if unit == "days":
        return first + datetime.timedelta(days=count * k)
    year, month = first.year, first.month
    for _ in range(abs(count * k)):
        month += 1 if k > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    return datetime.date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


def next_due(first, count, unit, basis, done):
    """As proto/radioshop/v1/plan.proto and the comment of radioshop.fold_services() say it."""
    if basis == "completed":
        return occurrence(max(done), count, unit, 1) if done else first
    k = 0
    for day in sorted(done):
        current, before = occurrence(first, count, unit, k), occurrence(first, count, unit, k - 1)
        to_current, to_before = abs((current - day).days), abs((day - before).days)
        if day >= current or (day > before and to_current < to_before):
            k += 1
            while occurrence(first, count, unit, k) <= day:
                k += 1
    return occurrence(first, count, unit, k)


def random_case(rng):
    unit = rng.choice(["days", "months"])
    count = rng.choice([1, 2, 3, 6, 12, 24]) if unit == "months" else rng.choice([1, 2, 7, 30, 90, 180, 365, rng.randint(1, 1000)])
    year, month = rng.randint(2000, 2040), rng.randint(1, 12)
    last = calendar.monthrange(year, month)[1]
    first = datetime.date(year, month, rng.choice([1, last, last, rng.randint(1, last)]))
    basis = rng.choice(["scheduled", "scheduled", "completed"])
    length = count * (30 if unit == "months" else 1)
    done = []
    for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 8])):
        if rng.random() < 0.6:  # near an occurrence or half way between two: there the rule decides
            k = rng.randint(-1, 4)
            near = occurrence(first, count, unit, k)
            done.append(near + datetime.timedelta(days=rng.choice([-1, 0, 1, length // 2 - 1, length // 2, length // 2 + 1, -(length // 2)])))
        else:
            done.append(first + datetime.timedelta(days=rng.randint(-2 * length, 6 * length)))
    rng.shuffle(done)
    return first, count, unit, basis, done


def fixed_cases():
    """Those that people get wrong."""
    day = datetime.date
    end_of_january = day(2026, 1, 31)
    return [
        (end_of_january, 1, "months", "scheduled", []),
        (end_of_january, 1, "months", "scheduled", [end_of_january]),
        (end_of_january, 1, "months", "scheduled", [end_of_january, day(2026, 2, 28)]),
        (day(2023, 12, 31), 2, "months", "scheduled", [day(2023, 12, 31)]),
        (day(2024, 2, 29), 12, "months", "scheduled", [day(2024, 2, 29), day(2025, 2, 28), day(2026, 2, 28), day(2027, 2, 28)]),
        (day(2026, 1, 1), 10, "days", "scheduled", [day(2025, 12, 27)]),  # half way: does not count
        (day(2026, 1, 1), 10, "days", "scheduled", [day(2025, 12, 28)]),  # nearer to the first: counts
        (day(2026, 1, 1), 10, "days", "scheduled", [day(2027, 1, 1)]),
        (day(2026, 1, 1), 1, "days", "scheduled", [day(2025, 12, 31), day(2026, 1, 1), day(2026, 1, 1)]),
        (day(2026, 1, 31), 1, "months", "completed", [day(2026, 1, 30)]),
        (day(2026, 1, 31), 3650, "months", "scheduled", [day(2026, 2, 1)]),
        (day(2026, 1, 31), 3650, "days", "completed", [day(2020, 2, 29)]),
    ]


def ask(connection, cases):
    """The answers of the database, in one query from COPY lines."""
    script = ["CREATE TEMP TABLE c (n int, first_due date, interval_count int, interval_unit text, basis text, done date[]);\n",
              "COPY c FROM stdin;\n"]
    for n, (first, count, unit, basis, done) in enumerate(cases):
        script.append("\t".join([str(n), str(first), str(count), unit, basis, "{" + ",".join(map(str, done)) + "}"]) + "\n")
    script.append("\\.\nSELECT radioshop.next_due(first_due, interval_count, interval_unit, basis, done) FROM c ORDER BY n;\n")
    run = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", connection], input="".join(script), text=True, capture_output=True)
    if run.returncode != 0:
        sys.exit("due_date_oracle: " + (run.stderr.strip() or "psql failed"))
    return run.stdout.split()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n")[2])
    cases_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261123
    rng = random.Random(seed)
    cases = fixed_cases() + [random_case(rng) for _ in range(cases_wanted)]
    answers = ask(sys.argv[1], cases)
    differ = 0
    if len(answers) != len(cases):
        sys.exit(f"due_date_oracle: {len(cases)} cases, {len(answers)} answers")
    for case, answer in zip(cases, answers):
        expected = next_due(*case)
        if answer != str(expected):
            differ += 1
            if differ <= 10:
                first, count, unit, basis, done = case
                print(f"first {first} every {count} {unit} {basis}, done {' '.join(map(str, done)) or 'never'}: "
                      f"database {answer}, oracle {expected}")
    print(f"{len(cases)} cases compared (seed {seed}), {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
