"""Mappings that the shop keeps, and serial numbers that several agencies have."""

import pytest

from rig.caller import refused
from rig.world import new_id

TEXT = "tag = {Asset Tag}\nserial = {S/N}"


def mine(agency, **values):
    return {"agency": agency, "name": "cmms", "text": TEXT, **values}


def test_kept_replaced_and_taken_away(world, agency):
    request = {"request_id": new_id(), "mapping": mine(agency.lower(), text=f"\n{TEXT}\n", note="ours")}
    saved = world.tina.SaveMapping(**request)
    assert world.tina.SaveMapping(**request) == saved
    kept = saved.mapping
    assert (kept.agency, kept.name, kept.text, kept.note, kept.saved_by, kept.revision) == (agency, "cmms", TEXT, "ours", "tina", 1)
    assert world.vera.GetMapping(agency=agency, name="CMMS").mapping == kept
    with refused("ALREADY_EXISTS", field="mapping.name"):
        world.tina.SaveMapping(mapping=mine(agency))
    newer = world.tina.SaveMapping(mapping=mine(agency, text="tag = {Tag}", revision=1)).mapping
    assert (newer.text, newer.note, newer.revision) == ("tag = {Tag}", "", 2)
    with refused("ABORTED", field="mapping.revision"):
        world.tina.SaveMapping(mapping=mine(agency, revision=1))
    with refused("NOT_FOUND", field="mapping.name"):
        world.tina.SaveMapping(mapping=mine(agency, name="none", revision=1))
    assert [m.name for m in world.vera.ListMappings(agency=agency).mappings] == ["cmms"]
    gone = {"request_id": new_id(), "agency": agency, "name": "cmms"}
    assert world.tina.RemoveMapping(**gone) == world.tina.RemoveMapping(**gone)
    for call in (world.tina.GetMapping, world.tina.RemoveMapping):
        with refused("NOT_FOUND", field="name"):
            call(agency=agency, name="cmms")
    events = [e.action for e in world.vera.pages("ListEvents", "events", agency=agency) if e.resource == "mapping"]
    assert len(events) == 3, "each is an event"


@pytest.mark.parametrize("field, values", [
    ("mapping.name", {"name": "my map"}), ("mapping.name", {"name": ""}), ("mapping.name", {"name": "x" * 64}), ("mapping.text", {"text": " \n"}),
    ("mapping.text", {"text": "x" * 20001}), ("mapping.text", {"text": "tag = \x1b"}), ("mapping.note", {"note": "a\nb"}), ("mapping.agency", {"agency": ""})])
def test_what_is_no_mapping(world, agency, field, values):
    with refused("INVALID_ARGUMENT", field=field):
        world.tina.SaveMapping(mapping={**mine(agency), **values})
    assert not world.vera.ListMappings(agency=agency).mappings


def test_the_shops_and_ones_own(world, agency):
    """What the shop keeps is read by every agency, under its own of the same name, and written for all by the shop alone."""
    name = f"all-{agency}"
    shops = world.ada.SaveMapping(mapping=mine("shop", name=name)).mapping
    assert shops.agency == "SHOP" and world.frank.GetMapping(agency="IND", name=name).mapping == shops
    assert name in {m.name for m in world.frank.pages("ListMappings", "mappings")} and name in {m.name for m in world.lee.pages("ListMappings", "mappings", agency="SHOP")}
    own = world.frank.SaveMapping(mapping=mine("IND", name=name, text="tag = {Own}")).mapping
    assert world.frank.GetMapping(agency="IND", name=name).mapping == own and world.frank.GetMapping(agency="SHOP", name=name).mapping == shops
    with refused("NOT_FOUND", field="agency"):
        world.lee.GetMapping(agency="IND", name=name)
    for call in (lambda: world.frank.SaveMapping(mapping=mine("SHOP", name=name, revision=1)), lambda: world.frank.RemoveMapping(agency="SHOP", name=name)):
        with refused("PERMISSION_DENIED"):
            call()
    world.frank.RemoveMapping(agency="IND", name=name)
    assert world.frank.GetMapping(agency="IND", name=name).mapping == shops
    world.ada.RemoveMapping(agency="SHOP", name=name)


def test_serials_of_several_agencies(world, agency):
    """The shop sees what two agencies have both; who sees one of them sees nothing. What is disposed of has left."""
    rows = [{"line": 1, "tag": "D1", "serial": f"{agency}-1", "class": "portable"}, {"line": 2, "tag": "D2", "serial": f"{agency}-2", "class": "portable"},
            {"line": 3, "tag": "D3", "serial": f"{agency}-3", "class": "portable", "status": "disposed"}, {"line": 4, "tag": "D4", "class": "portable"}]
    other = world.agency()
    world.tina.ImportAssets(agency=agency, rows=rows)
    theirs = world.tina.ImportAssets(agency=other, rows=[{**row, "serial": row.get("serial", "").lower(), "status": ""} for row in rows[:3]]).results
    assert f"asset {agency}:D1 has it, too" in theirs[0].reason and not theirs[2].reason
    shared = [(a.serial, a.agency, a.tag) for a in world.vera.pages("ListSharedSerials", "assets", agency=agency, page_size=3)]
    assert shared == sorted([(f"{agency}-1", agency, "D1"), (f"{agency}-1".lower(), other, "D1"), (f"{agency}-2", agency, "D2"), (f"{agency}-2".lower(), other, "D2")],
                            key=lambda row: (row[0].upper(), row[1]))
    assert {a.serial.upper() for a in world.vera.pages("ListSharedSerials", "assets")} >= {f"{agency}-1", f"{agency}-2"}
    assert not world.frank.ListSharedSerials().assets
    with refused("NOT_FOUND", field="agency"):
        world.frank.ListSharedSerials(agency=agency)
