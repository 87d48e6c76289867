"""Loans: who has what until when, the loaner of a radio in repair in one step with its ticket, and what is told when it is not back."""

import calendar
import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, state, status


def months_on(day_text, months=3):
    """The same day so many months later, or the last of its month."""
    at = datetime.date.fromisoformat(day_text)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(at.day, calendar.monthrange(year, month + 1)[1])).isoformat()


def pool(world, agency, **values):
    """A spare radio in the pool."""
    asset = world.asset(agency, status="spare", **values)
    world.ada.AddLoaner(asset=asset.id)
    return asset


def opened(world, agency, **values):
    """A radio at the bench, assigned to somebody: (asset, number of its ticket)."""
    asset = world.asset(agency, **{"assigned_to": "A. Ruiz", **values})
    return asset, world.tina.OpenTicket(asset=asset.id, problem="dead", received=True).ticket.number


def issue(world, ticket, loaner, **values):
    return world.tina.IssueLoan(ticket=ticket, asset=loaner.id, **values).loan


def lend(world, asset, **values):
    return world.tina.IssueLoan(asset=asset.id, **{"borrower": "B. Lane", "due_on": day(10), **values}).loan


def take_in(world, loan, **values):
    return world.tina.ReturnLoan(loan=loan.id, revision=loan.revision, **values).loan


def move(world, number, *states):
    for to in states:
        ticket = world.tina.MoveTicket(ticket=number, revision=world.tina.GetTicket(ticket=number).ticket.revision, state=to).ticket
    return ticket


def notes(world, number):
    return [e.text for e in world.tina.GetTicket(ticket=number).ticket.entries if contract.label(e, "kind") == "note"]


def age(migrated, loan, days):
    """Makes time pass for a loan; what was agreed stays as long as it was, or as the longest period is at that time of the year."""
    migrated.sql(f"UPDATE radioshop.loan SET out_at = out_at - interval '{days} days', out_on = out_on - {days}, "
                 f"due_on = least(due_on - {days}, radioshop.loan_latest(out_on - {days}, loaner)) WHERE loan_id = '{loan.id}'")


def status_of(world, asset):
    return status(world.tina.GetAsset(asset=asset.id).asset)


