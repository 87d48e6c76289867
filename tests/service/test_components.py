"""Components: batteries and the like on their way from radio to radio, and how old and how good the batteries are."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, status


@pytest.fixture
def city(world):
    return world.agency()


def piece(world, agency, kind="battery", **values):
    return world.asset(agency, **{"class": kind, "model": "", "status": "spare", **values})


def attach(world, radio, *assets, caller="tina", **values):
    return list(world.caller(caller).AttachAssets(assets=[a.id for a in assets], to=radio.id, **values).components)


def shown(world, asset):
    return world.vera.GetAsset(asset=asset.id).asset


def listed(world, **values):
    return [(c.tag, c.parent) for c in world.vera.ListComponents(**values).components]


def together(*calls):
    def tried(call):
        try:
            return call()
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(tried, calls))


def test_on_and_off_and_over(world, city):
    """A battery and a microphone on a radio, from there to another one, and into stock; all of it stays on record."""
    radio, other = world.asset(city), world.asset(city)
    battery, mic = piece(world, city, serial="BAT1"), piece(world, city, "speaker_mic")
    values = {"request_id": new_id(), "assets": [battery.serial, mic.tag, battery.tag], "to": radio.tag, "note": "new"}
    reply = world.tina.AttachAssets(**values)
    assert [(c.tag, c.parent, contract.label(c, "class"), contract.label(c, "status"), c.from_by, c.note) for c in reply.components] == [
        (battery.tag, radio.tag, "battery", "in_service", "tina", "new"), (mic.tag, radio.tag, "speaker_mic", "in_service", "tina", "new")]
    assert world.tina.AttachAssets(**values) == reply, "a repeat is the first answer"
    assert list(shown(world, radio).components) == sorted([battery.tag, mic.tag]) and shown(world, radio).attached_to == ""
    assert shown(world, battery).attached_to == radio.tag and not shown(world, battery).components
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {battery.tag} is attached to {radio.tag} since {day()}; detach it first, or move it (--move)"):
        attach(world, other, battery)
    assert [(c.tag, c.parent) for c in attach(world, other, battery, move=True)] == [(battery.tag, other.tag)]
    assert list(shown(world, radio).components) == [mic.tag] and list(shown(world, other).components) == [battery.tag]
    with refused("FAILED_PRECONDITION", field="assets", text="is attached to it already"):
        attach(world, other, battery, move=True)
    values = {"request_id": new_id(), "assets": [battery.tag], "note": "does not hold its charge"}
    reply = world.tina.DetachAssets(**values)
    assert [(c.tag, c.parent, c.until_by, c.until_note) for c in reply.components] == [(battery.tag, other.tag, "tina", "does not hold its charge")]
    assert world.tina.DetachAssets(**values) == reply
    assert status(shown(world, battery)) == "spare" and not shown(world, other).components
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {battery.tag} is not attached to anything"):
        world.tina.DetachAssets(assets=[mic.tag, battery.tag])
    assert listed(world, asset=battery.id, detached=True) == [(battery.tag, other.tag), (battery.tag, radio.tag)], "it has been on both"
    assert listed(world, agency=city) == [(mic.tag, radio.tag)] == listed(world, parent=radio.tag)
    assert set(listed(world, parent=radio.id, detached=True)) == {(mic.tag, radio.tag), (battery.tag, radio.tag)}
    assert not listed(world, asset=battery.tag) and listed(world, asset=battery.tag, parent=radio.tag, detached=True) == [(battery.tag, radio.tag)]
    assert [e.action for e in world.vera.ListEvents(resource="component", resource_id=mic.id).events] == ["insert"]


def test_what_is_not_attached(world, city):
    radio, taken, lent, held, lot, gone = (world.asset(city) for _ in range(6))
    good, taken, lent, gone = (piece(world, city) for _ in range(4))
    lot = piece(world, city, "antenna", quantity=20)
    who = world.tina.CreateCustodian(custodian={"agency": city, "code": "1", "name": "A. Ruiz"}).custodian
    world.tina.CheckOutAssets(assets=[taken.id], to=who.id)
    world.tina.IssueLoan(asset=lent.id, borrower="X", due_on=day(2))
    world.tina.UpdateAsset(asset={"id": gone.id, "status": "missing", "revision": gone.revision}, update_mask=["status"])
    with refused("FAILED_PRECONDITION", field="assets") as refusal:
        attach(world, radio, good, taken, lent, lot, gone, held)
    for sentence in (f"asset {taken.tag} is checked out by itself", f"asset {lent.tag} is lent by itself", f"asset {lot.tag} stands for 20 pieces",
                     f"asset {gone.tag} is missing; only what is in service or spare", f"asset {held.tag} is a portable; a battery, charger"):
        assert sentence in refusal.text, refusal.text
    assert not shown(world, radio).components, "all or none"
    charger, second, third = piece(world, city, "charger"), piece(world, city), piece(world, city)
    attach(world, charger, second)
    for parent, child, text in ((radio, charger, f"something is attached to asset {charger.tag}"), (second, third, f"asset {second.tag} is itself attached to {charger.tag}"),
                                (third, third, "is not attached to itself"), (gone, third, f"asset {gone.tag} is missing; nothing is attached to it")):
        with refused("FAILED_PRECONDITION", field="assets", text=text):
            attach(world, parent, child)
    foreign = world.asset(world.agency())
    with refused("INVALID_ARGUMENT", field="to", text="both are of one agency"):
        attach(world, foreign, third)
    with refused("NOT_FOUND", field="to", text="no asset has the code NOBODY"):
        world.tina.AttachAssets(assets=[third.id], to="NOBODY")
    with refused("INVALID_ARGUMENT", field="to"):
        world.tina.AttachAssets(assets=[third.id])
    with refused("INVALID_ARGUMENT", field="assets"):
        world.tina.DetachAssets()


def test_it_goes_along(world, city):
    """With its radio, not by itself; and nothing is retired with something on it."""
    radio, battery = world.asset(city), piece(world, city)
    attach(world, radio, battery)
    who = world.tina.CreateCustodian(custodian={"agency": city, "code": "1", "name": "A. Ruiz"}).custodian
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {battery.tag} is attached to {radio.tag} and goes along with it; detach it first"):
        world.tina.CheckOutAssets(assets=[battery.id], to=who.id)
    with refused("FAILED_PRECONDITION", field="asset", text="goes along with it"):
        world.tina.IssueLoan(asset=battery.id, borrower="X", due_on=day(2))
    world.tina.CheckOutAssets(assets=[radio.id], to=who.id)
    assert list(shown(world, radio).components) == [battery.tag]
    assert [(b.tag, b.parent, b.assigned_to) for b in world.vera.ListBatteries(agency=city).batteries] == [(battery.tag, radio.tag, "A. Ruiz")]
    world.tina.CheckInAssets(assets=[radio.id])
    for asset in (radio, battery):
        it = shown(world, asset)
        with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", field="status", text="detach with asset detach before it is retired"):
            world.tina.UpdateAsset(asset={"id": asset.id, "status": "retired", "revision": it.revision}, update_mask=["status"])
    it = shown(world, radio)
    world.tina.UpdateAsset(asset={"id": radio.id, "status": "missing", "revision": it.revision}, update_mask=["status"])
    assert list(shown(world, radio).components) == [battery.tag], "what was on a lost radio is lost with it"


def test_batteries(world, city):
    """Age by date code or purchase, capacity by the readings of services; what is too old or too weak is one list."""
    old, weak, bought, fresh, odd = (piece(world, city, tag=f"BAT{i}") for i in range(5))
    world.tina.UpdateAsset(asset={"id": bought.id, "purchased_on": day(-1000), "revision": bought.revision}, update_mask=["purchased_on"])
    week = datetime.date.fromisoformat(day(-800)).isocalendar()
    values = {"request_id": new_id(), "asset": old.tag, "date_code": f"{week[0] % 100:02d}{week[1]:02d}"}
    reply = world.tina.SetDateCode(**values)
    monday = datetime.date.fromisocalendar(week[0], week[1], 1)
    assert (reply.battery.made_on, reply.battery.date_code_revision, list(reply.warnings)) == (monday.isoformat(), 1, [])
    assert reply.battery.age_months in (26, 27) and world.tina.SetDateCode(**values) == reply
    recent = datetime.date.fromisoformat(day(-60)).isocalendar()
    assert world.tina.SetDateCode(asset=fresh.tag, date_code=f"{recent[0] % 10}{recent[1]:02d}").battery.age_months in (1, 2)
    reply = world.tina.SetDateCode(asset=odd.tag, date_code="26Q7")
    assert reply.battery.made_on == "" and not reply.battery.HasField("age_months") and "date code 26Q7: it is neither YWW nor YYWW" in reply.warnings[0]
    with refused("ABORTED", field="revision", text="its date code is at revision 1"):
        world.tina.SetDateCode(asset=odd.tag, date_code="635")
    assert world.tina.SetDateCode(asset=odd.tag, date_code="0099", revision=1).battery.date_code_revision == 2
    with refused("FAILED_PRECONDITION", field="asset", text="a battery has a date code"):
        world.tina.SetDateCode(asset=world.asset(city).id, date_code="635")
    for wrong in ("", "x" * 17, "6\n35"):
        with refused("INVALID_ARGUMENT", field="date_code"):
            world.tina.SetDateCode(asset=weak.id, date_code=wrong)
    number = f"BATTERY{world.number()}"
    world.ada.CreateProcedure(procedure={"code": number, "name": "Battery"},
                              steps=[{"step": "capacity", "kind": "reading", "unit": "%", "test": "battery_capacity"}])
    for asset, readings in ((weak, (92, 71)), (fresh, (98,))):
        for n, value in enumerate(readings):
            world.tina.CreateServiceRecord(asset=asset.id, procedure=number, done_on=day(-10 + n), readings=[{"name": "capacity", "value": value, "unit": "%"}])

    def tags(**filters):
        return [b.tag for b in world.vera.ListBatteries(agency=city, **filters).batteries]
    assert tags() == ["BAT0", "BAT1", "BAT2", "BAT3", "BAT4"]
    assert tags(older_than_months=24) == ["BAT0", "BAT2"] and tags(capacity_below=80) == ["BAT1"]
    assert tags(older_than_months=24, capacity_below=80) == ["BAT0", "BAT1", "BAT2"] and tags(older_than_months=40) == []
    assert [(b.capacity_percent, b.measured_on) for b in world.vera.ListBatteries(agency=city).batteries if b.HasField("capacity_percent")] == [(71, day(-9)), (98, day(-10))]
    gone = shown(world, old)
    world.tina.UpdateAsset(asset={"id": old.id, "status": "retired", "revision": gone.revision}, update_mask=["status"])
    assert tags(older_than_months=24) == ["BAT2"]
    for wrong in ({"older_than_months": -1}, {"older_than_months": 1201}, {"capacity_below": -1}, {"capacity_below": float("nan")}):
        with refused("INVALID_ARGUMENT", field=next(iter(wrong))):
            tags(**wrong)


def test_two_benches(world, city):
    """Of two who put one battery on two radios at once one does; nor is there a circle, nor is it lent or retired meanwhile."""
    radios = [world.asset(city) for _ in range(4)]
    for move in (False, True):
        battery = piece(world, city)
        results = together(*[lambda radio=radio, n=n: attach(world, radio, battery, caller=("tina", "ada")[n % 2], move=move) for n, radio in enumerate(radios)])
        assert len([r for r in results if not isinstance(r, Refused)]) == (4 if move else 1), results
        assert len(listed(world, asset=battery.id)) == 1
    for _ in range(3):
        one, two = piece(world, city, "charger"), piece(world, city)
        results = together(lambda: attach(world, one, two), lambda: attach(world, two, one, caller="ada"))
        assert len([r for r in results if isinstance(r, Refused)]) == 1, results
        battery = piece(world, city)
        results = together(lambda: attach(world, radios[0], battery), lambda: world.ada.IssueLoan(asset=battery.id, borrower="X", due_on=day(2)))
        assert len([r for r in results if isinstance(r, Refused)]) == 1, results
        radio, battery = world.asset(city), piece(world, city)
        retired = {"id": radio.id, "status": "retired", "revision": radio.revision}
        results = together(lambda: attach(world, radio, battery), lambda: world.ada.UpdateAsset(asset=retired, update_mask=["status"]))
        assert len([r for r in results if isinstance(r, Refused)]) == 1, results
