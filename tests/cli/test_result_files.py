"""Files of an analyser's results into services: the log that it writes and the table that people make, and what is wrong with them."""

import csv
import json
import re

import pytest

from rig.world import day

REFUSED = 65


def numbers(done):
    """The sums of the report: (new, failed, unchanged, refused)."""
    return tuple(map(int, re.search(r"(\d+) new \((\d+) failed\), (\d+) unchanged, (\d+) refused", done.stdout + done.stderr).groups()))


@pytest.fixture(scope="module")
def tools(world):
    tool = world.ada.CreateAnalyser(analyser={"serial": f"R8{world.number()}", "manufacturer": "Freedom", "model": "R8000"}).analyser.serial
    made = world.ada.CreateProcedure(procedure={"code": f"RUN{world.number()}", "name": "Yearly"}, steps=[
        {"step": "tx_frequency_error", "test": "tx_freq_error", "kind": "reading", "unit": "Hz", "mode": "p25"},
        {"step": "tx_power", "kind": "reading", "unit": "W"}, {"step": "display", "kind": "check", "may_skip": True}]).procedure.code
    return tool, made


@pytest.fixture
def bench(world, agency, tools):
    """Two radios of an agency whose plan follows the procedure, and an analyser."""
    plan = world.plan(agency, first_due_on=day(-5))
    world.ada.AttachProcedure(agency=agency, plan=plan.code, revision=plan.revision, procedure=tools[1])
    return world.asset(agency), world.asset(agency), tools[0]


def import_(shop, path, *words, who="tina"):
    return shop.run(who, "service", "import", path, *words)


LOG = """FREEDOM R8000 AutoTune
======================
Serial Number: {0.serial}
Model: H98UCF9PW6BN
Date: {1}
Time: 2:32:05 PM
Analyzer Serial: {2}
Test                     Measured  Unit  Min   Max  Result
----------------------------------------------------------
TX Frequency Error         -120.5  Hz   -100   100  FAIL
TX Power @ 851.0125 MHz       2.9  W       1     3  PASS
Display                      PASS
Overall Result: FAIL
Notes: antenna worn
"""


def us_day(offset):
    year, month, of_month = day(offset).split("-")
    return f"{int(month)}/{int(of_month)}/{year}"


def log_of(asset, tool, offset=-1):
    return LOG.format(asset, us_day(offset), tool)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_log(shop, world, bench, tmp_path):
    """Known by its content, judged by the shop and not by the log; the second time it changes nothing, nor does its rejects file."""
    first, second, tool = bench
    bad = log_of(second, tool).replace("       2.9", "       0.2") + "Battery      6.9 V of 7.4\n"
    file, rejects = write(tmp_path / "day.log", log_of(first, tool) + "\n" + bad.replace("\n", "\r\n")), tmp_path / "rejects.csv"
    dry = import_(shop, file, "--dry-run")
    assert dry.returncode == REFUSED and numbers(dry) == (1, 0, 0, 1) and not world.tina.ListServiceRecords(asset=first.id).services
    done = import_(shop, file, "--rejects", rejects)
    assert done.returncode == REFUSED and numbers(done) == (1, 0, 0, 1), done.stdout + done.stderr
    assert re.search(r"^ *10 .*the analyser said failed by -100 to 100 Hz", done.stdout, re.M), done.stdout
    assert re.search(r"^ *30 .*Battery +6.9 V of 7.4 +is not understood", done.stdout, re.M), done.stdout
    service, = world.tina.ListServiceRecords(asset=first.id).services
    assert (service.result, service.done_on, service.analyser, service.notes) == (1, day(-1), tool, "antenna worn")
    assert [(r.name, r.value, r.frequency_mhz) for r in service.readings] == [("tx_frequency_error", -120.5, 0), ("tx_power", 2.9, 851.0125)]
    assert not world.tina.ListServiceRecords(asset=second.id).services, "a run with a line that is not understood is not taken for whole"
    assert numbers(import_(shop, file)) == (0, 0, 1, 1)
    rows = list(csv.DictReader(rejects.open(encoding="utf-8")))
    assert len(rows) == 4 and "not understood" in rows[3]["reason"] and all(row["reason"] for row in rows)
    with rejects.open("w", encoding="utf-8", newline="") as out:
        mended = csv.DictWriter(out, rows[0])
        mended.writeheader()
        mended.writerows(rows[:3])
    done = import_(shop, rejects, "--open-ticket")
    assert done.returncode == 0 and numbers(done) == (1, 1, 0, 0), done.stdout + done.stderr
    ticket, = world.tina.ListTickets(asset=second.id).tickets
    assert ticket.number in done.stdout and "the limit is" in done.stdout
    assert numbers(import_(shop, rejects)) == (0, 0, 1, 0)


