"""Watchers: who wants to know what becomes of a ticket is told when somebody else has moved it, by routes of their own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import refused
from rig.world import new_id


@pytest.fixture
def city(world):
    """A fresh agency with a watcher, who has a viewer's grant there and a route of her own. Agency and name."""
    agency = world.agency()
    return agency, watcher(world, agency)


def watcher(world, agency, role="viewer", **values):
    name = world.person(f"watcher-{world.number()}", [(role, agency)])
    world.ada.CreateAlertRoute(route={"agency": agency, "code": f"W{world.number()}", "channel": "output", "principal": name, **values})
    return name


def open_ticket(world, agency):
    return world.tina.OpenTicket(asset=world.asset(agency).id, problem="no audio", received=True).ticket


def move(world, ticket, to, who="tina"):
    revision = world.tina.GetTicket(ticket=ticket.number).ticket.revision
    return world.caller(who).MoveTicket(ticket=ticket.number, revision=revision, state=to).ticket


def watch(world, ticket, *names):
    for name in names:
        world.ada.WatchTicket(ticket=ticket.number, principal=name)


def told(world, agency, urgent=True):
    """What a run says to whom: [(principal or route, what)]. The messages count as delivered."""
    assert not [alert for alert in world.nightly.EmitAlerts(agency=agency, urgent=urgent).alerts if contract.label(alert, "kind") == "ticket_moved"]
    routes = {route.code: route.principal or route.code for route in world.ada.ListAlertRoutes(agency=agency).routes}
    lines = []
    for delivery in world.nightly.ClaimDeliveries(agency=agency, host="test", limit=20).deliveries:
        world.nightly.ConfirmDelivery(delivery=delivery.id, generation=delivery.generation, outcome="delivered")
        lines += [(routes[delivery.route], item.what) for item in delivery.items]
    return sorted(lines)


def test_a_watcher_is_told_once(world, city):
    """Each run says where the ticket is then, once, to those who watch it and to nobody else; not what they did themselves."""
    agency, name = city
    other = watcher(world, agency, "technician", kinds=["ticket_moved"])
    deaf = watcher(world, agency, kinds=["overdue"])
    world.ada.CreateAlertRoute(route={"agency": agency, "code": "ALL", "channel": "output"})
    ticket = open_ticket(world, agency)
    assert world.caller(name).WatchTicket(ticket=ticket.number).watchers == [name]
    watch(world, ticket, other)
    for who, unheard in ((other, 0), (deaf, 1), ("tina", 1)):
        warnings = world.ada.WatchTicket(ticket=ticket.number, principal=who).warnings
        assert len(warnings) == unheard and all(f"{who} hears nothing of it yet" in w for w in warnings)
    world.tina.UnwatchTicket(ticket=ticket.number)
    assert not told(world, agency), "nothing was moved since"
    move(world, ticket, "diagnosing")
    move(world, ticket, "repairing")
    moved = f"{ticket.number} is repairing, moved by tina"
    assert told(world, agency) == [(name, moved), (other, moved)], "one of two moves, and not to the agency's own route"
    assert not told(world, agency) and not told(world, agency, urgent=False)
    move(world, ticket, "testing", who=other)
    assert told(world, agency, urgent=False) == [(name, f"{ticket.number} is testing, moved by {other}")]
    world.tina.AddTicketEntry(ticket=ticket.number, kind="note", text="a note is no move")
    assert not told(world, agency)
    alerts = [alert for alert in world.vera.ListAlerts(agency=agency).alerts if alert.subject == ticket.number]
    assert len(alerts) == 2 and all(alert.settled_at.seconds for alert in alerts)


def test_who_may_watch(world, city):
    agency, name = city
    ticket = open_ticket(world, agency)
    assert list(world.caller(name).WatchTicket(ticket=ticket.number).watchers) == [name]
    assert list(world.caller(name).WatchTicket(ticket=ticket.number).watchers) == [name], "again is no more"
    assert list(world.tina.WatchTicket(ticket=ticket.id).watchers) == ["tina", name]
    assert list(world.vera.GetTicket(ticket=ticket.number).ticket.watchers) == ["tina", name]
    assert world.vera.GetTicket(ticket=ticket.number).ticket.revision == ticket.revision, "the ticket is the same"
    for caller in (world.tina, world.caller(name)):
        with refused("PERMISSION_DENIED", field="principal", text="only a fleet manager or an administrator"):
            caller.WatchTicket(ticket=ticket.number, principal="vera")
        with refused("PERMISSION_DENIED", field="principal"):
            caller.UnwatchTicket(ticket=ticket.number, principal="vera")
    for nobody in ("lee", "nightly", "granted-nothing", "no-such-name", "x" * 300):
        with refused("FAILED_PRECONDITION", field="principal", text=f"nobody with the name {nobody[:64]} may see ticket {ticket.number}"):
            world.ada.WatchTicket(ticket=ticket.number, principal=nobody)
    with refused("NOT_FOUND", field="ticket"):
        world.lee.WatchTicket(ticket=ticket.number)
    with refused("NOT_FOUND", field="principal", text="vera does not watch"):
        world.ada.UnwatchTicket(ticket=ticket.number, principal="vera")
    request = {"request_id": new_id(), "ticket": ticket.number, "principal": name}
    assert world.ada.UnwatchTicket(**request) == world.ada.UnwatchTicket(**request)
    assert list(world.vera.GetTicket(ticket=ticket.number).ticket.watchers) == ["tina"]
    events = [(event.action, event.principal) for event in world.ada.ListEvents(resource="ticket_watcher", resource_id=ticket.id).events]
    assert sorted(events) == sorted([("delete", "ada"), ("insert", name), ("insert", "tina")])


