"""RMAs: out to the depot and back, with the ticket, the asset's status, its serial number and the bill in one transaction each."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, state, status


def opened(world, agency="IND", asset=None, **values):
    """An RMA for a radio that is being looked at: (asset, ticket number, RMA)."""
    asset = asset or world.asset(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="dead", received=True).ticket
    world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing")
    values = {"number": f"RMA-{world.number()}", "kind": "depot", "expected_days": 4, **values}
    return asset, ticket.number, world.tina.OpenRma(ticket=ticket.number, **values).rma


def ship(world, rma, **values):
    return world.tina.ShipRma(rma=rma.number, revision=rma.revision, **values).rma


def receive(world, rma, **values):
    return world.tina.ReceiveRma(rma=rma.number, revision=rma.revision, **values).rma


def ticket_of(world, number):
    return world.tina.GetTicket(ticket=number).ticket


def weekdays(first, last):
    """The same count, written another way."""
    first, last = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    return sum(1 for n in range(1, (last - first).days + 1) if (first + datetime.timedelta(n)).isoweekday() < 6)


def label(rma):
    return contract.label(rma, "state")


def test_out_and_back(world, agency):
    """The vendor is the maker of the model; the ticket, the asset and the bill follow."""
    asset, number, rma = opened(world, agency, accessories="antenna, battery")
    assert (rma.vendor, label(rma), rma.ticket, rma.tag, rma.expected_on) == ("Motorola Solutions", "open", number, asset.tag, "")
    rma = ship(world, rma, shipped_on=day(-10), carrier="UPS", tracking="1Z999")
    assert (label(rma), rma.shipped_on, rma.serial_sent, contract.label(rma, "ticket_state")) == ("shipped", day(-10), asset.serial, "at_depot")
    assert weekdays(day(-10), rma.expected_on) == 4 and datetime.date.fromisoformat(rma.expected_on).isoweekday() < 6
    assert rma.turnaround_days == weekdays(day(-10), day()) and rma.days_late == weekdays(rma.expected_on, day())
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "at_depot"
    rma = receive(world, rma, received_on=day(-1), cost_cents=31000, note="new main board")
    assert (label(rma), rma.serial_back, rma.codeplug_due, rma.turnaround_days) == ("received", "", False, weekdays(day(-10), day(-1)))
    ticket = ticket_of(world, number)
    assert (state(ticket), ticket.cost_cents) == ("testing", 31000)
    assert [(contract.label(e, "kind"), e.cost_cents, e.text) for e in ticket.entries][-2:] == [
        ("outside", 31000, f"RMA {rma.number} of Motorola Solutions"),
        ("move", 0, f"back from RMA {rma.number} of Motorola Solutions: repaired")]
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "in_shop"


def test_another_radio_comes_back(world, agency):
    """The asset gets the serial number and keeps the old one findable; nobody gets the radio before its codeplug is loaded."""
    world.plan(agency, first_due_on=day(20))
    asset, number, rma = opened(world, agency, world.asset(agency, unit_id=7001, alias="ENGINE 7", assigned_to="Unit 12", codeplug="OLD-1"))
    due, fresh = world.due(agency)[asset.tag, "PM12"].due_on, f"NEW{world.number()}"
    rma = receive(world, ship(world, rma), serial=fresh.lower(), firmware="R32.10.00")
    assert (contract.label(rma, "outcome"), rma.ticket, state(ticket_of(world, number))) == ("replaced", number, "testing")
    kept = world.tina.GetAsset(asset=asset.id).asset
    assert (kept.unit_id, kept.alias, kept.assigned_to, kept.model) == (7001, "ENGINE 7", "Unit 12", asset.model)
    assert world.due(agency)[asset.tag, "PM12"].due_on == due, "its services go on"
    assert (rma.serial_sent, rma.serial_back, rma.firmware_back, rma.codeplug_due) == (asset.serial, fresh.lower(), "R32.10.00", True)
    after = world.tina.GetAsset(asset=fresh).asset
    assert (after.id, after.serial, after.firmware, after.tag) == (asset.id, fresh.lower(), "R32.10.00", asset.tag)
    assert world.tina.GetAsset(asset=asset.serial).asset.id == asset.id, "the old serial number finds it"
    assert [a.id for a in world.tina.LookupAssets(code=asset.serial).assets] == [asset.id]
    with refused("NOT_FOUND"):
        world.caller("lsu-everything").GetAsset(asset=asset.serial)
    events = world.ada.ListEvents(resource="asset", resource_id=asset.id).events
    assert any(asset.serial in e.before and fresh.lower() in e.after for e in events)
    with refused("FAILED_PRECONDITION", field="state") as refusal:
        world.tina.MoveTicket(ticket=number, revision=ticket_of(world, number).revision, state="ready")
    assert "codeplug" in refusal.text
    rma = world.tina.ConfirmRmaCodeplug(rma=rma.number, revision=rma.revision, codeplug="IND-PD-1").rma
    assert (rma.codeplug_due, rma.codeplug_reloaded_by) == (False, "tina") and rma.codeplug_reloaded_at.seconds
    assert world.tina.GetAsset(asset=asset.id).asset.codeplug == "IND-PD-1"
    assert state(world.tina.MoveTicket(ticket=number, revision=ticket_of(world, number).revision, state="ready").ticket) == "ready"
    with refused("FAILED_PRECONDITION", field="rma"):
        world.tina.ConfirmRmaCodeplug(rma=rma.number, revision=rma.revision)


def test_a_serial_number_in_use_now_comes_before_an_old_one(world, agency):
    asset, _, rma = opened(world, agency)
    receive(world, ship(world, rma), serial=f"NEW{world.number()}")
    other = world.asset(agency, serial=asset.serial)
    assert world.tina.GetAsset(asset=asset.serial).asset.id == other.id


def test_the_serial_number_of_another_asset(world, agency):
    other = world.asset(agency)
    asset, number, rma = opened(world, agency)
    rma = ship(world, rma)
    with refused("ALREADY_EXISTS", field="serial") as refusal:
        receive(world, rma, serial=other.serial, cost_cents=5)
    assert other.tag in refusal.text
    assert (label(world.tina.GetRma(rma=rma.number).rma), ticket_of(world, number).cost_cents) == ("shipped", 0)
    assert world.tina.GetAsset(asset=asset.id).asset.serial == asset.serial
    rma = receive(world, rma, serial=asset.serial.lower())
    assert (rma.serial_back, rma.codeplug_due) == ("", False), "its own serial number is no other radio"


def test_the_same_radio_without_its_codeplug(world, agency):
    _, number, rma = opened(world, agency)
    rma = receive(world, ship(world, rma), codeplug_due=True)
    with refused("FAILED_PRECONDITION", field="state"):
        world.tina.MoveTicket(ticket=number, revision=ticket_of(world, number).revision, state="ready")
    assert world.vera.GetRma(rma=number).rma.codeplug_due, "found by the number of its ticket"


def test_a_warranty_that_has_ended(world, agency):
    for until, refusals in ((None, 1), (day(-1), 1), (day(), 0)):
        asset = world.asset(agency, **({"warranty_until": until} if until else {}))
        if refusals:
            with refused("FAILED_PRECONDITION", field="kind") as refusal:
                opened(world, agency, asset, kind="warranty")
            assert "goodwill" in refusal.text and (until or asset.tag) in refusal.text
            ticket = world.tina.ListTickets(asset=asset.id).tickets[0]
            rma = world.tina.OpenRma(ticket=ticket.number, number=f"G{world.number()}", kind="warranty", goodwill=True).rma
            assert rma.goodwill
        else:
            assert not opened(world, agency, asset, kind="warranty")[2].goodwill
    with refused("INVALID_ARGUMENT", field="goodwill"):
        opened(world, agency, goodwill=True)


def test_one_number_of_a_vendor_and_one_rma_of_a_ticket(world, agency):
    _, number, rma = opened(world, agency)
    with refused("FAILED_PRECONDITION", field="ticket") as refusal:
        world.tina.OpenRma(ticket=number, number="R2", kind="depot")
    assert rma.number in refusal.text
    with refused("ALREADY_EXISTS", field="number"):
        opened(world, agency, number=rma.number.lower())
    other = opened(world, agency, number=rma.number, vendor="Another")[2]
    with refused("INVALID_ARGUMENT", field="rma") as refusal:
        world.tina.GetRma(rma=rma.number)
    assert rma.id in refusal.text and other.id in refusal.text
    assert world.tina.GetRma(rma=other.id).rma.vendor == "Another"


@pytest.mark.parametrize("values, code, field", [
    ({"number": " "}, "INVALID_ARGUMENT", "number"), ({"kind": None}, "INVALID_ARGUMENT", "kind"),
    ({"expected_days": -1}, "INVALID_ARGUMENT", "expected_days"), ({"expected_days": 366}, "INVALID_ARGUMENT", "expected_days"),
    ({"accessories": "x\ny"}, "INVALID_ARGUMENT", "accessories")])
def test_wrong_rmas(world, agency, values, code, field):
    values = {"number": "R1", "kind": "depot", **values}
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x", received=True).ticket
    with refused(code, field=field):
        world.tina.OpenRma(ticket=ticket.number, **{k: v for k, v in values.items() if v is not None})
    assert not world.tina.ListRmas(agency=agency, closed=True).rmas


def test_wrong_days(world, agency):
    _, number, rma = opened(world, agency)
    for wrong in (day(1), day(-400)):
        with refused("INVALID_ARGUMENT", field="shipped_on"):
            ship(world, rma, shipped_on=wrong)
    assert state(ticket_of(world, number)) == "diagnosing"
    rma = ship(world, rma, shipped_on=day(-3))
    for wrong in (day(1), day(-4)):
        with refused("INVALID_ARGUMENT", field="received_on"):
            receive(world, rma, received_on=wrong)
    with refused("INVALID_ARGUMENT", field="cost_cents"):
        receive(world, rma, cost_cents=-1)
    assert state(ticket_of(world, number)) == "at_depot"


def test_states_and_revisions(world, agency):
    asset, number, rma = opened(world, agency)
    with refused("FAILED_PRECONDITION", field="rma"):
        receive(world, rma)
    with refused("ABORTED", field="revision"):
        world.tina.ShipRma(rma=rma.number, revision=rma.revision + 1)
    with refused("INVALID_ARGUMENT", field="revision"):
        world.tina.ShipRma(rma=rma.number)
    with refused("NOT_FOUND", field="rma"):
        world.tina.ShipRma(rma="NOSUCH", revision=1)
    shipped = ship(world, rma)
    with refused("ABORTED", field="revision"):
        ship(world, rma)
    with refused("INVALID_ARGUMENT", field="reason"):
        world.tina.CancelRma(rma=rma.number, revision=shipped.revision)
    gone = world.tina.CancelRma(rma=rma.number, revision=shipped.revision, reason="came back unopened").rma
    assert (label(gone), state(ticket_of(world, number)), gone.received_on) == ("cancelled", "diagnosing", "")
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "in_shop"
    assert world.tina.OpenRma(ticket=number, number="AGAIN", kind="depot").rma.number == "AGAIN", "another may be opened then"


def test_a_ticket_that_cannot_go_to_the_depot(world, agency):
    """What MoveTicket refuses, shipping refuses with the same words, and ships nothing."""
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
    rma = world.tina.OpenRma(ticket=ticket.number, number="R1", kind="depot").rma
    with refused("FAILED_PRECONDITION", field="state") as refusal:
        ship(world, rma)
    assert "received, diagnosing" in refusal.text
    assert (label(world.tina.GetRma(rma=rma.id).rma), state(ticket_of(world, ticket.number))) == ("open", "reported")
    done = world.tina.LogRepair(asset=world.asset(agency).id, problem="x", action="y").ticket
    with refused("FAILED_PRECONDITION", field="ticket"):
        world.tina.OpenRma(ticket=done.number, number="R2", kind="depot")


def test_a_ticket_stays_at_the_depot_while_its_radio_is_away(world, agency, migrated):
    """Somebody who moves the ticket by hand is told how to say that the radio is back."""
    _, number, rma = opened(world, agency)
    world.tina.MoveTicket(ticket=number, revision=ticket_of(world, number).revision, state="at_depot")
    rma = ship(world, rma)
    for to in ("repairing", "testing", "ready", "diagnosing"):
        with refused("FAILED_PRECONDITION", field="state") as refusal:
            world.tina.MoveTicket(ticket=number, revision=ticket_of(world, number).revision, state=to)
        assert rma.number in refusal.text and "rma receive" in refusal.text
    with pytest.raises(Exception, match="ticket_radio_away|while its radio is away"):
        migrated.sql(f"UPDATE radioshop.ticket SET state = 'testing' WHERE number = '{number}'", role="postgres")
    receive(world, rma)
    assert state(ticket_of(world, number)) == "testing"


def test_it_comes_back_unrepaired(world, agency):
    """It is looked at again, whatever its agency lets pass; the fee is an entry; it can be sent to another vendor or written off."""
    asset, number, rma = opened(world, agency)
    rma = ship(world, rma, shipped_on=day(-7))
    terms = world.ada.GetTicketTerms(agency=agency).terms
    world.ada.UpdateTicketTerms(terms={"agency": agency, "revision": terms.revision, "approval_above_cents": 1000},
                                update_mask=["approval_above_cents"])
    rma = receive(world, rma, outcome="unrepaired", cost_cents=4500, note="burnt board", codeplug_due=True)
    ticket = ticket_of(world, number)
    assert (contract.label(rma, "outcome"), rma.cost_cents, rma.turnaround_days) == ("unrepaired", 4500, weekdays(day(-7), day()))
    assert (state(ticket), ticket.cost_cents) == ("diagnosing", 4500)
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "in_shop"
    with refused("FAILED_PRECONDITION", field="state") as refusal:
        world.tina.MoveTicket(ticket=number, revision=ticket.revision, state="cancelled")
    assert "rma codeplug" in refusal.text
    ticket = world.tina.RequestApproval(ticket=number, revision=ticket.revision, write_off=True, reason="burnt board").ticket
    manager = world.caller(world.person(f"manager-{agency.lower()}", [("fleet_manager", agency)]))
    ticket = manager.ApproveTicket(ticket=number, revision=ticket.revision).ticket
    with refused("FAILED_PRECONDITION", field="state"):
        world.tina.MoveTicket(ticket=number, revision=ticket.revision, state="ready", outcome="no_fault_found")
    ticket = world.tina.MoveTicket(ticket=number, revision=ticket.revision, state="ready", outcome="beyond_repair", retire_asset=True).ticket
    for to in ("returned", "closed"):
        ticket = world.tina.MoveTicket(ticket=number, revision=ticket.revision, state=to).ticket
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "retired", "what is written off needs no codeplug"


def test_another_vendor_after_the_first(world, agency):
    """The number of the ticket means its last RMA, and each has a bill of its own."""
    _, number, first = opened(world, agency, kind="warranty", goodwill=True)
    first = receive(world, ship(world, first), outcome="unrepaired", cost_cents=100)
    second = world.tina.OpenRma(ticket=number, number="SHOP-1", vendor="Other shop", kind="depot").rma
    assert world.vera.GetRma(rma=number).rma.id == second.id
    second = receive(world, ship(world, second), outcome="no_fault_found", cost_cents=200)
    assert (contract.label(second, "outcome"), state(ticket_of(world, number))) == ("no_fault_found", "testing")
    assert (first.cost_cents, second.cost_cents, ticket_of(world, number).cost_cents) == (100, 200, 300)
    assert [r.number for r in world.vera.ListRmas(ticket=number, closed=True).rmas] == ["SHOP-1", first.number]


@pytest.mark.parametrize("values, field", [
    ({"outcome": "replaced"}, "serial"), ({"outcome": "replaced", "serial": "own"}, "serial"), ({"outcome": "repaired", "serial": "X1"}, "outcome"),
    ({"outcome": "unrepaired", "serial": "X1"}, "outcome"), ({"serial": "x\ny"}, "serial"), ({"firmware": "y" * 121}, "firmware"),
    ({"note": "\x01"}, "note"), ({"cost_cents": 100000001}, "cost_cents"), ({"serial": "Z" * 65}, "serial")])
def test_what_cannot_have_come_back(world, agency, values, field):
    asset, number, rma = opened(world, agency)
    rma = ship(world, rma)
    with refused("INVALID_ARGUMENT", field=field):
        receive(world, rma, **{"cost_cents": 5, **values, **({"serial": asset.serial} if values.get("serial") == "own" else {})})
    assert world.tina.GetRma(rma=rma.id).rma == rma and world.tina.GetAsset(asset=asset.id).asset.serial == asset.serial
    assert (state(ticket_of(world, number)), ticket_of(world, number).cost_cents) == ("at_depot", 0)


def test_lists(world, agency):
    late = ship(world, opened(world, agency)[2], shipped_on=day(-30))
    away, here = ship(world, opened(world, agency)[2]), opened(world, agency)[2]
    back = receive(world, ship(world, opened(world, agency)[2]))
    numbers = lambda **values: [r.number for r in world.vera.ListRmas(agency=agency, **values).rmas]  # noqa: E731
    assert numbers() == [here.number, away.number, late.number]
    assert numbers(closed=True) == [back.number, here.number, away.number, late.number]
    assert numbers(overdue=True) == numbers(overdue=True, closed=True) == [late.number]
    assert numbers(state="received") == numbers(ticket=back.ticket, closed=True) == [back.number] and numbers(ticket=back.ticket) == []
    assert numbers(state="open") == [here.number]
    assert numbers(days_away=5) == numbers(days_away=5, closed=True) == numbers(days_away=5, ticket=late.ticket) == [late.number]
    assert numbers(days_away=late.turnaround_days) == [late.number] and not numbers(days_away=late.turnaround_days + 1)
    for wrong in (-1, 3651):
        with refused("INVALID_ARGUMENT", field="days_away"):
            numbers(days_away=wrong)
    for filters, field in (({"agency": "ZZZ"}, "agency"), ({"ticket": "ZZZ-2026-00001"}, "ticket")):
        with refused("NOT_FOUND", field=field):
            world.vera.ListRmas(**filters)


def test_the_vendor_that_did_not_say_how_long(world, agency):
    rma = ship(world, opened(world, agency, expected_days=0)[2], shipped_on=day(-40))
    assert (rma.expected_on, rma.days_late) == ("", 0) and not world.vera.ListRmas(agency=agency, overdue=True).rmas
    assert [r.id for r in world.vera.ListRmas(agency=agency, days_away=20).rmas] == [rma.id]


def test_a_repeat_ships_nothing_again(world, agency):
    _, number, rma = opened(world, agency)
    request = {"request_id": new_id(), "rma": rma.number, "revision": rma.revision}
    first = world.tina.ShipRma(**request)
    assert world.tina.ShipRma(**request) == first
    request = {"request_id": new_id(), "rma": rma.number, "revision": first.rma.revision, "cost_cents": 700}
    assert world.tina.ReceiveRma(**request) == world.tina.ReceiveRma(**request)
    assert ticket_of(world, number).cost_cents == 700


def race(world, calls):
    """What each of the calls (method, request) says, from connections of their own, at once."""
    def one(call):
        with world.fresh_caller("tina") as caller:
            try:
                getattr(caller, call[0])(**call[1])
                return "OK"
            except Refused as refusal:
                return refusal.code
    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(one, calls))


def test_two_benches_receive_one_radio(world, agency):
    """The bill is booked once, whoever of six was first."""
    _, number, rma = opened(world, agency)
    rma = ship(world, rma)
    answers = race(world, [("ReceiveRma", {"rma": rma.number, "revision": rma.revision, "cost_cents": 500})] * 6)
    assert answers == ["ABORTED"] * 5 + ["OK"]
    assert ticket_of(world, number).cost_cents == 500


def test_two_benches_disagree(world, agency):
    """One opens, one ends it: whoever was first, the radio is at one place."""
    for _ in range(3):
        asset, number, rma = opened(world, agency)
        assert race(world, [(m, {"rma": rma.number, "revision": rma.revision, **more}) for m, more in
                            (("ShipRma", {}), ("CancelRma", {"reason": "x"}))]) == ["ABORTED", "OK"]
        where = label(world.tina.GetRma(rma=rma.id).rma), state(ticket_of(world, number)), status(world.tina.GetAsset(asset=asset.id).asset)
        assert where in (("shipped", "at_depot", "at_depot"), ("cancelled", "diagnosing", "in_shop"))
        _, number, _ = opened(world, agency)
        world.tina.CancelRma(rma=number, revision=1, reason="x")
        numbers = [f"N{world.number()}" for _ in range(4)]
        assert race(world, [("OpenRma", {"ticket": number, "number": n, "kind": "depot"}) for n in numbers]) == ["FAILED_PRECONDITION"] * 3 + ["OK"]
        ticket = ticket_of(world, number)
        rma = world.tina.GetRma(rma=number).rma
        assert race(world, [("ShipRma", {"rma": rma.id, "revision": rma.revision}),
                            ("MoveTicket", {"ticket": number, "revision": ticket.revision, "state": "repairing"})])[-1] == "OK"
        where = label(world.tina.GetRma(rma=rma.id).rma), state(ticket_of(world, number))
        assert where in (("shipped", "at_depot"), ("open", "repairing"))


def test_two_radios_with_one_serial_number_come_back(world, agency):
    """The same number typed for two radios at once is one asset's."""
    rmas = [ship(world, opened(world, agency)[2]) for _ in range(2)]
    serial = f"SAME{world.number()}"
    answers = race(world, [("ReceiveRma", {"rma": r.id, "revision": r.revision, "serial": serial, "cost_cents": 5}) for r in rmas])
    assert answers == ["ALREADY_EXISTS", "OK"]
    assert sorted(ticket_of(world, r.ticket).cost_cents for r in rmas) == [0, 5]
