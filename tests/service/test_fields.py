"""Fields of an agency's own: what fits, who sees them, what is found by them, and what two do at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import new_id


def define(world, agency, name, kind="text", caller="ada", **values):
    return world.caller(caller).CreateField(field={"agency": agency, "name": name, "type": kind, **values}).field


def given(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


def shown(asset):
    return {v.name: v.value for v in asset.fields}


def change(world, asset, caller="tina", **values):
    now = world.vera.GetAsset(asset=asset.id).asset
    return world.caller(caller).UpdateAsset(asset={"id": asset.id, "revision": now.revision, "fields": given(**values)}, update_mask=["fields"]).asset


def change_field(world, field, caller="ada", **values):
    now = world.caller(caller).GetField(field=field.id).field
    return world.caller(caller).UpdateField(field={"id": field.id, "revision": now.revision, **values}, update_mask=list(values))


def together(*calls):
    def tried(call):
        try:
            return call()
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(tried, calls))


@pytest.fixture(scope="module")
def city(world):
    """An agency with a field of each type, and one of the shop's."""
    agency = world.agency()
    define(world, agency, "rack", max_length=8, place=9)
    define(world, agency, "hours_used", "number", minimum="-5", maximum="20,000")
    define(world, agency, "back_on", "date", minimum="2000-01-01", **{"class": "portable"})
    define(world, agency, "armored", "yes_no")
    define(world, agency, "fund", "choice", choices=["general", "Grant 2024"], label="Paid from")
    define(world, "SHOP", f"sticker_{agency.lower()}")
    return agency


def test_values_are_read_as_they_are_meant(world, city):
    sticker = f"sticker_{city.lower()}"
    asset = world.asset(city, fields=given(rack=" B-7 ", hours_used="1,200.50", back_on="1/31/2026", armored="Y", fund="GRANT 2024", **{sticker: "7"}))
    assert shown(asset) == {"rack": "B-7", "hours_used": "1200.5", "back_on": "2026-01-31", "armored": "yes", "fund": "Grant 2024", sticker: "7"}
    assert [v.name for v in asset.fields] == ["armored", "back_on", "fund", "hours_used", sticker, "rack"], "by place, then by name"
    assert shown(world.vera.GetAsset(asset=asset.id).asset) == shown(asset)
    # What is not named stays, what is empty goes; the other fields of the asset and an empty change are no matter of it.
    request = {"request_id": new_id(), "asset": {"id": asset.id, "revision": 1, "fields": given(armored="", hours_used="-0.0", FUND="general")}, "update_mask": ["fields"]}
    changed = world.tina.UpdateAsset(**request)
    assert shown(changed.asset) == {"rack": "B-7", "hours_used": "0", "back_on": "2026-01-31", "fund": "general", sticker: "7"}
    assert world.tina.UpdateAsset(**request) == changed, "a repeat is the first answer"
    with refused("ABORTED", field="revision"):
        world.tina.UpdateAsset(asset={"id": asset.id, "revision": 1, "fields": given(rack="x")}, update_mask=["fields"])
    with refused("INVALID_ARGUMENT", field="fields", text="name the fields to change"):
        world.tina.UpdateAsset(asset={"id": asset.id, "revision": 2}, update_mask=["fields"])
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": 2, "notes": "x", "fields": given(rack="ignored")}, update_mask=["notes"])
    assert shown(world.vera.GetAsset(asset=asset.id).asset) == shown(changed.asset), "not in the mask, not changed"
    last, first = [e for e in world.vera.ListEvents(resource="asset", resource_id=asset.id).events][1:3]
    assert '"fields": {"fund": "Grant 2024", "armored": "yes", "hours_used": "1200.5"}' in last.before, last.before
    assert '"fields": {"fund": "general", "armored": null, "hours_used": "0"}' in last.after and '"rack": "B-7"' in first.after


