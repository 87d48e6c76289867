"""What a person types, and what comes back: the three users' jobs, formats, help, and exit codes."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import time

import pytest

from rig import COMMAND, contract
from rig.world import day, new_id

USAGE, REFUSED, NOT_FOUND, UNAVAILABLE, AGAIN, DENIED, CONFIG = 64, 65, 66, 69, 75, 77, 78


def column_of(text, column):
    return [row[column] for row in csv.DictReader(io.StringIO(text))]


def test_the_technicians_job(shop, world, agency):
    asset = world.asset(agency, tag=f"J{world.number()}", assigned_to="Engine 3")
    found = shop.ok("tina", "asset", "find", asset.serial)
    assert asset.tag in found and "Engine 3" in found and "in_service" in found
    logged = shop.ok("tina", "ticket", "log", f"{agency}:{asset.tag}", "--problem", "no receive audio", "--cause", "worn speaker",
                     "--action", "replaced speaker", "--minutes", "15", "--part", "speaker kit", "--part-cost", "14.20")
    number = re.search(rf"{agency}-\d{{4}}-\d{{5}}", logged)[0]
    shown = shop.ok("tina", "ticket", "show", number)
    for word in ("closed", "worn speaker", "replaced speaker", "14.20", "speaker kit", "15"):
        assert word in shown, shown


def test_the_fleet_managers_job(shop, world):
    asset = world.asset("IND")
    world.plan("IND", f"CLI{world.number()}", first_due_on=day(-20), model="H98UCF9PW6BN")
    other = world.asset("LSU")
    world.plan("LSU", f"CLI{world.number()}", first_due_on=day(-20))
    listed = shop.ok("frank", "due", "--overdue", "--all")
    assert asset.tag in listed and other.tag not in listed and "LSU" not in listed
    ticket = json.loads(shop.ok("frank", "ticket", "open", f"IND:{asset.tag}", "cracked", "-o", "json"))
    ticket = ticket.get("ticket", ticket)
    assert ticket["number"] in shop.ok("frank", "ticket", "list")


def test_the_nightly_job(shop, world, agency):
    """Text for cron's mail the first time, silence and 0 the second; JSON for programs."""
    asset = world.asset(agency, assigned_to="Engine 3")
    world.plan(agency, first_due_on=day(-5))
    first = shop.run("nightly", "alert", "emit", "--agency", agency)
    assert first.returncode == 0 and asset.tag in first.stdout and "Engine 3" in first.stdout and "PM12" in first.stdout
    second = shop.run("nightly", "alert", "emit", "--agency", agency)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    other = world.agency()
    world.asset(other)
    world.plan(other, first_due_on=day(-5))
    rows = json.loads(shop.ok("nightly", "alert", "emit", "--agency", other, "-o", "json"))
    rows = rows if isinstance(rows, list) else rows.get("alerts", [rows])
    assert [row["kind"] for row in rows] == ["overdue"]


def test_text_beyond_ascii_where_there_is_no_locale(shop, world, agency):
    """As in a cron job: a table must neither lose the text nor go round for ever."""
    asset = world.asset(agency, assigned_to="Señora Núñez")
    for locale in ("C", "POSIX", "no_such_locale"):
        assert "Señora Núñez" in shop.ok("tina", "asset", "find", asset.serial, binary=True, env={"LANG": locale}).decode()


def test_two_nightly_jobs_at_the_same_moment(shop, world, agency):
    assets = [world.asset(agency).tag for _ in range(15)]
    world.plan(agency, first_due_on=day(-5))
    shop.profile("nightly")
    jobs = [subprocess.Popen([COMMAND, "alert", "emit", "--agency", agency], stdout=subprocess.PIPE, text=True,
                             env=shop.environment(RADIOSHOP_PROFILE="nightly", XDG_STATE_HOME=str(shop.state / str(i))))
            for i in range(4)]
    text = "".join(job.communicate(timeout=60)[0] for job in jobs)
    assert all(job.returncode == 0 for job in jobs)
    for tag in assets:
        assert len(re.findall(rf"\b{tag}\b", text)) == 1, text


def test_a_bench_day(shop, world, agency):
    asset = world.asset(agency)
    code = f"{agency}:{asset.tag}"
    number = re.search(rf"{agency}-\d{{4}}-\d{{5}}", shop.ok("tina", "ticket", "open", code, "hums", "--received"))[0]
    shop.ok("tina", "ticket", "move", number, "diagnosing")
    shop.ok("tina", "ticket", "labour", number, "25", "aligned")
    shop.ok("tina", "ticket", "part", number, "speaker", "--cost", "14.20")
    shop.ok("tina", "ticket", "note", number, "owner called")
    shop.fails(REFUSED, "tina", "ticket", "move", number, "reported", says="diagnosing")
    shop.ok("tina", "ticket", "update", number, "--priority", "urgent")
    shown = json.loads(shop.ok("tina", "ticket", "show", number, "-o", "json"))
    shown = shown.get("ticket", shown)
    assert (shown["priority"], shown["labour_minutes"], int(shown["cost_cents"])) == ("urgent", 25, 1420)
    assert "in_shop" in shop.ok("vera", "asset", "show", code)


def test_service(shop, world, agency):
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-5))
    text = shop.ok("tina", "service", "record", f"{agency}:{asset.tag}", "--result", "passed", "--reading", "TX power=4.9 W",
                   "--reading", "TX frequency error=-112.5 Hz", "--notes", "fine")
    assert day() in text and "PM12" in text
    listed = json.loads(shop.ok("vera", "service", "list", "--asset", asset.id, "-o", "json"))
    listed = listed if isinstance(listed, list) else listed["services"]
    assert [(r["name"], r["value"], r["unit"]) for r in listed[0]["readings"]] == [
        ("TX power", 4.9, "W"), ("TX frequency error", -112.5, "Hz")]


