"""The register: assets by any code, the rules of their fields, the catalogue, agencies and people."""

import pytest

from rig import contract
from rig.caller import refused
from rig.world import status

FULL = {"class": "portable", "status": "spare", "assigned_to": "Engine 3", "location": "Station 1", "system": "MARRS",
        "alias": "IFD ENG3", "firmware": "R32.10.00", "codeplug": "IFD-2026-01", "purchased_on": "2024-02-29",
        "warranty_until": "2027-02-28", "cost_cents": 512345, "quantity": 1, "description": "portable radio",
        "notes": "two batteries\nand a case"}


def test_every_field_comes_back(world, agency):
    asset = world.asset(agency, unit_id=7101 + world.number(), **FULL)
    again = world.tina.GetAsset(asset=asset.id).asset
    assert again == asset
    for name, value in FULL.items():
        got = contract.label(again, name) if name in ("class", "status") else getattr(again, name)
        assert got == value, name
    assert again.revision == 1 and again.created_at.seconds and again.HasField("unit_id")


def test_presence(world, agency):
    """No unit ID is not unit ID 0, and no price is not a price of nothing."""
    asset = world.asset(agency)
    assert not asset.HasField("unit_id") and not asset.HasField("cost_cents")
    free = world.asset(agency, cost_cents=0)
    assert free.HasField("cost_cents") and free.cost_cents == 0
    cleared = world.tina.UpdateAsset(asset={"id": free.id, "revision": free.revision}, update_mask=["cost_cents"]).asset
    assert not cleared.HasField("cost_cents")


def test_found_by_any_code(world, agency):
    number = world.number()
    asset = world.asset(agency, tag=f"Tag{number}", serial=f"SERX{number}", alias=f"ALIAS {number}", system="SYS",
                        unit_id=600000 + number)
    for code in (asset.id, asset.id.upper(), f"Tag{number}", f"tag{number}", f"SERX{number}", f"serx{number}", f"ALIAS {number}",
                 str(600000 + number), f"{agency}:Tag{number}"):
        assert world.tina.GetAsset(asset=code).asset.id == asset.id, code
    with refused("NOT_FOUND"):
        world.tina.GetAsset(asset=f"IND:Tag{number}")
    with refused("NOT_FOUND"):
        world.tina.GetAsset(asset="no such code")


def test_a_code_of_two_assets(world, agency):
    """One code, two assets: the answer says so instead of picking one."""
    other = world.agency()
    tag = f"DOUBLE{world.number()}"
    first, second = world.asset(agency, tag=tag), world.asset(other, tag=tag)
    with refused("FAILED_PRECONDITION", "INVALID_ARGUMENT", field="asset"):
        world.tina.GetAsset(asset=tag)
    assert world.tina.GetAsset(asset=f"{other}:{tag}").asset.id == second.id
    assert {a.id for a in world.tina.LookupAssets(code=tag).assets} == {first.id, second.id}


def test_lookup_by_beginning(world, agency):
    number = world.number()
    for i in range(25):
        world.asset(agency, tag=f"LK{number}-{i:02d}")
    assert len(world.tina.LookupAssets(code=f"LK{number}-0").assets) == 10
    assert len(world.tina.LookupAssets(code=f"lk{number}-").assets) == 20
    exact = world.tina.LookupAssets(code=f"LK{number}-03").assets
    assert [a.tag for a in exact] == [f"LK{number}-03"]
    assert not world.tina.LookupAssets(code=f"LK{number}%").assets
    assert not world.tina.LookupAssets(code=f"LK{number}-0", agency="IND").assets


@pytest.mark.parametrize("field, values", [
    ("tag", {"tag": ""}), ("tag", {"tag": "x" * 200}), ("tag", {"tag": "a\tb"}),
    ("serial", {"serial": "x" * 500}),
    ("unit_id", {"unit_id": 0, "system": "S"}), ("unit_id", {"unit_id": 16777212, "system": "S"}),
    ("unit_id", {"unit_id": -1, "system": "S"}),
    ("purchased_on", {"purchased_on": "2026-02-30"}), ("purchased_on", {"purchased_on": "yesterday"}),
    ("warranty_until", {"warranty_until": "31.12.2026"}),
    ("cost_cents", {"cost_cents": -1}), ("quantity", {"quantity": -3}), ("quantity", {"quantity": 2000000000}),
    ("notes", {"notes": "x" * 100000}), ("class", {"class": 99}), ("status", {"status": 99}),
], ids=lambda v: v if isinstance(v, str) else None)
def test_a_wrong_field_is_named(world, agency, field, values):
    tag = f"BAD{world.number()}"
    with refused("INVALID_ARGUMENT") as refusal:
        world.tina.CreateAsset(asset={"agency": agency, "tag": tag, "class": "portable", **values})
    assert any(named.rsplit(".", 1)[-1] == field for named in refusal.fields), (field, refusal.fields, refusal.text)
    assert not world.tina.ListAssets(agency=agency).assets


def test_what_is_needed(world, agency):
    with refused("INVALID_ARGUMENT"):
        world.tina.CreateAsset(asset={"agency": agency, "tag": "N1"})
    with refused("INVALID_ARGUMENT", "NOT_FOUND"):
        world.tina.CreateAsset(asset={"tag": "N1", "class": "portable"})
    with refused("NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"):
        world.tina.CreateAsset(asset={"agency": "NOSUCH", "tag": "N1", "class": "portable"})
    with refused("INVALID_ARGUMENT", "NOT_FOUND", field="agency"):
        world.tina.CreateAsset()


def test_the_class_comes_from_the_model(world, agency):
    assert contract.label(world.asset(agency, model="M22URS9PW1BN"), "class") == "mobile"