@pytest.mark.parametrize("name, value, text", [
    ("hours_used", "NaN", "hours_used: NaN is not a number; write it like 12.5, with at most 12 digits before the point and 6 behind it"),
    ("hours_used", "Infinity", "is not a number"), ("hours_used", "1e400", "hours_used: 1e400 is not a number"), ("hours_used", "1,20", "is not a number"),
    ("hours_used", "0.0000001", "is not a number"), ("hours_used", "-5.000001", "hours_used: -5.000001 is below its minimum, -5"),
    ("hours_used", "20000.01", "is above its maximum, 20000"), ("hours_used", "９", "is not a number"),
    ("back_on", "2026-02-30", "back_on: 2026-02-30 is not a day from 1900 to 2199; write it like 2026-01-31 or 1/31/2026"),
    ("back_on", "tomorrow", "is not a day"), ("back_on", "1999-12-31", "back_on: 1999-12-31 is below its minimum, 2000-01-01"), ("back_on", "9999-01-01", "is not a day"),
    ("armored", "maybe", "armored: maybe is neither yes nor no"), ("fund", "bond", "fund: bond is none of its choices: general, Grant 2024"),
    ("rack", "123456789", "rack: a text of at most 8 characters fits, and this one has 9"), ("rack", "a\tb", "rack: a text is one line without control characters"),
])
def test_what_does_not_fit(world, city, name, value, text):
    with refused("INVALID_ARGUMENT", field="fields", text=text):
        world.asset(city, fields=given(**{name: value}))


def test_whose_field(world, city):
    mobile = world.asset(city, model="M22URS9PW1BN")
    with refused("INVALID_ARGUMENT", field="fields", text="back_on: the field is for the class portable, and this asset is of the class mobile"):
        change(world, mobile, back_on="2026-01-01")
    with refused("NOT_FOUND", field="fields", text=f"nosuch: the assets of {city} have no such field; radioshop field list --agency {city}"):
        change(world, mobile, nosuch="1")
    with refused("INVALID_ARGUMENT", field="fields", text="rack: it is given twice"):
        world.asset(city, fields=given(rack="1") + given(RACK="2"))
    other = world.agency()
    elsewhere = world.asset(other)
    with refused("NOT_FOUND", field="fields", text=f"rack: the assets of {other} have no such field"):
        change(world, elsewhere, rack="1")
    assert shown(change(world, elsewhere, **{f"sticker_{city.lower()}": "9"})), "the shop's are everybody's"
    name = f"twin_{city.lower()}"
    assert define(world, city, name) and define(world, other, name, "number"), "names of two agencies do not meet"
    lee = world.caller("lee")
    with refused("NOT_FOUND", field="field", text="there is no field armored"):
        lee.GetField(field="armored")
    with refused("NOT_FOUND", field="where", text="armored: there is no such field"):
        lee.ListAssets(where=["armored=yes"])
    assert [(f.agency, f.name) for f in lee.pages("ListFields", "fields", page_size=1) if f.name.endswith(city.lower())] == [("SHOP", f"sticker_{city.lower()}")]
    assert {f.agency for f in lee.ListFields().fields} <= {"LSU", "SHOP"}
    with refused("PERMISSION_DENIED"):
        define(world, "SHOP", "mine", caller="lee")
    theirs = lee.GetField(field=f"SHOP:sticker_{city.lower()}").field
    for values in ({"id": theirs.id}, {"agency": "SHOP", "name": theirs.name}):
        with refused("PERMISSION_DENIED"):
            lee.UpdateField(field={**values, "revision": 1, "label": "Mine"}, update_mask=["label"])
    assert world.ada.UpdateField(field={"agency": "SHOP", "name": theirs.name, "revision": 1, "label": "Ours"}, update_mask=["label"]).field.label == "Ours"
    with refused("INVALID_ARGUMENT", field="field", text=f"2 fields have the name {name}; say which: {city}:{name}, {other}:{name}"):
        world.vera.GetField(field=name)
    assert world.vera.GetField(field=f"{other}:{name}").field.agency == other


