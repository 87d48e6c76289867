"""How a repair goes on and ends: codes, outcomes, returns, the agency's approval, and two benches at one ticket."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import new_id, state, status


def outcome(ticket):
    return contract.label(ticket, "outcome")


def opened(world, agency, asset=None, **values):
    return world.tina.OpenTicket(asset=(asset or world.asset(agency)).id, **{"problem": "x", "received": True, **values}).ticket


def move(world, ticket, *states, **values):
    """Moves it on, state by state; values go with the last."""
    for new in states:
        more = values if new == states[-1] else {}
        ticket = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=new, **more).ticket
    return ticket


def terms(world, agency, caller=None, **values):
    now = world.ada.GetTicketTerms(agency=agency).terms
    return (caller or world.ada).UpdateTicketTerms(terms={"agency": agency, "revision": now.revision, **values},
                                                   update_mask=list(values)).terms


@pytest.fixture
def manager(world, agency):
    """The fleet manager of the test's own agency."""
    return world.caller(world.person(f"manager-{agency.lower()}", [("fleet_manager", agency)]))


def ask(world, ticket, cents, **values):
    return world.tina.RequestApproval(ticket=ticket.number, revision=ticket.revision, estimate_cents=cents,
                                      **{"reason": "new main board", **values}).ticket


# Codes

def test_codes_beside_the_words(world, agency):
    ticket = opened(world, agency, problem="dead on channel 3", problem_code="no_tx")
    assert (ticket.problem, ticket.problem_code) == ("dead on channel 3", "NO_TX")
    ticket = move(world, ticket, "diagnosing", "repairing", "testing", cause_code="liquid", action_code="CLEANED", cause="rain")
    assert (ticket.cause_code, ticket.action_code, ticket.cause) == ("LIQUID", "CLEANED", "rain")
    ticket = world.tina.UpdateTicket(ticket={"id": ticket.id, "revision": ticket.revision, "cause_code": "DIRT"},
                                     update_mask=["cause_code", "action_code"]).ticket
    assert (ticket.problem_code, ticket.cause_code, ticket.action_code) == ("NO_TX", "DIRT", "")
    log = world.tina.LogRepair(asset=world.asset(agency).id, problem="p", action="a", problem_code="PTT", cause_code="WEAR",
                               action_code="REPLACED_PART").ticket
    assert (log.problem_code, log.cause_code, log.action_code) == ("PTT", "WEAR", "REPLACED_PART")


@pytest.mark.parametrize("method, values, field", [
    ("OpenTicket", {"problem_code": "NOPE"}, "problem_code"), ("OpenTicket", {"problem_code": "WEAR"}, "problem_code"),
    ("LogRepair", {"action": "a", "cause_code": "NO_TX"}, "cause_code"), ("LogRepair", {"action": "a", "action_code": "x"}, "action_code")])
def test_codes_that_are_none(world, agency, method, values, field):
    with refused("FAILED_PRECONDITION", field=field, text="these are: ") as refusal:
        getattr(world.tina, method)(**{"asset": world.asset(agency).id, "problem": "x", **values})
    assert {"problem_code": "NO_TX", "cause_code": "WEAR", "action_code": "ALIGNED"}[field] in refusal.text
    assert not world.tina.ListTickets(agency=agency, closed=True).tickets


