"""Transfers between agencies: offered, accepted, declined, withdrawn; what moves, what stays, and what the other side learns."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, state, status

SECRET = "SecretOfTheGiver"


@pytest.fixture(scope="module")
def two(world):
    """Two cities with a fleet manager each, who sees nothing of the other: [(code, caller)]."""
    made = []
    for _ in range(2):
        code = world.agency()
        made.append((code, world.fresh_caller(world.person(f"manager-{code.lower()}", [("fleet_manager", code), ("viewer", code)]))))
    yield made
    for _, caller in made:
        caller.close()


def shown(world, asset):
    return world.vera.GetAsset(asset=asset.id).asset


def offer(two, *assets, **values):
    return two[0][1].OfferTransfer(**{"assets": [a.id for a in assets], "to": two[1][0], "price_cents": 120000, **values}).transfer


def together(*calls):
    def tried(call):
        try:
            return call()
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(tried, calls))


def test_offered_and_accepted(world, two):
    """Two radios and a battery go over; history, tickets and notes stay, and a month that is closed with them."""
    (ours, giver), (theirs, receiver) = two
    radio, other = (world.asset(ours, purchased_on=day(-900), warranty_until=day(90), flashcode="000080-000000-3", firmware="R32", codeplug=SECRET, alias=SECRET, notes=SECRET,
                                location=SECRET, assigned_to=SECRET, description=SECRET, system=f"{SECRET}", unit_id=4000 + i) for i in range(2))
    battery = world.asset(ours, **{"class": "battery", "model": "", "status": "spare"})
    world.tina.SetDateCode(asset=battery.id, date_code="2401")
    world.tina.AttachAssets(assets=[battery.id], to=radio.id)
    world.tina.LogRepair(asset=radio.id, problem=SECRET, action=SECRET)
    world.tina.CreateServiceRecord(asset=radio.id, plan=world.plan(ours).code, result="passed", done_on=day(-30), notes=SECRET)
    month = world.bill(ours, beside=theirs)
    billed = [world.vera.GetStatement(agency=code, month=month) for code in (ours, theirs)]
    values = {"request_id": new_id(), "assets": [radio.tag, other.tag], "to": theirs.lower(), "price_cents": 120001, "note": "two spares"}
    made = giver.OfferTransfer(**values).transfer
    assert giver.OfferTransfer(**values).transfer == made, "a repeat is the first answer"
    assert (state(made), made.agency, made.receiver, made.number, made.price_cents, made.offered_by) == ("offered", ours, theirs, f"{ours}-T-1", 120001, f"manager-{ours.lower()}")
    assert [(i.tag, i.price_cents, i.attached_to, i.repairs, i.serviced_on) for i in made.items] == [
        (radio.tag, 60001, "", 1, day(-30)), (other.tag, 60000, "", 0, ""), (battery.tag, 0, radio.tag, 0, "")]
    seen = receiver.GetTransfer(transfer=made.number.lower()).transfer
    assert seen == made and SECRET not in repr(seen), "the receiver reads the same, and nothing else"
    assert [t.number for t in receiver.ListTransfers(state="offered").transfers] == [made.number] == [t.number for t in giver.ListTransfers(agency=ours).transfers]
    with refused("NOT_FOUND"):
        receiver.GetAsset(asset=radio.id)
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {radio.tag} is offered to {theirs} already, as {made.number}"):
        offer(two, radio)
    values = {"request_id": new_id(), "transfer": made.number, "tags": [f"{radio.tag}=L-77"], "note": "thanks"}
    done = receiver.AcceptTransfer(**values).transfer
    assert receiver.AcceptTransfer(**values).transfer == done
    assert (state(done), done.decided_by, done.decision_note, [i.new_tag for i in done.items]) == ("accepted", f"manager-{theirs.lower()}", "thanks", ["L-77", other.tag, battery.tag])
    new = receiver.GetAsset(asset="L-77").asset
    assert (new.agency, new.serial, new.model, new.flashcode, new.firmware, new.purchased_on, new.warranty_until, new.cost_cents, status(new), list(new.components)) == (
        theirs, radio.serial, radio.model, "000080-000000-3", "R32", day(-900), day(90), 60001, "spare", [battery.tag])
    assert new.id != radio.id and SECRET not in repr(new) and not new.HasField("unit_id")
    assert [b.date_code for b in receiver.ListBatteries(agency=theirs).batteries] == ["2401"]
    assert SECRET not in repr(receiver.ListEvents(agency=theirs, page_size=1000)) and not receiver.ListTickets(agency=theirs, closed=True).tickets
    # At the giver it is disposed of, and keeps what was.
    gone = giver.GetRetirement(asset=radio.tag).retirement
    assert (contract.label(gone, "reason"), contract.label(gone, "method"), gone.recipient, gone.proceeds_cents, gone.unit_id, gone.disposed_by) == (
        "transferred", "transferred", theirs, 60001, 4000, f"manager-{theirs.lower()}")
    old = giver.GetAsset(asset=radio.id).asset
    assert (status(old), old.notes, list(old.components)) == ("disposed", SECRET, []) and [t.tag for t in giver.ListTickets(asset=radio.id, closed=True).tickets] == [radio.tag]
    assert world.asset(ours, system=SECRET, unit_id=4000).unit_id == 4000, "its unit ID is free"
    assert [world.vera.GetStatement(agency=code, month=month) for code in (ours, theirs)] == billed, "a closed month stays as it was"
    for way in (lambda: world.tina.UpdateAsset(asset={"id": radio.id, "revision": old.revision, "status": "spare"}, update_mask=["status"]),
                lambda: giver.UpdateRetirement(retirement={"id": gone.id, "revision": gone.revision, "method": "sold"}, update_mask=["method"])):
        with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", text="transfer offer"):
            way()
    for decide in (receiver.AcceptTransfer, receiver.DeclineTransfer, giver.WithdrawTransfer):
        with refused("FAILED_PRECONDITION", field="transfer", text=f"transfer {made.number} is accepted already"):
            decide(transfer=made.number)
    # And back again: its serial number is on the new record, and the old one is its history.
    back = receiver.OfferTransfer(assets=["L-77"], to=ours).transfer
    with refused("ALREADY_EXISTS", field="tags", text=f"{ours} has assets with the tags {battery.tag} already"):
        giver.AcceptTransfer(transfer=back.number, tags=["L-77=BACK1"])
    giver.AcceptTransfer(transfer=back.number, tags=["L-77=BACK1", f"{battery.tag}=BACK2"])
    assert giver.GetAsset(asset=f"{ours}:{radio.serial}").asset.tag == "BACK1" and giver.GetAsset(asset=radio.id).asset.serial == ""


def test_declined_and_withdrawn(world, two):
    (ours, giver), (theirs, receiver) = two
    radio = world.asset(ours)
    for decide, wrong, word, text in ((receiver.DeclineTransfer, giver.DeclineTransfer, "declined", f"was offered to {theirs}"),
                                      (giver.WithdrawTransfer, receiver.WithdrawTransfer, "withdrawn", f"was offered by {ours}")):
        made = offer(two, radio)
        with refused("FAILED_PRECONDITION", field="transfer", text=text):
            wrong(transfer=made.number)
        with refused("FAILED_PRECONDITION", field="transfer", text=f"{theirs}, which accepts or declines it"):
            giver.AcceptTransfer(transfer=made.number)
        values = {"request_id": new_id(), "transfer": made.id, "note": "no"}
        done = decide(**values).transfer
        assert (state(done), done.decision_note) == (word, "no") and decide(**values).transfer == done
        assert status(shown(world, radio)) == "in_service"
        with refused("FAILED_PRECONDITION", field="transfer", text=f"is {word} already"):
            receiver.AcceptTransfer(transfer=made.number)


def test_what_is_in_the_way(world, two):
    """Named to the giver when it offers; when it comes up later, the receiver learns that there is something, and not what."""
    (ours, giver), (theirs, receiver) = two
    lent, taken, broken, keys, lost, free = (world.asset(ours) for _ in range(6))
    battery, radio = world.asset(ours, **{"class": "battery", "model": "", "status": "spare"}), world.asset(ours)
    world.tina.IssueLoan(asset=lent.id, borrower="B. Lane", due_on=day(2))
    who = world.tina.CreateCustodian(custodian={"agency": ours, "code": "1", "name": SECRET}).custodian
    world.tina.CheckOutAssets(assets=[taken.id], to=who.id)
    ticket = world.tina.OpenTicket(asset=broken.id, problem="x").ticket
    keyset = world.ada.CreateKeyset(keyset={"agency": ours, "code": "PDAES", "name": "x", "number": 1, "algorithm": "aes_256", "ckrs": "1"}).keyset
    world.tina.LoadKeyset(keyset=keyset.id, assets=[keys.id], means="otar")
    world.tina.UpdateAsset(asset={"id": lost.id, "revision": lost.revision, "status": "missing"}, update_mask=["status"])
    world.tina.AttachAssets(assets=[battery.id], to=radio.id)
    for asset, text in ((lent, "is lent to B. Lane"), (taken, f"is checked out to {SECRET} (1)"), (broken, f"ticket {ticket.number} is open"), (lost, "is missing and is not transferred"),
                        (battery, f"is attached to {radio.tag}; transfer that"), (keys, f"holds keys of {ours}:PDAES; erase them and record it with key erase or key zeroize first")):
        with refused("FAILED_PRECONDITION", field="assets", text=text):
            offer(two, free, asset)
    made = offer(two, free)
    world.tina.CheckOutAssets(assets=[free.id], to=who.id)
    with refused("FAILED_PRECONDITION", field="transfer", text=f"asset {free.tag} cannot leave {ours} as it is now; ask there to look at it") as refusal:
        receiver.AcceptTransfer(transfer=made.number)
    assert SECRET not in refusal.text
    with refused("FAILED_PRECONDITION", field="transfer", text=SECRET):
        world.ada.AcceptTransfer(transfer=made.number)
    world.tina.CheckInAssets(assets=[free.id])
    taken_tag = world.asset(theirs, tag=free.tag)
    with refused("ALREADY_EXISTS", field="tags", text=f"{theirs} has assets with the tags {free.tag} already"):
        receiver.AcceptTransfer(transfer=made.number)
    world.tina.UpdateAsset(asset={"id": taken_tag.id, "revision": 1, "serial": free.serial, "tag": f"{free.tag}X"}, update_mask=["serial", "tag"])
    with refused("ALREADY_EXISTS", field="transfer", text=f"asset {theirs}:{free.tag}X has the serial number {free.serial}"):
        receiver.AcceptTransfer(transfer=made.number)
    for tags in ([f"{free.tag}"], ["NOSUCH=1"], [f"{free.tag}="]):
        with refused("INVALID_ARGUMENT", field="tags"):
            receiver.AcceptTransfer(transfer=made.number, tags=tags)
    renamed = shown(world, free)
    world.tina.UpdateAsset(asset={"id": free.id, "revision": renamed.revision, "serial": "OTHER1"}, update_mask=["serial"])
    with refused("FAILED_PRECONDITION", field="transfer", text="than when it was offered; offer it anew"):
        world.ada.AcceptTransfer(transfer=made.number)
    giver.WithdrawTransfer(transfer=made.number)
    for values, code, field in (({"to": ""}, "INVALID_ARGUMENT", "to"), ({"to": "NOSUCH"}, "NOT_FOUND", "to"), ({"to": ours}, "INVALID_ARGUMENT", "to"), ({"assets": []}, "INVALID_ARGUMENT", "assets"),
                                ({"price_cents": -1}, "INVALID_ARGUMENT", "price_cents"), ({"note": "x" * 2001}, "INVALID_ARGUMENT", "note"), ({"at_once": True}, "PERMISSION_DENIED", "at_once"),
                                ({"tags": ["x=y"]}, "INVALID_ARGUMENT", "tags"), ({"assets": [world.asset(theirs).id]}, "NOT_FOUND", "assets")):
        with refused(code, field=field):
            offer(two, free, **values)
    with refused("NOT_FOUND", field="transfer"):
        receiver.AcceptTransfer(transfer="NOSUCH")
    gone, = world.tina.RetireAssets(assets=[world.asset(ours).id], reason="surplus").retirements
    with refused("INVALID_ARGUMENT", field="method", text="only what the other agency has accepted is transferred"):
        giver.DisposeAssets(assets=[gone.tag], method="transferred", recipient="x")


def test_at_once(world, two):
    """Who manages both hands over in one step, or not at all; what was retired keeps its reason."""
    (ours, giver), (theirs, receiver) = two
    radio, clash = world.asset(ours), world.asset(ours)
    world.asset(theirs, tag=clash.tag)
    world.tina.RetireAssets(assets=[radio.id], reason="surplus")
    with refused("ALREADY_EXISTS", field="tags"):
        world.ada.OfferTransfer(assets=[radio.id, clash.id], to=theirs, at_once=True)
    assert not giver.ListTransfers(state="offered").transfers, "the offer went with it"
    made = world.ada.OfferTransfer(assets=[radio.id, clash.id], to=theirs, at_once=True, tags=[f"{clash.tag}=NEW{clash.tag}"]).transfer
    assert state(made) == "accepted" and contract.label(giver.GetRetirement(asset=radio.id).retirement, "reason") == "surplus"
    assert status(receiver.GetAsset(asset=radio.tag).asset) == "spare" and not receiver.GetAsset(asset=radio.tag).asset.HasField("cost_cents")


def test_two_at_once(world, two):
    """Accepted twice, accepted and withdrawn, accepted while it is lent or offered twice: one of the two."""
    (ours, giver), (theirs, receiver) = two
    for other in (lambda made, radio: world.ada.AcceptTransfer(transfer=made.number), lambda made, radio: giver.WithdrawTransfer(transfer=made.number),
                  lambda made, radio: world.tina.IssueLoan(asset=radio.id, borrower="X", due_on=day(2))):
        for _ in range(2):
            radio = world.asset(ours)
            made = offer(two, radio)
            results = together(lambda: receiver.AcceptTransfer(transfer=made.number), lambda: other(made, radio))
            assert len([r for r in results if isinstance(r, Refused)]) == 1, results
            assert len(world.vera.LookupAssets(code=radio.serial).assets) == (1 if isinstance(results[0], Refused) and not state(world.vera.GetTransfer(transfer=made.id).transfer) == "accepted" else 2)
    radio = world.asset(ours)
    results = together(lambda: offer(two, radio), lambda: world.ada.OfferTransfer(assets=[radio.id], to=theirs))
    assert len([r for r in results if isinstance(r, Refused)]) == 1, results