def test_what_is_no_field(world, city):
    """Also: nothing that every asset has, or that a row of a file may have, gives its name to a field."""
    taken = {f.name for kind in ("Asset", "AssetRow") for f in contract.message(f"radioshop.v1.{kind}").DESCRIPTOR.fields}
    assert len(taken) > 25
    for name in sorted(taken):
        with refused("INVALID_ARGUMENT", field="field.name", text=f"every asset has {name} already"):
            define(world, city, name)
    for values, field in (({"name": "9x"}, "name"), ({"name": "Rack"}, "name"), ({"name": ""}, "name"), ({"name": "x" * 33}, "name"), ({"type": "unspecified"}, "type"),
                          ({"label": "x" * 121}, "label"), ({"max_length": 401}, "max_length"), ({"type": "date", "max_length": 4}, "max_length"),
                          ({"minimum": "1"}, "minimum"), ({"type": "number", "minimum": "NaN"}, "minimum"), ({"type": "date", "maximum": "2026-02-30"}, "maximum"),
                          ({"type": "number", "minimum": "2", "maximum": "1.99"}, "maximum"), ({"type": "choice"}, "choices"), ({"choices": ["a"]}, "choices"),
                          ({"type": "choice", "choices": ["a", " A"]}, "choices"), ({"type": "choice", "choices": ["a", " "]}, "choices"),
                          ({"type": "choice", "choices": [f"{i}" for i in range(201)]}, "choices"), ({"place": -1}, "place"), ({"agency": ""}, "agency")):
        with refused("INVALID_ARGUMENT") as refusal:
            world.ada.CreateField(field={"agency": city, "name": "new", "type": "text", **values})
        assert refusal.fields[0].rsplit(".", 1)[-1] == field, f"{values}: {refusal.fields} {refusal.text}"
    with refused("ALREADY_EXISTS", field="field.name", text=f"there is a field {city}:rack already"):
        define(world, city, "rack")
    name = define(world, city, f"own_{city.lower()}").name
    with refused("ALREADY_EXISTS", field="field.name", text=f"there is a field {city}:{name} already"):
        define(world, "SHOP", name)
    with refused("NOT_FOUND", field="field.agency"):
        define(world, "ZZZ", "rack")
    assert define(world, city, "last_words").label == "last words"


def test_required_from_now_on(world):
    agency = world.agency()
    before, lost = world.asset(agency), world.asset(agency, status="missing")
    mobile = world.asset(agency, model="M22URS9PW1BN")
    field = world.ada.CreateField(field={"agency": agency, "name": "vehicle_no", "type": "text"})
    assert not field.warnings
    reply = change_field(world, field.field, required=True, **{"class": "portable"})
    assert list(reply.warnings) == ["1 assets have no vehicle_no yet, and are asked for it when they are changed; radioshop asset list --where vehicle_no= lists them"]
    assert [a.tag for a in world.vera.ListAssets(agency=agency, where=["vehicle_no="]).assets] == sorted([before.tag, lost.tag]), "a mobile does not lack it"
    with refused("INVALID_ARGUMENT", field="fields", text="vehicle_no: vehicle no is required: give it a value"):
        world.asset(agency)
    with refused("INVALID_ARGUMENT", field="fields", text="vehicle_no: vehicle no is required"):
        world.tina.UpdateAsset(asset={"id": before.id, "revision": 1, "notes": "x"}, update_mask=["notes"])
    world.tina.UpdateAsset(asset={"id": mobile.id, "revision": 1, "notes": "x"}, update_mask=["notes"])
    with refused("INVALID_ARGUMENT", field="fields", text="vehicle_no"):
        world.tina.UpdateAsset(asset={"id": mobile.id, "revision": 2, "class": "portable"}, update_mask=["class"])
    world.tina.UpdateAsset(asset={"id": lost.id, "revision": 1, "notes": "x"}, update_mask=["notes"])
    with refused("INVALID_ARGUMENT", field="fields", text="vehicle_no"):
        world.tina.UpdateAsset(asset={"id": lost.id, "revision": 2, "status": "in_service"}, update_mask=["status"])
    now = world.tina.UpdateAsset(asset={"id": before.id, "revision": 1, "notes": "x", "fields": given(vehicle_no="E4")}, update_mask=["notes", "fields"]).asset
    with refused("INVALID_ARGUMENT", field="fields", text="vehicle_no"):
        change(world, now, vehicle_no=" ")
    gone = world.asset(agency, fields=given(vehicle_no="E5"))
    world.tina.UpdateAsset(asset={"id": gone.id, "revision": 1, "status": "retired", "fields": given(vehicle_no="")}, update_mask=["status", "fields"])