def test_a_table(shop, world, bench, tmp_path):
    """As a person makes it, with a heading of her own each, semicolons, and a plan for the whole file."""
    first, second, tool = bench
    text = "Serial Number;Test Date;Test;Measured;Units\n" + "".join(
        f"{asset.serial};{us_day(-2)} 9:{n}0 AM;{test};{value};{unit}\n" for n, asset in ((1, first), (2, second))
        for test, value, unit in (("TX Frequency Error", "0.12", "kHz"), ("tx_power", "2.5", "W")))
    file = write(tmp_path / "t.csv", text)
    done = import_(shop, file, "--plan", "PM12", "--analyser", tool.lower())
    assert done.returncode == 0 and numbers(done) == (2, 0, 0, 0), done.stdout + done.stderr
    service, = world.tina.ListServiceRecords(asset=first.id).services
    assert (service.plan, service.readings[0].value, service.readings[0].unit, service.result) == ("PM12", 0.12, "kHz", 1)
    again = import_(shop, file, "--plan", "PM12", "--analyser", tool, "-o", "json")
    assert numbers(again) == (0, 0, 2, 0) and json.loads(again.stdout) == []
    assert numbers(import_(shop, file, "--plan", "OTHER", "--analyser", tool)) == (0, 0, 0, 2)
    assert numbers(import_(shop, file, "--format", "csv", "--analyser", tool)) == (0, 0, 2, 0)
    as_log = import_(shop, file, "--format", "log")
    assert as_log.returncode == REFUSED and numbers(as_log) == (0, 0, 0, 1) and as_log.stdout.count("is not understood") == 4


def test_runs_that_are_not_whole(shop, world, bench, tmp_path):
    """A row that nobody can read may belong to the run beside it, and a run in two places has no end: nothing of them is kept."""
    first, second, tool = bench
    head = "serial,tested_at,analyser,step,value,unit\n"

    def rows(asset, at, *steps):
        return "".join(f"{asset.serial},{day(-1)} {at},{tool},{step}\n" for step in (steps or ("tx_frequency_error,1,Hz", "tx_power,2,W")))
    broken = head + rows(first, "10:00") + "x,y\n" + rows(second, "10:00") + rows(second, "11:00")
    done = import_(shop, write(tmp_path / "a.csv", broken))
    assert numbers(done) == (1, 0, 0, 3) and done.stdout.count("beside this run") == 2, done.stdout
    split = head + rows(first, "10:00", "tx_frequency_error,1,Hz") + rows(second, "10:00") + rows(first, "10:00", "tx_power,2,W")
    done = import_(shop, write(tmp_path / "b.csv", split))
    assert numbers(done) == (1, 0, 0, 2) and "line 5 begins the same run" in done.stdout and "line 2 begins" in done.stdout, done.stdout
    assert not world.tina.ListServiceRecords(asset=first.id).services
    assert len(world.tina.ListServiceRecords(asset=second.id).services) == 2


@pytest.mark.parametrize("text, says", [
    ("", "is empty"), ("Serial Number: 1\n", "no line of a measured value"), ("name,colour\nx,y\n", "column"),
    (b"SN: 1\nDisplay  PASS\n\x00\x01", "no text"), ("SN: 1\nDisplay  PASS\n".encode("utf-16"), "UTF-16"),
    ("SN: 1\n" + "x" * 40000, "line 2: longer")], ids=["empty", "heads-only", "no-known-column", "binary", "utf-16", "long-line"])
def test_files_that_are_none(shop, tmp_path, text, says):
    assert says in shop.run("tina", "service", "import", write(tmp_path / "f", text)).stderr


def test_many_runs(shop, world, bench, tmp_path):
    """More rows than a call takes: no run is parted between two calls. And the flags say what they want."""
    first, _, tool = bench

    def run(serial, day_of):
        return "".join(f"{serial},{day_of} 10:00,{tool},{row}\n" for row in ("display,yes,", "tx_frequency_error,1,Hz", "tx_power,2,W"))
    text = "serial,tested_at,analyser,step,value,unit\n" + "".join(run(f"NONE{n}", day(-1)) for n in range(166)) + "".join(
        run(first.serial, day(-1 - n)) for n in range(4))
    done = import_(shop, write(tmp_path / "many.csv", text))
    assert done.returncode == REFUSED and numbers(done) == (4, 0, 0, 166), done.stdout + done.stderr
    assert done.stdout.count("no radio has this serial number") == 166, "one line a run"
    assert {len(s.readings) + len(s.answers) for s in world.tina.ListServiceRecords(asset=first.id).services} == {3}
    assert numbers(import_(shop, tmp_path / "many.csv")) == (0, 0, 4, 166)
    shop.fails(64, "tina", "service", "import", tmp_path / "many.csv", "--format", "xml", says="csv or log")
    told = shop.fails(REFUSED, "tina", "service", "import", tmp_path / "many.csv", "--plan", "PM12", "--procedure", "X", says="--procedure")
    assert "outside a plan" in told
    assert "--open-ticket" in shop.ok("tina", "service", "import", "--help") and "--format" in shop.ok("tina", "service", "import", "--help")