def test_a_loaner_for_a_radio_in_repair(world, agency):
    """Out for repair with a loaner, and back: one step each, linked from both sides; the borrower stays accountable for the radio."""
    loaner = pool(world, agency)
    asset = world.asset(agency, assigned_to="A. Ruiz")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="dead", received=True, loaner=loaner.tag).ticket
    until = months_on(day())
    assert (ticket.loaner, ticket.loaner_due_on) == (f"{agency}:{loaner.tag}", until)
    loan = world.vera.GetLoan(loan=ticket.number).loan
    assert (loan.tag, loan.ticket, loan.borrower, loan.agency, loan.borrower_agency) == (loaner.tag, ticket.number, "A. Ruiz", agency, agency)
    assert (contract.label(loan, "purpose"), loan.due_on, loan.latest_on, loan.out_on, loan.out_by) == ("repair", until, until, day(), "tina")
    assert (loan.serial, loan.model, loan.days_out, loan.days_late) == (loaner.serial, loaner.model, 0, 0) and not loan.HasField("in_at")
    assert world.vera.GetLoan(loan=loaner.serial).loan.id == world.vera.GetLoan(loan=loan.id).loan.id == loan.id
    assert notes(world, ticket.number) == [f"loaner {agency}:{loaner.tag} issued to A. Ruiz until {until}"]
    for resource, of in (("loan", loan.id), ("ticket_loaner", ticket.id)):
        event, = world.ada.ListEvents(agency=agency, resource=resource, resource_id=of).events
        assert loan.id in event.after and event.principal == "tina", "both sides have an event that names the loan"
    # in repair
    assert status_of(world, asset) == "in_shop" and status_of(world, loaner) == "in_service"
    shown = world.vera.GetAsset(asset=asset.id).asset
    assert (shown.assigned_to, shown.custody) == (
        "A. Ruiz", f"in repair ({ticket.number}, received), loaner {agency}:{loaner.tag} with A. Ruiz until {until}")
    assert world.vera.GetAsset(asset=loaner.id).asset.custody == f"lent to A. Ruiz ({agency}) until {until} for {ticket.number}"
    # the radio is back, its loaner is not
    for to in ("diagnosing", "repairing", "testing", "ready"):
        assert move(world, ticket.number, to).loaner_due_on == until
    gone = move(world, ticket.number, "returned")
    assert (state(gone), gone.loaner, gone.loaner_due_on) == ("returned", f"{agency}:{loaner.tag}", day(7))
    assert move(world, ticket.number, "closed").loaner == f"{agency}:{loaner.tag}"
    still = f"loaner {agency}:{loaner.tag} is still out with A. Ruiz; it is due back on {day(7)}"
    assert notes(world, ticket.number)[1:] == [still], "said once"
    loan = world.vera.GetLoan(loan=loan.id).loan
    assert (loan.due_on, loan.latest_on, loan.revision) == (day(7), day(7), 1), "the loan of the owner is not written to"
    with refused("INVALID_ARGUMENT", field="due_on", text=f"the repair was over on {day()}; the latest is {day(7)}"):
        world.tina.ExtendLoan(loan=loan.id, revision=1, due_on=day(8), reason="x")
    # taken up again
    assert move(world, ticket.number, "diagnosing").loaner_due_on == until
    move(world, ticket.number, "repairing", "testing", "ready", "returned", "closed")
    # back
    loan = take_in(world, loan)
    assert (contract.label(loan, "condition"), loan.in_by, loan.due_on, loan.revision) == ("good", "tina", day(7), 2) and loan.in_at.seconds
    assert notes(world, ticket.number)[-1] == f"loaner {agency}:{loaner.tag} is back from A. Ruiz: good"
    assert status_of(world, loaner) == "spare" and world.tina.GetTicket(ticket=ticket.number).ticket.loaner == ""
    assert world.vera.GetAsset(asset=loaner.id).asset.custody == world.vera.GetAsset(asset=asset.id).asset.custody == ""
    with refused("FAILED_PRECONDITION", field="loan", text="it is not lent any more"):
        take_in(world, loan)
    assert [x.id for x in world.vera.ListLoans(ticket=ticket.number, returned=True).loans] == [loan.id], "it stays on record"


def test_a_ticket_is_opened_with_its_loaner_or_not_at_all(world, agency):
    loaner, asset = pool(world, agency), world.asset(agency)
    out = lend(world, pool(world, agency))
    for values, code, field, text in (
            ({"loaner": loaner.tag}, "INVALID_ARGUMENT", "borrower", "is assigned to nobody"),
            ({"loaner": "NOSUCH", "loaner_borrower": "X"}, "NOT_FOUND", "loaner", "NOSUCH"),
            ({"loaner": out.tag, "loaner_borrower": "X"}, "FAILED_PRECONDITION", "loaner", "is lent to B. Lane"),
            ({"loaner": asset.tag, "loaner_borrower": "X"}, "FAILED_PRECONDITION", "loaner", "what is in repair is not lent"),
            ({"loaner": loaner.tag, "loaner_borrower": "X", "loaner_due_on": day(100)}, "INVALID_ARGUMENT", "due_on", f"until {months_on(day())}"),
            ({"loaner_borrower": "X"}, "INVALID_ARGUMENT", "loaner", "say which loaner"),
            ({"loaner_due_on": day(3)}, "INVALID_ARGUMENT", "loaner", "say which loaner")):
        with refused(code, field=field, text=text):
            world.tina.OpenTicket(asset=asset.id, problem="dead", **values)
    assert not world.vera.ListTickets(asset=asset.id, closed=True).tickets and status_of(world, loaner) == "spare"
    with refused("NOT_FOUND", field="asset"):
        world.tina.OpenTicket(asset="NOSUCH", problem="dead", loaner=loaner.tag)
    # by a fleet manager, for a radio that is still on its way
    request = new_id()
    values = {"asset": asset.id, "problem": "dead", "loaner": loaner.tag, "loaner_borrower": "C. Wu", "loaner_due_on": day(5), "request_id": request}
    first = world.ada.OpenTicket(**values).ticket
    assert (state(first), first.loaner_due_on) == ("reported", day(5))
    assert world.ada.OpenTicket(**values).ticket == first, "the answer is repeated, and nothing is lent twice"
    assert len(world.vera.ListLoans(ticket=first.number, returned=True).loans) == 1
    assert world.vera.GetAsset(asset=asset.id).asset.custody.startswith(f"reported ({first.number}, reported), loaner {agency}:{loaner.tag} with C. Wu")