def test_a_change_of_what_fits(world):
    """A definition changes freely while nothing is there that would not fit; else not, and it is said how many and which."""
    agency = world.agency()
    field = define(world, agency, "mixed")
    assets = [world.asset(agency, tag=f"M{i}", fields=given(mixed=value)) for i, value in enumerate(("7", "007", "12 V", "2026-01-31"))]
    with refused("FAILED_PRECONDITION", field="field.type", text=f"3 of 4 values would not fit any more, such as 007 (asset {agency}:M1); change or clear them first"):
        change_field(world, field, type="number")
    with refused("FAILED_PRECONDITION", field="field.max_length", text="1 of 4 values"):
        change_field(world, field, max_length=4)
    for asset in assets[1:]:
        change(world, asset, mixed="12")
    assert contract.label(change_field(world, field, type="number").field, "type") == "number"
    assert [a.tag for a in world.vera.ListAssets(agency=agency, where=["mixed>7"]).assets] == ["M1", "M2", "M3"], "found as numbers now"
    with refused("FAILED_PRECONDITION", field="field.maximum", text="3 of 4 values"):
        change_field(world, field, maximum="11.5")
    with refused("FAILED_PRECONDITION", field="field.class", text="4 of 4 values"):
        change_field(world, field, **{"class": "mobile"})
    assert change_field(world, field, maximum="12").field.maximum == "12"
    with refused("FAILED_PRECONDITION", field="field.type", text="3 of 4 values would not fit any more, such as 12 ("):
        change_field(world, field, type="choice", choices=["7"], maximum="")
    change_field(world, field, type="choice", choices=["12", "7"], maximum="")
    assert [a.tag for a in world.vera.ListAssets(agency=agency, where=["mixed=12"]).assets] == ["M1", "M2", "M3"]
    # Retired, its values stay and are read; what is written again as it is, is no change.
    retired = change_field(world, field, retired=True).field
    for value in ("7", ""):
        with refused("FAILED_PRECONDITION", field="fields", text="mixed: the field is retired: it is read, and not written any more"):
            change(world, assets[1], mixed=value)
    assert shown(change(world, assets[1], mixed="12")) == {"mixed": "12"}
    with refused("FAILED_PRECONDITION", field="fields", text="retired"):
        world.asset(agency, fields=given(mixed="7"))
    assert len(world.vera.ListAssets(agency=agency, where=["mixed=12"]).assets) == 3
    assert [(f.name, f.retired) for f in world.vera.ListFields(agency=agency, **{"class": "pager"}).fields if f.agency == agency] == [("mixed", True)]
    change_field(world, retired, retired=False)
    assert not shown(change(world, assets[1], mixed=""))
    with refused("INVALID_ARGUMENT", field="update_mask", text="name cannot be changed"):
        world.ada.UpdateField(field={"id": field.id, "revision": 1, "name": "x"}, update_mask=["name"])


def test_found_by_values(world):
    """Conditions combine with each other and with the filters; pages are whole and in order of tag, also after a tag has changed."""
    agency = world.agency()
    define(world, agency, "fund", "choice", choices=["general", "grant"])
    define(world, agency, "hours_used", "number")
    define(world, agency, "back_on", "date")
    # It is there, with other values, in another agency that the caller sees.
    other = world.agency()
    define(world, other, "hours_used", "yes_no")
    world.asset(other, tag="O1", fields=given(hours_used="yes"))
    for i in range(12):
        values = {"hours_used": f"{i - 5}", "back_on": f"2026-{i + 1:02d}-15"} if i != 7 else {}
        world.asset(agency, tag=f"A{i:02d}", status="spare" if i % 2 else "in_service", fields=given(fund="grant" if i % 3 else "general", **values))

    def tags(*where, **values):
        rows = world.vera.pages("ListAssets", "assets", agency=agency, where=where, page_size=2, **values)
        assert [a.tag for a in world.vera.ListAssets(agency=agency, where=where, page_size=1000, **values).assets] == [a.tag for a in rows]
        return " ".join(a.tag[1:] for a in rows)

    assert tags("fund=General") == "00 03 06 09" and tags(" FUND = general ", status="spare") == "03 09"
    assert tags("hours_used<-3") == "00 01" and tags("hours_used<=-3") == "00 01 02" and tags("hours_used>=5") == "10 11" and tags("hours_used>5") == "11"
    assert tags("hours_used>-2", "hours_used<1.5") == "04 05 06" and tags("hours_used=-5.0") == "00" and tags("hours_used=") == "07"
    assert tags("back_on>2026-10-15", "fund=grant") == "10 11" and tags("back_on<=2/15/2026") == "00 01" and tags("fund=grant", "hours_used=") == "07"
    assert tags("back_on<2026-02-15") == "00" and tags("back_on>2026-11-15") == "11"
    assert tags("fund=grant", "back_on<2026-06-01", "hours_used>-4", status="in_service", model="H98UCF9PW6BN") == "02 04"
    assert tags("hours_used>=0", **{"class": "mobile"}) == "" and tags("hours_used>99") == ""
    # Over agencies: one that has the field of another kind, or has not all of them, has nothing that fits.
    assert [a.tag for a in world.vera.ListAssets(where=["hours_used=yes"]).assets if a.agency in (agency, other)] == ["O1"]
    assert not [a.tag for a in world.vera.ListAssets(where=["hours_used=yes", "fund=grant"]).assets]
    moved = world.vera.ListAssets(agency=agency, where=["hours_used=-5"]).assets[0]
    world.tina.UpdateAsset(asset={"id": moved.id, "revision": 1, "tag": "A99", "fields": given(hours_used="-5")}, update_mask=["tag", "fields"])
    assert tags("fund=general") == "03 06 09 99" and tags("hours_used<-3") == "01 99"
    for where, text in ((["fund"], "fund: write it like fund=general"), (["fund<b"], "fund: only numbers and dates are compared by <"), (["fund=bond"], "choices: general, grant"),
                        (["hours_used>"], "hours_used: say than what"), (["hours_used=NaN"], "NaN is not a number"), (["=1"], "write it like"), (["fund=grant"] * 9, "at most 8 conditions, not 9")):
        with refused("INVALID_ARGUMENT", field="where", text=text):
            world.vera.ListAssets(agency=agency, where=where)
    with refused("NOT_FOUND", field="where", text="nosuch: there is no such field"):
        world.vera.ListAssets(agency=agency, where=["nosuch=1"])
    token = world.vera.ListAssets(agency=agency, where=["fund=grant"], page_size=1).next_page_token
    with refused("INVALID_ARGUMENT", field="page_token"):
        world.vera.ListAssets(agency=agency, where=["fund=general"], page_token=token)


