"""Reports over the wire: what has just been done is in them, and what is asked wrongly is said. Figures are tests/sql/report.sql's."""

import pytest

from rig.caller import refused
from rig.world import day


@pytest.fixture(scope="module")
def busy(world):
    """A city with a service in time and one overdue, and a repair that came back."""
    agency = world.agency()
    first, second = world.asset(agency), world.asset(agency)
    world.plan(agency, first_due_on=day(-3))
    tina = world.tina
    # An asset is due one interval after it was added: paper from a year ago makes it due now.
    for asset in (first, second):
        tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed", done_on=day(-370))
    tina.CreateServiceRecord(asset=first.id, plan="PM12", result="passed")
    for _ in range(2):
        tina.LogRepair(asset=first.id, problem="no audio", cause="worn speaker", action="new speaker", minutes=15, part="speaker",
                       part_cost_cents=1420)
    ticket = tina.OpenTicket(asset=second.id, problem="hums", priority="urgent", received=True).ticket
    ticket = tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing").ticket
    ticket = tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="ready", outcome="no_fault_found").ticket
    return agency, first, second, ticket


def test_what_was_done_is_in_the_reports(world, busy):
    agency, first, second, ticket = busy
    frank = world.vera
    plan, = frank.SummarizeCompliance(agency=agency).plans
    assert (plan.plan, plan.due, plan.on_time, plan.late, plan.overdue) == ("PM12", 2, 0, 1, 1)
    weeks = frank.SummarizeDueWeeks(agency=agency.lower()).weeks
    assert len(weeks) == 26 and weeks[0].week_on <= day() and all(week.agency == agency for week in weeks)
    turned, = frank.SummarizeTurnaround(agency=agency, by="priority").groups
    assert turned.tickets == 1 and turned.returned == 0 and 0 <= turned.ready_median_hours < 0.2
    ageing, = frank.SummarizeAgeing(agency=agency).agencies
    assert (ageing.open, ageing.days_0_6, ageing.oldest) == (1, 1, ticket.number)
    again, = frank.SummarizeRepeats(agency=agency).failures
    assert (again.tag, again.problem, again.repeats, again.model) == (first.tag, "no audio", 1, "H98UCF9PW6BN")
    cost, = frank.SummarizeCosts(agency=agency, by="asset").costs
    assert (cost.tag, cost.tickets, cost.labour_minutes, cost.parts_cents, cost.cost_cents) == (first.tag, 2, 30, 2840, 2840)
    failures = {(f.model, f.cause): (f.tickets, f.fleet, f.per_100) for f in frank.SummarizeFailures(agency=agency).failures}
    assert failures == {("H98UCF9PW6BN", "worn speaker"): (2, 2, 100.0)}, "where no fault was found nothing failed"


def test_a_reader_of_all_agencies_sees_their_sum(world, busy):
    every = world.vera.SummarizeAgeing().agencies
    assert [a.agency for a in every] == sorted(a.agency for a in every) and busy[0] in [a.agency for a in every]
    assert "SHOP" not in [a.agency for a in every]
    assert [a.agency for a in world.frank.SummarizeAgeing().agencies] == ["IND"]


@pytest.mark.parametrize("method, values, code, field", [
    ("SummarizeCompliance", {"agency": "NONE"}, "NOT_FOUND", "agency"),
    ("SummarizeCompliance", {"plan": "NONE"}, "NOT_FOUND", "plan"),
    ("SummarizeCompliance", {"from": "2026-02-30"}, "INVALID_ARGUMENT", "from"),
    ("SummarizeTurnaround", {"from": "2026-02-02", "to": "2026-02-01"}, "INVALID_ARGUMENT", "from"),
    ("SummarizeTurnaround", {"by": "asset"}, "INVALID_ARGUMENT", "by"),
    ("SummarizeCosts", {"by": "priority"}, "INVALID_ARGUMENT", "by"),
    ("SummarizeCosts", {"top": -1}, "INVALID_ARGUMENT", "top"),
    ("SummarizeRepeats", {"days": 3651}, "INVALID_ARGUMENT", "days"),
    ("SummarizeFailures", {"model": "NONE"}, "NOT_FOUND", "model"),
    ("SummarizeDueWeeks", {"weeks": -1}, "INVALID_ARGUMENT", "weeks"),
    ("SummarizeAgeing", {"agency": "NONE"}, "NOT_FOUND", "agency"),
])
def test_asked_wrongly(world, method, values, code, field):
    with refused(code, field=field if code == "INVALID_ARGUMENT" else None, text=field if code == "NOT_FOUND" else None):
        getattr(world.vera, method)(**values)
