"""Plans and due dates: one next due date for each asset under each plan, kept right whatever happens."""

import calendar
import datetime
import random

import pytest

from rig.caller import refused
from rig.world import day


def months_after(date, months):
    month = date.month - 1 + months
    year, month = date.year + month // 12, month % 12 + 1
    return date.replace(year=year, month=month, day=min(date.day, calendar.monthrange(year, month)[1]))


def in_a_year(offset):
    return months_after(datetime.date.fromisoformat(day(offset)), 12).isoformat()


def due_on(world, agency, asset, plan="PM12"):
    item = world.due(agency).get((asset.tag, plan))
    return item and item.due_on


def test_a_plan_makes_due_dates_at_once(world, agency):
    portable, mobile = world.asset(agency), world.asset(agency, model="M22URS9PW1BN")
    plan = world.plan(agency, **{"class": "portable"})
    assert plan.assets == 1
    assert due_on(world, agency, portable) == day(10)
    assert due_on(world, agency, mobile) is None
    by_model = world.plan(agency, "MOD", model="M22URS9PW1BN", first_due_on=day(3))
    everything = world.plan(agency, "ALL", first_due_on=day(4))
    assert (by_model.assets, everything.assets) == (1, 2)
    assert due_on(world, agency, mobile, "MOD") == day(3)
    assert due_on(world, agency, mobile, "ALL") == due_on(world, agency, portable, "ALL") == day(4)


def test_an_asset_added_later_is_due_one_interval_on(world, agency):
    world.plan(agency)
    assert due_on(world, agency, world.asset(agency)) == in_a_year(0)


def test_completion_moves_the_date(world, agency):
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-20))
    item = world.due(agency)[asset.tag, "PM12"]
    assert (item.due_on, item.days_overdue, item.last_done_on) == (day(-20), 20, "")
    service = world.tina.CreateServiceRecord(asset=asset.tag, plan="PM12", result="passed", notes="all well", readings=[
        {"name": "TX power", "value": 5.1, "unit": "W"}, {"name": "TX frequency error", "value": -112.5, "unit": "Hz"}]).service
    assert (service.done_on, service.next_due_on, service.recorded_by) == (day(), in_a_year(0), "tina")
    item = world.due(agency)[asset.tag, "PM12"]
    assert (item.due_on, item.days_overdue, item.last_done_on) == (in_a_year(0), 0, day())
    listed = world.vera.ListServiceRecords(asset=asset.id).services
    assert len(listed) == 1 and [(r.name, r.value, r.unit) for r in listed[0].readings] == [
        ("TX power", 5.1, "W"), ("TX frequency error", -112.5, "Hz")]


def test_a_failed_service_leaves_it_due(world, agency):
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-5))
    service = world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="failed").service
    assert service.next_due_on == day(-5)
    assert due_on(world, agency, asset) == day(-5)
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="adjusted")
    assert due_on(world, agency, asset) == in_a_year(0)


def test_early_completion(world, agency):
    """Ten days early: counted from the day it was done, or the calendar stays, as the plan says. Never due again at once."""
    asset = world.asset(agency)
    world.plan(agency, "DONE", basis="completed")
    world.plan(agency, "CALENDAR", basis="scheduled")
    for plan in ("DONE", "CALENDAR"):
        world.tina.CreateServiceRecord(asset=asset.id, plan=plan, result="passed")
    assert due_on(world, agency, asset, "DONE") == in_a_year(0)
    assert due_on(world, agency, asset, "CALENDAR") == in_a_year(10)


def test_late_completion(world, agency):
    asset = world.asset(agency)
    world.plan(agency, "DONE", basis="completed", first_due_on=day(-100))
    world.plan(agency, "CALENDAR", basis="scheduled", first_due_on=day(-100))
    for plan in ("DONE", "CALENDAR"):
        world.tina.CreateServiceRecord(asset=asset.id, plan=plan, result="passed")
    assert due_on(world, agency, asset, "DONE") == in_a_year(0)
    assert due_on(world, agency, asset, "CALENDAR") == in_a_year(-100)


def test_an_older_record_comes_in_late(world, agency):
    """Paper from last month, typed in after this month's service, does not move the date back."""
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-40))
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-2))
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-30))
    assert due_on(world, agency, asset) == in_a_year(-2)


