"""Radio systems, and unit IDs that are one radio's on them: over all agencies, at two benches at once, and while a radio is missing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.caller import refused
from rig.world import new_id

TAKEN = "this unit ID is taken on this system"


@pytest.fixture(scope="module")
def cities(world):
    """Two agencies, and a technician of each who sees nothing of the other: [(code, caller)]."""
    made = []
    for _ in range(2):
        code = world.agency()
        made.append((code, world.caller(world.person(f"bench-{code.lower()}", [("technician", code)]))))
    return made


@pytest.fixture
def system(world):
    """A system of the catalogue that no test has used."""
    number = world.number()
    return world.ada.CreateRadioSystem(system={"name": f"Net {number}", "wacn": "BEE00", "system_id": f"{number:X}"}).system


def radio(city, number, system, unit, **values):
    code, caller = city
    return caller.CreateAsset(asset={"agency": code, "tag": f"U{number}", "class": "portable", "system": system, "unit_id": unit, **values}).asset


def change(city, asset, **values):
    asset = city[1].GetAsset(asset=asset.id).asset
    return city[1].UpdateAsset(asset={"id": asset.id, "revision": asset.revision, **values}, update_mask=list(values)).asset


def free_wacn(world):
    return f"{0x10000 + world.number():05X}"


def test_the_catalogue(world):
    number, wacn = world.number(), free_wacn(world)
    made = world.ada.CreateRadioSystem(system={"name": f" Metro {number} ", "wacn": f"0x{wacn.lower()}", "system_id": "$a1", "notes": "two\nlines"}).system
    assert (made.name, made.wacn, made.system_id, made.notes, made.revision) == (f"Metro {number}", wacn, "0A1", "two\nlines", 1)
    assert world.frank.GetRadioSystem(system=f"metro {number}").system == made
    assert made in world.nightly.pages("ListRadioSystems", "systems")
    with refused("ALREADY_EXISTS", field="name", text=f"METRO {number}"):
        world.ada.CreateRadioSystem(system={"name": f"METRO {number}"})
    with refused("ALREADY_EXISTS", field="system_id", text=f"Metro {number} has this WACN and System ID"):
        world.ada.CreateRadioSystem(system={"name": f"Other {number}", "wacn": wacn, "system_id": "0A1"})
    plain = world.ada.CreateRadioSystem(system={"name": f"Conventional {number}"}).system
    assert (plain.wacn, plain.system_id) == ("", "")
    more = world.ada.UpdateRadioSystem(system={"id": plain.id, "revision": 1, "wacn": wacn, "system_id": "0A2"}, update_mask=["wacn", "system_id"]).system
    assert (more.name, more.wacn, more.system_id, more.revision) == (plain.name, wacn, "0A2", 2)
    with refused("ALREADY_EXISTS", field="system_id"):
        world.ada.UpdateRadioSystem(system={"id": plain.id, "revision": 2, "system_id": "0A1"}, update_mask=["system_id"])
    with refused("NOT_FOUND", field="system"):
        world.frank.GetRadioSystem(system=f"No {number}")
    with refused("NOT_FOUND"):
        world.ada.UpdateRadioSystem(system={"id": new_id(), "revision": 1, "notes": "x"}, update_mask=["notes"])


@pytest.mark.parametrize("field, values", [
    ("name", {"name": ""}), ("name", {"name": "x" * 65}), ("name", {"name": "a\tb"}), ("notes", {"notes": "x" * 10001}),
    ("wacn", {"wacn": "0", "system_id": "1"}), ("wacn", {"wacn": "FFFFF", "system_id": "1"}), ("wacn", {"wacn": "BEE000", "system_id": "1"}),
    ("wacn", {"wacn": "BEEG0", "system_id": "1"}), ("wacn", {"wacn": "-1", "system_id": "1"}), ("wacn", {"system_id": "1A4"}),
    ("system_id", {"wacn": "BEE00", "system_id": "0"}), ("system_id", {"wacn": "BEE00", "system_id": "FFF"}),
    ("system_id", {"wacn": "BEE00", "system_id": "1A4B"}), ("system_id", {"wacn": "BEE00"}), ("system_id", {"wacn": "BEE00", "system_id": "1.5"})])
def test_what_is_no_system(world, field, values):
    before = len(world.ada.pages("ListRadioSystems", "systems"))
    with refused("INVALID_ARGUMENT", field=field):
        world.ada.CreateRadioSystem(system={"name": f"Bad {world.number()}", **values})
    assert len(world.ada.pages("ListRadioSystems", "systems")) == before


def test_one_radio_over_all_agencies(world, cities, system):
    """The other city hears that it is taken and nothing else, by whatever way it tries; who sees both hears whose it is."""
    ours, theirs = cities
    held = radio(ours, world.number(), system.name, 7001)
    tag = f"U{world.number()}"
    with refused("ALREADY_EXISTS", field="unit_id") as refusal:
        radio(theirs, tag[1:], system.name.upper(), 7001)
    assert refusal.text == TAKEN
    other = radio(theirs, tag[1:], system.name, 7002)
    with refused("ALREADY_EXISTS", field="unit_id") as refusal:
        change(theirs, other, unit_id=7001)
    assert refusal.text == TAKEN
    with refused("ALREADY_EXISTS", field="unit_id", text=f"asset {ours[0]}:{held.tag} has this unit ID on this system"):
        world.asset(theirs[0], system=system.name, unit_id=7001)
    with refused("ALREADY_EXISTS", field="unit_id", text=f"asset {held.tag} has this unit ID"):
        radio(ours, world.number(), system.name, 7001)
    rows = [{"line": n, "tag": f"{tag}-{n}", "class": "portable", "system": system.name.lower(), "unit_id": str(unit)}
            for n, unit in enumerate((7003, 7001, 7004, 7004))]
    for dry_run in (True, False):
        results = theirs[1].ImportAssets(agency=theirs[0], rows=rows, dry_run=dry_run).results
        assert [r.outcome for r in results] == [1, 4, 1, 4]
        assert (results[1].column, results[1].value, results[1].reason) == ("unit_id", "7001", TAKEN)
        assert "has this unit ID" in results[3].reason or results[3].reason == TAKEN
    # On a system that the catalogue does not have, and without one, it is the agency's own business.
    for name in ("", f"Uncatalogued {system.name}"):
        for city in cities:
            radio(city, world.number(), name, 7001)
            with refused("ALREADY_EXISTS", field="unit_id"):
                radio(city, world.number(), name, 7001)
    change(ours, held, unit_id=7009)
    assert change(theirs, other, unit_id=7001).unit_id == 7001, "what is given back can be issued again"


def test_two_benches_at_once(world, migrated, cities, system):
    """The second waits for the first, who has not ended yet, and is refused; and where they race one wins."""
    ours, theirs = cities
    agency = migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{ours[0]}'")
    with ThreadPoolExecutor(2) as pool:
        with migrated.held(f"INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES ({agency}, 'U{world.number()}', 'portable', '{system.name}', 501)"):
            waiting = pool.submit(radio, theirs, world.number(), system.name, 501)
            migrated.wait_for_waiting(1)
        with refused("ALREADY_EXISTS", field="unit_id", text=TAKEN):
            waiting.result()
        for unit in range(510, 520):
            tries = [pool.submit(radio, city, world.number(), system.name, unit) for city in cities]
            errors = [t.exception() for t in tries]
            assert sum(e is None for e in errors) == 1
            assert [e.code for e in errors if e] == ["ALREADY_EXISTS"]


def test_a_system_enters_the_catalogue(world, migrated, cities):
    """Not while a unit ID is that of two agencies' radios, also when one of them is only being added; then it holds for both."""
    ours, theirs = cities
    name = f"Old {world.number()}"
    first, second = radio(ours, world.number(), name, 31), radio(theirs, world.number(), name.upper(), 31)
    with refused("FAILED_PRECONDITION", field="name", text="1 unit ID is that of assets in more than one agency") as refusal:
        world.ada.CreateRadioSystem(system={"name": name})
    assert all(f"{city[0]}:{asset.tag}" in refusal.text for city, asset in zip(cities, (first, second)))
    change(theirs, second, unit_id=32)
    agency = migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{theirs[0]}'")
    with ThreadPoolExecutor(2) as pool:
        with migrated.held(f"INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES ({agency}, 'U{world.number()}', 'portable', '{name}', 31)"):
            entering = pool.submit(world.ada.CreateRadioSystem, system={"name": name})
            migrated.wait_for_waiting(1)
        with refused("FAILED_PRECONDITION", field="name"):
            entering.result()
        migrated.sql(f"UPDATE radioshop.asset SET unit_id = 33 WHERE agency_id = {agency} AND system = '{name}' AND unit_id = 31")
        # Now the other way about: the catalogue has changed, and is about to say so.
        with migrated.held(f"SELECT set_config('radioshop.agencies', '{{0}}', true); SELECT radioshop.create_radio_system('{name}', '', '', '')"):
            adding = pool.submit(radio, theirs, world.number(), name, 31)
            migrated.wait_for_waiting(1)
        with refused("ALREADY_EXISTS", field="unit_id", text=TAKEN):
            adding.result()
    with refused("ALREADY_EXISTS", field="unit_id", text=TAKEN):
        radio(ours, world.number(), name, 33)


