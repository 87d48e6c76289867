"""Skipping, deferring, meters and absences by call; and two at one occurrence at the same moment: one clear answer each."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id


def due(world, asset, plan="PM12"):
    items = world.vera.ListDue(asset=asset.id, plan=plan, until=day(4000)).items
    return items[0] if items else None


@pytest.fixture
def late(world, agency):
    """An asset, forty days overdue for its monthly check."""
    asset = world.asset(agency)
    world.plan(agency, basis="scheduled", interval_count=1, first_due_on=day(-40))
    return asset


def months_after(date, months):
    date = datetime.date.fromisoformat(date)
    month = date.month - 1 + months
    return date.replace(year=date.year + month // 12, month=month % 12 + 1)


def after(date, days):
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days=days)).isoformat()


def test_skip(world, late):
    request = {"request_id": new_id(), "asset": late.tag, "plan": "PM12", "due_on": day(-40), "reason": "replaced anyway"}
    change = world.tina.SkipDue(**request).change
    assert (contract.label(change, "kind"), contract.label(change, "state"), change.asked_by) == ("skipped", "approved", "tina")
    assert change.next_due_on == due(world, late).due_on > day(-40)
    assert world.tina.SkipDue(**request).change == change, "a repeat skips nothing more"
    with refused("FAILED_PRECONDITION", field="due_on", text="tina skipped it"):
        world.tina.SkipDue(asset=late.id, due_on=day(-40), reason="again")
    for values, field in (({"reason": ""}, "reason"), ({"due_on": ""}, "due_on"), ({"due_on": "2026-02-30"}, "due_on")):
        with refused("INVALID_ARGUMENT", field=field):
            world.tina.SkipDue(**{"asset": late.id, "due_on": change.next_due_on, "reason": "x", **values})


def test_defer_and_approve(world, migrated):
    """A technician asks, the fleet manager of the owner approves; another city's can do neither."""
    asset = world.asset("IND")
    plan = f"D{world.number()}"
    # older than the plan, so that it is due when the plan says
    world.plan("IND", plan, first_due_on=day(-5), model=asset.model)
    asked = world.caller("ind-technician").DeferDue(asset=asset.tag, plan=plan, due_on=day(-5), deferred_to=day(20), reason="on wildfire duty").change
    assert (contract.label(asked, "state"), asked.next_due_on, due(world, asset, plan).due_on) == ("asked", day(-5), day(-5))
    assert asked.id in [c.id for c in world.frank.ListDueChanges(agency="IND", open=True).changes]
    with refused("NOT_FOUND"):
        world.lee.DecideDeferral(change=asked.id, state="approved")
    with refused("PERMISSION_DENIED"):
        world.caller("ind-technician").DecideDeferral(change=asked.id, state="approved")
    with refused("FAILED_PRECONDITION", field="due_on", text=asked.id):
        world.tina.DeferDue(asset=asset.id, plan=plan, due_on=day(-5), deferred_to=day(21), reason="me too")
    request = {"request_id": new_id(), "change": asked.id, "state": "approved", "note": "until the crews are back"}
    done = world.frank.DecideDeferral(**request).change
    assert (contract.label(done, "state"), done.asked_by, done.decided_by, done.next_due_on) == ("approved", "ind-technician", "frank", day(20))
    assert world.frank.DecideDeferral(**request).change == done
    item = due(world, asset, plan)
    assert (item.due_on, item.deferred_from, item.days_overdue) == (day(20), day(-5), 0)
    with refused("FAILED_PRECONDITION", text="frank has approved it already"):
        world.ada.DecideDeferral(change=asked.id, state="refused")
    events = [e.principal for e in world.ada.ListEvents(agency="IND", resource="due_change", resource_id=asked.id).events]
    assert events == ["frank", "ind-technician"]
    world.tina.CreateServiceRecord(asset=asset.id, plan=plan, result="passed")
    assert due(world, asset, plan).deferred_from == ""


