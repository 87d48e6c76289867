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
        world.ada.DisposeAssets(assets=[lost.id], method="scrapped")
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


def grant(world, code, system, first, last):
    return world.ada.GrantUnitBlock(agency=code, system=system, first=first, last=last)


def blocks(caller, **values):
    return [(b.agency, b.system, b.first, b.last) for b in caller.pages("ListUnitBlocks", "blocks", **values)]


def free(caller, code, system, count=1):
    return [u.unit_id for u in caller.LookupFreeUnitIds(agency=code, system=system, count=count).unit_ids]


def test_blocks_of_two_agencies(world, cities, system):
    """Each is issued its own and hears what that is; neither hears of the other's, by whatever way it tries."""
    ours, theirs = cities
    name, third = system.name, (world.agency(), world.tina)
    assert [str(w) for w in grant(world, ours[0], name.upper(), 2100000, 2100999).warnings] == []
    grant(world, ours[0], name, 2500000, 2500000)
    grant(world, theirs[0], name, 2200000, 2200999)
    sentence = f"{ours[0]} may use 2100000–2100999 and 2500000 on {name}, not "
    held = radio(ours, world.number(), name, 2100000)
    radio(theirs, world.number(), name, 2200000)
    for unit in (2099999, 2101000, 2200000, 2200001, 7):
        with refused("FAILED_PRECONDITION", field="unit_id") as refusal:
            radio(ours, world.number(), name, unit)
        assert refusal.text == sentence + str(unit), "taken, another's and nobody's sound alike"
    with refused("FAILED_PRECONDITION", field="unit_id", text=sentence + "2200001"):
        change(ours, held, unit_id=2200001)
    plain = radio(ours, world.number(), f"Not {name}", 2200001)
    with refused("FAILED_PRECONDITION", field="unit_id", text=sentence + "2200001"):
        change(ours, plain, system=name)
    rows = [{"line": n, "tag": f"B{world.number()}", "class": "portable", "system": name, "unit_id": str(unit)}
            for n, unit in enumerate((2100001, 2200005, 2500000))]
    results = ours[1].ImportAssets(agency=ours[0], rows=rows).results
    assert [r.outcome for r in results] == [1, 4, 1]
    assert (results[1].column, results[1].value, results[1].reason) == ("unit_id", "2200005", sentence + "2200005")
    # An agency without a block: what is nobody's it may have, what is another's it may not.
    radio(third, world.number(), name, 3000000)
    with refused("FAILED_PRECONDITION", field="unit_id", text=f"{third[0]} may not use 2100500 on {name}; ask the shop for a block") as refusal:
        radio(third, world.number(), name, 2100500)
    assert ours[0] not in refusal.text
    assert blocks(ours[1]) == [(ours[0], name, 2100000, 2100999), (ours[0], name, 2500000, 2500000)]
    assert blocks(theirs[1], system=name.lower()) == [(theirs[0], name, 2200000, 2200999)]
    assert blocks(ours[1], agency=theirs[0]) == []
    assert len(blocks(world.ada, system=name)) == 3


def test_free_unit_ids(world, cities, system):
    ours, name = cities[0], system.name
    with refused("FAILED_PRECONDITION", field="agency", text=f"{ours[0]} has no block of unit IDs on {name}"):
        free(ours[1], ours[0], name)
    grant(world, ours[0], name, 500, 502)
    grant(world, ours[0], name, 100, 104)
    assert free(ours[1], ours[0], name) == [100]
    for unit in (100, 103):
        radio(ours, world.number(), name, unit)
    lost = radio(ours, world.number(), name, 104)
    change(ours, lost, status="missing")
    ours[1].UpdateAsset(asset={"id": lost.id, "revision": 2}, update_mask=["unit_id"])
    assert free(ours[1], ours[0], name.lower(), 9) == [101, 102, 500, 501, 502], "not what a missing radio had"
    for unit in (101, 102, 500, 501, 502):
        radio(ours, world.number(), name, unit)
    with refused("FAILED_PRECONDITION", text=f"all unit IDs of {ours[0]} on {name} are issued: 100–104 and 500–502"):
        free(ours[1], ours[0], name)
    for values, field in (({"count": 501}, "count"), ({"count": -1}, "count"), ({"agency": ""}, "agency"), ({"system": ""}, "system")):
        with refused("INVALID_ARGUMENT", field=field):
            ours[1].LookupFreeUnitIds(**{"agency": ours[0], "system": name, **values})
    with refused("NOT_FOUND", field="agency"):
        free(ours[1], cities[1][0], name)
    with refused("NOT_FOUND", field="system"):
        free(ours[1], ours[0], "No such")


