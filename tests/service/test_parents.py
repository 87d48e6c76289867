"""Tickets that are parts of another one: a recall, or what lightning did at one site."""

from concurrent.futures import ThreadPoolExecutor

from rig.caller import Refused, refused
from rig.world import new_id, state


def open_ticket(world, agency):
    return world.tina.OpenTicket(asset=world.asset(agency).id, problem="struck by lightning", received=True).ticket


def join(caller, ticket, parent, **values):
    """Makes the ticket a part of another one; an empty parent takes it out."""
    return caller.UpdateTicket(ticket={"number": ticket.number, "revision": ticket.revision, "parent": parent}, update_mask=["parent"],
                               **values).ticket


def move(caller, ticket, to):
    return caller.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=to).ticket


def show(world, ticket):
    return world.vera.GetTicket(ticket=ticket.number).ticket


def outcome(future):
    """What a call has answered, or its refusal."""
    try:
        return future.result()
    except Refused as refusal:
        return refusal


def test_a_recall(world, agency):
    """Parts are joined, counted, listed and taken out; what they are a part of is closed after them, and opened before."""
    recall, *parts = (open_ticket(world, agency) for _ in range(4))
    parts = [join(world.tina, part, recall.number) for part in parts]
    assert {part.parent for part in parts} == {recall.number} and parts[0].revision == 2
    assert show(world, parts[0]).parent == recall.number and not show(world, recall).parent
    assert (show(world, recall).children, show(world, recall).open_children, show(world, recall).revision) == (3, 3, 1)
    with refused("ABORTED", field="revision"):
        world.tina.UpdateTicket(ticket={"number": parts[0].number, "revision": 1, "parent": ""}, update_mask=["parent"])
    request = {"request_id": new_id()}
    last = join(world.tina, parts[2], "", **request)
    assert join(world.tina, parts[2], "", **request) == last and not last.parent and last.revision == 3
    closed = move(world.tina, parts[0], "cancelled")
    for filters, wanted in (({}, [parts[1]]), ({"closed": True}, parts[1::-1]), ({"closed": True, "state": "cancelled"}, parts[:1]),
                            ({"asset": f"{agency}:{parts[1].tag}"}, [parts[1]]), ({"asset": f"{agency}:{last.tag}"}, []), ({"breached": True}, [])):
        listed = world.vera.ListTickets(parent=recall.id, **filters).tickets
        assert [ticket.number for ticket in listed] == [ticket.number for ticket in wanted], filters
    pages = list(world.vera.pages("ListTickets", "tickets", parent=recall.number, closed=True, page_size=1))
    assert [ticket.number for ticket in pages] == [parts[1].number, parts[0].number]
    with refused("FAILED_PRECONDITION", field="state", text=f"1 of its parts are open: {parts[1].number} (received); close them first"):
        move(world.tina, recall, "cancelled")
    move(world.tina, parts[1], "cancelled")
    move(world.tina, recall, "cancelled")
    with refused("FAILED_PRECONDITION", field="state", text=f"ticket {recall.number} is cancelled and can have no open part"):
        move(world.tina, closed, "reported")
    with refused("FAILED_PRECONDITION", field="parent", text="can have no open part"):
        join(world.tina, last, recall.number)
    with refused("FAILED_PRECONDITION", field="parent", text="a ticket cannot be a part of itself"):
        join(world.tina, last, last.id)


def test_a_parent_of_another_agency(world):
    """There is none: whoever sees a part sees its parent. A foreign ticket is no other answer than a ticket that nobody has."""
    ours, theirs = open_ticket(world, "IND"), open_ticket(world, "LSU")
    told = set()
    for caller, part, parent in ((world.tina, theirs, ours), (world.caller("lsu-everything"), theirs, ours), (world.tina, ours, theirs)):
        for name in (parent.number, parent.id, "IND-1999-00001"):
            with refused("FAILED_PRECONDITION", field="parent") as refusal:
                join(caller, part, name)
            told.add(refusal.text.replace(name, "…"))
    assert told == {"the agency has no ticket with the number or UUID …"}
    with refused("NOT_FOUND"):
        join(world.caller("lsu-everything"), ours, "")
    with refused("PERMISSION_DENIED"):
        join(world.frank, ours, "")


def test_two_benches_make_a_circle(world, agency, migrated):
    """What is a part of A becomes one of B, while what B is a part of becomes one of A: one of them happens. No row is touched by both."""
    def pair():
        above = open_ticket(world, agency)
        return join(world.tina, open_ticket(world, agency), above.number), above

    with world.fresh_caller("tina") as other, ThreadPoolExecutor(2) as pool:
        (low, top), (under, over) = pair(), pair()
        # Both have read what they change, and wait for it.
        with migrated.held(f"SELECT FROM radioshop.ticket WHERE ticket_id IN ('{top.id}', '{over.id}') FOR UPDATE"):
            calls = pool.submit(join, world.tina, top, under.number), pool.submit(join, other, over, low.number)
            migrated.wait_for_waiting(2)
        refusals = [answer for answer in map(outcome, calls) if isinstance(answer, Refused)]
        assert len(refusals) == 1 and refusals[0].code == "FAILED_PRECONDITION" and "is itself a part of this one" in refusals[0].text
        assert sorted(bool(show(world, ticket).parent) for ticket in (top, over)) == [False, True]
        # And where no function keeps the order, the trigger does.
        (low, top), (under, over) = pair(), pair()
        with migrated.held(f"UPDATE radioshop.ticket SET parent_id = '{under.id}' WHERE ticket_id = '{top.id}'"):
            call = pool.submit(migrated.sql, f"UPDATE radioshop.ticket SET parent_id = '{low.id}' WHERE ticket_id = '{over.id}'", check=False)
            migrated.wait_for_waiting(1, role="postgres")
        call.result()
        assert show(world, top).parent == under.number and not show(world, over).parent


def test_a_part_joins_while_the_parent_is_closed(world, agency, migrated):
    """Either it is closed and nothing joins, or something has joined and it stays open."""
    with world.fresh_caller("tina") as other, ThreadPoolExecutor(2) as pool:
        for first in ("join", "close"):
            parent, part = open_ticket(world, agency), open_ticket(world, agency)
            calls = {}
            with migrated.held(f"SELECT FROM radioshop.ticket WHERE ticket_id = '{parent.id}' FOR UPDATE"):
                for count, name in enumerate(("join", "close") if first == "join" else ("close", "join"), 1):
                    calls[name] = pool.submit(join, world.tina, part, parent.number) if name == "join" else pool.submit(
                        move, other, parent, "cancelled")
                    migrated.wait_for_waiting(count)
            late = outcome(calls["close" if first == "join" else "join"])
            assert not isinstance(outcome(calls[first]), Refused), first
            assert late.code == "FAILED_PRECONDITION" and ("of its parts are open" if first == "join" else "can have no open part") in late.text
            assert (state(show(world, parent)), show(world, parent).open_children) == (("received", 1) if first == "join" else ("cancelled", 0))