def test_the_longest_period(world, agency):
    """A loaner for three months, anything else for a year; longer is refused with the latest day."""
    loaner, other = pool(world, agency), world.asset(agency)
    latest, year = months_on(day()), months_on(day(), 12)
    with refused("INVALID_ARGUMENT", field="due_on", text=f"the repair or three months at most: until {latest}"):
        lend(world, loaner, due_on=(datetime.date.fromisoformat(latest) + datetime.timedelta(1)).isoformat())
    with refused("INVALID_ARGUMENT", field="due_on", text=f"a year at most: until {year}"):
        lend(world, other, due_on=(datetime.date.fromisoformat(year) + datetime.timedelta(1)).isoformat())
    with refused("INVALID_ARGUMENT", field="due_on", text=f"the latest is {latest}"):
        lend(world, loaner, due_on="")
    with refused("INVALID_ARGUMENT", field="due_on", text=f"give a day from today, {day()}"):
        lend(world, loaner, due_on=day(-1))
    for wrong in ("2026-02-30", "tomorrow"):
        with refused("INVALID_ARGUMENT", field="due_on"):
            lend(world, loaner, due_on=wrong)
    assert lend(world, other, due_on=year, purpose="training").latest_on == year
    # a radio that is no loaner, but goes out for a repair, is one
    _, ticket = opened(world, agency)
    with refused("INVALID_ARGUMENT", field="due_on", text=latest):
        issue(world, ticket, world.asset(agency), due_on=year)
    loan = lend(world, loaner, due_on=day(5), badge="117", unit="Engine 7", note="with charger", purpose="event")
    assert (loan.badge, loan.unit, loan.note, contract.label(loan, "purpose"), loan.ticket) == ("117", "Engine 7", "with charger", "event", "")
    # for longer
    for values, field, text in (({"due_on": day(9)}, "reason", "say why"), ({"reason": "x"}, "due_on", latest), ({"due_on": day(5), "reason": "x"}, "due_on", "already"),
                                ({"due_on": months_on(day(), 4), "reason": "x"}, "due_on", f"the longest period ends on {latest}")):
        with refused("INVALID_ARGUMENT", field=field, text=text):
            world.tina.ExtendLoan(loan=loan.id, revision=loan.revision, **values)
    request = new_id()
    longer = world.tina.ExtendLoan(request_id=request, loan=loaner.tag, revision=1, due_on=latest, reason="the event goes on").loan
    assert (longer.due_on, longer.reason, longer.revision) == (latest, "the event goes on", 2)
    assert world.tina.ExtendLoan(request_id=request, loan=loaner.tag, revision=1, due_on=latest, reason="the event goes on").loan == longer
    for method, values in (("ExtendLoan", {"due_on": day(7), "reason": "x"}), ("ReturnLoan", {})):
        with refused("ABORTED", field="revision"):
            getattr(world.tina, method)(loan=loan.id, revision=1, **values)
        with refused("INVALID_ARGUMENT", field="revision"):
            getattr(world.tina, method)(loan=loan.id, **values)


