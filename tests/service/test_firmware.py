"""Firmware: what is approved, who is off it, who approved what at once, and what a radio has had from where."""

import threading

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id


def model(world):
    number = f"FW{world.number():06d}"
    world.ada.CreateModel(model={"number": number, "manufacturer": "Test", "class": "portable"})
    return number


def off(world, agency, **values):
    return {r.tag: contract.label(r, "standing") for r in world.vera.pages("ListOffFirmware", "radios", agency=agency, **values)}


def test_radios_that_are_off(world, agency):
    number, other = model(world), model(world)
    for tag, kind, firmware in (("A", number, "R2"), ("B", number, "R1"), ("C", number, ""), ("D", number, "R9"), ("E", other, "R9")):
        world.asset(agency, tag=tag, model=kind, firmware=firmware)
    assert off(world, agency) == {}, "nothing is off before anything is approved"
    request = {"request_id": new_id(), "firmware": {"model": number, "version": "R2", "note": "trial of March"}}
    approved = world.ada.SetApprovedFirmware(**request)
    assert world.ada.SetApprovedFirmware(**request) == approved and approved.firmware.revision == 1
    first = world.ada.SetApprovedFirmware(firmware={"model": number, "version": "R1", "from_on": day(-30)}).firmware
    for size in (1, 2, 50):
        assert off(world, agency, page_size=size) == {"C": "not_known", "D": "not_approved"}
    ended = {"model": number, "version": "R1", "until_on": day(-1), "revision": first.revision}
    world.ada.SetApprovedFirmware(firmware=ended)
    assert off(world, agency) == {"B": "ended", "C": "not_known", "D": "not_approved"}
    with refused("ABORTED", field="firmware.revision"):
        world.ada.SetApprovedFirmware(firmware=ended)
    for caller in (world.caller("ind-admin"), world.tina):
        with refused("PERMISSION_DENIED"):
            caller.SetApprovedFirmware(firmware={"model": number, "version": "R7"})
    counted = world.vera.SummarizeFirmware(agency=agency).summaries
    assert [(s.model, s.radios, s.approved, s.not_approved, s.ended, s.not_yet, s.not_known) for s in counted] == [(number, 4, 1, 1, 1, 0, 1)]
    assert [f.version for f in world.vera.ListApprovedFirmware(model=number).firmware] == ["R1", "R2"]
    with refused("NOT_FOUND", field="agency"):
        world.lee.ListOffFirmware(agency=agency)


def test_two_approve_at_once(world):
    """The same version by two administrators: one approval, and the other hears of it."""
    number, answers = model(world), []
    callers = [world.fresh_caller("ada"), world.fresh_caller("shop-admin")]
    barrier = threading.Barrier(2)

    def approve(caller):
        barrier.wait()
        try:
            answers.append(caller.SetApprovedFirmware(firmware={"model": number, "version": "R1"}).firmware.approved_by)
        except Refused as refusal:
            answers.append(refusal.code)
    threads = [threading.Thread(target=approve, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()
    assert answers.count("ALREADY_EXISTS") == 1, answers
    assert len(world.vera.ListApprovedFirmware(model=number).firmware) == 1


def test_what_a_radio_has_had(world, agency):
    asset = world.asset(agency, firmware="R1", codeplug="CP1")
    code = f"FW{world.number()}"
    world.ada.CreateCampaign(campaign={"code": code, "name": "x", "kind": "firmware", "target": "R2"}, selection={"agency": [agency]})
    world.tina.TickCampaignItem(campaign=code, asset=asset.id)
    now = world.tina.GetAsset(asset=asset.id).asset
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": now.revision, "codeplug": "CP2", "location": "Station 9"},
                           update_mask=["codeplug", "location"])
    history = [(c.kind, c.was, c.version, c.changed_by, c.source) for c in world.vera.ListFirmwareHistory(asset=asset.id).changes]
    assert history == [("codeplug", "CP1", "CP2", "tina", ""), ("firmware", "R1", "R2", "tina", f"campaign {code}"),
                       ("firmware", "", "R1", "tina", ""), ("codeplug", "", "CP1", "tina", "")]
    ticket = world.tina.OpenTicket(asset=asset.id, problem="dead", received=True).ticket
    world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing")
    rma = world.tina.OpenRma(ticket=ticket.number, number=f"FW-{world.number()}", vendor="Depot", kind="depot").rma
    rma = world.tina.ShipRma(rma=rma.number, revision=rma.revision).rma
    world.tina.ReceiveRma(rma=rma.number, revision=rma.revision, outcome="repaired", firmware="R3")
    last = next(c for c in world.vera.ListFirmwareHistory(asset=asset.id).changes if c.kind == "firmware")
    assert (last.was, last.version, last.source) == ("R2", "R3", f"RMA {rma.number}")
    with refused("NOT_FOUND", field="asset"):
        world.caller("lsu-everything").ListFirmwareHistory(asset=asset.id)