def test_refused_deferral_moves_nothing(world, late):
    with refused("FAILED_PRECONDITION", field="due_on", text=f"but on {day(-40)}"):
        world.tina.DeferDue(asset=late.id, due_on=day(-39), deferred_to=day(5), reason="of another day")
    with refused("NOT_FOUND", field="asset"):
        world.tina.DeferDue(asset="NOSUCHRADIO", due_on=day(-40), deferred_to=day(5), reason="of nothing")
    with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", field="deferred_to"):
        world.tina.DeferDue(asset=late.id, due_on=day(-40), deferred_to=day(5), reason="past the next one")
    plan = world.plan(late.agency, "YEARLY", first_due_on=day(-3), defer_limit_days=30)
    with refused("FAILED_PRECONDITION", field="deferred_to", text="30 days"):
        world.tina.DeferDue(asset=late.id, plan=plan.code, due_on=day(-3), deferred_to=day(28), reason="too far")
    change = world.tina.DeferDue(asset=late.id, plan=plan.code, due_on=day(-3), deferred_to=day(27), reason="x").change
    world.ada.DecideDeferral(change=change.id, state="refused", note="no")
    assert due(world, late, plan.code).due_on == day(-3)


def test_plan_by_weekday_and_meter(world, agency):
    asset = world.asset(agency)
    plan = world.ada.CreatePlan(plan={"agency": agency, "code": "WALK", "name": "Walk-round", "rule": "first monday",
                                      "blackout_from": "12-20", "blackout_until": "01-06"}).plan
    assert (plan.rule, plan.interval_count, contract.label(plan, "interval_unit")) == ("first Monday", 1, "months")
    item = datetime.date.fromisoformat(due(world, asset, "WALK").due_on)
    assert (item.weekday(), item.day <= 7) == (0, True) or (item.month, item.day) == (1, 7)
    world.ada.CreatePlan(plan={"agency": agency, "code": "HRS", "name": "By hours", "meter": "hours", "meter_every": 500})
    world.tina.RecordMeter(asset=asset.id, meter="hours", value=100)
    assert due(world, asset, "HRS") is None
    world.tina.RecordMeter(asset=asset.id, meter="hours", value=600)
    # all of today was before the plan, as far as days go: it counts from the last reading of the day it was made
    assert due(world, asset, "HRS") is None
    with refused("FAILED_PRECONDITION", field="value", text="--replaced"):
        world.tina.RecordMeter(asset=asset.id, meter="hours", value=599)
    assert world.tina.RecordMeter(asset=asset.id, meter="hours", value=0, replaced=True).reading.total == 600
    results = world.tina.ImportMeterReadings(rows=[
        {"line": 2, "asset": asset.tag, "meter": "cycles", "value": 7, "read_on": day(-1)},
        {"line": 3, "asset": asset.tag, "meter": "cycles", "value": 6},
        {"line": 4, "asset": "nobody", "meter": "cycles", "value": 6}]).results
    assert [(r.line, contract.label(r, "outcome"), r.column) for r in results] == [
        (2, "created", ""), (3, "refused", "value"), (4, "refused", "asset")]
    for values, field in (({"rule": "fifth Monday"}, "rule"), ({"rule": "first Monday", "interval_unit": "weeks", "interval_count": 1}, "rule"),
                          ({"rule": "last Friday", "blackout_from": "13-01", "blackout_until": "01-01"}, "blackout_from"), ({}, "interval_unit")):
        with refused("INVALID_ARGUMENT") as refusal:
            world.ada.CreatePlan(plan={"agency": agency, "code": "WRONG", "name": "Wrong", **values})
        assert any(field in named for named in refusal.fields), refusal.fields


def test_away_and_back(world, late):
    """The whole rule is proved in tests/sql/recurrence.sql, where days can be moved; this is that it is wired up."""
    asset = late
    for status in ("at_depot", "missing", "in_service"):
        asset = world.tina.UpdateAsset(asset={"id": asset.id, "status": status, "revision": asset.revision}, update_mask=["status"]).asset
        assert (due(world, asset) is not None) == (status == "in_service"), status
    assert due(world, asset).due_on == day(-40), "what was overdue before it left is not lost"