def test_what_is_not_lent(world, agency):
    """Out already, in repair, missing, retired; and what is lent is not retired, whoever tries."""
    for was in ("missing", "retired", "disposed"):
        with refused("FAILED_PRECONDITION", field="asset", text=f"is {was}; only what is in service or spare is lent"):
            lend(world, world.asset(agency, status=was))
    broken, ticket = opened(world, agency)
    with refused("FAILED_PRECONDITION", field="asset", text=f"ticket {ticket} is open"):
        lend(world, broken)
    asset = world.asset(agency)
    loan = lend(world, asset)
    with refused("FAILED_PRECONDITION", field="asset", text="is lent to B. Lane since"):
        lend(world, asset, borrower="C. Wu")
    for was in ("retired", "disposed"):
        asset = world.tina.GetAsset(asset=asset.id).asset
        with refused("FAILED_PRECONDITION", field="status", text="take it in with loan return before it is retired"):
            world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "status": was}, update_mask=["status"])
        result, = world.tina.ImportAssets(agency=agency, rows=[{"line": 2, "tag": asset.tag, "status": was}]).results
        assert "take it in with loan return" in result.reason and result.column == "status"
    # The borrower has it in repair, on the loan: it is not taken in for that. But it is not retired either.
    number = world.tina.OpenTicket(asset=asset.id, problem="drowned", received=True).ticket.number
    assert world.vera.GetAsset(asset=asset.id).asset.custody == f"in repair ({number}, received); lent to B. Lane ({agency}) until {day(10)}"
    ticket = move(world, number, "diagnosing")
    ticket = world.tina.RequestApproval(ticket=number, revision=ticket.revision, estimate_cents=90000, reason="dead", write_off=True).ticket
    manager = world.fresh_caller(world.person(f"mona-{agency.lower()}", [("fleet_manager", agency)]))
    ticket = manager.ApproveTicket(ticket=number, revision=ticket.revision).ticket
    with refused("FAILED_PRECONDITION", field="retire_asset", text="is lent to B. Lane"):
        world.tina.MoveTicket(ticket=number, revision=ticket.revision, state="ready", outcome="beyond_repair", retire_asset=True)
    loan = take_in(world, loan, condition="damaged", note="drowned")
    assert (contract.label(loan, "condition"), loan.return_note, status_of(world, asset)) == ("damaged", "drowned", "in_shop")
    world.tina.MoveTicket(ticket=number, revision=ticket.revision, state="ready", outcome="beyond_repair", retire_asset=True)
    assert status_of(world, asset) == "retired"
    manager.close()
    # what is wrong with the question
    asset, (_, repair), (_, done) = world.asset(agency), opened(world, agency), opened(world, agency)
    move(world, done, "cancelled")
    for values, code, field in (({"borrower": ""}, "INVALID_ARGUMENT", "borrower"), ({"borrower": "x" * 121}, "INVALID_ARGUMENT", "borrower"),
                                ({"borrower": "a\nb"}, "INVALID_ARGUMENT", "borrower"), ({"badge": "x" * 65}, "INVALID_ARGUMENT", "badge"),
                                ({"note": "a\x01b"}, "INVALID_ARGUMENT", "note"), ({"borrower_agency": "NOSUCH"}, "NOT_FOUND", "borrower_agency"),
                                ({"purpose": "repair"}, "INVALID_ARGUMENT", "ticket"), ({"ticket": "NOSUCH"}, "NOT_FOUND", "ticket"),
                                ({"ticket": repair, "purpose": "event"}, "INVALID_ARGUMENT", "purpose"),
                                ({"ticket": repair, "borrower_agency": "LSU"}, "INVALID_ARGUMENT", "borrower_agency"),
                                ({"ticket": done}, "FAILED_PRECONDITION", "ticket")):
        with refused(code, field=field):
            lend(world, asset, **values)
    issue(world, repair, asset)
    with refused("FAILED_PRECONDITION", field="ticket", text=f"loaner {agency}:{asset.tag} is out for ticket {repair}"):
        issue(world, repair, world.asset(agency))
    with refused("NOT_FOUND", field="loan"):
        world.tina.GetLoan(loan=world.asset(agency).id)