def test_granting_and_revoking(world, cities, system):
    """No block overlaps another; nothing of others lies in one; what is used is not taken back; and the rest may be, whole or in part."""
    (ours, caller), (theirs, other), name = *cities, system.name
    radio((theirs, other), world.number(), name, 1500)
    outside = radio((ours, caller), world.number(), name, 7)
    with refused("FAILED_PRECONDITION", field="first", text=f"assets of other agencies have 1 of these unit IDs, such as 1500 of {theirs}:"):
        grant(world, ours, name, 1000, 1999)
    answer = grant(world, ours, name, 1000, 1499)
    assert answer.warnings == [f"assets of {ours} have 1 unit IDs outside of its blocks on {name}; they keep them"]
    assert change((ours, caller), outside, notes="kept").unit_id == 7
    for code in (ours, theirs):
        with refused("ALREADY_EXISTS", field="first", text=f"{ours} has 1000–1499 on {name} already"):
            grant(world, code, name, 1499, 1600)
    used = radio((ours, caller), world.number(), name, 1200)

    def revoke(first, last):
        return [(b.first, b.last) for b in world.ada.RevokeUnitBlock(agency=ours, system=name, first=first, last=last).blocks]
    with refused("FAILED_PRECONDITION", field="first", text=f"assets of {ours} have 1 of these unit IDs"):
        revoke(1100, 1300)
    with refused("FAILED_PRECONDITION", field="first", text=f"{ours} has 1000–1499 on {name}, and not all of 1400–1500"):
        revoke(1400, 1500)
    assert revoke(1300, 1399) == [(1000, 1299), (1400, 1499)]
    assert revoke(1000, 1099) == [(1100, 1299), (1400, 1499)]
    change((ours, caller), used, unit_id=1400)
    assert revoke(1100, 1299) == [(1400, 1499)]
    with refused("FAILED_PRECONDITION", field="unit_id", text=f"{ours} may use 1400–1499"):
        change((ours, caller), used, unit_id=1200)
    grant(world, theirs, name, 1000, 1399)
    radio((theirs, other), world.number(), name, 1200)
    change((ours, caller), used, status="missing")
    caller.UpdateAsset(asset={"id": used.id, "revision": 3}, update_mask=["unit_id"])
    with refused("FAILED_PRECONDITION", field="first", text=f"assets of {ours} have 1 of these unit IDs"):
        revoke(1400, 1499)
    change((ours, caller), used, status="spare")
    assert revoke(1400, 1499) == []


@pytest.mark.parametrize("field, first, last", [("first", 0, 5), ("first", -1, 5), ("last", 5, 4), ("last", 5, 16777212), ("first", 16777212, 16777213)])
def test_what_is_no_block(world, cities, system, field, first, last):
    for method in (world.ada.GrantUnitBlock, world.ada.RevokeUnitBlock):
        with refused("INVALID_ARGUMENT", field=field):
            method(agency=cities[0][0], system=system.name, first=first, last=last)


def test_a_block_and_a_radio_at_once(world, migrated, cities, system):
    """Whoever is first is first: the other waits, and hears what has become of it. Two grants of one block likewise."""
    ours, theirs = cities
    name, (agency, other) = system.name, (migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{city[0]}'") for city in cities)
    shop = f"SELECT set_config('radioshop.agencies', '{{0,{agency},{other}}}', true)"
    with ThreadPoolExecutor(2) as pool:
        with migrated.held(f"INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES ({other}, 'U{world.number()}', 'portable', '{name}', 50)"):
            granting = pool.submit(grant, world, ours[0], name, 1, 99)
            migrated.wait_for_waiting(1)
        with refused("FAILED_PRECONDITION", field="first", text="such as 50 of"):
            granting.result()
        with migrated.held(f"{shop}; SELECT radioshop.grant_unit_block('{ours[0]}', '{name}', 200, 299)"):
            adding = pool.submit(radio, theirs, world.number(), name, 250)
            twin = pool.submit(grant, world, theirs[0], name, 299, 300)
            migrated.wait_for_waiting(2)
        with refused("FAILED_PRECONDITION", field="unit_id", text=f"{theirs[0]} may not use 250 on {name}") as refusal:
            adding.result()
        assert ours[0] not in refusal.text
        with refused("ALREADY_EXISTS", field="first", text=f"{ours[0]} has 200–299"):
            twin.result()
        for first in range(1000, 1010):
            tries = [pool.submit(grant, world, city[0], name, first, first) for city in cities]
            errors = [t.exception() for t in tries]
            assert [e.code for e in errors if e] == ["ALREADY_EXISTS"]


def test_only_the_shop_grants(world, cities, system):
    ours = cities[0]
    admin = world.caller(world.person(f"admin-{ours[0].lower()}", [("admin", ours[0])]))
    for method in (admin.GrantUnitBlock, admin.RevokeUnitBlock):
        with refused("PERMISSION_DENIED"):
            method(agency=ours[0], system=system.name, first=1, last=2)
    assert blocks(world.ada, system=system.name) == []
    key = new_id()
    for _ in range(2):
        assert world.ada.GrantUnitBlock(request_id=key, agency=ours[0], system=system.name, first=1, last=2).block.granted_by == "ada"
    assert blocks(admin, system=system.name) == [(ours[0], system.name, 1, 2)]


def test_a_unit_id_that_is_odd(world, agency):
    """Above 9,999,999 it is written, and said beside the answer; not again when something else changes."""
    def answer(**values):
        return world.tina.CreateAsset(asset={"agency": agency, "tag": f"O{world.number()}", "class": "portable", **values})
    high = answer(unit_id=10000000)
    assert high.asset.unit_id == 10000000 and len(high.warnings) == 1 and "10000000" in high.warnings[0]
    assert not answer(unit_id=9999999).warnings and not answer().warnings
    asset = {"id": high.asset.id, "revision": 1}
    assert not world.tina.UpdateAsset(asset={**asset, "notes": "x"}, update_mask=["notes"]).warnings
    assert world.tina.UpdateAsset(asset={**asset, "revision": 2, "unit_id": 16777211}, update_mask=["unit_id"]).warnings
