"""Results that an analyser wrote down, as services: matched, judged here, kept whole or refused, and never twice. What each cell may
be stands in tests/sql/analyser_run.sql; here is what needs several callers, or several calls."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import refused
from rig.world import day, new_id

STEPS = [{"step": "tx_freq_error", "kind": "reading", "unit": "Hz", "mode": "p25"},
         {"step": "tx_power", "kind": "reading", "unit": "W", "may_skip": True}, {"step": "housing", "kind": "check", "may_skip": True}]


def labels(reply, field="outcome"):
    return [contract.label(r, field) for r in reply.results]


@pytest.fixture(scope="module")
def tools(world):
    """An analyser and a procedure that all tests of this file share."""
    tool = world.ada.CreateAnalyser(analyser={"serial": f"R8{world.number()}", "manufacturer": "Freedom", "model": "R8000",
                                              "calibrated_on": day(-90), "calibration_due_on": day(275)}).analyser.serial
    made = world.ada.CreateProcedure(procedure={"code": f"RUN{world.number()}", "name": "Yearly"}, steps=STEPS).procedure.code
    return tool, made


@pytest.fixture
def bench(world, agency, tools):
    """An agency whose only plan follows the procedure, and three radios."""
    plan = world.plan(agency, first_due_on=day(-5))
    world.ada.AttachProcedure(agency=agency, plan=plan.code, revision=plan.revision, procedure=tools[1])
    return agency, [world.asset(agency) for _ in range(3)], tools[0]


def run(asset, tool, number=1, at=f"{day(-1)} 14:32:05", value="120", **more):
    """One run of two readings."""
    head = {"run": number, "serial": asset.serial, "tested_at": at, "analyser": tool, **more}
    return [{"line": 2 * number, **head, "step": "tx_freq_error", "value": value, "unit": "Hz", "low": "-100", "high": "100", "verdict": "fail"},
            {"line": 2 * number + 1, **head, "step": "TX Power", "value": "2.5", "unit": "W", "verdict": "pass"}]


def services(world, agency):
    return list(world.tina.pages("ListServiceRecords", "services", agency=agency))


def test_a_run_is_a_service(world, bench):
    agency, (asset, *_), tool = bench
    reply = world.tina.ImportResults(rows=run(asset, tool))
    assert labels(reply) == ["created"] * 2 and [r.line for r in reply.results] == [2, 3]
    assert reply.results[0].asset == f"{agency}:{asset.tag}" and labels(reply, "result") == ["passed"] * 2
    assert "the analyser said failed by -100 to 100 Hz" in reply.results[0].reason and not reply.results[1].reason
    service, = services(world, agency)
    assert (service.id, service.done_on, service.analyser, service.plan) == (reply.results[0].id, day(-1), tool, "PM12")
    first = service.readings[0]
    assert [contract.label(first, "verdict"), contract.label(first, "analyser_verdict")] == ["passed", "failed"]
    assert (first.limit_text, first.analyser_limit_text) == ("±696 Hz", "-100 to 100 Hz")
    assert service.next_due_on > day(300), "a service that passed moves the due date"
    events = world.ada.ListEvents(resource="analyser_run", resource_id=service.id).events
    assert [(e.action, e.principal) for e in events] == [("insert", "tina")]


def test_twice_changes_nothing(world, bench, migrated):
    """The same file as another intent: all unchanged, not an event more."""
    agency, assets, tool = bench
    rows = [row for n, asset in enumerate(assets) for row in run(asset, tool, n + 1, value=str(300 * n))]
    first = world.tina.ImportResults(rows=rows)
    events = "SELECT count(*) FROM radioshop.event"
    before = migrated.value(events)
    second = world.tina.ImportResults(rows=rows)
    assert labels(first) == ["created"] * 6 and labels(second) == ["unchanged"] * 6
    assert [r.id for r in second.results] == [r.id for r in first.results] and not any(r.reason for r in second.results)
    assert migrated.value(events) == before and len(services(world, agency)) == 3
    rows[0] = {**rows[0], "value": "1"}
    third = world.tina.ImportResults(rows=rows)
    assert labels(third) == ["refused"] * 2 + ["unchanged"] * 4 and third.results[0].column == "tested_at"
    assert "on record with other values" in third.results[0].reason and not third.results[1].reason


def test_a_repeated_request_and_a_dry_run(world, bench):
    agency, (asset, *_), tool = bench
    request = {"request_id": new_id(), "rows": run(asset, tool, value="5000"), "open_ticket": True}
    dry = world.tina.ImportResults(rows=request["rows"], open_ticket=True, dry_run=True)
    assert labels(dry, "result") == ["failed"] * 2 and not dry.results[0].id and not dry.results[0].ticket
    assert not services(world, agency) and not world.tina.ListTickets(agency=agency).tickets
    first = world.tina.ImportResults(**request)
    assert world.tina.ImportResults(**request) == first
    ticket, = world.tina.ListTickets(agency=agency).tickets
    assert first.results[0].ticket == ticket.number and "tx_freq_error is 5000 Hz" in ticket.problem
    again = world.tina.ImportResults(rows=request["rows"], open_ticket=True)
    assert labels(again) == ["unchanged"] * 2 and again.results[0].ticket == ticket.number
    assert len(world.tina.ListTickets(agency=agency).tickets) == 1


def test_a_wrong_run_is_refused_by_itself(world, bench):
    agency, assets, tool = bench
    rows = run(assets[0], tool, 1) + run(assets[1], tool, 2, value="NaN") + run(assets[2], tool, 3)
    reply = world.tina.ImportResults(rows=rows)
    assert labels(reply) == ["created"] * 2 + ["refused"] * 2 + ["created"] * 2
    bad = reply.results[2]
    assert (bad.line, bad.column, bad.value, bool(bad.reason), bad.id) == (4, "value", "NaN", True, "")
    assert {s.tag for s in services(world, agency)} == {assets[0].tag, assets[2].tag}
    with refused("INVALID_ARGUMENT", field="rows"):
        world.tina.ImportResults(rows=[])
    with refused("INVALID_ARGUMENT", field="rows"):
        world.tina.ImportResults(rows=[row for n in range(251) for row in run(assets[0], tool, n + 1)])
    with refused("INVALID_ARGUMENT", field="rows.run"):
        world.tina.ImportResults(rows=run(assets[0], tool, 1) + run(assets[1], tool, 2) + run(assets[0], tool, 1))


def test_two_import_one_file_at_once(world, bench):
    """Six connections, half of them with the file from its end: every run is kept once, and nobody waits for ever."""
    agency, assets, tool = bench
    rows = [run(asset, tool, 10 * n + k + 1, at=f"{day(-1 - k)} 10:00", value="3000") for n, asset in enumerate(assets) for k in range(4)]

    def send(i):
        with world.fresh_caller("tina") as caller:
            return caller.ImportResults(rows=[row for pair in (rows if i % 2 else rows[::-1]) for row in pair], open_ticket=True)
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(send, range(6)))
    assert sum(labels(reply).count("created") for reply in replies) == 24
    assert sum(labels(reply).count("unchanged") for reply in replies) == 5 * 24
    assert len(services(world, agency)) == 12 and len(world.tina.ListTickets(agency=agency).tickets) == 3


def test_two_cities_with_one_serial_number(world, agency, tools):
    """A serial number of another city is none to its technician, and two to who sees both."""
    asset = world.asset("LSU")
    twin = world.asset(agency, serial=asset.serial, tag=f"TW{world.number()}")
    rows = run(asset, tools[0], procedure=tools[1])
    both = world.ada.ImportResults(rows=rows)
    assert labels(both) == ["refused"] * 2 and both.results[0].column == "serial" and "LSU:" in both.results[0].reason
    tagged = world.ada.ImportResults(rows=[{**row, "tag": f"{agency}:{twin.tag}"} for row in rows])
    assert labels(tagged) == ["created"] * 2 and tagged.results[0].asset == f"{agency}:{twin.tag}"
    with world.fresh_caller("frank") as frank, refused("PERMISSION_DENIED"):
        frank.ImportResults(rows=rows)


def test_a_run_is_the_test_after_a_repair(world, agency, tools):
    """A radio that is moved by hand from the depot to ready, without an RMA, waits for it."""
    number = world.number()
    family = world.ada.CreateModel(model={"number": f"DEPOT{number}", "manufacturer": "Motorola", "family": f"Depot {number}",
                                          "class": "portable"}).model.family
    asset = world.asset(agency, model=f"DEPOT{number}")
    post = world.ada.CreateProcedure(procedure={"code": f"POST{world.number()}", "name": "After a repair", "post_repair": True, "family": family},
                                     steps=[{"step": "sound", "kind": "check"}]).procedure
    try:
        ticket = world.tina.OpenTicket(asset=asset.id, problem="no audio", received=True).ticket
        for state in ("diagnosing", "at_depot"):
            ticket = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=state).ticket
        with refused("FAILED_PRECONDITION", field="state", text=post.code):
            world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="ready")
        rows = [{"line": 1, "run": 1, "serial": asset.serial, "tested_at": f"{day()} 00:00", "analyser": tools[0], "procedure": post.code,
                 "step": "sound", "value": "yes"}]
        assert labels(world.tina.ImportResults(rows=rows)) == ["created"]
        moved = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="ready").ticket
        assert contract.label(moved, "state") == "ready"
    finally:
        world.ada.UpdateProcedure(procedure={"code": post.code, "revision": post.revision, "stopped": True}, update_mask=["stopped"])
