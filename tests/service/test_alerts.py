"""Alerts: newly overdue, escalated and settled items, each said once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import refused
from rig.world import day, new_id


def kinds(reply):
    return sorted((contract.label(a, "kind"), a.tag, a.step) for a in reply.alerts)


def emit(world, agency, **values):
    return world.nightly.EmitAlerts(agency=agency, **values)


@pytest.fixture
def overdue(world, agency):
    """Three assets, twelve days overdue; two days of grace are counted off."""
    assets = [world.asset(agency) for _ in range(3)]
    world.plan(agency, first_due_on=day(-14), grace_days=2, escalate_days=30)
    return assets


def test_twice_a_night(world, agency, overdue):
    first = emit(world, agency)
    assert kinds(first) == sorted(("overdue", a.tag, 0) for a in overdue)
    assert {(a.due_on, a.days_overdue, a.plan, a.agency) for a in first.alerts} == {(day(-14), 12, "PM12", agency)}
    assert not emit(world, agency).alerts
    assert not emit(world, agency).alerts
    assert len(world.vera.ListAlerts(agency=agency).alerts) == 3


def test_a_lost_answer_is_asked_for_again(world, agency, overdue):
    """The job that did not hear the answer sends the same request_id and gets the same alerts: none is lost."""
    request = new_id()
    first = emit(world, agency, request_id=request)
    assert emit(world, agency, request_id=request) == first and len(first.alerts) == 3


def test_two_at_the_same_moment(world, agency):
    assets = [world.asset(agency) for _ in range(20)]
    world.plan(agency, first_due_on=day(-3))
    callers = [world.fresh_caller("nightly") for _ in range(6)]
    for caller in callers:
        caller.GetCaller()
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda c: c.EmitAlerts(agency=agency), callers))
    for caller in callers:
        caller.close()
    tags = sorted(a.tag for reply in replies for a in reply.alerts)
    assert tags == sorted(a.tag for a in assets)


def test_not_yet(world, agency):
    """Due today, or within the grace days, is not overdue."""
    world.asset(agency)
    world.plan(agency, "TODAY", first_due_on=day())
    world.plan(agency, "GRACE", first_due_on=day(-5), grace_days=5)
    assert not emit(world, agency).alerts
    world.plan(agency, "OVER", first_due_on=day(-6), grace_days=5)
    assert [a.plan for a in emit(world, agency).alerts] == ["OVER"]


def test_settled_is_said_once(world, agency, overdue):
    emit(world, agency)
    world.tina.CreateServiceRecord(asset=overdue[0].id, plan="PM12", result="passed")
    world.tina.UpdateAsset(asset={"id": overdue[1].id, "status": "retired", "revision": overdue[1].revision},
                           update_mask=["status"])
    assert kinds(emit(world, agency)) == sorted([("resolved", overdue[0].tag, 0), ("resolved", overdue[1].tag, 0)])
    assert not emit(world, agency).alerts


def test_settled_before_it_was_said(world, agency, overdue):
    """What became overdue and was done between two nights is not worth a word."""
    for asset in overdue:
        world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    assert not emit(world, agency).alerts


def test_missed_nights_are_caught_up_once(world, agency):
    """Overdue for 100 days with escalation every 30, and the job never ran: one alert, and not four."""
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(-100), escalate_days=30)
    first = emit(world, agency)
    assert [(a.tag, a.days_overdue) for a in first.alerts] == [(asset.tag, 100)]
    second = emit(world, agency)
    assert len(second.alerts) <= 1, "at most one escalation is raised for the nights that were missed"
    assert not emit(world, agency).alerts


def test_escalation(world, agency):
    """The plan's escalation days, shortened while it is overdue, bring the next step; then the one after."""
    asset = world.asset(agency)
    plan = world.plan(agency, first_due_on=day(-10), escalate_days=0)
    assert kinds(emit(world, agency)) == [("overdue", asset.tag, 0)]
    assert not emit(world, agency).alerts
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "escalate_days": 6},
                         update_mask=["escalate_days"])
    raised = emit(world, agency).alerts
    assert [(contract.label(a, "kind"), a.tag, a.step) for a in raised] == [("escalated", asset.tag, 1)]
    assert not emit(world, agency).alerts


def test_acknowledged_is_quiet(world, agency):
    asset = world.asset(agency)
    plan = world.plan(agency, first_due_on=day(-10))
    alert = emit(world, agency).alerts[0]
    acked = world.ada.AckAlert(alert=alert.id, note="radio is on loan").alert
    assert (acked.acked_by, acked.ack_note) == ("ada", "radio is on loan") and acked.acked_at.seconds
    assert not world.vera.ListAlerts(agency=agency, open=True).alerts
    assert len(world.vera.ListAlerts(agency=agency).alerts) == 1
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "escalate_days": 5},
                         update_mask=["escalate_days"])
    assert not emit(world, agency).alerts, "acknowledged: not raised again until the next due date"
    with refused("NOT_FOUND"):
        world.ada.AckAlert(alert="00000000-0000-4000-8000-00000000000a")
    with refused("NOT_FOUND", "INVALID_ARGUMENT"):
        world.ada.AckAlert(alert="nonsense")
    assert asset.tag == alert.tag


def test_the_next_due_date_alerts_anew(world, agency, overdue):
    emit(world, agency)
    world.tina.CreateServiceRecord(asset=overdue[0].id, plan="PM12", result="passed", done_on=day(-1))
    emit(world, agency)
    plan = world.ada.GetPlan(agency=agency, plan="PM12").plan
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "interval_count": 1,
                               "interval_unit": "days", "grace_days": 0}, update_mask=[
                                   "interval_count", "interval_unit", "grace_days"])
    assert not [a for a in emit(world, agency).alerts if a.tag == overdue[0].tag], "due today is not overdue"
    world.tina.CreateServiceRecord(asset=overdue[1].id, plan="PM12", result="passed", done_on=day(-9))
    again = [a for a in emit(world, agency).alerts if a.tag == overdue[1].tag and contract.label(a, "kind") == "overdue"]
    assert [a.due_on for a in again] == [day(-8)]


def test_in_batches(world, agency):
    """With a limit the rest comes with the next call; nothing is left out and nothing comes twice."""
    assets = [world.asset(agency) for _ in range(7)]
    world.plan(agency, first_due_on=day(-2))
    sizes, tags = [], []
    while True:
        reply = emit(world, agency, limit=3)
        sizes.append(len(reply.alerts))
        tags += [a.tag for a in reply.alerts]
        if len(reply.alerts) < 3:
            break
    assert sizes == [3, 3, 1] and sorted(tags) == sorted(a.tag for a in assets)
    with refused("INVALID_ARGUMENT", field="limit"):
        emit(world, agency, limit=100000)
    with refused("INVALID_ARGUMENT", field="limit"):
        emit(world, agency, limit=-1)


def test_all_agencies_at_once(world, agency):
    """Without an agency the job goes over all that it may; what it emitted is not emitted again for one."""
    world.asset(agency)
    world.plan(agency, first_due_on=day(-2))
    seen = []
    while True:
        reply = world.nightly.EmitAlerts()
        seen += [a.agency for a in reply.alerts]
        if len(reply.alerts) < 1000:
            break
    assert seen.count(agency) == 1
    assert not emit(world, agency).alerts


def test_unknown_agency(world):
    with refused("NOT_FOUND", "INVALID_ARGUMENT"):
        world.nightly.EmitAlerts(agency="NOSUCH")