def test_the_catalogue_of_codes(world, agency):
    """Added, named anew, retired: a retired code stays where it is and is given to nobody else."""
    name = f"ROAM{world.number()}"
    world.ada.CreateTicketCode(code={"kind": "problem", "code": name.lower(), "name": "Does not roam"})
    ticket = opened(world, agency, problem_code=name)
    with refused("ALREADY_EXISTS", field="code", text="Does not roam"):
        world.ada.CreateTicketCode(code={"kind": "problem", "code": name, "name": "Again"})
    world.ada.CreateTicketCode(code={"kind": "cause", "code": name, "name": "Another kind"})
    retired = world.ada.UpdateTicketCode(code={"kind": "problem", "code": name, "revision": 1, "retired": True},
                                         update_mask=["retired"]).code
    assert retired.retired and retired.revision == 2
    with refused("FAILED_PRECONDITION", field="problem_code"):
        opened(world, agency, problem_code=name)
    assert world.tina.GetTicket(ticket=ticket.id).ticket.problem_code == name
    listed = lambda **values: [c.code for c in world.vera.pages("ListTicketCodes", "codes", page_size=100, kind="problem", **values)]  # noqa: E731
    assert name not in listed() and name in listed(retired=True)
    for values, field in (({"kind": "problem", "code": "no tx", "name": "x"}, "code"), ({"code": "X", "name": "x"}, "kind"),
                          ({"kind": "cause", "code": "X1", "name": ""}, "name")):
        with refused("INVALID_ARGUMENT", field=field):
            world.ada.CreateTicketCode(code=values)
    with refused("NOT_FOUND"):
        world.ada.GetTicketCode(kind="action", code=name)


# Outcomes

@pytest.mark.parametrize("path, given, expected", [
    (("diagnosing", "ready"), None, "no_fault_found"), (("diagnosing", "repairing", "testing", "ready"), None, "repaired"),
    (("diagnosing", "at_depot", "ready"), None, "repaired"), (("diagnosing", "at_depot", "ready"), "no_fault_found", "no_fault_found"),
    (("diagnosing", "testing", "ready"), "no_fault_found", "no_fault_found"), (("cancelled",), None, "cancelled")])
def test_how_it_ended(world, agency, path, given, expected):
    ticket = opened(world, agency)
    assert outcome(ticket) == "unspecified"
    ticket = move(world, ticket, *path, **({"outcome": given} if given else {}))
    assert outcome(ticket) == expected
    if expected != "cancelled":
        ticket = move(world, ticket, "returned", "closed")
        assert outcome(ticket) == expected
    assert outcome(move(world, ticket, ticket_moves(ticket)[0])) == "unspecified", "what is opened again has not ended"


def ticket_moves(ticket):
    return [contract.enum_label(ticket.DESCRIPTOR.fields_by_name["state"].enum_type, n) for n in ticket.moves]


@pytest.mark.parametrize("path, new, given, named", [
    (("diagnosing",), "ready", "repaired", "no_fault_found, beyond_repair"), (("diagnosing",), "ready", "beyond_repair", "fleet manager"),
    (("diagnosing",), "cancelled", "repaired", "cancelled"), (("diagnosing",), "repairing", "repaired", "becomes ready"),
    (("diagnosing", "testing"), "ready", "cancelled", "repaired, no_fault_found, beyond_repair")])
def test_outcomes_that_cannot_be(world, agency, path, new, given, named):
    ticket = move(world, opened(world, agency), *path)
    with refused("FAILED_PRECONDITION", field="outcome", text=named):
        move(world, ticket, new, outcome=given)
    assert world.tina.GetTicket(ticket=ticket.id).ticket.revision == ticket.revision


def test_a_logged_repair_ends_well(world, agency):
    log = lambda **values: world.tina.LogRepair(asset=world.asset(agency).id, problem="p", action="a", **values).ticket  # noqa: E731
    assert outcome(log()) == "repaired" and outcome(log(outcome="no_fault_found")) == "no_fault_found"
    with refused("INVALID_ARGUMENT", field="outcome"):
        log(outcome="beyond_repair")


