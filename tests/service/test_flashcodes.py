"""What radios are made of: FLASHcodes of the register, what they can do, and the catalogue of options."""

import csv

from rig import ROOT, contract
from rig.caller import refused
from rig.world import new_id

LONG, SHORT, NO_PHASE2 = "180000-000090-1-000000-000000", "180000-000090-1", "100000-000080-1"


def standings(world, agency, **values):
    radios = world.vera.pages("ListCapability", "radios", agency=agency, **values)
    return {r.tag: contract.label(r, "standing") for r in radios}


def test_a_flashcode_is_kept_as_it_is_written(world, agency):
    made = world.tina.CreateAsset(asset={"agency": agency, "tag": f"F{world.number()}", "class": "portable", "flashcode": LONG})
    assert made.asset.flashcode == LONG and not made.warnings
    asset = made.asset
    changed = world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "flashcode": "180000-000090-2"}, update_mask=["flashcode"])
    assert changed.asset.flashcode == "180000-000090-2" and "should be 1" in changed.warnings[0]
    for shown in (world.vera.GetAsset(asset=asset.id).asset, world.vera.ListAssets(agency=agency).assets[0],
                  world.vera.LookupAssets(code=asset.tag).assets[0], next(iter(world.vera.ExportAssets(agency=agency))).asset):
        assert shown.flashcode == "180000-000090-2"
    with refused("ABORTED", field="revision"):
        world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "flashcode": SHORT}, update_mask=["flashcode"])
    with refused("INVALID_ARGUMENT", field="flashcode"):
        world.tina.UpdateAsset(asset={"id": asset.id, "revision": changed.asset.revision, "flashcode": "0" * 65}, update_mask=["flashcode"])


def test_which_radios_have_no_phase_2(world):
    """Whoever asks hears of those that nobody knows too, page by page; the counts say how many they are."""
    agency = world.agency()
    codes = {"A": LONG, "B": SHORT, "C": NO_PHASE2, "D": "", "E": "180000-000090-7"}
    for i in range(3):
        for letter, code in codes.items():
            world.asset(agency, tag=f"{letter}{i}", flashcode=code)
    world.asset(agency, tag="M1", model="M22URS9PW1BN", flashcode=NO_PHASE2)
    world.tina.CreateAsset(asset={"agency": agency, "tag": "BAT", "class": "battery"})
    question = {"capability": "phase2_tdma", "standing": "lacks"}
    want = {f"{letter}{i}": standing for letter, standing in (("C", "lacks"), ("D", "not_known"), ("E", "not_known")) for i in range(3)}
    for size in (1, 4, 100):
        assert standings(world, agency, page_size=size, **question) == {**want, "M1": "lacks"}, size
    assert standings(world, agency, **{"class": "portable"}, **question) == want
    assert set(standings(world, agency, known=True, **question)) == {"C0", "C1", "C2", "M1"}
    assert set(standings(world, agency, capability="phase2_tdma", standing="has")) == {f"{x}{i}" for x in "AB" for i in range(3)}
    counted = {contract.label(s, "class"): (s.radios, s.has, s.lacks, s.not_known)
               for s in world.vera.SummarizeCapabilities(agency=agency, capability="phase2_tdma").summaries}
    assert counted == {"portable": (15, 6, 3, 6), "mobile": (1, 0, 1, 0)}
    with refused("INVALID_ARGUMENT", field="capability"):
        world.vera.ListCapability(agency=agency)
    with refused("NOT_FOUND", field="agency"):
        world.lee.ListCapability(agency=agency, capability="gps")


def test_the_catalogue_of_options_is_the_file(world):
    """deploy/catalogue has what the database begins with, so that its source is on record."""
    def key(part, character, lsb, width, value):
        return part, int(character), int(lsb), int(width), int(value)
    with open(ROOT / "deploy" / "catalogue" / "motorola_flashcode_options.csv", encoding="utf-8", newline="") as file:
        want = {key(r["part"], r["character"], r["lsb"], r["width"], r["value"]): (r["name"], r["capabilities"].split()) for r in csv.DictReader(file)}
    have = {key(o.part, o.character, o.lsb, o.width, o.value): (o.name, [contract.enum_label(o.DESCRIPTOR.fields_by_name["capabilities"].enum_type, c) for c in o.capabilities])
            for o in world.vera.pages("ListFlashcodeOptions", "options", page_size=50) if o.part != "MINE1"}  # the probes of other files add that
    assert have == want and len(want) == 145


def test_a_new_option(world, agency):
    """What an administrator says codes mean counts at once, for radios that were entered before."""
    asset = world.asset(agency, flashcode="000000-000000-2-000000-004000")
    assert list(world.vera.GetDecoding(asset=asset.id).decoding.unread_bits) == ["character 20 bit 2"]
    option = {"part": "QA99999", "name": "Tested", "character": 20, "lsb": 2, "capabilities": ["wifi"]}
    request = {"request_id": new_id(), "option": option}
    added = world.ada.AddFlashcodeOption(**request)
    try:
        assert (added.option.part, added.option.width, added.option.value) == ("QA99999", 1, 1)
        assert world.ada.AddFlashcodeOption(**request) == added
        with refused("ALREADY_EXISTS", field="option.part"):
            world.ada.AddFlashcodeOption(option=option)
        with refused("PERMISSION_DENIED"):
            world.caller("ind-admin").AddFlashcodeOption(option={**option, "lsb": 3})
        decoded = world.vera.GetDecoding(asset=asset.id).decoding
        assert [o.part for o in decoded.options] == ["QA99999"] and not decoded.unread_bits
        assert standings(world, agency, capability="wifi", standing="has") == {asset.tag: "has"}
    finally:
        world.ada.RemoveFlashcodeOption(option=option)
    assert standings(world, agency, capability="wifi", standing="has") == {}
    with refused("NOT_FOUND", field="part"):
        world.ada.RemoveFlashcodeOption(option=option)