def test_alerts_and_reports_agree(world, agency, migrated):
    """What is skipped, deferred or paused is overdue nowhere, what is just asked for is; and what is deferred is so from its new day on."""
    plain, skipped, deferred, paused, asked = [world.asset(agency) for _ in range(5)]
    world.plan(agency, basis="scheduled", first_due_on=day(-5))
    world.ada.SetAlertRule(agency=agency, kind="due_soon", days=14)

    def emit():
        return sorted((contract.label(a, "kind"), a.tag, a.due_on) for a in world.nightly.EmitAlerts(agency=agency).alerts)

    def defer(asset, to):
        return world.tina.DeferDue(asset=asset.id, due_on=day(-5), deferred_to=to, reason="on wildfire duty").change.id

    def move(asset, status):
        return world.tina.UpdateAsset(asset={"id": asset.id, "status": status, "revision": asset.revision}, update_mask=["status"]).asset

    world.tina.SkipDue(asset=skipped.id, due_on=day(-5), reason="replaced anyway")
    world.ada.DecideDeferral(change=defer(deferred, day(2)), state="approved")
    paused, waiting = move(paused, "at_depot"), defer(asked, day(20))
    assert emit() == sorted([("overdue", plain.tag, day(-5)), ("overdue", asked.tag, day(-5)), ("due_soon", deferred.tag, day(2))])
    counted, = world.vera.SummarizeDue(agency=agency).plans
    assert (counted.assets, counted.due, counted.overdue, counted.earliest_due_on) == (4, 1, 2, day(-5))
    kept, = world.vera.SummarizeCompliance(agency=agency).plans
    assert (kept.due, kept.overdue) == (2, 2)
    week, = [w for w in world.vera.SummarizeDueWeeks(agency=agency).weeks if w.week_on <= day(2) < after(w.week_on, 7)]
    assert week.due == 1

    world.tina.SkipDue(asset=plain.id, due_on=day(-5), reason="replaced anyway")
    world.ada.DecideDeferral(change=waiting, state="approved")
    paused = move(paused, "in_service")
    assert emit() == sorted([("resolved", plain.tag, day(-5)), ("resolved", asked.tag, day(-5)), ("overdue", paused.tag, day(-5))])
    move(paused, "missing")
    assert emit() == [("resolved", paused.tag, day(-5))]

    # three days on
    migrated.sql(f"""
        BEGIN;
        SET LOCAL session_replication_role = replica;
        UPDATE radioshop.schedule SET next_due = next_due - 3, alerted_due = alerted_due - 3
          WHERE agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}');
        COMMIT""")
    assert ("overdue", deferred.tag, day(-1)) in emit() and emit() == []
    for asset in (deferred, asked):
        world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    kept, = world.vera.SummarizeCompliance(agency=agency, to=day(30)).plans
    assert (kept.due, kept.on_time, kept.late, kept.overdue) == (2, 1, 1, 0), "late by the day it was deferred to; what was skipped is not asked"


def test_done_long_before_the_day_it_was_deferred_to(world, agency):
    """It counts for the occurrence that was deferred, not for one that the year between might have had."""
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(100))
    change = world.tina.DeferDue(asset=asset.id, due_on=day(100), deferred_to=day(460), reason="on wildfire duty").change
    world.ada.DecideDeferral(change=change.id, state="approved")
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    kept, = world.vera.SummarizeCompliance(agency=agency, to=day(470)).plans
    assert (kept.due, kept.on_time, kept.overdue) == (1, 1, 0)


# ---- two at one moment --------------------------------------------------------------------------------------------

def together(world, *works):
    """Each on a connection of its own, at once: what each came to."""
    callers = [world.fresh_caller(name) for name, _ in works]
    for caller in callers:
        caller.GetCaller()

    def run(caller, work):
        try:
            return work(caller) or "OK"
        except Refused as refusal:
            return f"{refusal.code} {refusal.text}"
    try:
        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(run, callers, [work for _, work in works]))
    finally:
        for caller in callers:
            caller.close()


def test_two_skip_one_occurrence(world, late):
    def skip(caller):
        caller.SkipDue(asset=late.id, due_on=day(-40), reason="both of us")
    answers = together(world, *[("tina", skip)] * 6)
    assert answers.count("OK") == 1
    assert all(a.startswith("FAILED_PRECONDITION") and "tina skipped it" in a for a in answers if a != "OK"), answers
    assert len(world.vera.ListDueChanges(asset=late.id).changes) == 1
    assert due(world, late).due_on == months_after(day(-40), 1).isoformat()