def test_the_stock_room(shop, world, agency):
    """Receive, use with a scanner, look, count, order: as at the bench."""
    part, shelf, ticket = f"SPK-{agency}", f"A-{agency}", world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket.number
    shop.ok("tina", "location", "create", shelf, "Shelf at the bench")
    shop.ok("tina", "location", "create", f"V-{agency}", "Van", "--kind", "van")
    shop.ok("tina", "part", "create", part, "Speaker, 28 mm", "--reorder-point", "3", "--reorder-quantity", "10", "--class", "portable")
    shop.fails(USAGE, "tina", "stock", "receive", part, shelf, "4", says="--unit-cost")
    shop.ok("tina", "stock", "receive", part, shelf.lower(), "4", "--unit-cost", "14.20", "--supplier", "Parts Inc.")
    assert "28.40" in shop.ok("tina", "part", "use", ticket, part.lower(), "2")
    shop.ok("tina", "part", "use", ticket, part)
    shop.fails(REFUSED, "tina", "part", "use", ticket, part, "2", says=f"1 at {shelf}")
    shop.ok("tina", "part", "return", ticket, part)
    assert "28.40" in shop.ok("tina", "ticket", "show", ticket) and part in shop.ok("tina", "stock", "list", "--below-reorder")
    shop.fails(REFUSED, "tina", "stock", "count", part, shelf, "1", says="the book says 2")
    shop.ok("tina", "stock", "count", part, shelf, "1", "--reason", "yearly count")
    shop.ok("tina", "stock", "move", part, shelf, f"V-{agency}")
    shop.ok("tina", "stock", "scrap", part, f"V-{agency}", "--reason", "bent")
    assert column_of(shop.ok("vera", "stock", "moves", "--part", part, "-o", "csv"), "kind") == [
        "scrap", "move", "move", "count", "return", "use", "use", "receive"]
    assert column_of(shop.ok("vera", "part", "uses", "--ticket", ticket, "-o", "csv"), "quantity") == ["-1", "1", "2"]
    shop.fails(DENIED, "frank", "stock", "list", says="part uses")
    shop.ok("tina", "part", "update", part, "--obsolete")
    assert part not in shop.ok("tina", "part", "list") and part in shop.ok("tina", "part", "show", part)


def test_out_to_the_depot_and_back(shop, world, agency):
    asset = world.asset(agency, warranty_until=day(-1))
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x", received=True).ticket.number
    shop.ok("tina", "ticket", "diagnose", ticket)
    shop.fails(REFUSED, "tina", "rma", "open", ticket, f"R{agency}", "--kind", "warranty", says="goodwill")
    shop.fails(USAGE, "tina", "rma", "open", ticket, f"R{agency}", says="--kind")
    shop.ok("tina", "rma", "open", ticket, f"R{agency}", "--kind", "warranty", "--goodwill", "--expected-days", "4")
    shop.ok("tina", "rma", "ship", ticket, "--carrier", "UPS", "--shipped-on", day(-20))
    assert f"R{agency}" in shop.ok("vera", "rma", "--agency", agency, "--overdue")
    assert f"R{agency}" in shop.ok("vera", "rma", "list", "--agency", agency, "--days-away", "10")
    shop.fails(REFUSED, "tina", "ticket", "test", ticket, says="rma receive")
    shop.fails(USAGE, "tina", "rma", "receive", ticket, "--outcome", "lost", says="unrepaired")
    shop.ok("tina", "rma", "receive", f"R{agency}", "--serial", f"X{agency}", "--cost", "310")
    shop.fails(REFUSED, "tina", "ticket", "ready", ticket, says="rma codeplug")
    shop.ok("tina", "rma", "codeplug", f"R{agency}")
    shop.ok("tina", "ticket", "ready", ticket)
    shown = shop.ok("vera", "rma", "show", f"R{agency}")
    assert asset.serial in shown and f"X{agency}" in shown and "310.00" in shown
    assert asset.tag in shop.ok("vera", "asset", "find", asset.serial)


def test_a_campaign(shop, world, agency):
    radios = [world.asset(agency, firmware="R30", assigned_to=f"Engine {i}") for i in range(3)]
    spent, code = world.asset(agency, firmware="R30", status="retired"), f"FW-{agency}"
    asked = ["--agency", agency, "--class", "portable", "--firmware-other-than", "R32"]
    shown = json.loads(shop.ok("ada", "campaign", "preview", *asked, "-o", "json"))
    assert (shown["assets"], shown["left_out"], shown["agencies"]) == (3, 1, [{"agency": agency, "assets": 3, "left_out": 1}])
    assert re.search(r"ASSETS +3\b", shop.ok("ada", "campaign", "preview", *asked))
    shop.fails(USAGE, "ada", "campaign", "create", code, "Firmware", *asked, says="--kind")
    shop.fails(REFUSED, "ada", "campaign", "create", code, "Firmware", *asked, "--kind", "firmware", says="such as R32.10.00")
    shop.fails(DENIED, "tina", "campaign", "create", code, "Firmware", *asked, "--kind", "other")
    made = shop.ok("ada", "campaign", "create", code, "Firmware", *asked, "--kind", "firmware", "--target", "R32", "--due-on", day(9), "-o", "csv")
    assert column_of(made, "assets") == ["3"] and column_of(made, "due_on") == [day(9)]
    ticked = shop.ok("tina", "campaign", "tick", code, radios[0].serial)
    assert radios[0].tag in ticked and "done" in ticked and "Engine 0" in ticked
    again = shop.ok("tina", "campaign", "tick", code, radios[0].tag, "-o", "csv")
    assert column_of(again, "already") == ["true"] and column_of(again, "ticked_by") == ["tina"]
    shop.fails(REFUSED, "tina", "campaign", "tick", code, radios[1].tag, "--result", "failed", says="--note")
    shop.ok("tina", "campaign", "tick", code, radios[1].tag, "--result", "not-applicable", "--note", "goes back")
    shop.fails(REFUSED, "tina", "campaign", "tick", code, spent.tag, says=f"campaign add {code}")
    left = shop.ok("vera", "campaign", "left", code, "-o", "csv")
    assert column_of(left, "tag") == [radios[2].tag] and column_of(left, "assigned_to") == ["Engine 2"]
    assert [i["state"] for i in json.loads(shop.ok("vera", "campaign", "items", code, "-o", "json"))] == ["done", "not_applicable", "left"]
    how_far = shop.ok("vera", "campaign", "progress", code, "-o", "csv")
    assert [column_of(how_far, c) for c in ("total", "done", "not_applicable", "left", "percent")] == [["3"], ["1"], ["1"], ["1"], ["66"]]
    shop.ok("tina", "campaign", "undo", code, radios[0].tag, "wrong radio")
    assert len(shop.ok("vera", "campaign", "left", code).splitlines()) == 3, "two radios and the heading"
    shop.ok("ada", "campaign", "update", code, "--due-on", day(20))
    shop.fails(REFUSED, "ada", "campaign", "close", code, says="--reason")
    shop.ok("ada", "campaign", "close", code, "--reason", "enough")
    shop.fails(REFUSED, "tina", "campaign", "tick", code, radios[2].tag, says="closed")
    assert code not in shop.ok("vera", "campaign") and code in shop.ok("vera", "campaign", "list", "--ended") and "R32" in shop.ok("vera", "campaign", "show", code)
    text = shop.ok("tina", "campaign", "tick", "--help")
    for word in ("any code on", "failed", "not-applicable", "--note"):
        assert word in text, text