def test_what_i_watch(world, city):
    """A list of one's own, with the other filters of the list."""
    agency, name = city
    tickets = [open_ticket(world, agency) for _ in range(3)]
    for ticket in tickets[:2]:
        world.caller(name).WatchTicket(ticket=ticket.number)
    watch(world, tickets[2], "vera")

    def listed(who=name, **values):
        return [ticket.number for ticket in world.caller(who).ListTickets(agency=agency, watched=True, **values).tickets]
    assert listed() == [tickets[1].number, tickets[0].number] and listed("vera") == [tickets[2].number] and not listed("tina")
    move(world, tickets[0], "cancelled")
    assert listed() == [tickets[1].number] and listed(closed=True, state="cancelled") == [tickets[0].number]
    assert listed(asset=f"{agency}:{tickets[1].tag}") == [tickets[1].number] and not listed(asset=f"{agency}:{tickets[2].tag}")
    assert not listed(breached=True) and not listed(parent=tickets[1].number)
    pages = [ticket.number for ticket in world.caller(name).pages("ListTickets", "tickets", agency=agency, watched=True, closed=True, page_size=1)]
    assert pages == [tickets[1].number, tickets[0].number]


def test_who_loses_the_grant_hears_nothing(world, city):
    """Not what comes then, nor what is queued, nor what is in a message that was not delivered; the grant back, it goes on."""
    agency, name = city
    ticket = open_ticket(world, agency)
    watch(world, ticket, name)
    move(world, ticket, "diagnosing")
    world.nightly.EmitAlerts(agency=agency, urgent=True)
    delivery = world.nightly.ClaimDeliveries(agency=agency, host="test").deliveries[0]
    world.nightly.ConfirmDelivery(delivery=delivery.id, generation=delivery.generation, outcome="retry", reply="try later")
    move(world, ticket, "repairing")
    world.nightly.EmitAlerts(agency=agency, urgent=True)
    world.ada.RevokeRole(principal=name, role="viewer", agency=agency)
    assert not told(world, agency)
    muted = world.vera.ListDeliveries(agency=agency, state="muted").deliveries
    assert len(muted) == 2 and all(f"{name} may not see the tickets" in d.reason for d in muted), muted
    move(world, ticket, "testing")
    assert not told(world, agency)
    world.ada.GrantRole(principal=name, role="viewer", agency=agency)
    assert not told(world, agency), "what was said meanwhile is not made up for"
    move(world, ticket, "repairing")
    assert told(world, agency) == [(name, f"{ticket.number} is repairing, moved by tina")]
    move(world, ticket, "testing")
    world.nightly.EmitAlerts(agency=agency, urgent=True)
    world.caller(name).UnwatchTicket(ticket=ticket.number)
    assert not told(world, agency), "who has gone is not told what is queued"


def test_a_move_while_a_run_tells_of_the_one_before(world, city, migrated):
    """It is told by the next run: neither is lost."""
    agency, name = city
    ticket = open_ticket(world, agency)
    watch(world, ticket, name)
    move(world, ticket, "diagnosing")
    with ThreadPoolExecutor(1) as pool:
        # A run that has taken the watcher off the list and has not ended.
        with migrated.held(f"UPDATE radioshop.ticket_watcher SET moved = false WHERE ticket_id = '{ticket.id}'"):
            moved = pool.submit(move, world, ticket, "repairing")
            migrated.wait_for_waiting(1)
        moved.result()
    assert told(world, agency) == [(name, f"{ticket.number} is repairing, moved by tina")]


def test_two_runs_at_once(world, city):
    agency, name = city
    tickets = [open_ticket(world, agency) for _ in range(5)]
    for ticket in tickets:
        watch(world, ticket, name)
        move(world, ticket, "diagnosing")
    with world.fresh_caller("nightly") as other, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda caller: caller.EmitAlerts(agency=agency, urgent=True), (world.nightly, other)))
    assert told(world, agency) == sorted((name, f"{ticket.number} is diagnosing, moved by tina") for ticket in tickets), "in one message, each once"