def test_beyond_repair(world, agency, manager):
    """Only with the fleet manager's word, and the asset is retired by the same move, for good."""
    asset = world.asset(agency)
    ticket = move(world, opened(world, agency, asset), "diagnosing")
    with refused("FAILED_PRECONDITION", field="retire_asset"):
        move(world, ticket, "ready", retire_asset=True)
    with refused("FAILED_PRECONDITION", field="retire_asset"):
        move(world, ticket, "ready", outcome="no_fault_found", retire_asset=True)
    ticket = ask(world, ticket, 290000, write_off=True, reason="burnt board, no parts made any more")
    assert state(ticket) == "awaiting_approval" and ticket.estimate_cents == 0, "what it would cost is not what it will cost"
    with refused("INVALID_ARGUMENT", field="amount_cents"):
        manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision, amount_cents=5)
    ticket = manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision).ticket
    assert state(ticket) == "diagnosing" and ticket.write_off_approved and not ticket.HasField("approved_cents")
    ticket = move(world, ticket, "ready", outcome="beyond_repair", retire_asset=True)
    assert outcome(ticket) == "beyond_repair" and status(world.tina.GetAsset(asset=asset.id).asset) == "retired"
    ticket = move(world, ticket, "returned", "closed")
    assert outcome(ticket) == "beyond_repair" and status(world.tina.GetAsset(asset=asset.id).asset) == "retired"


def test_a_declined_write_off(world, agency, manager):
    ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 0, write_off=True)
    with refused("INVALID_ARGUMENT", field="note"):
        manager.DeclineTicket(ticket=ticket.number, revision=ticket.revision)
    ticket = manager.DeclineTicket(ticket=ticket.number, revision=ticket.revision, note="we keep it for parts").ticket
    assert state(ticket) == "diagnosing" and not ticket.write_off_approved
    with refused("FAILED_PRECONDITION", field="outcome"):
        move(world, ticket, "ready", outcome="beyond_repair")


# Returns of a fault

def closed_repair(world, asset, code="NO_TX"):
    return world.tina.LogRepair(asset=asset.id, problem="p", action="a", problem_code=code).ticket


def test_the_fault_is_back(world, agency):
    asset = world.asset(agency)
    first = closed_repair(world, asset)
    other = opened(world, agency, asset, problem_code="DISPLAY")
    assert other.returns_ticket == ""
    # The code is often known only after the diagnosis.
    other = world.tina.UpdateTicket(ticket={"id": other.id, "revision": other.revision, "problem_code": "no_tx"},
                                    update_mask=["problem_code"]).ticket
    assert other.returns_ticket == first.number
    move(world, other, "cancelled")
    again = opened(world, agency, asset, problem_code="NO_TX")
    assert again.returns_ticket == first.number, "a cancelled ticket has repaired nothing"
    assert closed_repair(world, world.asset(agency)).returns_ticket == "", "nor does another asset's count"
    assert world.tina.GetTicket(ticket=again.number).ticket.returns_ticket == first.number


def test_the_days_of_return(world, agency, migrated):
    """89 days are within 90, 91 are not; a term of 0 days links nothing."""
    for age, linked in ((89, True), (91, False)):
        asset = world.asset(agency)
        first = closed_repair(world, asset)
        migrated.sql(f"""ALTER TABLE radioshop.ticket DISABLE TRIGGER USER;
            UPDATE radioshop.ticket SET opened_at = now() - interval '{age} days', closed_at = now() - interval '{age} days'
              WHERE number = '{first.number}';
            ALTER TABLE radioshop.ticket ENABLE TRIGGER USER;""")
        assert (opened(world, agency, asset, problem_code="NO_TX").returns_ticket == first.number) is linked, age
    terms(world, agency, return_days=0)
    asset = world.asset(agency)
    closed_repair(world, asset)
    assert opened(world, agency, asset, problem_code="NO_TX").returns_ticket == ""


def test_a_ticket_that_is_opened_again(world, agency):
    """Its link is looked for anew, never to itself."""
    asset = world.asset(agency)
    ticket = move(world, opened(world, agency, asset), "diagnosing", "ready", "returned", "closed")
    ticket = move(world, ticket, "diagnosing")
    assert ticket.returns_ticket == ""