def test_checked_out_and_in_again(shop, world, agency):
    """A shift: two radios to an officer, one by a scanner, who has what, and where one has been."""
    radios = [world.asset(agency, location="Station 1") for _ in range(3)]
    tags = [radio.tag for radio in radios]
    code = f"B{world.number()}"
    assert column_of(shop.ok("tina", "custodian", "create", agency, code, "A. Ruiz", "-o", "csv"), "kind") == ["person"]
    shop.fails(USAGE, "tina", "custodian", "create", agency, code, "A. Ruiz", "--kind", "dog", says="vehicle")
    out = shop.ok("tina", "asset", "checkout", tags[0], "-", "--to", code, "--due-on", day(2), "-o", "csv", stdin=f"\n  {radios[1].serial}\r\n")
    assert column_of(out, "tag") == tags[:2] and column_of(out, "name") == ["A. Ruiz"] * 2
    shop.fails(REFUSED, "tina", "asset", "checkout", *tags, "--to", code, says=f"asset {tags[0]} is checked out to A. Ruiz ({code}) since")
    shop.fails(USAGE, "tina", "asset", "checkout", tags[2], says="--to is needed")
    shop.fails(USAGE, "tina", "asset", "checkout", "--to", code, says="ASSETS is missing: radioshop asset checkout ASSETS...; - reads them")
    shop.fails(USAGE, "tina", "asset", "checkin", "-", says="ASSETS is missing")
    shown = shop.ok("vera", "custodian", "show", code)
    assert tags[0] in shown and tags[1] in shown and tags[2] not in shown
    assert f"checked out to A. Ruiz ({code}) since {day()}, due {day(2)}" in shop.ok("vera", "asset", "show", tags[0])
    assert sorted(column_of(shop.ok("vera", "custody", "--agency", agency, "-o", "csv"), "tag")) == tags[:2]
    assert not column_of(shop.ok("vera", "custody", "list", "--overdue", "--custodian", code, "-o", "csv"), "tag")
    shop.fails(REFUSED, "tina", "custodian", "update", code, "--inactive", says="still holds 2")
    shop.fails(REFUSED, "tina", "asset", "update", tags[0], "--assigned-to", "B. Lane", says="it is checked out, and shows who has it")
    assert column_of(shop.ok("tina", "asset", "checkin", *tags[:2], "--location", "Property room", "-o", "csv"), "returned_to") == ["Property room"] * 2
    shop.ok("tina", "custodian", "update", code, "--inactive")
    assert code not in shop.ok("vera", "custodian", "--agency", agency)
    assert column_of(shop.ok("vera", "asset", "history", tags[1], "-o", "csv"), "assigned_to") == ["", "A. Ruiz", ""]
    assert column_of(shop.ok("vera", "asset", "history", tags[1], "--on", day(-3), "-o", "csv"), "assigned_to") == []
    text = shop.ok("tina", "asset", "checkout", "--help")
    for word in ("ASSETS...", "by UUID or any code on each", "--to", "--due-on"):
        assert word in text, text


def test_a_morning_of_rekeying(shop, world, agency):
    radios, tool = [world.asset(agency) for _ in range(3)], world.asset(agency, model="", **{"class": "test_equipment"})
    old, new = f"{agency}-25", f"{agency}-26"
    for code, number in ((old, 1), (new, 2)):
        shop.ok("ada", "key", "create", agency, code, "Patrol", "--number", number, "--algorithm", "aes-256", "--ckrs", "1-4,20")
    shop.ok("tina", "key", "load", old, *(r.tag for r in radios), "--loader", tool.tag, "--loaded-on", day(-9))
    shop.ok("ada", "key", "supersede", old, new)
    # from the scanner, one a line
    out = shop.ok("tina", "key", "load", new, "-", "--loader", tool.tag, "-o", "csv", stdin=f"{radios[0].serial}\r\n\n  {radios[1].tag}\n")
    assert column_of(out, "tag") == [r.tag for r in radios[:2]] and column_of(out, "ckrs") == ["1-4,20"] * 2
    shop.ok("tina", "key", "erase", old, radios[0].tag)
    assert column_of(shop.ok("vera", "key", "holders", "--agency", agency, "--old", "-o", "csv"), "radios") == ["2"]
    assert set(column_of(shop.ok("vera", "key", "held", "--agency", agency, "--old", "-o", "csv"), "tag")) == {r.tag for r in radios[1:]}
    shop.ok("tina", "key", "zeroize", *(r.tag for r in radios))
    assert not column_of(shop.ok("vera", "key", "held", "--agency", agency, "-o", "csv"), "tag")
    shop.fails(REFUSED, "tina", "key", "load", old, radios[0].tag, "--loader", tool.tag, says=f"load {agency}:{new}")
    shop.fails(REFUSED, "tina", "key", "load", new, radios[0].tag, "--loader", tool.tag, "--note", "01 23 45 67 89 ab cd ef", says="keys are never kept here")
    shop.fails(USAGE, "tina", "key", "load", new, says="ASSETS is missing: radioshop key load KEYSET ASSETS...")
    assert "KEYSET ASSETS..." in shop.ok("tina", "key", "load", "--help")