@pytest.mark.parametrize("field", ["tag", "serial"])
def test_unique_within_the_agency(world, agency, field):
    asset = world.asset(agency)
    with refused("ALREADY_EXISTS") as refusal:
        world.asset(agency, **{field: getattr(asset, field)})
    assert any(field in named for named in refusal.fields)
    world.asset(world.agency(), **{field: getattr(asset, field)})


def test_unit_id_is_unique_on_its_system(world, agency):
    number = 900000 + world.number()
    world.asset(agency, system="S1", unit_id=number)
    world.asset(agency, system="S2", unit_id=number)
    with refused("ALREADY_EXISTS"):
        world.asset(agency, system="S1", unit_id=number)


def test_filters(world, agency):
    spare = world.asset(agency, status="spare")
    mobile = world.asset(agency, model="M22URS9PW1BN")
    plain = world.asset(agency)

    def ids(**values):
        return {a.id for a in world.tina.ListAssets(agency=agency, **values).assets}
    assert ids() == {spare.id, mobile.id, plain.id}
    assert ids(status="spare") == {spare.id}
    assert ids(**{"class": "mobile"}) == {mobile.id}
    assert ids(model="H98UCF9PW6BN") == {spare.id, plain.id}
    assert ids(model="H98UCF9PW6BN", status="in_service") == {plain.id}


def test_status_by_hand(world, agency):
    asset = world.asset(agency)
    for new in ("missing", "in_service", "retired", "spare"):
        asset = world.tina.UpdateAsset(asset={"id": asset.id, "status": new, "revision": asset.revision},
                                       update_mask=["status"]).asset
        assert status(asset) == new


def test_catalogue(world):
    number = f"CAT{world.number()}"
    model = {"number": number, "manufacturer": "Maker", "family": "Fam", "tier": "2", "band": "VHF", "class": "base",
             "end_of_support_on": "2030-01-01"}
    made = world.ada.CreateModel(model=model).model
    assert world.vera.GetModel(model=number).model == made
    assert made.end_of_support_on == "2030-01-01"
    with refused("ALREADY_EXISTS"):
        world.ada.CreateModel(model=model)
    again = world.ada.ImportModels(models=[model, {**model, "number": number + "B"}])
    assert (again.created, again.changed, again.unchanged) == (1, 0, 1)
    again = world.ada.ImportModels(models=[{**model, "band": "UHF"}, {**model, "number": number + "B"}])
    assert (again.created, again.changed, again.unchanged) == (0, 1, 1)
    assert world.vera.GetModel(model=number).model.band == "UHF"


def test_import_of_models_is_all_or_nothing(world):
    number = f"AON{world.number()}"
    with refused("INVALID_ARGUMENT"):
        world.ada.ImportModels(models=[{"number": number, "manufacturer": "M", "class": "base"},
                                       {"number": "", "manufacturer": "M", "class": "base"}])
    with refused("NOT_FOUND"):
        world.vera.GetModel(model=number)


@pytest.mark.parametrize("field, values", [
    ("code", {"code": "x"}), ("code", {"code": "a b"}), ("code", {"code": "TOOLONGCODE"}), ("name", {"name": ""}),
    ("time_zone", {"time_zone": "Mars/Olympus"}), ("time_zone", {"time_zone": "FOO+3"})])
def test_agency_rules(world, field, values):
    with refused("INVALID_ARGUMENT") as refusal:
        world.ada.CreateAgency(agency={"code": f"R{world.number()}", "name": "Rules", **values})
    assert any(field in named for named in refusal.fields), refusal.fields


def test_agency_default_zone(world):
    code = f"Z{world.number()}"
    assert world.ada.CreateAgency(agency={"code": code, "name": "Zone"}).agency.time_zone == "America/Chicago"


def test_principals(world):
    name = world.person(f"p-{world.number()}")
    with refused("ALREADY_EXISTS"):
        world.ada.CreatePrincipal(principal={"name": name, "display_name": "Again"})
    with refused("INVALID_ARGUMENT"):
        world.ada.CreatePrincipal(principal={"name": "Not A Name", "display_name": "X"})
    granted = world.ada.GrantRole(principal=name, role="viewer", agency="IND").principal
    assert [(g.role, g.agency) for g in granted.grants] == [(1, "IND")]
    again = world.ada.GrantRole(principal=name, role="viewer", agency="IND").principal
    assert again.grants == granted.grants, "granted twice is granted"
    with refused("NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"):
        world.ada.GrantRole(principal=name, role="viewer", agency="NOSUCH")
    with refused("NOT_FOUND", "FAILED_PRECONDITION"):
        world.ada.GrantRole(principal="no-such-person", role="viewer", agency="IND")
    with refused("INVALID_ARGUMENT"):
        world.ada.GrantRole(principal=name, agency="IND")
    assert not world.ada.RevokeRole(principal=name, role="viewer", agency="IND").principal.grants
    with refused("NOT_FOUND", "FAILED_PRECONDITION"):
        world.ada.RevokeRole(principal=name, role="viewer", agency="IND")


def test_bytes_of_all_kinds_come_back(world, agency):
    """Text is text: quotes, other scripts, formulas and SQL are kept as they are typed."""
    for notes in ("O'Brien; DROP TABLE asset;--", "=cmd|'/c calc'!A1", "Zürich 東京 🚒", "100 % {a,b} \\ \"q\" NULL", "NULL",
                  "{}", "line\nline\ttab", "é vs é"):
        asset = world.asset(agency, notes=notes)
        assert world.tina.GetAsset(asset=asset.id).asset.notes == notes
