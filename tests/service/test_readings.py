"""Limits and measured readings: what a reading is worth is said by the database, from versions that nobody can change."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.caller import Refused, refused
from rig.world import day, new_id


def newest(world, test, **wanted):
    """The newest version of the limit of that test whose fields are as wanted."""
    found = [limit for limit in world.vera.pages("ListLimits", "limits", test=test)
             if all(getattr(limit, k) == v for k, v in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def set_limit(world, test, **values):
    values = {"direction": "max_abs", "unit": "Hz", "source": "the shop's own", **values}
    return world.ada.SetLimit(limit={"test": test, **values}).limit


@pytest.fixture
def test_name(world):
    """A test that nobody else has limits for."""
    return f"test_{world.number()}"


def test_the_published_figures_are_there(world):
    apx = newest(world, "tx_freq_error", family="APX 6000", band="7/800")
    assert (apx.text, apx.version, apx.set_by != "") == ("±696 Hz", 1, True) and "p. 5-13" in apx.source
    legal = [limit for limit in world.vera.pages("ListLimits", "limits", test="tx_freq_error") if "90.213" in limit.source]
    assert len(legal) == 6 and {limit.unit for limit in legal} == {"ppm"}


def test_a_new_version_leaves_the_old_one(world, test_name):
    first = set_limit(world, test_name, high=100)
    assert (first.version, first.valid_from, first.set_by) == (1, day(), "ada")
    second = set_limit(world, test_name, high=90, version=1)
    assert second.version == 2 and second.id != first.id
    both = world.vera.ListLimits(test=test_name, history=True).limits
    assert [(limit.id, limit.high) for limit in both] == [(second.id, 90), (first.id, 100)]
    assert [limit.id for limit in world.vera.ListLimits(test=test_name).limits] == [second.id]
    events = world.ada.ListEvents(resource="limit", resource_id=second.id).events
    assert [(e.action, e.principal) for e in events] == [("insert", "ada")]


def test_a_stale_version_is_told_the_new_one(world, test_name):
    set_limit(world, test_name, high=100)
    with refused("ABORTED", field="version", text="version 1"):
        set_limit(world, test_name, high=90)
    with refused("ABORTED", field="version"):
        set_limit(world, test_name, high=90, version=7)


def test_two_administrators_at_once(world, test_name):
    """Both have read version 1: one makes version 2, the others are told."""
    set_limit(world, test_name, high=100)

    def change(i):
        with world.fresh_caller("ada") as caller:
            try:
                return caller.SetLimit(limit={"test": test_name, "direction": "max_abs", "high": 10 + i, "unit": "Hz",
                                              "source": "x", "version": 1}).limit.version
            except Refused as refusal:
                return refusal.code
    with ThreadPoolExecutor(6) as pool:
        assert sorted(map(str, pool.map(change, range(6)))) == ["2"] + ["ABORTED"] * 5
    assert len(world.vera.ListLimits(test=test_name, history=True).limits) == 2


@pytest.mark.parametrize("values, field", [
    ({"high": float("nan")}, "high"), ({"high": float("inf")}, "high"), ({}, "high"), ({"high": -1}, "high"),
    ({"high": 1, "low": 0}, "low"), ({"high": 1, "unit": ""}, "unit"), ({"high": 1, "source": ""}, "source"),
    ({"high": 1, "direction": 0}, "direction"), ({"high": 1, "from_mhz": 5}, "from_mhz"),
    ({"high": 1, "mode": "P 25"}, "mode"), ({"high": 1, "valid_from": "soon"}, "limit.valid_from")],
    ids=lambda v: str(v))
def test_what_is_no_limit(world, test_name, values, field):
    with refused("INVALID_ARGUMENT", field=field):
        set_limit(world, test_name, **values)
    assert not world.vera.ListLimits(test=test_name, history=True).limits


STEPS = [{"step": "housing", "kind": "check"}, {"step": "knobs", "kind": "choice", "passing": "good|worn", "failing": "missing"},
         {"step": "tx_freq_error", "kind": "reading", "unit": "Hz", "mode": "p25"}, {"step": "remarks", "kind": "text", "may_skip": True}]
GOOD = [{"step": "housing", "answer": "yes"}, {"step": "knobs", "answer": "good"}]


def hertz(value, **more):
    return [{"name": "tx_freq_error", "value": value, "unit": "Hz", **more}]


def procedure(world, steps=STEPS, **values):
    return world.ada.CreateProcedure(procedure={"code": f"PR{world.number()}", "name": "Bench check", **values}, steps=steps).procedure


@pytest.fixture
def bench(world, agency):
    """A radio whose only plan follows a procedure: (agency, asset, procedure)."""
    asset, made = world.asset(agency), procedure(world)
    plan = world.plan(agency, first_due_on=day(-5))
    world.ada.AttachProcedure(agency=agency, plan=plan.code, revision=plan.revision, procedure=made.code)
    return agency, asset, made


def serve(world, asset, value=120.0, answers=None, **values):
    readings = values.pop("readings", hertz(value))
    return world.tina.CreateServiceRecord(asset=asset.id, readings=readings, answers=GOOD if answers is None else answers, **values).service


def test_the_result_follows_from_the_steps(world, bench):
    _, asset, made = bench
    failed = serve(world, asset, 900)
    assert (failed.result, failed.procedure, failed.procedure_version, failed.next_due_on) == (3, made.code, 1, day(-5))
    assert (failed.readings[0].verdict, failed.readings[0].limit_text) == (2, "±696 Hz")
    passed = serve(world, asset, -120.5)
    assert passed.result == 1 and passed.next_due_on > day() and passed.readings[0].verdict == 1
    assert [(a.step, a.answer, a.verdict) for a in passed.answers] == [("housing", "yes", 1), ("knobs", "good", 1)]
    listed = world.vera.ListServiceRecords(asset=asset.id).services
    assert listed[0] == passed and [s.id for s in listed] == [passed.id, failed.id]


def test_a_result_that_contradicts_the_steps(world, bench):
    _, asset, _ = bench
    for value, said in ((900, "passed"), (900, "adjusted"), (1, "failed")):
        with refused("INVALID_ARGUMENT", field="result"):
            serve(world, asset, value, result=said)
    assert not world.vera.ListServiceRecords(asset=asset.id).services
    assert serve(world, asset, 1, result="adjusted").result == 2


@pytest.mark.parametrize("values, field, text", [
    ({"readings": hertz(float("nan"))}, "readings.value", "NaN"), ({"readings": hertz(float("-inf"))}, "readings.value", "infinite"),
    ({"readings": hertz(1, unit="W")}, "readings.unit", "measured in Hz"), ({"readings": hertz(1, unit="")}, "readings.unit", "such as Hz"),
    ({"readings": []}, "readings", "tx_freq_error"), ({"answers": GOOD[:1]}, "answers", "knobs"),
    ({"readings": hertz(1) + hertz(2)}, "readings.name", "twice"), ({"readings": hertz(1, name="colour")}, "readings.name", "colour"),
    ({"answers": GOOD + [{"step": "smell", "answer": "yes"}]}, "answers.step", "smell"),
    ({"answers": [{"step": "housing", "answer": "perhaps"}]}, "answers.answer", "yes or no"),
    ({"analyser": "nobody's"}, "analyser", "nobody's"), ({"readings": hertz(1, frequency_mhz=0)}, "readings.frequency_mhz", "MHz"),
], ids=lambda v: str(v)[:40])
def test_what_is_refused_leaves_nothing(world, bench, values, field, text):
    _, asset, _ = bench
    with refused("INVALID_ARGUMENT", "NOT_FOUND", field=field, text=text):
        serve(world, asset, open_ticket=True, **values)
    assert not world.vera.ListServiceRecords(asset=asset.id).services
    assert not world.vera.ListTickets(asset=asset.id, closed=True).tickets


def test_units_of_one_quantity(world, bench):
    _, asset, _ = bench
    assert serve(world, asset, readings=hertz(0.696, unit="kHz")).result == 1
    assert serve(world, asset, readings=hertz(0.6961, unit="kHz")).result == 3
    assert serve(world, asset, readings=hertz(0.8, unit="ppm", frequency_mhz=870)).result == 1
    with refused("INVALID_ARGUMENT", field="readings.unit"):
        serve(world, asset, readings=hertz(0.8, unit="ppm"))


def test_a_limit_that_moves_on_while_the_service_is_recorded(world, agency, test_name):
    """The technician looks at the sheet, the administrator sets another limit, the technician records."""
    first = set_limit(world, test_name, high=100)
    made = procedure(world, [{"step": "it", "kind": "reading", "unit": "Hz", "test": test_name}])
    plan, asset = world.plan(agency), world.asset(agency)
    world.ada.AttachProcedure(agency=agency, plan=plan.code, revision=plan.revision, procedure=made.code)
    sheet = world.tina.GetServiceSheet(asset=asset.id)
    assert (sheet.procedure, sheet.procedure_version, sheet.steps[0].limit, sheet.steps[0].limit_text) == (made.code, 1, first.id, "±100 Hz")
    second = set_limit(world, test_name, high=90, version=1)
    readings = [{"name": "it", "value": 95, "unit": "Hz", "limit": first.id}]
    with refused("ABORTED", field="readings.limit", text=second.id):
        world.tina.CreateServiceRecord(asset=asset.id, readings=readings)
    readings[0]["limit"] = second.id
    service = world.tina.CreateServiceRecord(asset=asset.id, readings=readings).service
    assert service.result == 3 and service.readings[0].limit == second.id


def test_a_procedure_that_moves_on(world, bench):
    _, asset, made = bench
    revised = world.ada.ReviseProcedure(procedure=made.code, revision=made.revision, steps=STEPS[:1]).procedure
    assert revised.version == 2 and [s.step for s in revised.steps] == ["housing"]
    with refused("ABORTED", field="procedure_version", text="version 2"):
        serve(world, asset, procedure_version=1)
    service = serve(world, asset, readings=[], answers=GOOD[:1], procedure_version=2)
    assert service.procedure_version == 2
    assert [s.step for s in world.vera.GetProcedure(procedure=made.code, version=1).procedure.steps] == [s["step"] for s in STEPS]


def test_a_plan_without_a_procedure_goes_on_as_before(world, agency):
    world.plan(agency)
    asset = world.asset(agency)
    service = serve(world, asset, readings=[{"name": "TX power", "value": 4.9, "unit": "W"}], answers=[], result="failed", open_ticket=True)
    assert (service.result, service.procedure, service.readings[0].verdict, service.ticket != "") == (3, "", 0, True)
    with refused("INVALID_ARGUMENT", field="result"):
        serve(world, asset, answers=[])
    with refused("INVALID_ARGUMENT", field="answers"):
        serve(world, asset, result="passed")


def test_failures_at_the_same_moment_open_one_ticket(world, bench):
    _, asset, _ = bench

    def fail(i):
        with world.fresh_caller("tina") as caller:
            return caller.CreateServiceRecord(asset=asset.id, readings=hertz(900 + i), answers=GOOD, open_ticket=True).service.ticket
    with ThreadPoolExecutor(6) as pool:
        numbers = set(pool.map(fail, range(6)))
    assert len(numbers) == 1
    tickets = world.vera.ListTickets(asset=asset.id, closed=True).tickets
    assert [t.number for t in tickets] == list(numbers)
    notes = [e.text for e in world.vera.GetTicket(ticket=tickets[0].number).ticket.entries if e.text]
    assert len(notes) == 5 and all("tx_freq_error is 90" in text for text in [*notes, tickets[0].problem])


def test_analysers(world, bench):
    _, asset, _ = bench
    serial = f"R8K{world.number()}"
    world.ada.CreateAnalyser(analyser={"serial": serial, "manufacturer": "Freedom", "model": "R8000", "calibrated_on": day(-400),
                                       "calibration_due_on": day(-35)})
    assert world.vera.GetAnalyser(analyser=serial.lower()).analyser.out_of_date
    late, then = serve(world, asset, analyser=serial), serve(world, asset, analyser=serial, done_on=day(-40))
    assert (late.analyser, late.analyser_out_of_date, then.analyser_out_of_date) == (serial, True, False)
    world.ada.UpdateAnalyser(analyser={"serial": serial, "revision": 1, "calibrated_on": day(), "calibration_due_on": day(365)},
                             update_mask=["calibrated_on", "calibration_due_on"])
    assert not serve(world, asset, analyser=serial).analyser_out_of_date
    assert not serve(world, asset, analyser=serial, done_on=day(-40)).analyser_out_of_date, "the calibration of then still counts"
    world.ada.UpdateAnalyser(analyser={"serial": serial, "revision": 2, "retired": True}, update_mask=["retired"])
    with refused("FAILED_PRECONDITION", field="analyser"):
        serve(world, asset, analyser=serial)


def test_a_repaired_radio_is_not_ready_untested(world, agency):
    asset = world.asset(agency, model="M22URS9PW1BN")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="no audio", received=True).ticket

    def move(state):
        nonlocal ticket
        ticket = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=state).ticket
    post = procedure(world, [{"step": "sound", "kind": "check"}], post_repair=True, family="APX 4500")
    try:
        def release(answer):
            return world.tina.CreateServiceRecord(asset=asset.id, procedure=post.code, answers=[{"step": "sound", "answer": answer}])
        release("yes")
        for state in ("diagnosing", "testing"):
            move(state)
        with refused("FAILED_PRECONDITION", field="state", text=post.code):
            move("ready")
        release("no")
        with refused("FAILED_PRECONDITION", field="state", text=post.code):
            move("ready")
        release("yes")
        move("ready")
        move("testing")
        with refused("FAILED_PRECONDITION", field="state", text=post.code):
            move("ready")
        move("repairing")
    finally:
        world.ada.UpdateProcedure(procedure={"code": post.code, "revision": 1, "stopped": True}, update_mask=["stopped"])
    with refused("FAILED_PRECONDITION", field="procedure"):
        release("yes")


def test_a_repeat_records_once(world, bench):
    _, asset, _ = bench
    request = {"request_id": new_id(), "asset": asset.id, "readings": hertz(900), "answers": GOOD, "open_ticket": True}
    assert world.tina.CreateServiceRecord(**request) == world.tina.CreateServiceRecord(**request)
    assert len(world.vera.ListServiceRecords(asset=asset.id).services) == 1