def test_batteries_and_what_they_are_on(shop, world, agency):
    radios = [world.asset(agency) for _ in range(2)]
    tags = [f"BAT{world.number()}" for _ in range(2)]
    for tag in tags:
        shop.ok("tina", "asset", "create", agency, tag, "--class", "battery")
    assert column_of(shop.ok("tina", "asset", "attach", *tags, "--to", radios[0].tag, "-o", "csv"), "parent") == [radios[0].tag] * 2
    shown = shop.ok("vera", "asset", "show", radios[0].tag)
    assert all(tag in shown for tag in tags) and radios[0].tag in shop.ok("vera", "asset", "show", tags[0])
    shop.fails(REFUSED, "tina", "asset", "attach", tags[0], "--to", radios[1].tag, says="detach it first, or move it (--move)")
    shop.ok("tina", "asset", "attach", tags[0], "--to", radios[1].tag, "--move")
    shop.fails(USAGE, "tina", "asset", "attach", tags[0], says="--to is needed")
    assert column_of(shop.ok("tina", "asset", "detach", tags[1], "--note", "weak", "-o", "csv"), "until_note") == ["weak"]
    assert column_of(shop.ok("vera", "component", "--asset", tags[0], "--detached", "-o", "csv"), "parent") == [radios[1].tag, radios[0].tag]
    assert column_of(shop.ok("tina", "battery", "date", tags[0], "2001", "-o", "csv"), "made_on") == ["2019-12-30"]
    done = shop.run("tina", "battery", "date", tags[1], "Q")
    assert done.returncode == 0 and "date code Q: it is neither YWW nor YYWW" in done.stderr
    assert column_of(shop.ok("vera", "battery", "--agency", agency, "--older-than-months", "24", "-o", "csv"), "tag") == [tags[0]]
    assert column_of(shop.ok("tina", "asset", "create", agency, f"{tags[0]}M", "--class", "speaker-mic", "-o", "csv"), "class") == ["speaker_mic"]


def test_out_for_repair_with_a_loaner_and_back(shop, world, agency):
    asset, loaner, other = world.asset(agency, assigned_to="A. Ruiz"), world.asset(agency, status="spare"), world.asset(agency)
    shop.ok("ada", "loaner", "add", loaner.tag, "--note", "regional codeplug")
    assert column_of(shop.ok("vera", "loaner", "list", "--agency", agency, "--free", "--band", "7/800", "-o", "csv"), "tag") == [loaner.tag]
    shop.fails(REFUSED, "tina", "ticket", "open", asset.tag, "dead", "--received", "--loaner", loaner.tag, "--loaner-due-on", day(200), says="three months at most")
    out = shop.ok("tina", "ticket", "open", asset.tag, "dead", "--received", "--loaner", loaner.tag, "-o", "csv")
    assert column_of(out, "loaner") == [f"{agency}:{loaner.tag}"]
    number = column_of(out, "number")[0]
    assert f"in repair ({number}, received), loaner {agency}:{loaner.tag} with A. Ruiz until" in shop.ok("vera", "asset", "show", asset.tag)
    shop.fails(REFUSED, "tina", "loan", "issue", number, other.tag, says="take it in with loan return first")
    shop.fails(REFUSED, "tina", "asset", "update", loaner.tag, "--status", "retired", says="loan return")
    shop.ok("tina", "ticket", "diagnose", number)
    shop.ok("tina", "ticket", "ready", number)
    assert column_of(shop.ok("tina", "ticket", "return", number, "-o", "csv"), "loaner_due_on") == [day(7)]
    shop.fails(REFUSED, "tina", "loan", "extend", loaner.tag, day(9), "forgot", says=f"the latest is {day(7)}")
    shop.fails(USAGE, "tina", "loan", "extend", loaner.tag, day(9))
    shop.fails(USAGE, "tina", "loan", "return", loaner.tag, "--condition", "eaten", says="damaged")
    back = shop.ok("tina", "loan", "return", loaner.tag, "--problem", "antenna broken", "-o", "csv")
    assert column_of(back, "damage_ticket") == [world.vera.ListTickets(asset=loaner.id).tickets[0].number]
    shop.fails(USAGE, "tina", "loan", "out", other.tag, "B. Lane", says="--due-on")
    assert column_of(shop.ok("tina", "loan", "out", other.tag, "B. Lane", "--due-on", day(3), "--purpose", "training", "-o", "csv"), "due_on") == [day(3)]
    assert column_of(shop.ok("vera", "loan", "--agency", agency, "-o", "csv"), "tag") == [other.tag]
    assert column_of(shop.ok("vera", "loan", "list", "--asset", loaner.tag, "--returned", "-o", "csv"), "condition") == ["damaged"]
    assert "B. Lane" in shop.ok("vera", "loan", "show", other.tag)
    shop.ok("ada", "loaner", "remove", loaner.tag)


def test_running_the_shop(shop, world):
    """Agencies, people, plans and assets by the command alone."""
    code, name = f"C{world.number():04d}", f"cli-{world.number()}"
    shop.ok("ada", "agency", "create", code, "Command city", "--time-zone", "UTC")
    shop.ok("ada", "principal", "create", name, "Pat Doe")
    shop.ok("ada", "principal", "grant", name, "fleet-manager", "--agency", code)
    assert code in shop.ok(name, "whoami")
    shop.ok(name, "asset", "create", code, "1042", "--model", "H98UCF9PW6BN", "--cost", "3250.00", "--unit-id", "7001042",
            "--system", "MARRS")
    shop.ok(name, "asset", "update", f"{code}:1042", "--assigned-to", "Engine 4", "--location", "Station 2")
    shop.ok(name, "asset", "update", f"{code}:1042", "--clear-location")
    shown = json.loads(shop.ok(name, "asset", "show", "7001042", "-o", "json"))
    shown = shown.get("asset", shown)
    assert (shown["assigned_to"], shown.get("location", ""), int(shown["cost_cents"])) == ("Engine 4", "", 325000)
    shop.ok(name, "plan", "create", code, "PM12", "--name", "Yearly", "--interval-count", "12", "--interval-unit", "months",
            "--class", "portable", "--first-due-on", day(3))
    assert "1042" in shop.ok(name, "due")
    shop.ok(name, "asset", "retire", f"{code}:1042", "--reason", "beyond-repair")
    assert "1042" not in shop.ok(name, "due")
    assert "retired" in shop.ok(name, "asset", "list", "--status", "retired")
    shop.ok(name, "asset", "dispose", f"{code}:1042", "--method", "traded-in", "--recipient", "Motorola", "--proceeds", "310.50")
    shop.ok(name, "retirement", "update", f"{code}:1042", "--certificate", "R2-88412")
    left = rows_of(shop.ok(name, "retirement", "list", "--state", "disposed", "-o", "csv"))
    assert [left[1][left[0].index(c)] for c in ("tag", "reason", "method", "recipient", "proceeds", "certificate")] == [
        "1042", "beyond_repair", "traded_in", "Motorola", "310.50", "R2-88412"]
    events = shop.ok(name, "event", "list", "--resource", "asset")
    assert name in events and "update" in events
    shop.ok("ada", "principal", "disable", name)
    shop.fails(DENIED, name, "whoami")


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_what_is_odd_is_said_beside_the_record(shop, world, agency):
    """On standard error, so that a program reads the record alone; and it is written all the same."""
    tag = f"ODD{world.number()}"
    made = shop.run("tina", "asset", "create", agency, tag, "--model", "H98UCF9PW6BN", "--serial", "837CXO1234", "-o", "json")
    assert made.returncode == 0 and json.loads(made.stdout)["serial"] == "837CXO1234"
    assert made.stderr == "radioshop: warning: serial 837CXO1234: Motorola uses no letters I and O in serial numbers; look whether it is a 1 or a 0\n"
    code = f"{agency}:{tag}"
    assert shop.run("tina", "asset", "update", code, "--location", "Station 2").stderr == ""
    assert "warning: serial 12: this is not" in shop.run("tina", "asset", "update", code, "--serial", "12").stderr
    assert shop.run("tina", "asset", "update", code, "--serial", f"837CXK{world.number():04d}").stderr == ""