def test_it_comes_back_damaged_or_not_at_all(world, agency):
    """Damaged: its ticket in the same step, or no step at all. Lost: it is missing from now on."""
    loaner, (_, repair) = pool(world, agency), opened(world, agency)
    loan = issue(world, repair, loaner)
    with refused("INVALID_ARGUMENT", field="problem", text="what is lost is not repaired"):
        take_in(world, loan, condition="lost", problem="gone")
    with refused("INVALID_ARGUMENT", field="problem"):
        take_in(world, loan, problem="x" * 4001)
    number = world.tina.OpenTicket(asset=loaner.id, problem="noise").ticket.number
    with refused("FAILED_PRECONDITION", field="problem", text=f"ticket {number} is open"):
        take_in(world, loan, problem="noise")
    assert not world.vera.GetLoan(loan=loan.id).loan.HasField("in_at") and len(notes(world, repair)) == 1
    move(world, number, "cancelled")
    request = new_id()
    back = take_in(world, loan, problem="antenna broken", request_id=request)
    ticket = world.tina.GetTicket(ticket=back.damage_ticket).ticket
    assert (contract.label(back, "condition"), state(ticket), ticket.problem, ticket.tag) == ("damaged", "received", "antenna broken", loaner.tag)
    assert take_in(world, loan, problem="antenna broken", request_id=request) == back
    assert status_of(world, loaner) == "in_shop" and notes(world, repair)[-1].endswith(": damaged")
    move(world, back.damage_ticket, "diagnosing", "ready", "returned", "closed")
    assert status_of(world, loaner) == "spare", "back in the pool as it was"
    loan = issue(world, repair, loaner)
    loan = take_in(world, loan, condition="lost", note="left on the roof of the car")
    assert status_of(world, loaner) == "missing" and not [x for x in world.vera.ListLoaners(agency=agency).loaners if x.free]
    history = world.vera.ListLoans(asset=loaner.id, returned=True).loans
    assert [contract.label(x, "condition") for x in history] == ["lost", "damaged"] and not world.vera.ListLoans(asset=loaner.id).loans
    # incomplete, and no ticket
    asset = world.asset(agency, status="spare")
    loan = take_in(world, lend(world, asset), condition="incomplete", note="no charger")
    assert (loan.damage_ticket, loan.return_note, status_of(world, asset)) == ("", "no charger", "spare")


def test_the_pool(world, agency):
    """What is free now, of which model, band and family; who has the rest, and for how long."""
    portable, mobile = pool(world, agency), pool(world, agency, model="M22URS9PW1BN")
    noted = world.ada.AddLoaner(asset=world.asset(agency, model="", **{"class": "charger"}).id, note="desk charger").loaner
    assert (noted.free, noted.note, contract.label(noted, "class"), noted.model) == (True, "desk charger", "charger", "")
    tags = lambda **values: [x.tag for x in world.vera.pages("ListLoaners", "loaners", page_size=2, agency=agency, **values)]  # noqa: E731
    assert tags() == sorted([portable.tag, mobile.tag, noted.tag])
    assert tags(model="h98ucf9pw6bn") == [portable.tag] and tags(family="apx 4500") == [mobile.tag]
    assert tags(band="7/800") == sorted([portable.tag, mobile.tag]) and not tags(band="VHF")
    loan = lend(world, portable, due_on=day(2))
    assert portable.tag not in tags(free=True) and tags(free=True, band="7/800") == [mobile.tag]
    out = next(x for x in world.vera.ListLoaners(agency=agency).loaners if x.tag == portable.tag)
    assert (out.free, out.loan, out.borrower, out.borrower_agency, out.out_on, out.due_on, out.days_out) == (
        False, loan.id, "B. Lane", agency, day(), day(2), 0)
    with refused("ALREADY_EXISTS", field="asset"):
        world.ada.AddLoaner(asset=portable.id)
    with refused("FAILED_PRECONDITION", field="asset", text="is lent to B. Lane"):
        world.ada.RemoveLoaner(asset=portable.id)
    with refused("FAILED_PRECONDITION", field="asset"):
        world.ada.AddLoaner(asset=world.asset(agency, status="retired").id)
    take_in(world, loan)
    assert world.ada.RemoveLoaner(asset=portable.id).loaner.tag == portable.tag and portable.tag not in tags()
    with refused("NOT_FOUND", field="asset"):
        world.ada.RemoveLoaner(asset=portable.id)
    world.tina.OpenTicket(asset=mobile.id, problem="noise")
    assert tags(free=True) == [noted.tag], "what has a fault is not free"