def test_links_by_hand(world, agency):
    asset = world.asset(agency)
    first = world.tina.LogRepair(asset=asset.id, problem="p", action="a").ticket
    stranger = world.tina.LogRepair(asset=world.asset(agency).id, problem="p", action="a").ticket
    foreign = world.tina.LogRepair(asset=world.asset("IND").id, problem="p", action="a").ticket
    ticket = opened(world, agency, asset)

    def link(to):
        now = world.tina.GetTicket(ticket=ticket.id).ticket
        return world.tina.UpdateTicket(ticket={"id": ticket.id, "revision": now.revision, "returns_ticket": to},
                                       update_mask=["returns_ticket"]).ticket
    assert link(first.number.lower()).returns_ticket == first.number
    for wrong in (stranger.number, foreign.number, ticket.number, "IND-1999-00001"):
        with refused("FAILED_PRECONDITION", field="returns_ticket"):
            link(wrong)
    assert link("").returns_ticket == ""
    # The older one cannot be the return of the younger one: so links make no circle.
    with refused("FAILED_PRECONDITION", field="returns_ticket"):
        world.tina.UpdateTicket(ticket={"id": first.id, "revision": first.revision, "returns_ticket": ticket.number},
                                update_mask=["returns_ticket"])


# Approval

def test_above_the_limit(world, agency, manager):
    """At the limit it goes on; a cent above, it waits for the manager's word; above what is approved, for another one."""
    terms(world, agency, approval_above_cents=25000)
    ticket = move(world, opened(world, agency), "diagnosing")
    estimate = lambda t, cents: world.tina.UpdateTicket(  # noqa: E731
        ticket={"id": t.id, "revision": t.revision, "estimate_cents": cents}, update_mask=["estimate_cents"]).ticket
    ticket = estimate(ticket, 25000)
    assert state(move(world, ticket, "repairing")) == "repairing"

    ticket = estimate(move(world, opened(world, agency), "diagnosing"), 25001)
    for new in ("repairing", "at_depot"):
        with refused("FAILED_PRECONDITION", field="state", text="nothing is approved") as refusal:
            move(world, ticket, new)
        assert "$250.01" in refusal.text and "$250.00" in refusal.text and "fleet manager" in refusal.text
    ticket = ask(world, ticket, 41250)
    assert state(ticket) == "awaiting_approval" and ticket.estimate_cents == 41250
    for new in ("repairing", "at_depot"):
        with refused("FAILED_PRECONDITION", field="state"):
            move(world, ticket, new)
    ticket = manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision, note="go on").ticket
    assert state(ticket) == "diagnosing" and ticket.approved_cents == 41250
    ticket = move(world, ticket, "repairing")
    world.tina.AddTicketEntry(ticket=ticket.number, kind="part", text="board", cost_cents=41251)
    ticket = move(world, world.tina.GetTicket(ticket=ticket.number).ticket, "awaiting_parts")
    with refused("FAILED_PRECONDITION", field="state", text="$412.50 is approved"):
        move(world, ticket, "repairing")
    ticket = ask(world, move(world, ticket, "diagnosing"), 50000)
    ticket = manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision, amount_cents=45000).ticket
    assert ticket.approved_cents == 45000
    with refused("FAILED_PRECONDITION", text="$500.00"):
        move(world, ticket, "repairing")
    ticket = move(world, estimate(ticket, 45000), "repairing")
    asked = world.vera.GetTicket(ticket=ticket.number).ticket.approvals
    assert [(contract.label(a, "answer"), a.estimate_cents, a.approved_cents, a.asked_by, a.decided_by, a.note) for a in asked] == [
        ("approved", 41250, 41250, "tina", f"manager-{agency.lower()}", "go on"),
        ("approved", 50000, 45000, "tina", f"manager-{agency.lower()}", "")]
    assert all(a.asked_at.seconds and a.decided_at.seconds for a in asked)
    assert not world.vera.ListTickets(agency=agency).tickets[0].approvals, "only GetTicket fills the approvals"