def test_a_name_stays_while_it_is_used(world, cities, system):
    ada, name = world.ada, f"Renamed {world.number()}"
    asset = radio(cities[0], world.number(), system.name, 41)
    with refused("FAILED_PRECONDITION", field="name", text=f"unit IDs are issued on {system.name} by this name, to 1 assets"):
        ada.UpdateRadioSystem(system={"id": system.id, "revision": 1, "name": name}, update_mask=["name"])
    louder = ada.UpdateRadioSystem(system={"id": system.id, "revision": 1, "name": system.name.upper()}, update_mask=["name"]).system
    assert louder.name == system.name.upper()
    cities[0][1].UpdateAsset(asset={"id": asset.id, "revision": 1}, update_mask=["unit_id"])
    for city in cities:
        radio(city, world.number(), name, 42)
    with refused("FAILED_PRECONDITION", field="name", text="more than one agency"):
        ada.UpdateRadioSystem(system={"id": system.id, "revision": 2, "name": name}, update_mask=["name"])
    other = f"Renamed {world.number()}"
    radio(cities[0], world.number(), other, 43)
    assert ada.UpdateRadioSystem(system={"id": system.id, "revision": 2, "name": other}, update_mask=["name"]).system.name == other
    with refused("ALREADY_EXISTS", field="unit_id", text=TAKEN):
        radio(cities[1], world.number(), other, 43)


