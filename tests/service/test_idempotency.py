"""One request_id, one effect, one answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import new_id


def assets_tagged(world, agency, tag):
    return [a for a in world.tina.LookupAssets(code=tag, agency=agency).assets if a.tag == tag]


def test_a_repeat_gets_the_first_answer(world, agency):
    request = {"request_id": new_id(), "asset": {"agency": agency, "tag": "A1", "class": "portable"}}
    first = world.tina.CreateAsset(**request)
    later = world.tina.GetAsset(asset=first.asset.id).asset
    world.tina.UpdateAsset(asset={"id": later.id, "notes": "changed since", "revision": later.revision},
                           update_mask=["notes"])
    assert world.tina.CreateAsset(**request) == first, "the answer is the first one, not the present state"
    assert len(assets_tagged(world, agency, "A1")) == 1


def test_a_large_repeat_is_answered_at_once(world, agency):
    """The database says that it was done before, while the rest of the request is still being sent to it."""
    rows = [{"line": i, "tag": f"L{i:03d}", "class": "portable", "notes": "x" * 3900} for i in range(250)]
    request = {"request_id": new_id(), "agency": agency, "rows": rows, "timeout": 20}
    first = world.tina.ImportAssets(**request)
    assert [world.tina.ImportAssets(**request) for _ in range(15)] == [first] * 15


def test_another_payload_is_refused(world, agency):
    request = new_id()
    world.tina.CreateAsset(request_id=request, asset={"agency": agency, "tag": "B1", "class": "portable"})
    with refused("ALREADY_EXISTS", field="request_id"):
        world.tina.CreateAsset(request_id=request, asset={"agency": agency, "tag": "B2", "class": "portable"})
    assert not assets_tagged(world, agency, "B2")


def test_another_method_is_refused(world, agency):
    request = new_id()
    asset = world.tina.CreateAsset(request_id=request, asset={"agency": agency, "tag": "C1", "class": "portable"}).asset
    with refused("ALREADY_EXISTS", field="request_id"):
        world.tina.OpenTicket(request_id=request, asset=asset.id, problem="no sound")
    assert not world.tina.ListTickets(agency=agency, closed=True).tickets


def test_a_refused_request_keeps_nothing(world, agency):
    """What was refused changed nothing, so its request_id may be used again after the cause is mended."""
    request = new_id()
    with refused("NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"):
        world.tina.CreateAsset(request_id=request, asset={"agency": agency, "tag": "D1", "model": "NOSUCHMODEL"})
    world.tina.CreateAsset(request_id=request, asset={"agency": agency, "tag": "D1", "class": "portable"})
    assert len(assets_tagged(world, agency, "D1")) == 1


@pytest.mark.parametrize("bad", ["", "x", "12345", "0190f000-0000-7000-8000-00000000000g",
                                 "0190f000000070008000000000000001x"])
def test_a_request_id_must_be_a_uuid(world, agency, bad):
    with refused("INVALID_ARGUMENT", field="request_id"):
        world.tina.CreateAsset(request_id=bad, asset={"agency": agency, "tag": "E1", "class": "portable"})
    assert not assets_tagged(world, agency, "E1")


def test_every_write_needs_a_request_id(world):
    for method in contract.methods().values():
        if method.writes:
            with pytest.raises(Refused) as refusal:
                world.caller("lsu-everything").raw(method.path, b"")
            assert (refusal.value.code, refusal.value.fields) == ("INVALID_ARGUMENT", ["request_id"]), method.name


def together(count, work):
    with ThreadPoolExecutor(count) as pool:
        return [f.result() for f in [pool.submit(work, i) for i in range(count)]]


def test_ten_at_the_same_moment(world, agency):
    """Ten connections send one request: one does it, and all get its answer."""
    asset = world.asset(agency)
    callers = [world.fresh_caller("tina") for _ in range(10)]
    request = {"request_id": new_id(), "asset": asset.id, "problem": "dropped", "action": "new housing", "minutes": 30,
               "part": "housing kit", "part_cost_cents": 4500}
    for caller in callers:
        caller.GetCaller()
    try:
        answers = together(10, lambda i: callers[i].LogRepair(**request))
    finally:
        for caller in callers:
            caller.close()
    assert all(answer == answers[0] for answer in answers)
    tickets = world.tina.ListTickets(agency=agency, closed=True).tickets
    assert [t.labour_minutes for t in tickets] == [30]


def test_ten_different_at_the_same_moment(world, agency):
    """One request_id with ten payloads: one goes through, nine are told."""
    asset = world.asset(agency)
    request = new_id()

    def log(i):
        with world.fresh_caller("tina") as caller:
            try:
                return caller.LogRepair(request_id=request, asset=asset.id, problem=f"fault {i}", action="fixed",
                                        minutes=1).ticket.number
            except Refused as refusal:
                assert (refusal.code, refusal.fields) == ("ALREADY_EXISTS", ["request_id"]), str(refusal)
                return None
    numbers = [n for n in together(10, log) if n]
    assert len(numbers) == 1
    assert [t.number for t in world.tina.ListTickets(agency=agency, closed=True).tickets] == numbers


def test_two_of_one_natural_key_at_the_same_moment(world, agency):
    """Two intents for one tag: one wins, the other is told which field."""
    def create(i):
        with world.fresh_caller("tina") as caller:
            try:
                caller.CreateAsset(asset={"agency": agency, "tag": "SAME", "class": "portable", "notes": f"no. {i}"})
                return "OK"
            except Refused as refusal:
                assert any("tag" in field for field in refusal.fields), str(refusal)
                return refusal.code
    assert sorted(together(6, create)) == ["ALREADY_EXISTS"] * 5 + ["OK"]
    assert len(assets_tagged(world, agency, "SAME")) == 1


def test_an_event_a_change(world, agency):
    """A write leaves events with the principal, the method and the request_id; its repeat leaves none."""
    request = {"request_id": new_id(), "asset": {"agency": agency, "tag": "EV1", "class": "portable"}}
    asset = world.tina.CreateAsset(**request).asset
    world.tina.CreateAsset(**request)
    events = world.ada.ListEvents(agency=agency, resource="asset", resource_id=asset.id).events
    assert [(e.action, e.principal, e.method, e.request_id) for e in events] == [
        ("insert", "tina", "AssetService.CreateAsset", request["request_id"])]
    assert '"EV1"' in events[0].after and events[0].before == ""