def test_without_a_limit_nobody_is_asked(world, agency):
    assert not world.ada.GetTicketTerms(agency=agency).terms.HasField("approval_above_cents")
    ticket = move(world, opened(world, agency), "diagnosing")
    world.tina.AddTicketEntry(ticket=ticket.number, kind="outside", text="bill", cost_cents=99999999)
    assert state(move(world, world.tina.GetTicket(ticket=ticket.id).ticket, "repairing")) == "repairing"
    assert terms(world, agency, approval_above_cents=0).HasField("approval_above_cents")
    revision = world.ada.GetTicketTerms(agency=agency).terms.revision
    cleared = world.ada.UpdateTicketTerms(terms={"agency": agency, "revision": revision}, update_mask=["approval_above_cents"]).terms
    assert not cleared.HasField("approval_above_cents")


def test_a_logged_repair_does_not_go_round_it(world, agency):
    terms(world, agency, approval_above_cents=10000)
    log = lambda cents: world.tina.LogRepair(asset=world.asset(agency).id, problem="p", action="a", part="x", part_cost_cents=cents)  # noqa: E731
    log(10000)
    with refused("FAILED_PRECONDITION", field="part_cost_cents", text="$100.00"):
        log(10001)


def test_declined(world, agency, manager):
    terms(world, agency, approval_above_cents=100)
    ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 50000)
    ticket = manager.DeclineTicket(ticket=ticket.number, revision=ticket.revision, note="too much").ticket
    assert state(ticket) == "diagnosing" and not ticket.HasField("approved_cents")
    with refused("FAILED_PRECONDITION", field="state"):
        move(world, ticket, "repairing")
    entries = world.tina.GetTicket(ticket=ticket.id).ticket.entries
    assert [(e.text, e.principal) for e in entries[-2:]] == [
        ("asks for $500.00: new main board", "tina"), ("declined: too much", f"manager-{agency.lower()}")]
    # A first approval stays good when a second question is declined.
    ticket = ask(world, ticket, 20000)
    ticket = manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision).ticket
    ticket = ask(world, ticket, 90000)
    assert manager.DeclineTicket(ticket=ticket.number, revision=ticket.revision, note="no").ticket.approved_cents == 20000


def test_who_may_answer(world, agency, manager):
    """Not the technician, not the administrator, not another city's manager, and not who has asked."""
    both = world.caller(world.person(f"both-{agency.lower()}", [("fleet_manager", agency), ("technician", agency)]))
    ticket = move(world, opened(world, agency), "diagnosing")
    ticket = both.RequestApproval(ticket=ticket.number, revision=ticket.revision, estimate_cents=100, reason="x").ticket
    answer = {"ticket": ticket.number, "revision": ticket.revision}
    for caller, code in ((world.tina, "PERMISSION_DENIED"), (world.ada, "PERMISSION_DENIED"), (world.vera, "PERMISSION_DENIED"),
                         (world.frank, "NOT_FOUND"), (both, "FAILED_PRECONDITION")):
        with refused(code):
            caller.ApproveTicket(**answer)
        with refused(code):
            caller.DeclineTicket(**answer, note="no")
    assert manager.ApproveTicket(**answer).ticket.approved_cents == 100


def test_nothing_to_answer(world, agency, manager):
    ticket = move(world, opened(world, agency), "diagnosing")
    with refused("FAILED_PRECONDITION", field="ticket", text="must ask first"):
        manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision)
    waiting = move(world, ticket, "awaiting_approval")
    with refused("FAILED_PRECONDITION", field="ticket", text="must ask first"):
        manager.ApproveTicket(ticket=waiting.number, revision=waiting.revision)
    waiting = ask(world, waiting, 700)
    waiting = ask(world, waiting, 900)
    left = move(world, waiting, "diagnosing")
    back = move(world, left, "awaiting_approval")
    with refused("FAILED_PRECONDITION", field="ticket"):
        manager.ApproveTicket(ticket=back.number, revision=back.revision)
    asked = world.tina.GetTicket(ticket=ticket.id).ticket.approvals
    assert [contract.label(a, "answer") for a in asked] == ["withdrawn", "withdrawn"]
    for values, field in (({"estimate_cents": 0}, "estimate_cents"), ({"estimate_cents": -1}, "estimate_cents"),
                          ({"estimate_cents": 5, "reason": " "}, "reason"), ({"estimate_cents": 5, "revision": 0}, "revision")):
        with refused("INVALID_ARGUMENT", field=field):
            world.tina.RequestApproval(**{"ticket": back.number, "revision": back.revision, "reason": "x", **values})
    reported = world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket
    with refused("FAILED_PRECONDITION", text="diagnosing or repairing"):
        ask(world, reported, 5)