def test_a_missing_radio_keeps_its_unit_id(world, cities, system):
    """Cleared, changed, by the other city, written off: it is not issued again before that radio is found."""
    ours, theirs = cities
    for place, unit in ((system.name, 61), (f"Unnamed {world.number()}", 62)):
        lost = radio(ours, world.number(), place, unit)
        change(ours, lost, status="missing", unit_id=unit + 1000)
        sentence = f"asset {lost.tag} had this unit ID when it went missing; it is not issued again before that asset is found"
        with refused("ALREADY_EXISTS", field="unit_id", text=sentence):
            radio(ours, world.number(), place, unit)
        change(ours, lost, status="retired")
        row = {"line": 2, "tag": f"U{world.number()}", "class": "portable", "system": place, "unit_id": str(unit)}
        assert sentence in ours[1].ImportAssets(agency=ours[0], rows=[row]).results[0].reason
        if place == system.name:
            with refused("ALREADY_EXISTS", field="unit_id", text=TAKEN):
                radio(theirs, world.number(), place, unit)
        change(ours, lost, status="disposed")
        with refused("ALREADY_EXISTS", field="unit_id", text=sentence):
            radio(ours, world.number(), place, unit)
        assert change(ours, lost, unit_id=unit).unit_id == unit, "but to itself"
        change(ours, lost, unit_id=unit + 1000)
        change(ours, lost, status="spare")
        radio(ours, world.number(), place, unit)
        # Retired without having been missed, it gives its unit ID away when its record does.
        plain = radio(ours, world.number(), place, unit + 500)
        change(ours, plain, status="retired", unit_id=unit + 600)
        radio(ours, world.number(), place, unit + 500)


def test_lost_at_the_moment_it_is_issued(world, migrated, cities, system):
    """One bench clears the unit ID of a radio that it reports missing, and has not ended yet; the other waits, and does not get it."""
    ours = cities[0]
    lost = radio(ours, world.number(), system.name, 71)
    with ThreadPoolExecutor(1) as pool:
        with migrated.held(f"UPDATE radioshop.asset SET status = 'missing' WHERE asset_id = '{lost.id}'; UPDATE radioshop.asset SET unit_id = NULL WHERE asset_id = '{lost.id}'"):
            other = pool.submit(change, ours, radio(ours, world.number(), system.name, 72), unit_id=71)
            # What is committed says that the radio has it: nobody waits to hear so.
            with refused("ALREADY_EXISTS", field="unit_id"):
                other.result()
    with refused("ALREADY_EXISTS", field="unit_id", text="went missing"):
        radio(ours, world.number(), system.name, 71)


def test_only_the_shop_changes_the_catalogue(world, system):
    with refused("PERMISSION_DENIED"):
        world.caller("ind-admin").UpdateRadioSystem(system={"id": system.id, "revision": 1, "notes": "mine"}, update_mask=["notes"])
    with refused("PERMISSION_DENIED"):
        world.caller("ind-admin").CreateRadioSystem(system={"name": "Evil"})
    assert world.tina.GetRadioSystem(system=system.name).system.notes == ""
