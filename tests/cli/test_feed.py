"""What is due as a calendar, read by a program that nobody wrote for radioshop (python3-icalendar)."""

import datetime
import json
import os
import re
import subprocess

import icalendar
import pytest

from rig import COMMAND
from rig.world import day

USAGE, REFUSED, NOT_FOUND, OUTPUT = 64, 65, 66, 73


def lines_of(data):
    """The content lines of a feed, unfolded, after a check of what RFC 5545 says of its bytes."""
    assert data.endswith(b"\r\n")
    raw = data[:-2].split(b"\r\n")
    for line in raw:
        assert len(line) <= 75 and b"\n" not in line and b"\r" not in line, line
        line.decode("utf-8")   # no line ends within a character
    lines = []
    for line in raw:
        if line.startswith(b" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return [line.decode("utf-8") for line in lines]


def events(data):
    """{tag: event} of a feed whose summaries end in 'AGENCY TAG' or 'AGENCY TAG (holder)'."""
    calendar = icalendar.Calendar.from_ical(data)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"].startswith("-//radioshop//")
    found = {}
    for event in calendar.walk("VEVENT"):
        assert not event.errors, event.errors
        tag = re.match(r"\S+ (?:over)?due: \S+ (\S+)", str(event["SUMMARY"]))[1]
        assert tag not in found, f"{tag} is there twice"
        found[tag] = event
    return found


def feed(shop, *words, name="vera"):
    return shop.ok(name, "due", "feed", *words, binary=True)


@pytest.fixture
def filled(world, agency):
    """Three radios under one plan, one of them overdue for a long time, with texts that want an escape."""
    holders = ("Ofc. O'Neil; Car 7, North", "Señora Núñez " + "é" * 60, "C:\\radios")
    for i, holder in enumerate(holders):
        world.asset(agency, tag=f"F{i}", assigned_to=holder, serial=f"{agency}S{i}")
    world.plan(agency, "PM12", first_due_on=day(5), grace_days=3)
    world.tina.CreateServiceRecord(asset=f"{agency}:F2", plan="PM12", result="passed", done_on=day(-400))
    return agency, holders


def test_every_item_is_an_event(shop, world, filled):
    agency, holders = filled
    data = feed(shop, "--agency", agency)
    lines_of(data)
    found = events(data)
    items = {item["tag"]: item for item in json.loads(shop.ok("vera", "due", "list", "--agency", agency, "--until", day(365), "-o", "json"))}
    assert set(found) == set(items) == {"F0", "F1", "F2"}
    for i, holder in enumerate(holders):
        event, item = found[f"F{i}"], items[f"F{i}"]
        start = event["DTSTART"]
        assert isinstance(start.dt, datetime.date) and not isinstance(start.dt, datetime.datetime), "an all-day event"
        assert start.dt.isoformat() == item["due_on"]
        word = "overdue" if item.get("days_overdue", 0) else "due"
        assert str(event["SUMMARY"]) == f"PM12 {word}: {agency} F{i} ({holder})"
        assert f"Assigned to: {holder}" in str(event["DESCRIPTION"]).split("\n")
        assert str(event["TRANSP"]) == "TRANSPARENT" and "DTSTAMP" in event
    assert [tag for tag, item in items.items() if item.get("days_overdue", 0)] == ["F2"]
    assert f"X-WR-CALNAME:Radio service due: {agency}" in lines_of(data)


def test_the_same_data_is_the_same_feed(shop, filled):
    agency, _ = filled
    assert feed(shop, "--agency", agency) == feed(shop, "--agency", agency)


def test_a_date_that_moves_moves_its_event(shop, world, filled):
    """The UID stays, SEQUENCE and LAST-MODIFIED grow; the next service is another event."""
    agency, _ = filled
    first = events(feed(shop, "--agency", agency))["F0"]
    plan = world.ada.GetPlan(agency=agency, plan="PM12").plan
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "first_due_on": day(9)},
                         update_mask=["first_due_on"])
    moved = events(feed(shop, "--agency", agency))["F0"]
    assert moved["UID"] == first["UID"] and moved["DTSTART"].dt == first["DTSTART"].dt + datetime.timedelta(days=4)
    assert (int(first["SEQUENCE"]), int(moved["SEQUENCE"])) == (0, 1)
    assert moved["LAST-MODIFIED"].dt >= first["LAST-MODIFIED"].dt
    world.tina.CreateServiceRecord(asset=f"{agency}:F0", plan="PM12", result="passed")
    after = events(feed(shop, "--agency", agency, "--until", day(500)))["F0"]
    assert after["UID"] != first["UID"] and int(after["SEQUENCE"]) == 0
    again = events(feed(shop, "--agency", agency, "--until", day(500)))["F0"]
    assert again["UID"] == after["UID"]