def test_an_answer_to_another_question(world, agency, manager):
    """The manager has read $5; meanwhile the shop asks for $500: the answer is stale and approves nothing."""
    ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 500)
    asked_again = ask(world, ticket, 50000)
    with refused("ABORTED", field="revision", text=str(asked_again.revision)):
        manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision)
    assert manager.ApproveTicket(ticket=ticket.number, revision=asked_again.revision).ticket.approved_cents == 50000


def test_a_repeated_answer_is_one(world, agency, manager):
    ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 500)
    request = {"request_id": new_id(), "ticket": ticket.number, "revision": ticket.revision}
    assert manager.ApproveTicket(**request) == manager.ApproveTicket(**request)
    assert len(world.tina.GetTicket(ticket=ticket.id).ticket.approvals) == 1


def test_approvals_are_for_ever(world, agency, manager, migrated):
    ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 500)
    manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision)
    count = "SELECT count(*) FROM radioshop.ticket_approval p JOIN radioshop.ticket_decision d USING (agency_id, ticket_id, approval_no)"
    before = migrated.value(count)
    for table in ("ticket_approval", "ticket_decision"):
        for what in (f"DELETE FROM radioshop.{table}", f"UPDATE radioshop.{table} SET write_off = true"):
            migrated.sql(f"SELECT set_config('radioshop.agencies', (SELECT array_agg(agency_id)::text FROM radioshop.agency), false); {what}",
                         role="postgres", check=False)
    assert migrated.value(count) == before and int(before) >= 1
    events = world.ada.ListEvents(agency=agency, resource_id=ticket.id).events
    assert {e.resource for e in events} >= {"ticket", "ticket_approval", "ticket_decision"}


def test_terms(world, agency, manager):
    """The manager of the agency changes its own terms, and nobody else's."""
    assert terms(world, agency, manager, approval_above_cents=30000, return_days=30).return_days == 30
    with refused("NOT_FOUND"):
        manager.UpdateTicketTerms(terms={"agency": "IND", "revision": 1, "return_days": 1}, update_mask=["return_days"])
    with refused("NOT_FOUND"):
        manager.GetTicketTerms(agency="IND")
    for values, field in (({"approval_above_cents": -1}, "approval_above_cents"), ({"return_days": -1}, "return_days"),
                          ({"return_days": 3651}, "return_days"), ({"approval_above_cents": 100000001}, "approval_above_cents")):
        with refused("INVALID_ARGUMENT", field=field):
            terms(world, agency, **values)
    with refused("ABORTED", field="revision", text="2"):
        manager.UpdateTicketTerms(terms={"agency": agency, "revision": 1, "return_days": 1}, update_mask=["return_days"])
    with refused("INVALID_ARGUMENT", field="update_mask"):
        manager.UpdateTicketTerms(terms={"agency": agency, "revision": 2}, update_mask=["agency"])


# Two benches at one ticket

def together(world, *works):
    """Each on a connection of its own, at the same moment; the codes."""
    callers = [world.fresh_caller("tina") for _ in works]
    for caller in callers:
        caller.GetCaller()

    def run(pair):
        try:
            pair[1](pair[0])
            return "OK"
        except Refused as refusal:
            assert refusal.text
            return refusal.code
    try:
        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(run, zip(callers, works)))
    finally:
        for caller in callers:
            caller.close()


