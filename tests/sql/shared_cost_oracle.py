#!/usr/bin/env python3
"""Compares radioshop.settle() with an independent reckoning in exact integers and fractions, on seeded random months.

Usage: shared_cost_oracle.py CONNECTION [MONTHS [SEED]]

Reads nothing and writes nothing in the database. Every line of every statement must be equal to the cent, and the statements
of a month must add up to the shop's total. Prints what it compared, and the months that differ; exits with 1 if any does.
"""
import collections
import concurrent.futures
import fractions
import json
import random
import subprocess
import sys

CLASSES = ["portable", "mobile", "control_station", "base", "console", "pager"]
SPLITS = ["percent", "radios", "minutes", "direct_cost"]
Fraction = fractions.Fraction


def nearest(value):
    """To the nearest whole, halves away from zero."""
    whole, rest = divmod(abs(value), 1)
    whole += 1 if rest >= Fraction(1, 2) else 0
    return int(whole) if value >= 0 else -int(whole)


def shared_out(total, weights):
    """A cent at a time: everybody gets what is below his exact part, then the cents left go to whoever is furthest below it."""
    whole = sum(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    given = [part.__floor__() for part in exact]
    order = sorted(range(len(weights)), key=lambda i: (given[i] - exact[i], i))
    for i in order[:total - sum(given)]:
        given[i] += 1
    return given


def settle(month):
    """{agency: [(kind, ticket, class, quantity, amount, rounding in thousandths of a cent)]}; agency 0 is the shop. In the order of lines."""
    terms, lines = month["terms"], collections.defaultdict(list)
    members = sorted(month["members"], key=lambda m: m["code"])
    kind = {m["agency_id"]: m["kind"] for m in members}
    fees = {fee["class"]: fee["monthly_cents"] for fee in terms["fees"]}

    def line(agency, what, amount, ticket="", cls=None, quantity=0, exact=None):
        lines[agency].append((what, ticket, cls, quantity, amount, nearest((amount - exact) * 1000) if exact is not None else 0))

    radios, subscriber = collections.Counter(), 0
    for agency in kind:
        for cls in sorted(fees):
            count = sum(r["quantity"] for r in month["radios"] if r["agency_id"] == agency and r["class"] == cls)
            if count and kind[agency] != "stock":
                radios[agency] += count
                subscriber += count * fees[cls]
                line(agency, "subscriber", count * fees[cls], cls=cls, quantity=count)

    minutes, direct, shared, entries = collections.Counter(), collections.Counter(), 0, []
    for work in month["work"]:
        owner = work["agency_id"]
        charge = terms["stock_work"] if kind[owner] == "stock" else terms["warranty_work"] if work["warranty"] else "charged"
        if charge != "not_charged":
            entries.append((0 if charge == "shared" else owner, work))
    bench = collections.Counter()
    for payer, work in entries:
        if work["kind"] == "labour":
            bench[payer, work["ticket"], work["hourly_cents"]] += work["minutes"]
    later = collections.defaultdict(list)
    for (payer, ticket, hourly), spent in sorted(bench.items()):
        exact = Fraction(spent * hourly, 60)
        minutes[payer] += spent
        direct[payer] += nearest(exact)
        later[payer].append(("labour", nearest(exact), ticket, spent, exact))
    for what, percent in (("part", "parts_handling_bp"), ("outside", "outside_handling_bp")):
        sums = collections.Counter()
        for payer, work in sorted(((p, w) for p, w in entries if w["kind"] == what), key=lambda e: (e[1]["ticket"], e[1]["entry_no"])):
            sums[payer] += work["cost_cents"]
            later[payer].append((what, work["cost_cents"], work["ticket"], 0, None))
        for payer, cents in sums.items():
            direct[payer] += cents
            if payer and terms[percent] and cents:
                exact = Fraction(cents * terms[percent], 10000)
                later[payer].append(("handling", nearest(exact), "", terms[percent], exact))
    shared = direct[0]

    pot = sum(cost["monthly_cents"] for cost in terms["fixed_costs"]) + shared - subscriber
    sharing = [m for m in members if m["kind"] == "member"]
    weights = [{"percent": m["share_bp"], "radios": radios[m["agency_id"]], "minutes": minutes[m["agency_id"]],
                "direct_cost": max(0, direct[m["agency_id"]])}[terms["split"]] for m in sharing]
    if sharing:
        weights = weights if sum(weights) else [1] * len(sharing)
        for member, weight, cents in zip(sharing, weights, shared_out(pot, weights)):
            line(member["agency_id"], "share", cents, quantity=weight, exact=Fraction(pot * weight, sum(weights)))
    for cost in terms["fixed_costs"]:
        line(0, "fixed_cost", cost["monthly_cents"])
    kinds = ["labour", "part", "outside", "handling"]
    for payer, rows in later.items():
        for what, cents, ticket, quantity, exact in sorted(rows, key=lambda r: kinds.index(r[0])):
            line(payer, what, cents, ticket=ticket, quantity=quantity, exact=exact)

    paying = [m for m in sharing if radios[m["agency_id"]]]
    wanted = [radios[m["agency_id"]] * terms["fund_monthly_cents"] for m in paying]
    if sum(wanted):
        taken = min(sum(wanted), max(0, terms["fund_ceiling_cents"] - month["fund_cents"]))
        for member, want, cents in zip(paying, wanted, shared_out(taken, wanted)):
            if cents:
                line(member["agency_id"], "contribution", cents, quantity=radios[member["agency_id"]], exact=Fraction(taken * want, sum(wanted)))
    for what in ("payout", "correction"):
        for post in month["postings"]:
            if post["kind"] == what:
                line(post["agency_id"], what, post["amount_cents"])
    return lines


def parts_of(rng, whole, count):
    """`count` whole numbers above zero that make `whole`."""
    cuts = sorted(rng.sample(range(1, whole), count - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, whole])]