def test_values_in_imports(world):
    """Cells of fields are read like those of everything else: a wrong one refuses its row, an empty one leaves, \\clear empties, and what
    is required is asked of rows that add or change."""
    agency, other = world.agency(), world.agency()
    define(world, agency, "fund", "choice", choices=["general", "grant"])
    define(world, agency, "hours_used", "number", **{"class": "portable"})
    define(world, agency, "note_of_fund")
    define(world, other, "theirs")

    def rows(*cells, **values):
        made = [{"line": i + 2, "class": "portable", "tag": f"I{i}", **cell} for i, cell in enumerate(cells)]
        return [(contract.label(r, "outcome"), r.column, r.value, r.reason) for r in world.tina.ImportAssets(agency=agency, rows=made, **values).results]

    first = [{"fields": '{"fund": " GRANT ", "hours_used": "1,200.5"}'}, {"fields": '{"note_of_fund": "\\\\\\\\clear"}'}, {}]
    assert [r[0] for r in rows(*first, dry_run=True)] == ["created"] * 3 and not world.vera.ListAssets(agency=agency).assets
    assert [r[0] for r in rows(*first)] == ["created"] * 3 and [r[0] for r in rows(*first)] == ["unchanged"] * 3
    assert [shown(a) for a in world.vera.ListAssets(agency=agency).assets] == [{"fund": "grant", "hours_used": "1200.5"}, {"note_of_fund": "\\clear"}, {}]
    assert rows({"fields": '{"fund": "general", "hours_used": ""}'}, {"fields": '{"note_of_fund": "x"}'}, {"fields": '{"hours_used": "0"}'}) == [
        ("changed", "", "", "field.fund: grant → general"), ("changed", "", "", "field.note_of_fund: \\clear → x"), ("changed", "", "", "field.hours_used: none → 0")]
    assert rows({"fields": '{"fund": "\\\\Clear", "hours_used": "1200.50"}'}) == [("changed", "", "", "field.fund: general → none")]
    sentence = "these are no values of fields; write them as a JSON object of texts: {\"fund\": \"grant\"}"
    assert rows({"fields": '{"fund": "bond"}'}, {"fields": '{"hours_used": "NaN"}'}, {"fields": '{"theirs": "x"}'}, {"fields": "fund=grant"}, {"fields": '{"fund": 1}'},
                {"fields": '{"fund": "\\\\u0000"}'.replace("\\\\", "\\")}, {"fields": '{"note_of_fund": "4.2E+11"}'}, {"class": "mobile", "fields": '{"hours_used": "1"}'}, {"tag": "I2", "notes": "in"}) == [
        ("refused", "field.fund", "bond", "bond is none of its choices: general, grant"),
        ("refused", "field.hours_used", "NaN", "NaN is not a number; write it like 12.5, with at most 12 digits before the point and 6 behind it"),
        ("refused", "field.theirs", "x", f"the assets of {agency} have no such field; radioshop field list --agency {agency} shows those they have"),
        ("refused", "fields", "fund=grant", sentence), ("refused", "fields", '{"fund": 1}', sentence), ("refused", "fields", '{"fund": "\\u0000"}', sentence),
        ("refused", "field.note_of_fund", "4.2E+11", "a spreadsheet has made this of a long number, and its digits are lost: format the column as text and fill the number in again"),
        ("refused", "field.hours_used", "1", "the field is for the class portable, and this asset is of the class mobile"), ("changed", "", "", "notes: none → in")]
    # Required from now on: what lacks it and is not changed is no matter of it.
    fund = world.ada.GetField(field=f"{agency}:fund").field
    change_field(world, fund, required=True)
    assert rows({}, {"notes": "x"}, {"notes": "x", "fields": '{"fund": "grant"}'}, {}, {"fields": '{"fund": "grant"}'}, {"status": "retired"}) == [
        ("unchanged", "", "", ""), ("refused", "field.fund", "", "fund is required: give it a value"), ("changed", "", "", "notes: in → x; field.fund: none → grant"),
        ("refused", "field.fund", "", "fund is required: give it a value"), ("created", "", "", ""), ("created", "", "", "")]
    assert rows({}, {}, {"fields": '{"fund": "\\\\clear"}'.replace("\\\\", "\\\\")})[2][:3] == ("refused", "field.fund", "\\clear")
    # Retired: what comes back as it is, is no change.
    change_field(world, world.ada.GetField(field=f"{agency}:note_of_fund").field, retired=True)
    assert [r[:2] for r in rows({}, {"fields": '{"note_of_fund": "x"}'}, {"fields": '{"note_of_fund": "y"}'})] == [
        ("unchanged", ""), ("unchanged", ""), ("refused", "field.note_of_fund")]
    exported = {r.asset.tag: shown(r.asset) for r in world.vera.ExportAssets(agency=agency)}
    assert exported["I1"] == {"note_of_fund": "x"} and exported["I2"] == {"hours_used": "0", "fund": "grant"}
    found = {a.tag: shown(a) for a in world.vera.LookupAssets(code="I", agency=agency).assets}
    assert found == exported


