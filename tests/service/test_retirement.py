"""Retirement and disposal: what is in the way, every way in, several at once, what ends with it, and corrections."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, status


@pytest.fixture
def city(world):
    return world.agency()


@pytest.fixture
def manager(world, city):
    caller = world.fresh_caller(world.person(f"manager-{city.lower()}", [("fleet_manager", city)]))
    yield caller
    caller.close()


def shown(world, asset):
    return world.vera.GetAsset(asset=asset.id).asset


def change(world, asset, **values):
    return world.tina.UpdateAsset(asset={"id": asset.id, "revision": shown(world, asset).revision, **values}, update_mask=list(values)).asset


def retire(world, *assets, reason="surplus", **values):
    return list(world.tina.RetireAssets(assets=[a.id for a in assets], reason=reason, **values).retirements)


def dispose(manager, *assets, method="scrapped", **values):
    return list(manager.DisposeAssets(assets=[a.id for a in assets], method=method, **values).retirements)


def keyed(world, city, asset, code):
    keyset = world.ada.CreateKeyset(keyset={"agency": city, "code": code, "name": "x", "number": 1, "algorithm": "aes_256", "ckrs": "1"}).keyset
    world.tina.LoadKeyset(keyset=keyset.id, assets=[asset.id], means="otar")
    return keyset


def together(*calls):
    def tried(call):
        try:
            return call()
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(tried, calls))


def test_retired_and_sold(world, city, manager):
    """Two radios retired and then sold together: who, when, why, to whom, and each its share of what they brought."""
    radios = [world.asset(city, system="OLDSYS", unit_id=100 + i) for i in range(3)]
    world.plan(city, first_due_on=day(5))
    assert len(world.due(city)) == 3
    values = {"request_id": new_id(), "assets": [r.tag for r in radios] + [radios[0].serial], "reason": "end_of_support", "note": "XTS", "retired_on": day(-3)}
    reply = world.tina.RetireAssets(**values)
    assert [(r.tag, contract.label(r, "state"), contract.label(r, "reason"), r.note, r.retired_on, r.retired_by, status(r), contract.label(r, "method"), list(r.warnings))
            for r in reply.retirements] == [(a.tag, "retired", "end_of_support", "XTS", day(-3), "tina", "retired", "unspecified", []) for a in radios]
    assert world.tina.RetireAssets(**values) == reply, "a repeat is the first answer"
    assert not world.due(city), "nothing is due any more"
    assert [shown(world, r).unit_id for r in radios] == [100, 101, 102], "a retired radio keeps its unit ID"
    with refused("ALREADY_EXISTS", field="unit_id"):
        world.asset(city, system="OLDSYS", unit_id=100)
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {radios[0].tag} is retired already"):
        retire(world, radios[0])
    values = {"request_id": new_id(), "assets": [r.tag for r in radios], "method": "sold", "disposed_on": day(-1), "recipient": "GovDeals 4711", "proceeds_cents": 10000,
              "certificate": "B-7", "note": "lot 3"}
    reply = manager.DisposeAssets(**values)
    assert [(r.tag, contract.label(r, "state"), contract.label(r, "method"), r.disposed_on, r.recipient, r.proceeds_cents, r.certificate, r.disposal_note, r.unit_id, r.system)
            for r in reply.retirements] == [(a.tag, "disposed", "sold", day(-1), "GovDeals 4711", cents, "B-7", "lot 3", unit, "OLDSYS")
                                            for a, cents, unit in zip(radios, (3334, 3333, 3333), (100, 101, 102))]
    assert reply.retirements[0].disposed_by == f"manager-{city.lower()}" and manager.DisposeAssets(**values) == reply
    assert not shown(world, radios[0]).HasField("unit_id") and status(shown(world, radios[0])) == "disposed"
    assert world.asset(city, system="OLDSYS", unit_id=100).unit_id == 100, "its unit ID is free again"
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {radios[1].tag} is disposed of already (sold, {day(-1)})"):
        dispose(manager, radios[1])
    with refused("FAILED_PRECONDITION", field="asset", text="is disposed"):
        world.tina.OpenTicket(asset=radios[0].id, problem="x")
    with refused("FAILED_PRECONDITION", text="is disposed"):
        world.tina.RecordMeter(asset=radios[0].id, meter="hours", value=1)
    assert [e.action for e in world.vera.ListEvents(resource="retirement", resource_id=radios[0].id).events] == ["update", "insert"]
    # Back in use, it is over; what was said stays.
    change(world, radios[2], status="in_service")
    last = world.vera.GetRetirement(asset=radios[2].tag).retirement
    assert (contract.label(last, "state"), last.ended_by, last.recipient) == ("ended", "tina", "GovDeals 4711")
    with refused("FAILED_PRECONDITION", text="is in use again"):
        manager.UpdateRetirement(retirement={"id": last.id, "revision": last.revision, "note": "y"}, update_mask=["note"])
    # Disposed of by mistake, it lies there again.
    change(world, radios[1], status="retired")
    again = world.vera.GetRetirement(asset=radios[1].tag).retirement
    assert (contract.label(again, "state"), contract.label(again, "reason"), again.note, again.recipient) == ("retired", "end_of_support", "XTS", "")

    def listed(**filters):
        return [r.tag for r in world.vera.ListRetirements(agency=city, **filters).retirements]
    assert listed() == [radios[1].tag, radios[0].tag] or listed() == [radios[1].tag, radios[0].tag][::-1]
    assert listed(state="retired") == [radios[1].tag] and listed(state="disposed") == [radios[0].tag]
    assert sorted(listed(state="ended")) == sorted([radios[1].tag, radios[2].tag]) and len(listed(asset=radios[1].tag)) == 2
    assert listed(asset=radios[1].tag, state="disposed") == [] and len(listed(asset=radios[1].tag, state="ended")) == 1


def test_what_is_in_the_way(world, city, manager):
    """Each is named, by every way in: the step, a change of the status, an import; for one all stay."""
    lent, taken, broken, radio, keys, free = (world.asset(city) for _ in range(6))
    battery = world.asset(city, **{"class": "battery", "model": "", "status": "spare"})
    world.tina.IssueLoan(asset=lent.id, borrower="B. Lane", due_on=day(2))
    who = world.tina.CreateCustodian(custodian={"agency": city, "code": "1", "name": "A. Ruiz"}).custodian
    world.tina.CheckOutAssets(assets=[taken.id], to=who.id)
    ticket = world.tina.OpenTicket(asset=broken.id, problem="x").ticket
    world.tina.AttachAssets(assets=[battery.id], to=radio.id)
    keyset = keyed(world, city, keys, "PDAES")
    holds = f"asset {city}:{keys.tag} holds keys of {city}:PDAES; erase them and record it with key erase or key zeroize before it is retired"
    ways = ((lent, "is lent to B. Lane", "take it in with loan return"), (taken, "is checked out to A. Ruiz (1)", "check it in with asset checkin"),
            (broken, f"ticket {ticket.number} is open for asset {city}:{broken.tag}", "a ticket is open for it"),
            (radio, f"attached to asset {city}:{radio.tag}: {battery.tag}", "it is attached to something"),
            (battery, f"is attached to {radio.tag}; detach", "it is attached to something"), (keys, holds, "it holds keys"))
    for asset, named, row in ways:
        with refused("FAILED_PRECONDITION", field="assets", text=named):
            retire(world, free, asset)
        with refused("FAILED_PRECONDITION", field="status", text=named):
            change(world, asset, status="retired")
        result, = world.tina.ImportAssets(agency=city, rows=[{"line": 2, "tag": asset.tag, "status": "retired"}]).results
        assert (contract.label(result, "outcome"), result.column) == ("refused", "status") and row in result.reason, result.reason
        assert status(shown(world, asset)) != "retired"
    assert status(shown(world, free)) == "in_service", "all or none"
    for asset in (free, retire(world, world.asset(city))[0]):  # how it was disposed of is said, or it is not
        with refused("FAILED_PRECONDITION", field="status", text="say how it was disposed of, with asset dispose"):
            world.tina.UpdateAsset(asset={"id": world.vera.GetAsset(asset=asset.tag).asset.id, "revision": world.vera.GetAsset(asset=asset.tag).asset.revision, "status": "disposed"},
                                   update_mask=["status"])
        result, = world.tina.ImportAssets(agency=city, rows=[{"line": 2, "tag": asset.tag, "status": "disposed"}]).results
        assert result.column == "status" and "say how it was disposed of, with asset dispose" in result.reason
    world.tina.EraseKeys(keyset=keyset.id, assets=[keys.id])
    retire(world, keys)
    # A plain change of the status, and an import, are retirements too, without a reason.
    change(world, free, status="retired")
    row, = world.tina.ImportAssets(agency=city, rows=[{"line": 2, "tag": world.asset(city).tag, "status": "retired"}]).results
    for code in (free.id, row.id):
        made = world.vera.GetRetirement(asset=code).retirement
        assert (contract.label(made, "state"), contract.label(made, "reason"), made.retired_by, made.retired_on) == ("retired", "unspecified", "tina", day())
    # What was entered as retired has no such record, and can still be disposed of.
    old = world.asset(city, status="retired")
    with refused("FAILED_PRECONDITION", field="asset", text="before it was kept how"):
        world.vera.GetRetirement(asset=old.id)
    assert contract.label(dispose(manager, old)[0], "state") == "disposed"
    with refused("FAILED_PRECONDITION", field="asset", text="was never retired"):
        world.vera.GetRetirement(asset=taken.id)


def test_written_off(world, city, manager):
    """Beyond repair it is retired by its ticket, which says so; disposed of when that is closed. What is missing is written off with its keys."""
    broken = world.asset(city)
    keyset = keyed(world, city, broken, "K1")
    ticket = world.tina.OpenTicket(asset=broken.id, problem="drowned", received=True).ticket
    ticket = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing").ticket
    ticket = world.tina.RequestApproval(ticket=ticket.number, revision=ticket.revision, estimate_cents=90000, reason="dead", write_off=True).ticket
    ticket = manager.ApproveTicket(ticket=ticket.number, revision=ticket.revision).ticket
    ready = {"ticket": ticket.number, "revision": ticket.revision, "state": "ready", "outcome": "beyond_repair", "retire_asset": True}
    with refused("FAILED_PRECONDITION", field="retire_asset", text=f"holds keys of {city}:K1"):
        world.tina.MoveTicket(**ready)
    world.tina.EraseKeys(keyset=keyset.id, assets=[broken.id])
    ticket = world.tina.MoveTicket(**ready).ticket
    made = world.vera.GetRetirement(asset=broken.id).retirement
    assert (contract.label(made, "reason"), made.note) == ("beyond_repair", f"ticket {ticket.number}")
    with refused("FAILED_PRECONDITION", field="assets", text=f"ticket {ticket.number} is open"):
        dispose(manager, broken)
    for state in ("returned", "closed"):
        ticket = world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=state).ticket
    dispose(manager, broken)
    lost = world.asset(city, system="LOSTSYS", unit_id=7)
    keyed(world, city, lost, "K2")
    world.ada.CreateCampaign(campaign={"code": f"C{city}", "name": "x", "kind": "other"}, selection={"agency": [city]})
    change(world, lost, status="missing")
    gone, = retire(world, lost, reason="lost")
    assert list(gone.warnings) == [f"asset {lost.tag} is open in campaign C{city}; it counts no more there", f"asset {lost.tag} was missing and may still hold keys of {city}:K2"]
    with refused("FAILED_PRECONDITION", field="assets", text=f"holds keys of {city}:K2"):
        dispose(manager, lost)
    world.tina.EraseKeys(assets=[lost.id], zeroized=True)
    dispose(manager, lost)
    with refused("ALREADY_EXISTS", field="unit_id", text="had this unit ID when it went missing"):
        world.asset(city, system="LOSTSYS", unit_id=7)


def test_corrections(world, city, manager):
    """What came later is added at the revision read; a disposal says what it must."""
    radio, other = world.asset(city), world.asset(city)
    retire(world, radio, other)
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {other.tag} is in service; retire it first, with asset retire"):
        change(world, other, status="in_service")
        dispose(manager, radio, other)
    assert status(shown(world, radio)) == "retired", "all or none"
    made = dispose(manager, radio, method="destroyed")[0]
    values = {"request_id": new_id(), "retirement": {"id": made.id, "revision": made.revision, "certificate": "R2-88412", "disposal_note": "shredded"},
              "update_mask": ["certificate", "disposal_note"]}
    reply = manager.UpdateRetirement(**values)
    assert (reply.retirement.certificate, reply.retirement.disposal_note, reply.retirement.revision) == ("R2-88412", "shredded", made.revision + 1)
    assert manager.UpdateRetirement(**values) == reply
    with refused("ABORTED", text=str(made.revision + 1)):
        manager.UpdateRetirement(retirement={"id": made.id, "revision": made.revision, "certificate": "x"}, update_mask=["certificate"])
    for values, code, field in (
            ({"method": "sold"}, "INVALID_ARGUMENT", "recipient"), ({"proceeds_cents": 5}, "INVALID_ARGUMENT", "proceeds_cents"),
            ({"disposed_on": day(1)}, "INVALID_ARGUMENT", "disposed_on"), ({"disposed_on": day(-1)}, "INVALID_ARGUMENT", "disposed_on"),
            ({"retired_on": day(1)}, "INVALID_ARGUMENT", "retired_on"), ({"recipient": "a\nb"}, "INVALID_ARGUMENT", "recipient"),
            ({"certificate": "x" * 121}, "INVALID_ARGUMENT", "certificate"), ({"reason": 0}, "INVALID_ARGUMENT", "reason"), ({"method": 0}, "INVALID_ARGUMENT", "method"),
            ({"note": "x" * 2001}, "INVALID_ARGUMENT", "note"), ({"tag": "x"}, "INVALID_ARGUMENT", "update_mask")):
        with refused(code, field=field):
            manager.UpdateRetirement(retirement={"id": made.id, "revision": made.revision + 1, **values}, update_mask=list(values))
    with refused("INVALID_ARGUMENT", field="update_mask"):
        manager.UpdateRetirement(retirement={"id": made.id, "revision": made.revision + 1})
    assert contract.label(manager.UpdateRetirement(retirement={"id": made.id, "revision": made.revision + 1, "method": "traded_in", "recipient": "Motorola", "proceeds_cents": 40000},
                                                   update_mask=["method", "recipient", "proceeds_cents"]).retirement, "method") == "traded_in"


def test_wrong_input(world, city, manager):
    radio = world.asset(city)
    foreign = world.asset(world.agency())
    for values, code, field, text in (
            ({}, "INVALID_ARGUMENT", "reason", "say why"), ({"assets": []}, "INVALID_ARGUMENT", "assets", "at least one"),
            ({"assets": ["NOSUCH"], "reason": "surplus"}, "NOT_FOUND", "assets", "NOSUCH"), ({"reason": "surplus", "retired_on": day(1)}, "INVALID_ARGUMENT", "retired_on", "is not yet"),
            ({"reason": "surplus", "retired_on": "1949-12-31"}, "INVALID_ARGUMENT", "retired_on", ""), ({"reason": "other", "note": "x" * 2001}, "INVALID_ARGUMENT", "note", ""),
            ({"assets": [radio.id, foreign.id], "reason": "surplus"}, "INVALID_ARGUMENT", "assets", "take one agency at a time")):
        with refused(code, field=field, text=text):
            world.tina.RetireAssets(**{"assets": [radio.id], **values})
    assert status(shown(world, radio)) == "in_service"
    with refused("NOT_FOUND", field="assets"):
        manager.RetireAssets(assets=[foreign.id], reason="surplus")
    retire(world, radio, retired_on=day(-2))
    with refused("PERMISSION_DENIED"):
        dispose(world.tina, radio)
    for values, field in (({"method": 0}, "method"), ({"method": "sold"}, "recipient"), ({"method": "donated"}, "recipient"), ({"method": "returned"}, "recipient"),
                          ({"method": "donated", "recipient": "x", "proceeds_cents": 1}, "proceeds_cents"), ({"proceeds_cents": -1}, "proceeds_cents"),
                          ({"disposed_on": day(1)}, "disposed_on"), ({"certificate": "a\tb"}, "certificate"), ({"note": "\x07"}, "note")):
        with refused("INVALID_ARGUMENT", field=field):
            dispose(manager, radio, **values)
    with refused("FAILED_PRECONDITION", field="assets", text=f"was retired on {day(-2)} and is not disposed of before"):
        dispose(manager, radio, disposed_on=day(-3))
    made = world.vera.GetRetirement(asset=radio.id).retirement
    with refused("FAILED_PRECONDITION", field="asset", text="is not disposed of yet; say so with asset dispose"):
        manager.UpdateRetirement(retirement={"id": made.id, "revision": made.revision, "certificate": "x"}, update_mask=["certificate"])
    with refused("NOT_FOUND", field="agency"):
        manager.ListRetirements(agency="NOSUCH")
    with refused("NOT_FOUND", field="asset"):
        manager.GetRetirement(asset=foreign.tag)


def test_two_at_once(world, city, manager):
    """Retired twice, lent, taken in for repair or keyed at the moment it is retired; sold twice: one of the two."""
    keyset = keyed(world, city, world.asset(city), "K")
    for meanwhile in (lambda a: retire(world, a), lambda a: world.ada.RetireAssets(assets=[a.id], reason="other"),
                      lambda a: world.ada.OpenTicket(asset=a.id, problem="x"), lambda a: world.ada.LoadKeyset(keyset=keyset.id, assets=[a.id], means="otar"),
                      lambda a: world.ada.IssueLoan(asset=a.id, borrower="X", due_on=day(2))):
        for _ in range(2):
            asset = world.asset(city)
            results = together(lambda: retire(world, asset), lambda: meanwhile(asset))
            assert len([r for r in results if isinstance(r, Refused)]) == 1, results
    radios = [world.asset(city) for _ in range(3)]
    retire(world, *radios)
    results = together(lambda: dispose(manager, *radios), lambda: dispose(world.ada, *radios[::-1], method="destroyed"))
    assert len([r for r in results if isinstance(r, Refused)]) == 1, results
    assert len({contract.label(world.vera.GetRetirement(asset=r.id).retirement, "method") for r in radios}) == 1