def test_lists(world, agency, migrated):
    loans = [lend(world, world.asset(agency), due_on=day(n)) for n in range(3)]
    ids = lambda **values: [x.id for x in world.vera.ListLoans(agency=agency, **values).loans]  # noqa: E731
    assert ids() == [x.id for x in reversed(loans)] and not ids(overdue=True)
    for values in ({"agency": agency}, {"agency": agency, "returned": True}):
        assert [x.id for x in world.vera.pages("ListLoans", "loans", page_size=1, **values)] == ids()
    age(migrated, loans[0], 4)
    late, = world.vera.ListLoans(agency=agency, overdue=True).loans
    assert (late.id, late.days_late, late.days_out, late.due_on) == (loans[0].id, 4, 4, day(-4))
    back = take_in(world, late)
    assert (back.days_late, back.days_out) == (4, 4) and not ids(overdue=True) and not ids(overdue=True, returned=True)
    assert ids() == [x.id for x in reversed(loans[1:])] and len(ids(returned=True)) == 3
    assert ids(asset=loans[1].tag) == [loans[1].id] and not ids(asset=back.tag) and ids(asset=back.tag, returned=True) == [back.id]
    for values, field in (({"agency": "NOSUCH"}, "agency"), ({"asset": "NOSUCH"}, "asset"), ({"ticket": "NOSUCH"}, "ticket")):
        with refused("NOT_FOUND", field=field):
            world.vera.ListLoans(**values)
    with refused("NOT_FOUND", field="agency"):
        world.vera.ListLoaners(agency="NOSUCH")


