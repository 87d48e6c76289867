"""Due dates as people type them: plans by weekday and meter, skips, deferrals and their approval, readings typed and imported."""

import csv
import io

from rig.world import day

USAGE, REFUSED = 64, 65


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_plan_by_weekday(shop, agency):
    made, = rows(shop.ok("ada", "plan", "create", agency, "WALK", "--name", "Walk-round", "--rule", "first monday", "--blackout-from", "11-15",
                         "--blackout-until", "01-05", "-o", "csv", "--columns", "rule,interval_count,interval_unit,blackout_from"))
    assert list(made.values()) == ["first Monday", "1", "months", "11-15"]
    said = shop.fails(USAGE, "ada", "plan", "create", agency, "X", "--name", "x", says="--interval-count")
    assert "--rule" in said and "--meter-every" in said, "the error says all that would do"
    shop.fails(REFUSED, "ada", "plan", "create", agency, "X", "--name", "x", "--rule", "fifth Monday", says="not every month has a fifth")
    text = shop.ok("ada", "plan", "create", "--help")
    assert text.count("(one of these is needed)") == 3 and text.count("(needed)") == 1, "interval, rule or meter; and the name"
    for word in ("first Monday", "comes first", "--early-days", "MM-DD", "--defer-limit-days"):
        assert word in text, word


def test_skip_and_defer(shop, world, agency):
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-5))
    shop.fails(USAGE, "tina", "due", "skip", asset.tag, day(-5), says="--reason")
    shop.fails(REFUSED, "tina", "due", "skip", asset.tag, day(-4), "--reason", "x", says=f"but on {day(-5)}")
    shop.fails(REFUSED, "tina", "due", "defer", asset.tag, day(-4), day(20), "--reason", "x", says=f"but on {day(-5)}")
    asked, = rows(shop.ok("tina", "due", "defer", asset.tag, day(-5), day(20), "--reason", "on wildfire duty", "-o", "csv"))
    assert (asked["state"], asked["deferred_to"]) == ("asked", day(20))
    assert asked["id"] in shop.ok("ada", "due", "changes", "--agency", agency, "--open", "-o", "csv")
    done, = rows(shop.ok("ada", "due", "approve", asked["id"], "--note", "fine", "-o", "csv", "--columns", "state,decided_by,next_due_on"))
    assert list(done.values()) == ["approved", "ada", day(20)]
    item, = rows(shop.ok("vera", "due", "--agency", agency, "-o", "csv", "--columns", "due_on,deferred_from"))
    assert list(item.values()) == [day(20), day(-5)]
    shop.ok("tina", "due", "skip", asset.tag, day(20), "--reason", "replaced anyway")
    shop.fails(REFUSED, "tina", "due", "skip", asset.tag, day(20), "--reason", "me too", says="asset")


def test_meter(shop, world, agency, tmp_path):
    first, second = world.asset(agency), world.asset(agency)
    world.ada.CreatePlan(plan={"agency": agency, "code": "HRS", "name": "By hours", "meter": "hours", "meter_every": 500})
    shop.ok("tina", "meter", "record", first.tag, "hours", "3120")
    shop.fails(REFUSED, "tina", "meter", "record", first.tag, "hours", "3100", says="--replaced")
    shop.ok("tina", "meter", "record", first.tag, "hours", "0", "--replaced", "--note", "new board")
    file = tmp_path / "readings.csv"
    file.write_text(f"Tag,Meter,Reading,Date\n{first.tag},hours,12,\n{second.tag},cycles,7,{day(-3)}\n{second.tag},cycles,6,{day(-1)}\n"
                    f"nobody,hours,5,\n", encoding="utf-8")
    assert "asset, meter, value and read_on" in shop.ok("tina", "meter", "import", "--help")
    done = shop.run("tina", "meter", "import", str(file))
    assert "does not go backwards" in done.stdout + done.stderr and "nobody" in done.stdout + done.stderr
    assert "2 created" in done.stdout + done.stderr and "2 refused" in done.stdout + done.stderr, done.stdout + done.stderr
    values = [r["value"] for r in rows(shop.ok("vera", "meter", "list", "--asset", first.tag, "-o", "csv"))]
    assert values == ["12", "0", "3120"]