def test_one_records_while_another_skips(world, agency):
    """Whoever is second is told; the service is never lost."""
    world.plan(agency, basis="scheduled", interval_count=12, first_due_on=day(-40))
    for _ in range(4):
        asset = world.asset(agency, tag=f"RS{world.number()}")
        world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-500))
        on = due(world, asset).due_on
        service, skip = together(
            world, ("tina", lambda c, a=asset: c.CreateServiceRecord(asset=a.id, plan="PM12", result="passed") and None),
            ("tina", lambda c, a=asset, on=on: c.SkipDue(asset=a.id, plan="PM12", due_on=on, reason="x") and None))
        assert service == "OK"
        assert skip == "OK" or skip.startswith("FAILED_PRECONDITION")
        assert len(world.vera.ListServiceRecords(asset=asset.id).services) == 2
        assert len(world.vera.ListDueChanges(asset=asset.id).changes) == (skip == "OK")


def test_one_records_while_another_approves(world, agency):
    world.plan(agency, basis="scheduled", interval_count=12, first_due_on=day(-40))
    for _ in range(4):
        asset = world.asset(agency, tag=f"RA{world.number()}")
        world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-360))
        item = due(world, asset)
        change = world.tina.DeferDue(asset=asset.id, due_on=item.due_on, deferred_to=after(item.due_on, 9), reason="x").change
        service, approval = together(
            world, ("tina", lambda c, a=asset: c.CreateServiceRecord(asset=a.id, plan="PM12", result="passed") and None),
            ("ada", lambda c, i=change.id: c.DecideDeferral(change=i, state="approved") and None))
        assert service == "OK" and (approval == "OK" or "it can only be refused" in approval), (service, approval)
        assert len(world.vera.ListServiceRecords(asset=asset.id).services) == 2


def test_two_defer_one_occurrence(world, agency):
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(3))

    def defer(caller):
        caller.DeferDue(asset=asset.id, due_on=day(3), deferred_to=day(30), reason="both of us")
    answers = together(world, *[("tina", defer)] * 4)
    assert answers.count("OK") == 1 and all("has asked already" in a for a in answers if a != "OK"), answers
    change = world.vera.ListDueChanges(asset=asset.id, open=True).changes[0]
    decisions = together(world, *[("ada", lambda c, state=state: c.DecideDeferral(change=change.id, state=state) and None)
                                  for state in ("approved", "refused", "approved")])
    assert decisions.count("OK") == 1 and all("already" in a for a in decisions if a != "OK"), decisions
    state = contract.label(world.vera.ListDueChanges(asset=asset.id).changes[0], "state")
    assert due(world, asset).due_on == (day(30) if state == "approved" else day(3))


def test_a_plan_changes_while_a_service_is_recorded(world, agency):
    """Whatever the order, the service counts under the plan as it is in the end."""
    for basis in ("completed", "scheduled", "completed"):
        asset = world.asset(agency)
        plan = world.plan(agency, f"C{world.number()}", basis=basis, first_due_on=day(-1), model=asset.model, stopped=basis == "scheduled")
        answers = together(
            world, ("tina", lambda c, a=asset, p=plan: c.CreateServiceRecord(asset=a.id, plan=p.code, result="passed") and None),
            ("ada", lambda c, p=plan: c.UpdatePlan(plan={"agency": agency, "code": p.code, "interval_count": 10, "interval_unit": "days", "stopped": False,
                                                         "revision": p.revision}, update_mask=["interval_count", "interval_unit", "stopped"]) and None))
        assert answers == ["OK", "OK"]
        item = due(world, asset, plan.code)
        assert (item.due_on, item.last_done_on) == (day(10 if basis == "completed" else 9), day())


def test_two_readings_of_one_meter(world, agency):
    """Each is looked at after the other: one meter never has two readings that contradict each other."""
    for _ in range(4):
        asset = world.asset(agency)
        world.tina.RecordMeter(asset=asset.id, meter="ptt", value=100)
        answers = together(world, *[("tina", lambda c, a=asset, v=v: c.RecordMeter(asset=a.id, meter="ptt", value=v) and None)
                                    for v in (700, 600, 500, 400, 300, 200)])
        assert all(a == "OK" or a.startswith("FAILED_PRECONDITION") and "does not go backwards" in a for a in answers), answers
        values = [r.value for r in world.vera.ListMeterReadings(asset=asset.id).readings]
        assert values == sorted(values, reverse=True) and values[-1] == 100 and values[0] == 700
        assert len(values) == 1 + answers.count("OK")
