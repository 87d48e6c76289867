"""Trends: a straight line through the readings of a test, checked against least squares done here with exact fractions."""

import datetime
import functools
import itertools
import math
import random
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from rig.caller import refused
from rig.world import day, new_id


def one_sided(t, freedom):
    """How likely Student's t is above this, in closed form (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, term, inner = math.cos(angle), 1.0, 0.0
    if freedom % 2:
        term = cosine
        for k in range(1, (freedom - 1) // 2 + 1):
            inner += term
            term *= cosine ** 2 * 2 * k / (2 * k + 1)
        both = 2 / math.pi * (angle + math.sin(angle) * inner)
    else:
        for k in range(1, freedom // 2 + 1):
            inner += term
            term *= cosine ** 2 * (2 * k - 1) / (2 * k)
        both = math.sin(angle) * inner
    return (1 - both) / 2


@functools.cache
def critical(freedom):
    """Where that is 5 %, to three places as tables have it."""
    low, high = 0.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if one_sided(middle, min(freedom, 30)) > 0.05 else (low, middle)
    return Fraction(round(low * 1000), 1000)


def oracle(series, direction, low, high):
    """(slope, R squared, first day outside the limit) by exact arithmetic; None where there is none."""
    if len({d for d, _ in series}) < 3:
        return None, None, None
    first, last = min(d for d, _ in series), max(d for d, _ in series)
    points = [((d - first).days, Fraction(v)) for d, v in series]
    n = len(points)
    middle_x, middle_y = Fraction(sum(x for x, _ in points), n), Fraction(sum(y for _, y in points), n)
    run = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / run
    start = middle_y - slope * middle_x
    spread = sum((y - middle_y) ** 2 for _, y in points)
    left = sum((y - start - slope * x) ** 2 for x, y in points)
    fit = 1 - left / spread if spread else None
    # t is the slope over its standard error, sqrt(left / (n - 2) / run).
    if not slope or slope ** 2 * run * (n - 2) < critical(n - 2) ** 2 * left:
        return slope, fit, None
    bound = {"max_abs": high if slope > 0 else high and -high, "maximum": high if slope > 0 else None,
             "minimum": low if slope < 0 else None, "range": high if slope > 0 else low, None: None}[direction]
    if bound is None:
        return slope, fit, None
    days = (Fraction(bound) - start) / slope
    if days >= 36500:
        return slope, fit, None
    return slope, fit, max(first + datetime.timedelta(days=math.floor(max(days, 0)) + 1), last)


def near(text, wanted):
    return text == "" if wanted is None else text != "" and math.isclose(float(text), wanted, rel_tol=1e-12, abs_tol=1e-290)


DECIMALS = ("{:.0f}", "{:.1f}", "{:.3f}")


def shapes(dice, length):
    """Readings of one series as texts: noise, a line with more or less of it, level, a jump, huge ones and tiny ones."""
    shape, form = dice.randrange(8), dice.choice(DECIMALS)
    level, step = dice.uniform(-300, 300), dice.uniform(-40, 40)
    noise = dice.choice((0, 0.5, 5, 50))
    if shape == 0:
        return [form.format(dice.uniform(-900, 900)) for _ in range(length)]
    if shape == 1:
        return [form.format(level)] * length
    if shape == 2:
        return [form.format(level + (step * 10 if i > length // 2 else 0)) for i in range(length)]
    if shape == 3:
        return [dice.choice(("1e15", "-1e15", "1e-300", "5e-324", "0", "-0.1", "0.1")) for _ in range(length)]
    return [form.format(level + step * i + dice.gauss(0, 1) * noise) for i in range(length)]


def compare_lines(cluster, seed, count):
    """How many of so many random series leave their limit; every one as the oracle says."""
    dice = random.Random(seed)
    cases = []
    for _ in range(count):
        length = dice.choice((1, 2, 3, 3, 4, 5, 6, 8, 12, 40))
        first = datetime.date(2020, 1, 1) + datetime.timedelta(days=dice.randrange(1500))
        span = dice.choice((3, 400, 4000))  # several readings of one day, too
        days = sorted(first + datetime.timedelta(days=dice.randrange(span)) for _ in range(length))
        values = shapes(dice, length)
        limit = Fraction(dice.randrange(1, 10000), 10)
        # Now and then the limit is a value that was read.
        edge = Fraction(dice.choice(values)) if dice.random() < 0.2 else limit
        cases.append((list(zip(days, values)), dice.choice(("max_abs", "maximum", "minimum", "range", None)), min(-limit, edge), max(abs(edge), limit)))
    lines = ", ".join("({}, '{{{}}}'::date[], '{{{}}}'::float8[], {}, {}::numeric, {}::numeric)".format(
        i, ",".join(d.isoformat() for d, _ in series), ",".join(v for _, v in series), f"'{direction}'" if direction else "NULL",
        f"{low.numerator}/{low.denominator}.0" if low.denominator > 1 else low, f"{high.numerator}/{high.denominator}.0" if high.denominator > 1 else high)
        for i, (series, direction, low, high) in enumerate(cases))
    rows = cluster.sql(f"""SELECT v.i, f.slope, f.fit, f.leaves_on FROM (VALUES {lines}) v (i, days, readings, direction, low, high),
        radioshop.fit_line(v.days, (SELECT array_agg(radioshop.exact(r) ORDER BY n) FROM unnest(v.readings) WITH ORDINALITY u (r, n)), v.direction,
          trim_scale(v.low), trim_scale(v.high)) f ORDER BY v.i""")
    assert len(rows) == len(cases)
    leaving = 0
    for row, (series, direction, low, high) in zip(rows, cases):
        slope, fit, leaves = oracle(series, direction, low, high)
        assert near(row[1], slope) and near(row[2], fit), (series, row, slope, fit)
        assert row[3] == (leaves.isoformat() if leaves else ""), (series, direction, low, high, row, leaves)
        leaving += leaves is not None
    return leaving


def test_the_table_of_students_t_is_right(migrated):
    """A little over each figure is a trend, a little under it is none. The oracle has them from the distribution; known ones hold the oracle."""
    assert [float(critical(n)) for n in (1, 2, 5, 10, 30, 1000)] == [6.314, 2.92, 2.015, 1.812, 1.697, 1.697]
    cases = []
    for n in range(3, 45):
        noise = [i * i * 7919 % 101 for i in range(n)]
        middle, level = (n - 1) / 2, sum(noise) / n
        run = sum((i - middle) ** 2 for i in range(n))
        slope = sum((i - middle) * (e - level) for i, e in enumerate(noise)) / run
        left = sum((e - level - slope * (i - middle)) ** 2 for i, e in enumerate(noise))
        for off in (-0.0008, 0.0008):
            rise = (float(critical(n - 2)) + off) * math.sqrt(left / (n - 2) / run) - slope
            cases.append((n, off, ",".join(f"{e + rise * i:.9f}" for i, e in enumerate(noise))))
    rows = migrated.sql(f"""SELECT v.n, v.off, f.leaves_on IS NOT NULL FROM (VALUES {", ".join(f"({n}, {off}, '{{{y}}}'::numeric[])" for n, off, y in cases)})
        v (n, off, y), radioshop.fit_line((SELECT array_agg('2026-01-01'::date + i) FROM generate_series(0, v.n - 1) i), v.y, 'maximum', NULL, 200) f""")
    assert sorted(rows) == sorted([str(n), str(off), "t" if off > 0 else "f"] for n, off, _ in cases)


def test_lines_against_an_oracle(migrated):
    assert 100 < compare_lines(migrated, 20261123, 1000) < 900


# Whole radios: units, two limits, adjustments, repairs and the order of services, into the tables as a service writes them.
HERTZ = {"Hz": Fraction(1), "kHz": Fraction(1000), "MHz": Fraction(1000000)}


def into(value, unit, wanted, mhz):
    if unit in HERTZ and wanted in HERTZ:
        return value * HERTZ[unit] / HERTZ[wanted]
    if unit in HERTZ and wanted == "ppm":
        return value * HERTZ[unit] / mhz if mhz else None
    return value if unit == wanted else None


def trends_of(services, limits):
    """The trend of every series of one radio, from its services."""
    series = {}
    for service in sorted(services, key=lambda s: (s["done_on"], s["recorded_at"])):
        for reading in service["readings"]:
            series.setdefault((reading["test"], reading["band"], reading["mode"]), []).append((service, reading))
    found = {}
    for key, taken in series.items():
        anew = [i for i, (service, _) in enumerate(taken) if service["result"] == "adjusted" or service["repaired"]]
        taken = taken[anew[-1]:] if anew else taken
        newest = taken[-1][1]
        judged = [limits[kind] for kind in ("maker", "legal") if newest[kind]] or [(None, None, None, newest["unit"])]
        lines = []
        for direction, low, high, unit in judged:
            line = [(service["done_on"], into(Fraction(reading["value"]), reading["unit"], unit, reading["mhz"])) for service, reading in taken]
            line = [(d, v) for d, v in line if v is not None]
            if line:
                lines.append((line, unit, *oracle(line, direction, low, high)))
        if lines:
            found[key] = min(lines, key=lambda line: (line[4] is None, line[4]))  # the first of equals
    return found


def compare_radios(cluster, seed, count):
    """How many series of so many random radios leave a limit; every one as the oracle says. Nothing of it stays."""
    dice = random.Random(seed)
    limits = {"maker": ("max_abs", None, Fraction(400), "Hz"), "legal": ("max_abs", None, Fraction(1, 2), "ppm")}
    ids = {kind: new_id() for kind in limits}
    plan, check, repair = new_id(), new_id(), new_id()
    radios, records, readings = {}, [], []
    clock = itertools.count()
    for _ in range(count):
        asset = new_id()
        services = radios[asset] = []
        level, step, noise = dice.uniform(-200, 300), dice.uniform(-60, 60), dice.choice((0, 1, 20))
        days = sorted(dice.randrange(dice.choice((3, 2000))) for _ in range(dice.choice((1, 3, 4, 6, 10))))
        for i, offset in enumerate(days):
            done = {"id": new_id(), "done_on": datetime.date(2019, 1, 1) + datetime.timedelta(days=offset), "result": dice.choice(("passed",) * 8 + ("failed", "adjusted")), "readings": []}
            procedure = dice.choice((None, None, None, None, check, repair))  # and a plan that follows the one of repairs is no repair
            done["repaired"] = procedure == repair and dice.random() < 0.3
            for test, band, mode in (("drift", "", ""), ("drift", "VHF", ""), ("drift", "", "p25"), ("drift", "", "p25"), ("noise", "VHF", "p25")):
                if dice.random() < 0.75:
                    unit, mhz = dice.choice((("Hz", 800), ("Hz", 160), ("Hz", None), ("kHz", 800), ("other", None)))
                    value = level + step * i + dice.gauss(0, 1) * noise if test == "drift" else dice.uniform(-500, 500)
                    done["readings"].append({"test": test, "band": band, "mode": mode, "unit": unit, "mhz": mhz,
                                             "value": f"{value / (1000 if unit == 'kHz' else 1):.4f}",
                                             "maker": unit != "other" and dice.random() < 0.8, "legal": mhz is not None and dice.random() < 0.5})
            services.append(done)
        dice.shuffle(services)
        for done in services:  # they are recorded in another order than they were done
            done["recorded_at"] = next(clock)
            records.append(f"(901, '{done['id']}', '{asset}', {'NULL' if done['repaired'] else repr(plan)}, '{done['done_on']}', '{done['result']}', "
                           f"'2025-01-01'::timestamptz + {done['recorded_at']} * interval '1 second', "
                           + (f"'{repair}', 1)" if done["repaired"] else f"'{dice.choice((check, repair))}', 1)" if dice.random() < 0.3 else "NULL, NULL)"))
            readings += [f"(901, '{done['id']}', {position}, 'x', {r['value']}, '{r['unit']}', '{r['test']}', '{r['band']}', '{r['mode']}', "
                         f"{r['mhz'] or 'NULL'}, {repr(ids['maker']) if r['maker'] else 'NULL'}, {repr(ids['legal']) if r['legal'] else 'NULL'}, 'passed')"
                         for position, r in enumerate(done["readings"], 1)]
    rows = cluster.sql(f"""BEGIN;
        INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'ORACLE', 'Oracle');
        INSERT INTO radioshop.plan (agency_id, plan_id, code, name, interval_count, interval_unit, first_due_on)
          VALUES (901, '{plan}', 'P', 'x', 1, 'months', '2030-01-01');
        INSERT INTO radioshop.procedure (procedure_id, code, name, post_repair) VALUES ('{check}', 'ORACLE-C', 'x', false), ('{repair}', 'ORACLE-R', 'x', true);
        INSERT INTO radioshop.reading_limit (limit_id, test, kind, version, direction, high, unit, source, valid_from) VALUES
          ('{ids['maker']}', 'drift', 'maker', 1, 'max_abs', 400, 'Hz', 'x', '2000-01-01'),
          ('{ids['legal']}', 'drift', 'legal', 1, 'max_abs', 0.5, 'ppm', 'x', '2000-01-01');
        INSERT INTO radioshop.asset (agency_id, asset_id, tag, class, status) VALUES {", ".join(
            f"(901, '{asset}', 'O{i}', 'portable', 'missing')" for i, asset in enumerate(radios))};
        INSERT INTO radioshop.service_record (agency_id, record_id, asset_id, plan_id, done_on, result, recorded_at, procedure_id, procedure_version)
          VALUES {", ".join(records)};
        INSERT INTO radioshop.service_reading (agency_id, record_id, position, name, value, unit, test, band, mode, frequency_mhz, limit_id,
          legal_limit_id, verdict) VALUES {", ".join(readings)};
        SELECT asset_id, test, band, mode, readings, first_on, last_on, last_value, unit, slope, fit, leaves_on FROM radioshop.trend WHERE agency_id = 901;
        ROLLBACK""")
    found = {(row[0], row[1], row[2], row[3]): row[4:] for row in rows}
    leaving = 0
    for asset, services in radios.items():
        for key, (line, unit, slope, fit, leaves) in trends_of(services, limits).items():
            row = found.pop((asset, *key))
            assert row[:3] + [row[4]] == [str(len(line)), line[0][0].isoformat(), line[-1][0].isoformat(), unit], (services, key, row)
            assert near(row[3], line[-1][1]) and near(row[5], slope) and near(row[6], fit), (services, key, row)
            assert row[7] == (leaves.isoformat() if leaves else ""), (services, key, row, leaves)
            leaving += leaves is not None
    assert not found
    return leaving


def test_radios_against_an_oracle(migrated):
    assert 50 < compare_radios(migrated, 20261123, 150)


@pytest.fixture
def line(world, agency):
    """A radio with a plan, and a procedure of one reading with the limit ±100 Hz: a function that records readings."""
    test = f"trend_{world.number()}"
    world.ada.SetLimit(limit={"test": test, "direction": "max_abs", "high": 100, "unit": "Hz", "source": "x", "valid_from": day(-3000)})
    code = world.ada.CreateProcedure(procedure={"code": f"TR{world.number()}", "name": "x"},
                                     steps=[{"step": "it", "kind": "reading", "unit": "Hz", "test": test}]).procedure.code
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(300))

    def record(series, **values):
        for offset, value, unit in series:
            world.tina.CreateServiceRecord(asset=asset.id, procedure=code, done_on=day(offset),
                                           readings=[{"name": "it", "value": value, "unit": unit}], **values)
    return agency, asset, record


def test_a_radio_that_drifts_is_called_in_early(world, line):
    """10 Hz in 100 days: 60 today, and 100 are reached in 400 days, after it is due; at 20 Hz before."""
    agency, asset, record = line
    record([(-200, 40, "Hz"), (-100, 0.05, "kHz")])
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert (trend.readings, trend.HasField("per_year"), trend.leaves_on, trend.last_value) == (2, False, "", 50)
    record([(0, 60, "Hz")])
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert (trend.readings, trend.per_year, trend.fit, trend.unit) == (3, 36.5, 1, "Hz")
    assert (trend.leaves_on, trend.due_on, trend.limit_text) == (day(401), day(300), "±100 Hz")
    assert not world.vera.ListEarlyCalls(agency=agency).trends
    record([(0, 75, "Hz"), (0, 73, "Hz"), (0, 76, "Hz")])
    early, = world.vera.ListEarlyCalls(agency=agency).trends
    assert (early.tag, early.leaves_on < early.due_on, early.fit > 0.532) == (asset.tag, True, True)
    assert list(world.vera.SummarizeTrends(asset=asset.tag, test=early.test).trends) == [early]
    assert not world.vera.SummarizeTrends(asset=asset.tag, test="tx_power").trends
    assert not world.lee.ListEarlyCalls().trends
    with refused("NOT_FOUND", field="agency"):
        world.lee.ListEarlyCalls(agency=agency)
    with refused("NOT_FOUND", field="asset"):
        world.lee.SummarizeTrends(asset=asset.id)


def test_what_may_be_chance_calls_nobody_in(world, line):
    """The same rise in half of the readings and none in the others: it could be noise."""
    agency, asset, record = line
    record([(-200, 40, "Hz"), (-100, 95, "Hz"), (0, 80, "Hz")])
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert (trend.per_year > 0, 0 < trend.fit < 0.975, trend.leaves_on) == (True, True, "")
    assert not world.vera.ListEarlyCalls(agency=agency).trends


@pytest.mark.parametrize("status", ["retired", "missing"])
def test_a_radio_that_is_not_in_use_is_left_out(world, line, status):
    agency, asset, record = line
    record([(-20, 40, "Hz"), (-10, 60, "Hz"), (0, 80, "Hz")])
    assert [t.tag for t in world.vera.ListEarlyCalls(agency=agency).trends] == [asset.tag]
    world.ada.UpdateAsset(asset={"id": asset.id, "status": status, "revision": asset.revision}, update_mask=["status"])
    assert not world.vera.ListEarlyCalls(agency=agency).trends
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert (trend.leaves_on, trend.due_on) == (day(11), "")


@pytest.mark.parametrize("values", [float("nan"), float("inf"), 1.1e15], ids=str)
def test_what_is_no_reading_is_not_in_it(world, line, values):
    _, asset, record = line
    with refused("INVALID_ARGUMENT", field="readings.value"):
        record([(0, values, "Hz")])
    assert not world.vera.SummarizeTrends(asset=asset.id).trends


def test_an_adjustment_begins_anew(world, line):
    _, asset, record = line
    record([(-300, 10, "Hz"), (-200, 50, "Hz"), (-100, 90, "Hz")])
    assert world.vera.SummarizeTrends(asset=asset.id).trends[0].readings == 3
    record([(-50, 1, "Hz")], result="adjusted")
    record([(-10, 2, "Hz")])
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert (trend.readings, trend.first_on, trend.leaves_on) == (2, day(-50), "")


def test_readings_at_the_same_moment(world, line):
    """Services of one radio that come in together are all in its trend."""
    _, asset, record = line
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda i: record([(-10 * i, i, "Hz")]), range(6)))
    trend, = world.vera.SummarizeTrends(asset=asset.id).trends
    assert trend.readings == 6 and round(trend.per_year, 6) == -36.5