def test_two_at_once(world, migrated):
    """Of two who define one name one does, the shop and an agency among them; and nothing is written into a field that is retired meanwhile."""
    agency = world.agency()
    world.person(f"own-{agency.lower()}", [("fleet_manager", agency)])
    own = world.caller(f"own-{agency.lower()}")
    for round_, (first, second) in enumerate([((own, agency), (world.ada, agency)), ((own, agency), (world.ada, "SHOP"))] * 3):
        name = f"twin{round_}_{agency.lower()}"
        results = together(*(lambda c=c, a=a: c.CreateField(field={"agency": a, "name": name, "type": "text"}) for c, a in (first, second)))
        assert [getattr(r, "code", "OK") for r in results if isinstance(r, Refused)] == ["ALREADY_EXISTS"], results
    field = define(world, agency, "held")
    asset = world.asset(agency, fields=given(held="before"))
    # The change is held just before its end, and the retirement waits for it.
    with ThreadPoolExecutor(2) as threads:
        with migrated.locked("radioshop.asset_field_value"):
            changed = threads.submit(lambda: change(world, asset, held="meanwhile"))
            migrated.wait_for_waiting(1)
            retired = threads.submit(lambda: change_field(world, field, retired=True))
            migrated.wait_for_waiting(2)
        assert shown(changed.result()) == {"held": "meanwhile"} and retired.result().field.retired
    # And the other way about: who comes while it is being retired finds it retired.
    change_field(world, field, retired=False)
    with ThreadPoolExecutor(2) as threads:
        with migrated.held("LOCK TABLE radioshop.event IN SHARE MODE"):
            retired = threads.submit(lambda: change_field(world, field, retired=True))
            migrated.wait_for_waiting(1)
            changed = threads.submit(lambda: change(world, asset, held="after"))
            migrated.wait_for_waiting(2)
        assert retired.result().field.retired
        with refused("FAILED_PRECONDITION", field="fields", text="held: the field is retired"):
            changed.result()
    assert shown(world.vera.GetAsset(asset=asset.id).asset) == {"held": "meanwhile"}