def test_retired_is_not_due(world, agency):
    asset = world.asset(agency)
    world.plan(agency)
    for new, is_due in (("missing", False), ("in_service", True), ("retired", False), ("in_service", True)):
        asset = world.tina.UpdateAsset(asset={"id": asset.id, "status": new, "revision": asset.revision},
                                       update_mask=["status"]).asset
        assert (due_on(world, agency, asset) is not None) == is_due, new


def test_another_model_another_plan(world, agency):
    asset = world.asset(agency)
    world.plan(agency, "PORT", **{"class": "portable"})
    world.plan(agency, "MOB", **{"class": "mobile"})
    assert set(world.due(agency)) == {(asset.tag, "PORT")}
    world.tina.UpdateAsset(asset={"id": asset.id, "model": "M22URS9PW1BN", "class": "mobile", "revision": asset.revision},
                           update_mask=["model", "class"])
    assert set(world.due(agency)) == {(asset.tag, "MOB")}


def test_a_changed_plan(world, agency):
    asset = world.asset(agency)
    plan = world.plan(agency)
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-1))

    def change(revision, **values):
        return world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": revision, **values},
                                    update_mask=list(values)).plan
    plan = change(plan.revision, interval_count=30, interval_unit="days")
    assert due_on(world, agency, asset) == day(29)
    plan = change(plan.revision, stopped=True)
    assert plan.assets == 0 and not world.due(agency)
    plan = change(plan.revision, stopped=False)
    assert due_on(world, agency, asset) == day(29)
    plan = change(plan.revision, **{"class": "mobile"})
    assert not world.due(agency)


def test_plan_may_be_left_empty_where_one_applies(world, agency):
    asset = world.asset(agency)
    with refused("FAILED_PRECONDITION", "INVALID_ARGUMENT", field="plan"):
        world.tina.CreateServiceRecord(asset=asset.id, result="passed")
    world.plan(agency)
    assert world.tina.CreateServiceRecord(asset=asset.id, result="passed").service.plan == "PM12"
    world.plan(agency, "SECOND")
    with refused("FAILED_PRECONDITION", "INVALID_ARGUMENT", field="plan"):
        world.tina.CreateServiceRecord(asset=asset.id, result="passed")


@pytest.mark.parametrize("values, field", [
    ({"done_on": day(2)}, "done_on"), ({"done_on": "2026-02-30"}, "done_on"), ({"result": 0}, "result"),
    ({"plan": "NOSUCH"}, "plan"), ({"asset": "no such radio"}, "asset"), ({"notes": "x" * 100000}, "notes")])
def test_wrong_service(world, agency, values, field):
    asset = world.asset(agency)
    world.plan(agency)
    with refused("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION") as refusal:
        world.tina.CreateServiceRecord(**{"asset": asset.id, "plan": "PM12", "result": "passed", **values})
    assert field in refusal.fields, (refusal.fields, refusal.text)
    assert not world.tina.ListServiceRecords(agency=agency).services


@pytest.mark.parametrize("values, field", [
    ({"interval_count": 0}, "interval_count"), ({"interval_count": 99999}, "interval_count"),
    ({"interval_unit": 0}, "interval_unit"), ({"grace_days": -1}, "grace_days"), ({"escalate_days": -1}, "escalate_days"),
    ({"code": ""}, "code"), ({"name": ""}, "name"), ({"first_due_on": "soon"}, "first_due_on"),
    ({"model": "NOSUCH"}, "model")])
def test_wrong_plan(world, agency, values, field):
    with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND") as refusal:
        world.plan(agency, **values)
    assert any(field in named for named in refusal.fields), (refusal.fields, refusal.text)
    assert not world.ada.ListPlans(agency=agency).plans