def test_what_radios_can_do(shop, world, agency):
    with_it, without, unknown = (f"{letter}{world.number()}" for letter in "ABC")
    for tag, code in ((with_it, "180000-000090-1-000000-000000"), (without, "100000-000080-1"), (unknown, "100000-000080-2")):
        shop.ok("tina", "asset", "create", agency, tag, "--model", "H98UCF9PW6BN", "--flashcode", code)
    listed = shop.ok("vera", "capability", "list", "phase2-tdma", "--standing", "lacks", "--agency", agency, "-o", "csv")
    assert list(zip(column_of(listed, "tag"), column_of(listed, "standing"))) == [(without, "lacks"), (unknown, "not_known")]
    assert re.search(r"portable +phase2_tdma +3 +1 +1 +1", shop.ok("vera", "capability", "--agency", agency))
    decoded = shop.ok("vera", "asset", "decode", f"{agency}:{unknown}")
    assert "wrong: 2 instead of 1" in decoded and "P25 trunking, 9600 baud" in decoded
    assert "phase2_tdma" in shop.ok("vera", "flashcode", "show", "180000-000090-1")
    assert "180000-000090-1-000000-000000" in shop.ok("vera", "asset", "export", "--agency", agency)
    shop.fails(REFUSED, "vera", "asset", "decode", says="give an asset, or a serial number")


def test_approved_firmware(shop, world, agency):
    model, tag = f"FWC{world.number()}", f"FWC{world.number()}"
    shop.ok("ada", "model", "create", model, "--manufacturer", "Test", "--class", "portable")
    shop.ok("tina", "asset", "create", agency, tag, "--model", model, "--firmware", "R1")
    shop.ok("ada", "firmware", "approve", model, "R2", "--note", "trial of March")
    assert "trial of March" in shop.ok("vera", "firmware", "approved", "--model", model)
    assert column_of(shop.ok("vera", "firmware", "off", "--agency", agency, "-o", "csv"), "standing") == ["not_approved"]
    assert re.search(rf"{model} +1 +0 +1 +0 +0 +0", shop.ok("vera", "firmware", "summary", "--agency", agency))
    assert re.search(r"firmware +R1", shop.ok("vera", "asset", "firmware", f"{agency}:{tag}"))
    shop.fails(DENIED, "tina", "firmware", "approve", model, "R1")


def test_formats(shop, world, agency):
    notes = 'a "quoted", cell'
    asset = world.asset(agency, description=notes, cost_cents=123456)
    table = rows = None
    table = shop.ok("vera", "asset", "list", "--agency", agency)
    assert table.splitlines()[0].split()[:3] == ["AGENCY", "TAG", "SERIAL"]
    wide = shop.ok("vera", "asset", "list", "--agency", agency, "-o", "wide")
    assert "1234.56" in wide.replace(",", "") and len(wide.splitlines()[0]) > len(table.splitlines()[0])
    rows = rows_of(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--columns", "tag,description"))
    assert rows == [["tag", "description"], [asset.tag, notes]]
    parsed = json.loads(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "json"))
    parsed = parsed if isinstance(parsed, list) else parsed["assets"]
    assert parsed[0]["description"] == notes and parsed[0]["class"] == "portable"
    assert "tag" not in shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--columns", "tag", "--no-header")
    shop.fails(USAGE, "vera", "asset", "list", "--columns", "tag,nonsense", says="nonsense")
    shop.fails(USAGE, "vera", "asset", "list", "-o", "xml", says="xml")


def test_a_spreadsheet_sees_no_formula(shop, world, agency):
    for i, evil in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A1")):
        world.asset(agency, tag=f"EV{i}", description=evil)
    rows = rows_of(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--columns", "description"))[1:]
    assert len(rows) == 5 and all(row[0][0] not in "=+-@\t\r" for row in rows), rows
    rows = rows_of(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--columns", "description",
                           "--no-formula-guard"))[1:]
    assert rows[0] == ["=1+1"]


