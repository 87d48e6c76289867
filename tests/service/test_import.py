"""Rows of a table into the register."""

import pytest

from rig import contract
from rig.caller import refused


def outcomes(reply):
    return [contract.enum_label(r.DESCRIPTOR.fields_by_name["outcome"].enum_type, r.outcome) for r in reply.results]


ROWS = [
    {"line": 2, "tag": "I1", "serial": "S1", "class": "portable", "status": "in_service", "cost": "$1,234.50",
     "purchased_on": "1/31/2024", "unit_id": "700123", "system": "MARRS", "quantity": "1"},
    {"line": 3, "tag": "I2", "model": "H98UCF9PW6BN", "cost": "62627", "purchased_on": "2024-01-31"},
    {"line": 4, "serial": "S3", "tag": "I3", "class": "mobile"},
]


def test_twice_changes_nothing(world, agency):
    first = world.tina.ImportAssets(agency=agency, rows=ROWS)
    assert outcomes(first) == ["created"] * 3 and [r.line for r in first.results] == [2, 3, 4]
    second = world.tina.ImportAssets(agency=agency, rows=ROWS)
    assert outcomes(second) == ["unchanged"] * 3
    assert [r.id for r in second.results] == [r.id for r in first.results]
    asset = world.tina.GetAsset(asset=first.results[0].id).asset
    assert (asset.cost_cents, asset.purchased_on, asset.unit_id, asset.revision) == (123450, "2024-01-31", 700123, 1)
    assert world.tina.GetAsset(asset=first.results[1].id).asset.cost_cents == 6262700


def test_a_changed_cell(world, agency):
    world.tina.ImportAssets(agency=agency, rows=ROWS)
    rows = [{**ROWS[0], "location": "Station 4"}, ROWS[1], {"line": 4, "serial": "S3", "alias": "NEW"}]
    reply = world.tina.ImportAssets(agency=agency, rows=rows)
    assert outcomes(reply) == ["changed", "unchanged", "changed"]
    assert "location" in reply.results[0].reason
    asset = world.tina.GetAsset(asset=reply.results[0].id).asset
    assert (asset.location, asset.revision, asset.cost_cents) == ("Station 4", 2, 123450)
    assert world.tina.GetAsset(asset=reply.results[2].id).asset.tag == "I3"


@pytest.mark.parametrize("column, value", [
    ("class", "spaceship"), ("status", "broken"), ("unit_id", "twelve"), ("unit_id", "99999999999"), ("cost", "a lot"),
    ("cost", "1.2.3"), ("cost", "-5"), ("quantity", "0"), ("quantity", "1.5"), ("purchased_on", "2024-13-01"),
    ("purchased_on", "31/1/2024"), ("warranty_until", "soon"), ("model", "NOSUCHMODEL"), ("tag", "x" * 300),
    ("purchased_on", "infinity"), ("cost", "NaN"), ("cost", "1e5"), ("unit_id", "0x10")])
def test_a_wrong_cell_names_line_column_and_value(world, agency, column, value):
    rows = [{"line": 7, "tag": "G1", "class": "portable"}, {"line": 8, "tag": "G2", "class": "portable", column: value},
            {"line": 9, "tag": "G3", "class": "portable"}]
    reply = world.tina.ImportAssets(agency=agency, rows=rows)
    assert outcomes(reply) == ["created", "refused", "created"], "good rows go in"
    bad = reply.results[1]
    assert (bad.line, bad.column, bad.value) == (8, column, value) and bad.reason and not bad.id
    assert {a.tag for a in world.tina.ListAssets(agency=agency).assets} == {"G1", "G3"}


def test_rows_that_fight_each_other(world, agency):
    """One tag twice in a call, and a tag and a serial of two different assets."""
    reply = world.tina.ImportAssets(agency=agency, rows=[
        {"line": 2, "tag": "F1", "serial": "FS1", "class": "portable"},
        {"line": 3, "tag": "F1", "serial": "FS2", "class": "portable"},
        {"line": 4, "tag": "F2", "serial": "FS1", "class": "portable"},
        {"line": 5, "class": "portable", "description": "nameless"}])
    assert outcomes(reply)[0] == "created"
    assert outcomes(reply)[2:] == ["refused", "refused"]
    tags = [(a.tag, a.serial) for a in world.tina.ListAssets(agency=agency).assets]
    assert len(tags) == 1 and tags[0][0] == "F1"


def test_dry_run_keeps_nothing(world, agency, migrated):
    events = "SELECT count(*) FROM radioshop.event"
    before = migrated.value(events)
    rows = [*ROWS, {"line": 5, "tag": "I5", "class": "spaceship"}]
    dry = world.tina.ImportAssets(agency=agency, dry_run=True, rows=rows)
    assert outcomes(dry) == ["created"] * 3 + ["refused"]
    assert not world.tina.ListAssets(agency=agency).assets
    assert migrated.value(events) == before
    wet = world.tina.ImportAssets(agency=agency, rows=rows)
    assert outcomes(wet) == outcomes(dry)


def test_a_repeated_import_request(world, agency):
    request = "0190f000-0000-7000-8000-0000000000a1"
    first = world.tina.ImportAssets(request_id=request, agency=agency, rows=ROWS)
    assert world.tina.ImportAssets(request_id=request, agency=agency, rows=ROWS) == first
    assert outcomes(first) == ["created"] * 3


def test_limits(world, agency):
    rows = [{"line": i, "tag": f"M{i}", "class": "portable"} for i in range(501)]
    with refused("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"):
        world.tina.ImportAssets(agency=agency, rows=rows)
    assert not world.tina.ListAssets(agency=agency).assets
    assert outcomes(world.tina.ImportAssets(agency=agency, rows=rows[:500])) == ["created"] * 500
    with refused("INVALID_ARGUMENT", field="rows"):
        world.tina.ImportAssets(agency=agency)
    with refused("NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"):
        world.tina.ImportAssets(agency="NOSUCH", rows=ROWS)
