"""Tickets: from the report of a fault to the return of the radio."""

import re

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import state, status

STATES = [value.name[len("TICKET_STATE_"):].lower() for value in
          contract.message("radioshop.v1.Ticket").DESCRIPTOR.fields_by_name["state"].enum_type.values][1:]


def moves(ticket):
    field = ticket.DESCRIPTOR.fields_by_name["state"]
    return [contract.enum_label(field.enum_type, number) for number in ticket.moves]


def move(world, ticket, new, **values):
    return world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=new, **values).ticket


def test_a_whole_repair(world, agency):
    """Every station of the evidence's life cycle, and the asset's status with it."""
    asset = world.asset(agency)
    ticket = world.caller("ada").OpenTicket(asset=f"{agency}:{asset.tag}", problem="no transmit", priority="high").ticket
    assert re.fullmatch(rf"{agency}-\d{{4}}-\d{{5}}", ticket.number) and state(ticket) == "reported"
    for new in ("received", "diagnosing", "awaiting_parts", "repairing", "testing", "ready", "returned", "closed"):
        ticket = move(world, ticket, new, note=f"now {new}")
        assert state(ticket) == new
        here = status(world.tina.GetAsset(asset=asset.id).asset)
        if new in ("received", "diagnosing", "repairing", "testing"):
            assert here == "in_shop", new
        elif new in ("returned", "closed"):
            assert here == "in_service", new
    assert ticket.closed_at.seconds
    entries = world.tina.GetTicket(ticket=ticket.number).ticket.entries
    assert [e.text for e in entries if e.text.startswith("now ")] == [f"now {s}" for s in (
        "received", "diagnosing", "awaiting_parts", "repairing", "testing", "ready", "returned", "closed")]


def test_at_the_depot(world, agency):
    asset = world.asset(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="dead", received=True).ticket
    assert state(ticket) == "received"
    for new in ("diagnosing", "at_depot"):
        ticket = move(world, ticket, new)
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "at_depot"


def test_the_table_of_moves(world, agency):
    """From every state that can be reached, every state: what `moves` names works, and nothing else does."""
    reached, paths = {}, {"reported": []}
    waiting = ["reported"]
    while waiting:
        here = waiting.pop()
        ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
        for new in paths[here]:
            ticket = move(world, ticket, new, cause="known", action="done")
        reached[here] = allowed = moves(ticket)
        for new in STATES:
            if new in allowed:
                if new not in paths:
                    paths[new] = paths[here] + [new]
                    waiting.append(new)
            else:
                with pytest.raises(Refused) as refusal:
                    move(world, ticket, new)
                assert refusal.value.code == "FAILED_PRECONDITION", f"{here} to {new}: {refusal.value}"
                for other in allowed:
                    assert other in refusal.value.text, f"{here} to {new}: {refusal.value.text} does not name {other}"
    assert set(reached) == set(STATES), "states that no move leads to"
    for here, allowed in reached.items():
        for new in allowed:
            ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
            for step in paths[here]:
                ticket = move(world, ticket, step)
            assert state(move(world, ticket, new)) == new, f"{here} to {new}"
    assert reached["closed"], "a closed ticket can be reopened"


def test_cancel_and_reopen(world, agency):
    asset = world.asset(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="no fault found?", received=True).ticket
    ticket = move(world, ticket, "cancelled", note="user error")
    assert ticket.closed_at.seconds and status(world.tina.GetAsset(asset=asset.id).asset) == "in_service"
    back = moves(ticket)
    if back:
        ticket = move(world, ticket, back[0])
        assert not ticket.HasField("closed_at")


def test_entries_and_sums(world, agency):
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
    add = lambda **values: world.tina.AddTicketEntry(ticket=ticket.number, **values).ticket  # noqa: E731
    add(kind="labour", text="bench", minutes=25)
    add(kind="part", text="antenna", cost_cents=1999)
    add(kind="outside", text="depot bill", cost_cents=12000)
    assert (lambda t: (t.labour_minutes, t.cost_cents))(add(kind="labour", text="test", minutes=5)) == (30, 13999)
    add(kind="note", text="call the chief")
    full = world.tina.GetTicket(ticket=ticket.id).ticket
    assert [(contract.label(e, "kind"), e.text, e.principal) for e in full.entries if contract.label(e, "kind") != "move"] == [
        ("labour", "bench", "tina"), ("part", "antenna", "tina"), ("outside", "depot bill", "tina"),
        ("labour", "test", "tina"), ("note", "call the chief", "tina")]
    assert not world.tina.ListTickets(agency=agency).tickets[0].entries, "only GetTicket fills the entries"