def test_what_is_skipped_deferred_or_paused(shop, world, filled):
    """A deferral and a skip move the event that is there; what is at the depot is not in the calendar, and is the same event when it is back."""
    agency, _ = filled
    first = events(feed(shop, "--agency", agency, "--until", day(500)))
    change = world.tina.DeferDue(asset=f"{agency}:F0", due_on=day(5), deferred_to=day(25), reason="x").change
    assert events(feed(shop, "--agency", agency, "--until", day(500)))["F0"].to_ical() == first["F0"].to_ical(), "asked for: nothing moves"
    world.ada.DecideDeferral(change=change.id, state="approved")
    world.tina.SkipDue(asset=f"{agency}:F1", due_on=day(5), reason="x")
    asset = world.tina.GetAsset(asset=f"{agency}:F2").asset
    asset = world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "status": "at_depot"}, update_mask=["status"]).asset
    moved = events(feed(shop, "--agency", agency, "--until", day(500)))
    assert set(moved) == {"F0", "F1"}
    assert moved["F0"]["DTSTART"].dt.isoformat() == day(25) and moved["F1"]["DTSTART"].dt.isoformat() > day(300)
    assert [(e["UID"] == first[tag]["UID"], int(e["SEQUENCE"])) for tag, e in moved.items()] == [(True, 1)] * 2
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "status": "in_service"}, update_mask=["status"])
    back = events(feed(shop, "--agency", agency))["F2"]
    assert (back["UID"], back["DTSTART"].dt) == (first["F2"]["UID"], first["F2"]["DTSTART"].dt)
    assert int(back["SEQUENCE"]) > int(first["F2"]["SEQUENCE"])


def test_what_is_said_of_an_asset_counts_as_a_change(shop, world, filled):
    agency, _ = filled
    first, items = events(feed(shop, "--agency", agency)), world.due(agency)
    asset = world.tina.GetAsset(asset=f"{agency}:F1").asset
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "assigned_to": "Engine 9"}, update_mask=["assigned_to"])
    second = events(feed(shop, "--agency", agency))
    assert "Engine 9" in second["F1"]["SUMMARY"]
    assert world.due(agency)["F1", "PM12"].changed_at.ToNanoseconds() > items["F1", "PM12"].changed_at.ToNanoseconds()
    assert second["F0"].to_ical() == first["F0"].to_ical()


def test_all_pages(shop, world, agency):
    for letter in "ABC":
        world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"{letter}{i:04d}", "class": "portable"} for i in range(400)])
    world.plan(agency, first_due_on=day(5))
    assert len(events(feed(shop, "--agency", agency))) == 1200


def test_nothing_due_is_a_calendar_too(shop, agency):
    """One with a component, as the grammar asks."""
    calendar = icalendar.Calendar.from_ical(feed(shop, "--agency", agency))
    assert not calendar.walk("VEVENT") and len(calendar.subcomponents) == 1


def test_a_file_takes_its_place_whole(shop, world, filled, tmp_path):
    agency, _ = filled
    file = tmp_path / "due.ics"
    old = os.umask(0o022)
    try:
        for option in ("--output", "-o"):
            shop.ok("vera", "due", "feed", "--agency", agency, option, file)
    finally:
        os.umask(old)
    assert file.read_bytes() == feed(shop, "--agency", agency) and file.stat().st_mode & 0o777 == 0o644
    before = file.read_bytes()
    shop.fails(NOT_FOUND, "vera", "due", "feed", "--agency", "NONE", "--output", file, says="NONE")
    assert file.read_bytes() == before
    assert [name for name in os.listdir(tmp_path) if name.startswith("due")] == ["due.ics"], "something is left"
    shop.fails(OUTPUT, "vera", "due", "feed", "--output", tmp_path / "no such directory" / "due.ics", says="no such directory")
    (tmp_path / "link").symlink_to(file)
    shop.fails(OUTPUT, "vera", "due", "feed", "--output", tmp_path / "link", says="no plain file")
    shop.fails(OUTPUT, "vera", "due", "feed", "--output", "/dev/full", says="no plain file")


def test_a_feed_that_breaks_off_is_an_error(shop, filled):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([COMMAND, "due", "feed", "--agency", filled[0]], stdout=full, stderr=subprocess.PIPE, check=False,
                              env=shop.environment(RADIOSHOP_PROFILE=shop.profile("vera")))
    assert done.returncode == OUTPUT


def test_another_city_sees_its_own(shop, world, filled):
    assert filled[0].encode() not in feed(shop, name="lee")
    shop.fails(NOT_FOUND, "lee", "due", "feed", "--agency", filled[0])


def test_wrong_use(shop):
    shop.fails(USAGE, "vera", "due", "feed", "--columns", "tag", says="due list")
    shop.fails(USAGE, "vera", "-o", "json", "due", "feed", says="due list")
    shop.fails(REFUSED, "vera", "due", "feed", "--until", "tomorrow", says="--until")
    text = shop.ok("vera", "due", "feed", "--help")
    assert "--output FILE" in text and "--plan" in text and "--all" not in text