def test_control_characters_never_reach_a_terminal(shop, world, agency):
    """C1 controls and text direction marks typed by somebody else, on a real terminal."""
    world.asset(agency, notes="a\nb\tc", description="x\u202eevil\u2066y")
    shop.profile("vera")
    output = on_a_terminal([str(COMMAND), "asset", "show", f"{agency}:{world.tina.ListAssets(agency=agency).assets[0].tag}"],
                           shop.environment(RADIOSHOP_PROFILE="vera", TERM="xterm", NO_COLOR="1"))
    text = output.decode("utf-8")
    assert "\u202e" not in text and "\u2066" not in text and "\x1b" not in text, repr(text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", text), repr(text)


def on_a_terminal(words, environment):
    """Runs a command with a terminal as its output; gives the bytes."""
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    output = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(master)
    assert process.wait(60) == 0, output
    return output


def test_an_empty_list_is_silent_and_done(shop, agency):
    done = shop.run("vera", "asset", "list", "--agency", agency, "-o", "csv", "--no-header")
    assert (done.returncode, done.stdout) == (0, "")


def test_pages_are_fetched_as_needed(shop, world, agency):
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"PG{i:04d}", "class": "portable"} for i in range(450)])
    assert len(rows_of(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv"))) == 451
    assert len(rows_of(shop.ok("vera", "asset", "list", "--agency", agency, "-o", "csv", "--limit", "7"))) == 8
    limited = shop.run("vera", "asset", "list", "--agency", agency)
    assert len(re.findall("PG[0-9]{4}", limited.stdout)) == 100 and "--all" in limited.stderr, "it says that there is more"
    assert len(re.findall("PG[0-9]{4}", shop.ok("vera", "asset", "list", "--agency", agency, "--all"))) == 450


def test_export(shop, world, agency):
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"EX{i:04d}", "class": "portable"} for i in range(500)])
    done = shop.run("vera", "asset", "export", "--agency", agency)
    rows = rows_of(done.stdout)
    assert done.returncode == 0 and len(rows) == 501 and "tag" in rows[0]
    assert done.stderr == "", "no progress bar in a pipe"
    lines = shop.ok("vera", "asset", "export", "--agency", agency, "-o", "json")
    assert lines.count("EX0") == 500


def test_export_and_import_are_a_round_trip(shop, world, agency, tmp_path):
    for i in range(5):
        world.asset(agency, description=f'=formula "{i}", {i}', notes="two\nlines", unit_id=i + 1, system=f"S{agency}",
                    cost_cents=100 * i + 5, purchased_on="2024-02-29")
    file = tmp_path / "register.csv"
    file.write_text(shop.ok("vera", "asset", "export", "--agency", agency), encoding="utf-8")
    report = shop.run("tina", "asset", "import", str(file), "--agency", agency)
    assert report.returncode == 0, report.stdout + report.stderr
    assert re.search(r"5 unchanged|unchanged:? *5", report.stdout + report.stderr), report.stdout + report.stderr


@pytest.mark.parametrize("words", [[], ["nonsense"], ["asset"], ["asset", "nonsense"], ["asset", "show"], ["asset", "list", "--nonsense"],
                                   ["asset", "show", "a", "b", "c"], ["asset", "list", "--status", "purple"],
                                   ["asset", "create", "IND", "1", "--unit-id", "twelve"], ["ticket", "log", "x", "--minutes"],
                                   ["plan", "create", "IND", "X"], ["asset", "list", "--limit", "0"]], ids=" ".join)
def test_wrong_use(shop, words):
    """Usage is told on standard error with 64, names the word, and nothing is called."""
    done = shop.run("tina", *words)
    assert done.returncode == USAGE and done.stdout == "" and done.stderr, done
    for word in words[-1:]:
        if word in ("nonsense", "--nonsense", "purple", "twelve", "--minutes"):
            assert word.strip("-") in done.stderr, done.stderr


def test_help_is_everywhere(shop):
    assert "due" in shop.ok("tina", "--help") and "ticket" in shop.ok("tina", "help")
    assert "log" in shop.ok("tina", "ticket", "--help")
    text = shop.ok("tina", "ticket", "log", "--help")
    for word in ("--problem", "--part-cost", "What was done about it", "radioshop ticket log"):
        assert word in text, text
    assert "0.1.0" in shop.ok("tina", "--version")


def test_help_for_every_command(shop):
    """Every noun and verb that completion and help know has help with a line for each of its flags."""
    nouns = re.findall(r"^  ([a-z]+) ", shop.ok("tina", "--help").split("Nouns")[1].split("Examples")[0], re.M)
    assert len(nouns) >= 12
    for noun in nouns:
        text = shop.ok("tina", noun, "--help")
        assert len(text.splitlines()) >= 2, noun


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shop, shell):
    script = shop.ok("tina", "completion", shell)
    assert "radioshop" in script
    if shell == "bash":
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    shop.fails(USAGE, "tina", "completion", "tcsh", says="bash, zsh or fish")


def test_exit_codes(shop, world, agency, tmp_path):
    shop.fails(NOT_FOUND, "tina", "asset", "show", "no such radio", says="no such radio")
    shop.fails(DENIED, "frank", "agency", "create", "XX", "Name")
    shop.fails(REFUSED, "ada", "agency", "create", "a b", "Name", says="code")
    shop.fails(NOT_FOUND, "tina", "asset", "import", str(tmp_path / "none.csv"), "--agency", agency, says="none.csv")
    asset = world.asset(agency)
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "notes": "x"}, update_mask=["notes"])
    shop.fails(AGAIN, "tina", "asset", "update", asset.id, "--notes", "y", "--revision", "1", says="2")
    shop.fails(DENIED, "nobody-knows-me", "whoami")


def test_no_configuration(shop, tmp_path):
    done = subprocess.run([COMMAND, "whoami"], capture_output=True, text=True, check=False,
                          env=shop.environment(RADIOSHOP_CONFIG_DIR=str(tmp_path / "empty"), HOME=str(tmp_path)))
    assert done.returncode == CONFIG and "default.conf" in done.stderr and "RADIOSHOP_SERVER" in done.stderr
    broken = shop.config / "broken.conf"
    broken.write_text("server = localhost:1\nnonsense = 1\n", encoding="utf-8")
    done = subprocess.run([COMMAND, "whoami"], capture_output=True, text=True, check=False,
                          env=shop.environment(RADIOSHOP_PROFILE="broken"))
    assert done.returncode == CONFIG and "broken.conf" in done.stderr and "2" in done.stderr