@pytest.mark.parametrize("values, field", [
    ({"kind": "labour", "text": "x", "minutes": -1}, "minutes"), ({"kind": "labour", "text": "x"}, "minutes"),
    ({"kind": "part", "text": "x", "cost_cents": -1}, "cost_cents"), ({"kind": "note"}, "text"),
    ({"kind": "part", "cost_cents": 5}, "text"), ({"kind": "move", "text": "x"}, "kind"), ({"text": "x"}, "kind"),
    ({"kind": "note", "text": "x", "minutes": 5}, "minutes"), ({"kind": "labour", "text": "x", "minutes": 2000000000}, "minutes")])
def test_wrong_entries(world, agency, values, field):
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
    with refused("INVALID_ARGUMENT") as refusal:
        world.tina.AddTicketEntry(ticket=ticket.number, **values)
    assert field in refusal.fields, (refusal.fields, refusal.text)
    after = world.tina.GetTicket(ticket=ticket.id).ticket
    assert (after.labour_minutes, after.cost_cents, after.revision) == (0, 0, ticket.revision)


def test_log_a_repair_in_one_step(world, agency):
    asset = world.asset(agency)
    ticket = world.tina.LogRepair(asset=asset.serial, problem="no audio", cause="worn speaker", action="replaced speaker",
                                  minutes=20, part="speaker", part_cost_cents=1450).ticket
    assert state(ticket) == "closed" and (ticket.labour_minutes, ticket.cost_cents) == (20, 1450)
    assert (ticket.problem, ticket.cause, ticket.action, ticket.opened_by) == (
        "no audio", "worn speaker", "replaced speaker", "tina")
    assert status(world.tina.GetAsset(asset=asset.id).asset) == "in_service"
    assert {contract.label(e, "kind") for e in world.tina.GetTicket(ticket=ticket.number).ticket.entries} >= {"labour", "part"}


@pytest.mark.parametrize("values, field", [
    ({"problem": ""}, "problem"), ({"minutes": -5}, "minutes"),
    ({"part_cost_cents": 100}, "part"), ({"asset": "no such radio"}, "asset")])
def test_wrong_repairs(world, agency, values, field):
    asset = world.asset(agency)
    with refused("INVALID_ARGUMENT", "NOT_FOUND") as refusal:
        world.tina.LogRepair(**{"asset": asset.id, "problem": "p", "action": "a", "minutes": 5, **values})
    assert any(field in named for named in refusal.fields), (refusal.fields, refusal.text)
    assert not world.tina.ListTickets(agency=agency, closed=True).tickets


def test_numbers_have_no_gaps_and_no_twins(world, agency):
    from concurrent.futures import ThreadPoolExecutor
    assets = [world.asset(agency) for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda a: world.tina.OpenTicket(asset=a.id, problem="x"), assets))
    numbers = sorted(int(t.number[-5:]) for t in world.tina.ListTickets(agency=agency).tickets)
    assert numbers == list(range(1, 13))


def test_lists(world, agency):
    first, second = world.asset(agency), world.asset(agency)
    one = world.tina.OpenTicket(asset=first.id, problem="one").ticket
    two = world.tina.OpenTicket(asset=second.id, problem="two", received=True).ticket
    done = world.tina.LogRepair(asset=first.id, problem="three", action="fixed").ticket

    def numbers(**values):
        return [t.number for t in world.vera.ListTickets(agency=agency, **values).tickets]
    assert numbers() == [two.number, one.number]
    assert numbers(closed=True) == [done.number, two.number, one.number]
    assert numbers(state="received") == [two.number]
    assert numbers(asset=first.tag) == [one.number]
    assert numbers(asset=first.id, closed=True) == [done.number, one.number]


def test_a_retired_asset(world, agency):
    """A ticket on a radio that was sold makes no sense."""
    asset = world.asset(agency)
    world.tina.RetireAssets(assets=[asset.id], reason="surplus")
    world.ada.DisposeAssets(assets=[asset.id], method="sold", recipient="auction")
    with refused("FAILED_PRECONDITION"):
        world.tina.OpenTicket(asset=asset.id, problem="x")


def test_who_may_move(world):
    """A fleet manager reports faults, but the bench is the technician's."""
    asset = world.asset("IND")
    ticket = world.frank.OpenTicket(asset=asset.id, problem="x").ticket
    assert ticket.opened_by == "frank"
    with refused("PERMISSION_DENIED"):
        world.frank.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="received")