def test_a_loaner_for_another_agency(world, migrated):
    """Both agencies see the loan. The borrower's sees nothing else of the owner, and changes nothing of the loan; closing its own ticket does."""
    canary = "CanaryOfOwner"
    owner, other = world.agency(), world.agency()
    spy = world.fresh_caller(world.person(f"spy-{other.lower()}", [(role, other) for role in ("viewer", "technician", "fleet_manager", "alerter", "admin")]))
    mine = world.fresh_caller(world.person(f"mine-{owner.lower()}", [(role, owner) for role in ("technician", "alerter")]))
    loaner = world.asset(owner, status="spare", assigned_to=canary, location=canary, notes=canary, description=canary, alias=canary, codeplug=canary)
    asset, ticket = opened(world, other)
    with refused("FAILED_PRECONDITION", field="asset", text="is not in the pool of loaners"):
        issue(world, ticket, loaner)
    world.ada.AddLoaner(asset=loaner.id, note=canary)
    world.ada.SetAlertRule(agency=owner, kind="loaner_not_back")
    with refused("NOT_FOUND", field="borrower_agency"):
        mine.IssueLoan(asset=loaner.id, borrower="X", borrower_agency=other, due_on=day(3))
    loan = issue(world, ticket, loaner)
    assert (loan.agency, loan.borrower_agency, loan.borrower, loan.ticket) == (owner, other, "A. Ruiz", ticket)
    # what the borrower's agency sees
    for code in (loan.id, ticket, loaner.tag, f"{owner}:{loaner.tag}".lower()):
        seen = spy.GetLoan(loan=code).loan
        assert (seen.id, seen.tag, seen.agency, seen.borrower, seen.due_on) == (loan.id, loaner.tag, owner, "A. Ruiz", loan.due_on)
    assert [x.id for x in spy.ListLoans().loans] == [x.id for x in spy.ListLoans(ticket=ticket).loans] == [loan.id]
    assert spy.GetTicket(ticket=ticket).ticket.loaner == f"{owner}:{loaner.tag}"
    assert spy.GetAsset(asset=asset.id).asset.custody.endswith(f"loaner {owner}:{loaner.tag} with A. Ruiz until {loan.due_on}")
    for code in (loaner.id, loaner.tag, loaner.serial, f"{owner}:{loaner.tag}"):
        with refused("NOT_FOUND"):
            spy.GetAsset(asset=code)
        with refused("NOT_FOUND"):
            spy.ListLoans(asset=code)
    assert not spy.ListLoaners().loaners and not spy.ListEvents(resource="loan").events and not spy.ListEvents(resource_id=loaner.id).events
    assert [e.resource_id for e in spy.ListEvents(resource="ticket_loaner").events] == [spy.GetTicket(ticket=ticket).ticket.id]
    with refused("NOT_FOUND", field="agency"):
        spy.ListLoans(agency=owner)
    with refused("PERMISSION_DENIED", field="loan", text="lent by another agency"):
        spy.ReturnLoan(loan=loan.id, revision=1)
    with refused("PERMISSION_DENIED", field="loan"):
        spy.ExtendLoan(loan=loan.id, revision=1, due_on=day(5), reason="x")
    # what the owner sees: the loan and the number of the ticket, and nothing of the ticket
    assert mine.GetLoan(loan=loan.id).loan.ticket == ticket
    with refused("NOT_FOUND"):
        mine.GetTicket(ticket=ticket)
    with refused("NOT_FOUND"):
        mine.ListLoans(ticket=ticket)
    # who sees both sees it once
    assert [x.id for x in world.vera.ListLoans(ticket=ticket).loans] == [loan.id]
    assert [x.id for x in world.vera.pages("ListLoans", "loans", page_size=1000)].count(loan.id) == 1
    assert [x.id for x in world.vera.ListLoans(agency=owner).loans] == [x.id for x in world.vera.ListLoans(agency=other).loans] == [loan.id]
    # The borrower's agency gives its radio back: the loan is due within a week for both, and no row of the owner was touched.
    events = "SELECT count(*) FROM radioshop.event e JOIN radioshop.agency a USING (agency_id) WHERE a.code = '%s'" % owner
    before = migrated.value(events)
    for to in ("diagnosing", "ready", "returned"):
        it = spy.MoveTicket(ticket=ticket, revision=spy.GetTicket(ticket=ticket).ticket.revision, state=to).ticket
    assert (it.loaner_due_on, migrated.value(events)) == (day(7), before)
    assert mine.GetLoan(loan=loan.id).loan.due_on == spy.GetLoan(loan=loan.id).loan.due_on == day(7)
    # The owner is told when it is not back, the borrower's agency is not told of the owner's.
    age(migrated, loan, 100)
    migrated.sql(f"UPDATE radioshop.ticket_loaner SET over_on = over_on - 9 WHERE loan_id = '{loan.id}'")
    assert not spy.EmitAlerts().alerts
    alert, = mine.EmitAlerts().alerts
    late = mine.GetLoan(loan=loan.id).loan
    assert late.due_on < day(-2) and (contract.label(alert, "kind"), alert.tag, alert.due_on, alert.days_overdue) == (
        "loaner_not_back", loaner.tag, late.due_on, late.days_late)
    assert alert.what == f"lent to A. Ruiz ({other}) for {ticket}"
    # back, taken in by somebody who sees the owner only
    back = mine.ReturnLoan(loan=loan.id, revision=mine.GetLoan(loan=loan.id).loan.revision, problem=f"{canary} scratched").loan
    assert back.damage_ticket and not spy.GetLoan(loan=loan.id).loan.damage_ticket, "the owner's ticket is the owner's"
    assert spy.GetTicket(ticket=ticket).ticket.loaner == "" and not spy.ListLoans().loans
    with refused("NOT_FOUND"):
        spy.GetTicket(ticket=back.damage_ticket)
    assert [contract.label(a, "kind") for a in mine.EmitAlerts().alerts] == ["resolved"]
    assert canary.encode() not in bytes(spy.received), "nothing of the owner's register has come with it"
    spy.close()
    mine.close()


def said(world, agency):
    return [(contract.label(a, "kind"), a.tag, a.due_on, a.days_overdue, a.step) for a in world.nightly.EmitAlerts(agency=agency).alerts]