def test_lists(world, agency):
    """By window, plan, asset and overdue with its grace days; soonest first."""
    near, far = world.asset(agency), world.asset(agency)
    world.plan(agency, "NEAR", model="H98UCF9PW6BN", first_due_on=day(-3), grace_days=5)
    world.plan(agency, "LATE", model="H98UCF9PW6BN", first_due_on=day(-8), grace_days=5)
    world.plan(agency, "SOON", model="H98UCF9PW6BN", first_due_on=day(20))
    world.plan(agency, "THEN", model="H98UCF9PW6BN", first_due_on=day(50))

    def due(**values):
        return [i.plan for i in world.vera.ListDue(agency=agency, asset=near.id, **values).items]
    assert due() == ["LATE", "NEAR", "SOON"], "within 30 days from today unless said otherwise"
    assert due(until=day(60)) == ["LATE", "NEAR", "SOON", "THEN"]
    assert due(**{"from": day(-3), "until": day(20)}) == ["NEAR", "SOON"]
    assert due(overdue=True) == ["LATE"]
    assert due(plan="THEN", until=day(60)) == ["THEN"]
    assert due(until=day(-4)) == ["LATE"]
    both = world.vera.ListDue(agency=agency, overdue=True).items
    assert {i.tag for i in both} == {near.tag, far.tag} and {i.days_overdue for i in both} == {3}


def test_summary(world, agency):
    """One line a plan: what has a due date, what is due until the day asked for, what is overdue; stopped plans are out."""
    assets = [world.asset(agency) for _ in range(3)]
    world.plan(agency, "LATE", model="H98UCF9PW6BN", first_due_on=day(-8), grace_days=5, interval_count=12, interval_unit="months")
    world.plan(agency, "SOON", model="H98UCF9PW6BN", first_due_on=day(40))
    world.plan(agency, "HELD", model="H98UCF9PW6BN", first_due_on=day(-40), stopped=True)
    world.tina.CreateServiceRecord(asset=assets[0].id, plan="LATE", result="passed")

    def lines(**values):
        return [(p.plan, p.assets, p.due, p.overdue, p.earliest_due_on) for p in world.vera.SummarizeDue(agency=agency, **values).plans]
    assert lines() == [("LATE", 3, 0, 2, day(-8)), ("SOON", 3, 0, 0, day(40))]
    assert lines(until=day(40)) == [("LATE", 3, 0, 2, day(-8)), ("SOON", 3, 3, 0, day(40))]
    with refused("NOT_FOUND"):
        world.vera.SummarizeDue(agency="NONE")


def test_today_is_the_agencys(world, migrated):
    """Due dates are counted in the agency's own zone: on opposite sides of the earth it is not the same day."""
    days = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        code = f"D{world.number()}"
        world.ada.CreateAgency(agency={"code": code, "name": zone, "time_zone": zone})
        asset = world.asset(code)
        world.plan(code, first_due_on=day(-30))
        service = world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed").service
        days[zone] = service.done_on
        assert service.done_on == migrated.value(f"SELECT (now() AT TIME ZONE '{zone}')::date")
    assert days["Pacific/Kiritimati"] > days["Pacific/Pago_Pago"]


def fold(first, count, unit, basis, done):
    """The rule of radioshop.fold_services(), read from its comment and written a second time, slowly."""
    def at(k):
        return months_after(first, count * k) if unit == "months" else first + datetime.timedelta(days=count * k)
    if basis == "completed":
        if not done:
            return first
        last = max(done)
        return months_after(last, count) if unit == "months" else last + datetime.timedelta(days=count)
    k = 0
    for service in sorted(done):
        if (service - at(k - 1)).days > (at(k) - service).days:
            k += 1
            while at(k) <= service:
                k += 1
    return at(k)


def test_arithmetic_against_an_oracle(migrated):
    dice = random.Random(20261123)
    cases, lines = [], []
    for _ in range(1500):
        first = datetime.date(2024, 1, 1) + datetime.timedelta(days=dice.randrange(800))
        if dice.random() < 0.3:
            first = months_after(first.replace(day=1), 1) - datetime.timedelta(days=1)	# a month's last day
        unit = dice.choice(["days", "months"])
        count = dice.choice([1, 3, 6, 12, 24]) if unit == "months" else dice.choice([1, 7, 30, 90, 365])
        basis = dice.choice(["scheduled", "completed"])
        done = [first + datetime.timedelta(days=dice.randrange(-400, 1200)) for _ in range(dice.randrange(6))]
        cases.append((first, count, unit, basis, done))
        dates = ",".join(f"'{d}'::date" for d in done)
        lines.append(f"SELECT radioshop.next_due('{first}', {count}, '{unit}', '{basis}', ARRAY[{dates}]::date[]);")
    rows = migrated.sql("\n".join(lines))
    for case, row in zip(cases, rows):
        assert row[0] == fold(*case).isoformat(), case