def test_options_and_environment_instead_of_a_profile(shop, world, tmp_path):
    certificate, key = world.certificates.person("frank")
    words = ["--server", f"localhost:{world.daemon.port}", "--cacert", world.certificates.ca, "--cert", certificate, "--key", key]
    environment = shop.environment(RADIOSHOP_CONFIG_DIR=str(tmp_path / "empty"))
    done = subprocess.run([COMMAND, "whoami", *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0 and "frank" in done.stdout, done.stderr
    environment.update(RADIOSHOP_SERVER=f"127.0.0.1:{world.daemon.port}", RADIOSHOP_CACERT=str(world.certificates.ca),
                       RADIOSHOP_CERT=str(certificate), RADIOSHOP_KEY=str(key))
    done = subprocess.run([COMMAND, "whoami"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0 and "frank" in done.stdout, done.stderr


def test_the_wrong_certificates(shop, world, tmp_path):
    """A server of another CA, our certificate of another CA, an expired one: denied, in one line, and not "unavailable"."""
    certificate, key = world.certificates.person("frank")
    other = tmp_path / "other.pem"
    other.write_bytes(world.certificates.other_ca_pem())
    base = {"RADIOSHOP_SERVER": f"localhost:{world.daemon.port}", "RADIOSHOP_CACERT": str(world.certificates.ca),
            "RADIOSHOP_CERT": str(certificate), "RADIOSHOP_KEY": str(key), "RADIOSHOP_CONFIG_DIR": str(tmp_path / "empty")}

    def denied(**changes):
        done = subprocess.run([COMMAND, "whoami"], capture_output=True, text=True, check=False,
                              env=shop.environment(**{**base, **changes}))
        assert done.returncode == DENIED, done.stderr
        assert done.stderr.startswith("radioshop: "), done.stderr
    denied(RADIOSHOP_CACERT=str(other))
    for name, odd in (("theirs", {"ca": "other"}), ("old", {"days": (-30, -1)})):
        pem, pem_key = world.certificates.odd("frank", **odd)
        (tmp_path / f"{name}.pem").write_bytes(pem)
        (tmp_path / f"{name}.key").write_bytes(pem_key)
        (tmp_path / f"{name}.key").chmod(0o600)
        denied(RADIOSHOP_CERT=str(tmp_path / f"{name}.pem"), RADIOSHOP_KEY=str(tmp_path / f"{name}.key"))


def test_search_takes_all_words(shop, world, agency):
    """Without quotes, with filters behind them; and the help says so."""
    world.asset(agency, tag="SEARCH1", assigned_to="Jane Featherstonehaugh")
    found = json.loads(shop.ok("vera", "asset", "search", "jane", "faetherstonehaugh", "--agency", agency, "-o", "json"))
    assert [(m["tag"], m["found"], m["fields"]) for m in found] == [("SEARCH1", "near", "assigned_to")]
    assert not json.loads(shop.ok("vera", "asset", "search", "featherstonehaugh", "--status", "missing", "-o", "json"))
    done = shop.run("vera", "asset", "search")
    assert done.returncode == 64 and "QUERY is missing: radioshop asset search QUERY..." in done.stderr
    assert "--agency" in shop.ok("vera", "asset", "search", "--help") and "--query" not in shop.ok("vera", "asset", "search", "--help")


def test_fields_of_an_agencys_own(shop, world, agency, tmp_path):
    """Defined, written, cleared, shown, found by and retired; what is typed wrong is said with what would be right."""
    shop.ok("ada", "field", "create", agency, "fund", "--type", "choice", "--choices", "general", "--choices", "grant", "--label", "Paid from")
    shop.ok("ada", "field", "create", agency, "hours_used", "--type", "number", "--place", "5")
    shop.ok("tina", "asset", "create", agency, "F1", "--class", "portable", "--field", "fund=Grant", "--field", "hours_used=1,200.50")
    assert "fund        grant\nhours_used  1200.5\n" in shop.ok("vera", "asset", "show", f"{agency}:F1")
    wide = shop.ok("vera", "asset", "list", "--agency", agency, "--where", "fund=GRANT", "--where", "hours_used>1000", "-o", "wide")
    assert "fund=grant, hours_used=1200.5" in wide
    for field, text in (("fund=bond", "--field: fund: bond is none of its choices: general, grant"), ("hours_used=NaN", "--field: hours_used: NaN is not a number"),
                        ("hours_used=2026-02-30", "is not a number")):
        done = shop.run("tina", "asset", "update", f"{agency}:F1", "--field", field)
        assert done.returncode == 65 and text in done.stderr
    done = shop.run("tina", "asset", "update", f"{agency}:F1", "--field", "fund")
    assert done.returncode == 64 and "--field: write it as 'NAME=VALUE', such as 'fund=general'; 'fund=' clears it" in done.stderr
    shop.ok("tina", "asset", "update", f"{agency}:F1", "--field", "fund=")
    assert json.loads(shop.ok("vera", "asset", "show", f"{agency}:F1", "-o", "json"))["fields"] == [{"name": "hours_used", "value": "1200.5"}]
    # A column of its own in tables that come and go; a file that comes back changes nothing, also of a field that is retired.
    shop.ok("tina", "asset", "update", f"{agency}:F1", "--field", "fund=grant", "--field", "hours_used=-5")
    assert shop.ok("vera", "asset", "list", "--agency", agency, "--columns", "tag,field.hours-used") == "TAG  HOURS USED\nF1   -5\n"
    shop.ok("ada", "field", "retire", f"{agency}:hours_used")
    table = shop.ok("vera", "asset", "export", "--agency", agency)
    header, row = (line.split(",") for line in table.splitlines())
    at = [header.index(f"field.{name}") for name in ("fund", "hours_used")]
    assert [row[i] for i in at] == ["grant", "'-5"] and f"field.f{agency.lower()}" not in header
    file = tmp_path / "fields.csv"
    file.write_text(table, encoding="utf-8")
    assert "1 rows: 0 created, 0 changed, 1 unchanged, 0 refused" in shop.ok("tina", "asset", "import", str(file), "--agency", agency)
    file.write_text("Tag,Kind,Field.Fund\nF1,,\\clear\nF2,portable,General\nF3,portable,bond\n", encoding="utf-8")
    done = shop.run("tina", "asset", "import", str(file), "--agency", agency)
    assert done.returncode == 65 and "3 rows: 1 created, 1 changed, 0 unchanged, 1 refused" in done.stdout
    assert "4  Field.Fund  bond   bond is none of its choices: general, grant\n" in done.stdout, done.stdout
    (tmp_path / "m.map").write_text("tag = {Tag}\nfield.fund = {Money}\n", encoding="utf-8")
    file.write_text("Tag,Money,Field.Nosuch\nF2,Grant,x\n", encoding="utf-8")
    assert "0 created, 1 changed" in shop.ok("tina", "asset", "import", str(file), "--agency", agency, "--map", str(tmp_path / "m.map"))
    done = shop.run("tina", "asset", "import", str(file), "--agency", agency)
    assert done.returncode == 65 and "have no such field" in done.stdout
    done = shop.run("vera", "asset", "list", "--agency", agency, "--columns", "tag,fund")
    assert done.returncode == 64 and "and field.NAME of each field of the agency" in done.stderr
    done = shop.run("tina", "asset", "update", f"{agency}:F1", "--field", "hours_used=")
    assert done.returncode == 65 and "hours_used: the field is retired" in done.stderr
    done = shop.run("ada", "field", "update", f"{agency}:fund", "--required")
    assert done.returncode == 0 and "warning: 1 assets have no fund yet" in done.stderr
    done = shop.run("ada", "field", "create", agency, "serial", "--type", "text")
    assert done.returncode == 65 and "every asset has serial already" in done.stderr
    for words, text in ((("field", "create", "--help"), "--choices"), (("asset", "update", "--help"), "'NAME=VALUE'"), (("asset", "list", "--help"), "--where")):
        assert text in shop.ok("vera", *words)


def test_call_reaches_every_method(shop, world, agency, tmp_path):
    asset = world.asset(agency)
    reply = json.loads(shop.ok("vera", "call", "AssetService.GetAsset", "--asset", asset.id, "-o", "json"))
    assert reply.get("asset", reply)["serial"] == asset.serial
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"request_id": new_id(), "asset": {"agency": agency, "tag": "CALL1", "class": "portable"}}),
                    encoding="utf-8")
    for _ in range(2):
        shop.ok("tina", "call", "AssetService.CreateAsset", "-f", str(file))
    assert len([a for a in world.tina.ListAssets(agency=agency).assets if a.tag == "CALL1"]) == 1
    shop.ok("tina", "call", "AssetService.LookupAssets", "-f", "-", stdin=json.dumps({"code": "CALL1"}))
    shop.fails(USAGE, "tina", "call", "AssetService.NoSuch", says="NoSuch")
    file.write_text('{"request_id": "x", "nonsense": 1}', encoding="utf-8")
    done = shop.run("tina", "call", "AssetService.CreateAsset", "-f", str(file))
    assert done.returncode in (USAGE, REFUSED) and "nonsense" in done.stderr
    for method in contract.methods().values():
        assert shop.ok("vera", "call", method.full_name, "--help"), method.full_name


def test_the_same_request_id_is_done_once(shop, world, agency):
    asset = world.asset(agency)
    request = new_id()
    words = ["ticket", "log", asset.id, "--problem", "p", "--action", "a", "--minutes", "5", "--request-id", request]
    assert shop.ok("tina", *words) == shop.ok("tina", *words)
    assert len(world.tina.ListTickets(asset=asset.id, closed=True).tickets) == 1


def test_health(shop):
    assert "serving" in shop.ok("ada", "health").lower()


def test_a_full_disk_for_the_output(shop):
    """Standard output that cannot be written is an error, and not a truncated success."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([COMMAND, "model", "list", "-o", "csv"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                              env=shop.environment(RADIOSHOP_PROFILE=shop.profile("vera")))
    assert done.returncode == 73 and done.stderr.startswith("radioshop: "), (done.returncode, done.stderr)


def test_alerts_that_could_not_be_printed(shop, world, agency):
    """The ledger gives an alert out once; if the paper runs out, the next run says it again, and the one after is silent."""
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-5))
    with open("/dev/full", "w", encoding="utf-8") as full:
        lost = subprocess.run([COMMAND, "alert", "emit", "--agency", agency], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                              env=shop.environment(RADIOSHOP_PROFILE=shop.profile("nightly")))
    assert lost.returncode == 73, (lost.returncode, lost.stderr)
    assert asset.tag in shop.ok("nightly", "alert", "emit", "--agency", agency)
    assert shop.ok("nightly", "alert", "emit", "--agency", agency) == ""


def test_a_reader_that_leaves(shop, world, agency):
    """radioshop … | head: no error, no noise."""
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"H{i:04d}", "class": "portable", "notes": "x" * 500}
                                                 for i in range(500)])
    shop.profile("vera")
    done = subprocess.run(f"{COMMAND} asset export --agency {agency} | head -n 2 >/dev/null", shell=True, capture_output=True,
                          text=True, check=False, env=shop.environment(RADIOSHOP_PROFILE="vera"))
    assert done.stderr == "", done.stderr


def test_it_is_quick(shop):
    """From the key to the answer: a technician scans and types all day."""
    from conftest import PATIENCE  # of this directory
    shop.ok("tina", "whoami")
    begun = time.monotonic()
    for _ in range(5):
        shop.ok("tina", "whoami")
    assert (time.monotonic() - begun) / 5 < 0.1 * PATIENCE


def test_a_dead_server(shop, world):
    """One line, the code for unavailable, nothing lost: the write is kept and sent later, once."""
    from rig import free_port
    dead = {"RADIOSHOP_SERVER": f"localhost:{free_port()}"}
    shop.fails(UNAVAILABLE, "tina", "whoami", env=dead, lines=2)
    asset = world.asset("IND")
    done = shop.run("tina", "ticket", "log", asset.id, "--problem", "p", "--action", "typed on a train", "--minutes", "5", env=dead)
    assert done.returncode == UNAVAILABLE and "unsent" in done.stderr, done.stderr
    assert "typed on a train" in shop.ok("tina", "unsent", "list", "-o", "json") or "LogRepair" in shop.ok("tina", "unsent", "list")
    assert not world.tina.ListTickets(asset=asset.id, closed=True).tickets
    shop.ok("tina", "unsent", "send")
    shop.ok("tina", "unsent", "send")
    assert [t.action for t in world.tina.ListTickets(asset=asset.id, closed=True).tickets] == ["typed on a train"]


def test_a_server_that_is_killed(shop, own_daemon, world):
    """The daemon is stopped in mid-call: unavailable, kept, and sent to the next one."""
    daemon = own_daemon("cli-killed").start()
    shop.ok("tina", "whoami", port=daemon.port)
    daemon.kill()
    shop.fails(UNAVAILABLE, "tina", "whoami", port=daemon.port)
