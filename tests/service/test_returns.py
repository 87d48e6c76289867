"""Before a repaired radio goes back: its checklist, which is the post-repair procedures, and who is told what is left of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import refused
from rig.world import state


def open_ticket(world, agency, *states, **values):
    """A ticket of a new radio that has gone through these states."""
    asset = world.asset(agency, **values)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="no audio", received=True).ticket
    for to in states:
        ticket = move(world.tina, ticket, to)
    return asset, ticket


def move(caller, ticket, to, **values):
    return caller.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=to, **values).ticket


def show(world, ticket, who="vera"):
    return world.caller(who).GetTicket(ticket=ticket.number).ticket


@pytest.fixture
def family(world):
    """A model family of its own, so that the checklist of one test holds no radio of another."""
    number = world.number()
    world.ada.CreateModel(model={"number": f"CL{number}", "manufacturer": "Motorola Solutions", "family": f"Family {number}",
                                 "band": "7/800", "class": "portable"})
    made = []

    def checklist(*steps, **values):
        code = f"BACK-{world.number()}"
        made.append(code)
        return world.ada.CreateProcedure(procedure={"code": code, "name": "Before it goes back", "post_repair": True, "class": "portable",
                                                    "family": f"Family {number}", **values},
                                         steps=[{"step": step, "kind": "check", "title": step.capitalize()} for step in steps]).procedure
    yield f"CL{number}", checklist
    for code in made:
        revision = world.ada.GetProcedure(procedure=code).procedure.revision
        world.ada.UpdateProcedure(procedure={"code": code, "revision": revision, "stopped": True}, update_mask=["stopped"])


def tick(world, asset, checklist, **answers):
    return world.tina.CreateServiceRecord(asset=asset.id, procedure=checklist.code,
                                          answers=[{"step": step, "answer": answer} for step, answer in answers.items()])


def standing(ticket):
    return [(check.procedure, check.procedure_version, check.step, contract.label(check, "state"), check.answer, check.checked_by)
            for check in ticket.checklist]


def test_the_checklist_of_a_ticket(world, agency, family):
    """A ticket says from the first day what is to do before the radio goes back; it goes back when that is done, and shows it for good."""
    model, checklist = family
    back = checklist("antenna", "codeplug", "knobs", "call")
    asset, ticket = open_ticket(world, agency, "diagnosing", "repairing", model=model)
    to_do = [(back.code, 1, step, "open", "", "") for step in ("antenna", "codeplug", "knobs", "call")]
    assert standing(show(world, ticket)) == to_do
    assert show(world, ticket).checklist[0].title == "Antenna"
    tick(world, asset, back, antenna="yes", codeplug="yes", knobs="yes", call="yes")
    assert standing(show(world, ticket)) == to_do, "what was checked before the test does not count"
    ticket = move(world.tina, ticket, "testing")
    with refused("FAILED_PRECONDITION", field="state", text=f"ticket {ticket.number} is not ready before its radio has passed {back.code} "
                 "(Before it goes back: antenna, codeplug, knobs, call) since it came to testing"):
        move(world.tina, ticket, "ready")
    with refused("INVALID_ARGUMENT", field="answers", text="needed and missing: knobs, call"):
        tick(world, asset, back, antenna="yes", codeplug="yes")
    tick(world, asset, back, antenna="yes", codeplug="yes", knobs="no", call="yes")
    assert [check[3] for check in standing(show(world, ticket))] == ["passed", "passed", "failed", "passed"]
    with refused("FAILED_PRECONDITION", field="state", text="(Before it goes back: knobs failed)"):
        move(world.tina, ticket, "ready")
    assert state(show(world, ticket)) == "testing"
    tick(world, asset, back, antenna="yes", codeplug="yes", knobs="yes", call="yes")
    # A version that comes now is for the next radio.
    world.ada.ReviseProcedure(procedure=back.code, revision=1, steps=[{"step": "keys", "kind": "check"}])
    for to in ("ready", "returned", "closed"):
        ticket = move(world.tina, ticket, to)
    tick(world, asset, back, keys="no")
    assert standing(show(world, ticket)) == [(back.code, 1, step, "passed", "yes", "tina") for step in ("antenna", "codeplug", "knobs", "call")]
    ticket = move(world.tina, ticket, "diagnosing")
    assert standing(show(world, ticket)) == [(back.code, 2, "keys", "open", "", "")]
    assert not world.vera.ListTickets(asset=asset.id).tickets[0].checklist, "a list does not carry it"


def test_whom_a_checklist_holds(world, agency, family):
    """Its class, family and model; not what had no fault, nor what is written off; what comes from the depot, too."""
    model, checklist = family
    back = checklist("antenna")
    _, ticket = open_ticket(world, agency, "diagnosing")
    assert not show(world, ticket).checklist, "a radio of another family"
    _, ticket = open_ticket(world, agency, "diagnosing", model=model)
    assert state(move(world.tina, ticket, "ready")) == "ready", "no fault was found"
    asset, ticket = open_ticket(world, agency, "diagnosing", "at_depot", model=model)
    with refused("FAILED_PRECONDITION", field="state", text="since it went to the depot"):
        move(world.tina, ticket, "ready")
    tick(world, asset, back, antenna="yes")
    assert state(move(world.tina, ticket, "ready")) == "ready"
    with refused("NOT_FOUND"):
        world.lee.GetTicket(ticket=ticket.number)


def test_a_check_fails_while_the_ticket_is_moved(world, agency, family, migrated):
    """What was passed fails at one bench, while the other says ready: the ticket is not, although it was when that was asked."""
    model, checklist = family
    back = checklist("sound")
    asset, ticket = open_ticket(world, agency, "diagnosing", "testing", model=model)
    tick(world, asset, back, sound="yes")
    with world.fresh_caller("tina") as other, ThreadPoolExecutor(2) as pool:
        with migrated.held(f"SELECT FROM radioshop.asset WHERE asset_id = '{asset.id}' FOR UPDATE"):
            failed = pool.submit(tick, world, asset, back, sound="no")
            migrated.wait_for_waiting(1)
            ready = pool.submit(move, other, ticket, "ready")
            migrated.wait_for_waiting(2)
        assert failed.result()
        with refused("FAILED_PRECONDITION", field="state", text="(Before it goes back: sound failed)"):
            ready.result()
    assert state(show(world, ticket)) == "testing"