def test_two_benches_move_one_ticket(world, agency):
    """To different places: one gets there, the other is told to read it again; one move in the history, and one event."""
    for first, second in (("repairing", "awaiting_parts"), ("testing", "cancelled"), ("ready", "at_depot")):
        ticket = move(world, opened(world, agency), "diagnosing")
        to = lambda new: lambda caller: caller.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=new)  # noqa: E731,B023
        codes = together(world, to(first), to(second))
        assert sorted(codes) == ["ABORTED", "OK"]
        now = world.tina.GetTicket(ticket=ticket.id).ticket
        assert state(now) == (first if codes[0] == "OK" else second) and now.revision == ticket.revision + 1
        assert len([e for e in now.entries if contract.label(e, "kind") == "move"]) == 3


def test_two_benches_add_to_one_ticket(world, agency):
    """Entries need no revision: both are kept, and the sum is theirs."""
    ticket = move(world, opened(world, agency), "diagnosing")
    add = lambda caller: caller.AddTicketEntry(ticket=ticket.number, kind="labour", minutes=7, text="bench")  # noqa: E731
    assert together(world, *[add] * 6) == ["OK"] * 6
    assert world.tina.GetTicket(ticket=ticket.id).ticket.labour_minutes == 42


def test_a_move_and_an_approval_at_once(world, agency, manager):
    """The bench takes the ticket back while the manager says yes: one of the two happens, never half of both."""
    for _ in range(4):
        ticket = ask(world, move(world, opened(world, agency), "diagnosing"), 500)
        with ThreadPoolExecutor(2) as pool:
            yes = pool.submit(lambda: manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision))  # noqa: B023
            back = pool.submit(lambda: move(world, ticket, "diagnosing"))  # noqa: B023
            failed = [f.exception() for f in (yes, back)]
        assert [e.code for e in failed if e] == ["ABORTED"]
        now = world.tina.GetTicket(ticket=ticket.id).ticket
        assert now.HasField("approved_cents") is (failed[0] is None)
        assert [contract.label(a, "answer") for a in now.approvals] == ["approved" if failed[0] is None else "withdrawn"]


def test_opened_at_two_benches(world, agency):
    asset = world.asset(agency)
    codes = together(world, *[lambda caller: caller.OpenTicket(asset=asset.id, problem="x")] * 3)
    assert sorted(codes) == ["FAILED_PRECONDITION", "FAILED_PRECONDITION", "OK"]


def test_labour_while_the_other_bench_closes(world, agency):
    """Work on a closed ticket is refused, also when it was open a moment ago; what was taken is in the sum."""
    for _ in range(4):
        ticket = move(world, opened(world, agency), "diagnosing", "ready", "returned")
        codes = together(world, lambda caller: caller.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="closed"),  # noqa: B023
                         lambda caller: caller.AddTicketEntry(ticket=ticket.number, kind="labour", minutes=9))  # noqa: B023
        now = world.tina.GetTicket(ticket=ticket.id).ticket
        assert codes in (["OK", "FAILED_PRECONDITION"], ["ABORTED", "OK"])
        assert (state(now), now.labour_minutes) == (("closed", 0) if codes[0] == "OK" else ("returned", 9))


def test_after_it_is_closed(world, agency):
    ticket = move(world, opened(world, agency), "diagnosing", "ready", "returned", "closed")
    for values in ({"kind": "labour", "minutes": 5}, {"kind": "part", "text": "knob", "cost_cents": 5}):
        with refused("FAILED_PRECONDITION", field="kind", text="reopened (to diagnosing)"):
            world.tina.AddTicketEntry(ticket=ticket.number, **values)
    world.tina.AddTicketEntry(ticket=ticket.number, kind="note", text="the bill is still to come")
    assert world.tina.AddTicketEntry(ticket=ticket.number, kind="outside", text="depot bill", cost_cents=500).ticket.cost_cents == 500
    with refused("FAILED_PRECONDITION", field="state", text="can move to diagnosing"):
        move(world, world.tina.GetTicket(ticket=ticket.id).ticket, "repairing")
    with refused("ABORTED", field="revision"):
        move(world, ticket, "diagnosing")