def random_month(rng):
    count = rng.randint(1, 12)
    ids = rng.sample(range(1, 40), count)
    kinds = ["member"] + [rng.choice(["member", "member", "member", "customer", "stock"]) for _ in ids[1:]]
    split = rng.choice(SPLITS)
    shares = iter(parts_of(rng, 10000, kinds.count("member")))
    codes = rng.sample([a + b for a in "ABZ9" for b in "0AZ1QM7X"], count)
    members = [{"agency_id": i, "code": code, "kind": kind, "share_bp": next(shares) if kind == "member" and split == "percent" else 0}
               for i, code, kind in zip(ids, codes, kinds)]
    classes = rng.sample(CLASSES, rng.randint(0, 5))
    huge = rng.random() < 0.03
    radios = [] if rng.random() < 0.15 else [
        {"agency_id": i, "class": cls, "quantity": rng.choice([1, 2, 3, rng.randint(1, 3000), 10 ** 6 if huge else 7])}
        for i in ids for cls in CLASSES if rng.random() < 0.5]
    work = []
    for number in range(0 if rng.random() < 0.2 else rng.randint(0, 10)):
        owner, same_rate = rng.choice(ids), rng.choice([0, 1, 9000, 9500, rng.randint(1, 30000)])
        for _ in range(rng.randint(1, 4)):
            kind = rng.choice(["labour", "labour", "part", "outside"])
            cost = rng.choice([0, 1, rng.randint(1, 50000), -rng.randint(1, 20000), 10 ** 8 if huge else 99])
            work.append({"agency_id": owner, "ticket": f"T-{rng.randint(0, 99):03d}-{number}", "entry_no": len(work) + 1, "kind": kind,
                         "text": "x", "minutes": rng.choice([1, 5, 7, 15, 30, rng.randint(1, 600)]) if kind == "labour" else 0,
                         "hourly_cents": rng.choice([same_rate, same_rate, 12345]) if kind == "labour" else None,
                         "cost_cents": cost if kind != "labour" else 0, "warranty": rng.random() < 0.3})
            if rng.random() < 0.6:
                work[-1]["ticket"] = work[0]["ticket"] if work[0]["agency_id"] == owner else work[-1]["ticket"]
    monthly = rng.choice([0, 25, 100, rng.randint(1, 500)])
    counted = {fee for fee in classes}
    due = sum(r["quantity"] for r in radios if r["class"] in counted and kinds[ids.index(r["agency_id"])] == "member") * monthly
    fund = rng.choice([0, rng.randint(0, 10 ** 6), -rng.randint(0, 1000)])
    ceiling = fund + rng.choice([0, 1, due - 1, due, due + 1, due // 2, due // 3, -5, rng.randint(0, 10 ** 6)])
    fixed = [rng.choice([0, 1, rng.randint(0, 10 ** 6), 10 ** 11 if huge else 120000]) for _ in range(rng.randint(0, 4))]
    payers = [i for i, kind in zip(ids, kinds) if kind != "stock"]
    postings = [{"agency_id": rng.choice(payers), "kind": rng.choice(["correction", "correction", "payout"]), "text": "x", "reference": "",
                 "amount_cents": rng.choice([-1, 1]) * rng.randint(1, 10 ** 6)} for _ in range(rng.choice([0, 0, 1, 3, 6]))]
    for post in postings:
        if post["kind"] == "payout":
            post["amount_cents"] = -abs(post["amount_cents"])
    rng.shuffle(work)
    return {"terms": {"from_month": "2026-01-01", "split": split,
                      "fees": [{"class": cls, "monthly_cents": rng.choice([0, 1, rng.randint(1, 5000), 10 ** 8 if huge else 2150])} for cls in classes],
                      "fixed_costs": [{"description": f"c{i}", "monthly_cents": cents} for i, cents in enumerate(fixed)],
                      "warranty_work": rng.choice(["charged", "shared", "not_charged"]), "stock_work": rng.choice(["shared", "not_charged"]),
                      "parts_handling_bp": rng.choice([0, 500, 1, 3333, rng.randint(0, 10000)]),
                      "outside_handling_bp": rng.choice([0, 1000, rng.randint(0, 10000)]),
                      "fund_monthly_cents": monthly, "fund_floor_cents": 0, "fund_ceiling_cents": max(0, ceiling)},
            "members": members, "radios": radios, "work": work, "postings": postings, "fund_cents": fund}


def ask(connection, months):
    """{month: {agency: lines}} of the database, in one query from COPY lines."""
    script = ["CREATE TEMP TABLE c (n int, doc jsonb);\nCOPY c FROM stdin;\n"]
    script += [f"{n}\t" + json.dumps(month).replace("\\", "\\\\") + "\n" for n, month in enumerate(months)]
    script.append("""\\.
SELECT c.n, l.agency_id, l.line_no, l.kind, l.ticket, coalesce(l.class, ''), l.quantity, l.amount_cents, l.rounding_millicents
FROM c CROSS JOIN LATERAL radioshop.settle(jsonb_populate_record(NULL::radioshop.agreement, c.doc -> 'terms'),
  ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::radioshop.month_member, c.doc -> 'members') r),
  ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::radioshop.month_radios, c.doc -> 'radios') r),
  ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::radioshop.month_work, c.doc -> 'work') r),
  ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::radioshop.month_posting, c.doc -> 'postings') r),
  (c.doc ->> 'fund_cents')::numeric) l ORDER BY 1, 2, 3;
""")
    run = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", connection], input="".join(script), text=True,
                         capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit("shared_cost_oracle: " + (run.stderr.strip() or "psql failed"))
    answers = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in run.stdout.splitlines():
        n, agency, number, kind, ticket, cls, quantity, amount, rounding = row.split("\t")
        lines = answers[int(n)][int(agency)]
        lines.append((kind, ticket, cls or None, int(quantity), int(amount), int(rounding)))
        if int(number) != len(lines):
            lines.append(("line out of order", number, None, 0, 0, 0))
    return answers


def total(month, lines):
    """What the shop has to be paid: its costs, all work with its handling, insurance and corrections; fees and shares do not matter."""
    return (sum(cost["monthly_cents"] for cost in month["terms"]["fixed_costs"])
            + sum(line[4] for agency in lines for line in lines[agency] if line[0] in ("labour", "part", "outside", "handling",
                                                                                          "contribution", "payout", "correction")))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.split("\n")[2])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261123
    rng = random.Random(seed)
    months = [random_month(rng) for _ in range(wanted)]
    # Both kinds of reckoning at once, and the database's on two connections.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(ask, sys.argv[1], months[i::2]) for i in range(2)]
        reckoned = [settle(month) for month in months]
        answers = [half.result() for half in halves]
    differ = statements = lines_seen = limited = empty = 0
    for n, month in enumerate(months):
        expected, got = reckoned[n], answers[n % 2][n // 2]
        statements += sum(1 for agency in expected if agency)
        lines_seen += sum(len(lines) for lines in expected.values())
        limited += any(line[0] == "contribution" and line[5] for lines in expected.values() for line in lines)
        empty += not month["radios"] and not month["work"]
        paid = sum(line[4] for agency, lines in got.items() if agency for line in lines)
        whole = total(month, expected)
        if {a: l for a, l in expected.items() if l} != dict(got) or paid != whole:
            differ += 1
            if differ <= 5:
                print(f"month {n}: statements make {paid}, the shop's total is {whole}")
                for agency in sorted(set(expected) | set(got)):
                    for row in [r for r in got[agency] if r not in expected[agency]] + [("expected", r) for r in expected[agency] if r not in got[agency]]:
                        print(f"  agency {agency}: {row}")
    print(f"{len(months)} months, {statements} statements, {lines_seen} lines compared (seed {seed}); in {limited} the fund reached its ceiling, "
          f"{empty} had neither radios nor work; {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