def test_a_loaner_that_is_not_back(world, agency, migrated):
    """Told once by the rule of the agency, however many nights and hosts; over when it is back, or lent for longer."""
    loaner, (_, ticket) = pool(world, agency), opened(world, agency)
    loan = issue(world, ticket, loaner, due_on=day(3))
    age(migrated, loan, 5)
    assert not said(world, agency), "nothing without a rule"
    rule = world.ada.SetAlertRule(agency=agency, kind="loaner_not_back", days=3).rule
    assert not said(world, agency), "two days late, and the rule says three"
    world.ada.SetAlertRule(agency=agency, kind="loaner_not_back", revision=rule.revision)
    assert world.ada.GetAlertRules(agency=agency).rules[0].days == 1
    with ThreadPoolExecutor(2) as hosts:
        told = [x for some in hosts.map(lambda _: said(world, agency), range(4)) for x in some]
    assert told == [("loaner_not_back", loaner.tag, day(-2), 2, 0)]
    assert not said(world, agency)
    open_now, = world.vera.ListAlerts(agency=agency, open=True).alerts
    assert open_now.what == f"lent to A. Ruiz ({agency}) for {ticket}"
    loan = world.vera.GetLoan(loan=loan.id).loan
    longer = world.tina.ExtendLoan(loan=loan.id, revision=loan.revision, due_on=day(4), reason="waits for a part").loan
    assert said(world, agency) == [("resolved", loaner.tag, day(-2), 0, 0)] and not said(world, agency)
    age(migrated, longer, 5)
    assert said(world, agency) == [("loaner_not_back", loaner.tag, day(-1), 1, 0)], "the later day is another alert"
    take_in(world, world.vera.GetLoan(loan=loan.id).loan)
    assert said(world, agency) == [("resolved", loaner.tag, day(-1), 0, 0)] and not said(world, agency)
    assert not world.vera.ListAlerts(agency=agency, open=True).alerts


def test_two_benches(world, agency):
    """Of two that lend one radio at once, or take it in, one is first; two radios that cover for each other do not lock each other out."""
    def both(*calls):
        def one(n):
            with world.fresh_caller("tina") as caller:
                try:
                    return calls[n](caller)
                except Refused as refusal:
                    return refusal
        with ThreadPoolExecutor(len(calls)) as benches:
            return list(benches.map(one, range(len(calls))))

    for _ in range(3):
        loaner, tickets = pool(world, agency), [opened(world, agency)[1] for _ in range(3)]
        answers = both(*[lambda c, t=t: c.IssueLoan(ticket=t, asset=loaner.id) for t in tickets],
                       lambda c: c.IssueLoan(asset=loaner.id, borrower="B. Lane", due_on=day(1)))
        lost = [a for a in answers if isinstance(a, Refused)]
        assert len(lost) == 3 and {a.code for a in lost} == {"FAILED_PRECONDITION"} and all("is lent to" in a.text for a in lost), answers
        loan, = world.vera.ListLoans(asset=loaner.id, returned=True).loans
        answers = both(*[lambda c: c.ReturnLoan(loan=loan.id, revision=loan.revision, problem="scratched")] * 3)
        lost = [a for a in answers if isinstance(a, Refused)]
        assert len(lost) == 2 and {a.code for a in lost} <= {"ABORTED", "FAILED_PRECONDITION"}, answers
        assert len(world.vera.ListTickets(asset=loaner.id).tickets) == 1
        # one loaner a ticket
        answers = both(*[lambda c, a=pool(world, agency): c.IssueLoan(ticket=tickets[0], asset=a.id) for _ in range(2)])
        open_now = world.vera.ListLoans(ticket=tickets[0]).loans
        assert len(open_now) == 1 and sum(isinstance(a, Refused) for a in answers) >= 1, answers
        # each as the loaner of the other: one wins, nobody waits for the other in vain
        one, two = world.asset(agency), world.asset(agency)
        answers = both(lambda c: c.OpenTicket(asset=one.id, problem="x", loaner=two.tag, loaner_borrower="X"),
                       lambda c: c.OpenTicket(asset=two.id, problem="x", loaner=one.tag, loaner_borrower="X"))
        lost = [a for a in answers if isinstance(a, Refused)]
        assert len(lost) == 1 and lost[0].code == "FAILED_PRECONDITION", answers
        # lent and retired at once: one of the two
        asset = world.asset(agency)
        answers = both(lambda c: c.IssueLoan(asset=asset.id, borrower="X", due_on=day(1)),
                       lambda c: c.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "status": "retired"}, update_mask=["status"]))
        assert sum(isinstance(a, Refused) for a in answers) == 1, answers
