"""Physical inventory: what is there against what the register expects, scanned by several people at once, closed once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, status


def verdict(item):
    return contract.label(item, "verdict")


def start(world, agency, who="tina", **values):
    return world.caller(who).StartInventory(agency=agency, **values).inventory


def scan(world, inventory, *codes, who="tina", **values):
    return list(world.caller(who).ScanInventory(inventory=inventory.number, code=list(codes), **values).items)


def verdicts(items):
    return [(verdict(i), i.tag) for i in items]


def items(world, inventory, who="tina", **values):
    """[(verdict, tag or code)] over pages of three."""
    rows = world.caller(who).pages("ListInventoryItems", "items", inventory=inventory.number, page_size=3, **values)
    return [(verdict(i), i.tag or i.code) for i in rows]


def figures(inventory):
    return (inventory.expected, inventory.found, inventory.wrong_place, inventory.missing, inventory.accounted, inventory.unexpected)


def shown(world, inventory, who="tina"):
    return figures(world.caller(who).GetInventory(inventory=inventory.number).inventory)


def change(world, asset, **values):
    now = world.tina.GetAsset(asset=asset.id).asset
    return world.tina.UpdateAsset(asset={"id": asset.id, "revision": now.revision, **values}, update_mask=list(values)).asset


def race(calls):
    def one(call):
        caller, method, request = call
        try:
            return getattr(caller, method)(**request)
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.fixture(scope="module")
def benches(world):
    """Connections of their own, for what happens at once."""
    callers = [world.fresh_caller("tina") for _ in range(4)]
    for caller in callers:
        caller.GetCaller()
    yield callers
    for caller in callers:
        caller.close()


def test_from_the_start_to_the_close(world, agency):
    manager = world.person(f"inv-{agency.lower()}", [("fleet_manager", agency)])
    here = [world.asset(agency, location="Station 3", assigned_to=f"Officer {i}") for i in range(5)]
    there = world.asset(agency, location="Station 5", alias=f"E5 {agency}")
    nowhere = world.asset(agency, location="")
    gone = [world.asset(agency, status=s) for s in ("missing", "retired", "in_shop")]
    inventory = start(world, agency, manager, note="yearly")
    assert (inventory.number, inventory.expected, inventory.started_by, contract.label(inventory, "state")) == \
        (f"{agency}-INV-{day()[:4]}-001", 7, manager, "open")
    with refused("ALREADY_EXISTS", field="location") as refusal:
        start(world, agency)
    assert inventory.number in refusal.text
    late = world.asset(agency, location="Station 3")
    assert figures(inventory) == (7, 0, 0, 7, 0, 0) and ("missing", late.tag) not in items(world, inventory), "what comes later is not expected"
    # any code on a radio, the place said once for all; in the order of the codes
    answer = scan(world, inventory, here[0].serial.lower(), f" {here[1].tag} ", there.alias, nowhere.id, f"{agency}:{here[2].tag}", location="Station 3")
    assert verdicts(answer) == [("found", here[0].tag), ("found", here[1].tag), ("wrong_place", there.tag), ("found", nowhere.tag), ("found", here[2].tag)]
    assert (answer[0].assigned_to, answer[0].scanned_by, answer[0].scanned_location, answer[2].location) == ("Officer 0", "tina", "Station 3", "Station 5")
    # again, by somebody else, at another place: told who was first, and counted once
    again, = scan(world, inventory, here[0].tag, who=manager, location="Station 9")
    assert (again.already, again.scanned_by, again.scanned_location, verdict(again)) == (True, "tina", "Station 3", "found")
    twice = scan(world, inventory, here[3].tag, here[3].serial)
    assert [i.already for i in twice] == [False, True] and verdict(twice[1]) == "found"
    # what is not expected, each with its reason
    odd = scan(world, inventory, gone[0].tag, gone[1].tag, gone[2].tag, late.tag, "NOBODY-KNOWS")
    assert [verdict(i) for i in odd] == ["unexpected"] * 5
    assert ["missing" in odd[0].reason, "retired" in odd[1].reason, "in shop" in odd[2].reason, "when the inventory began" in odd[3].reason] == [True] * 4
    assert (odd[4].tag, odd[4].code, odd[4].owner) == ("", "NOBODY-KNOWS", "")
    assert scan(world, inventory, "nobody-knows")[0].already, "the same code, however it is written"
    assert shown(world, inventory, manager) == (7, 5, 1, 1, 0, 5)
    rows = {p.location: (p.expected, p.found, p.wrong_place, p.missing, p.accounted, p.unexpected, p.percent)
            for p in world.caller(manager).SummarizeInventory(inventory=inventory.number).locations}
    assert rows == {"": (1, 1, 0, 0, 0, 5, 100), "Station 3": (5, 4, 0, 1, 0, 0, 80), "Station 5": (1, 0, 1, 0, 0, 0, 100)}
    everything = items(world, inventory)
    assert len(everything) == 12 and everything[-1] == ("unexpected", "NOBODY-KNOWS") and everything[:-1] == sorted(everything[:-1], key=lambda i: i[1])
    assert items(world, inventory, verdict="missing") == [("missing", here[4].tag)]
    assert len(items(world, inventory, verdict="unexpected")) == 5 and items(world, inventory, verdict="accounted") == []
    assert items(world, inventory, verdict="missing", location="station 3") == [("missing", here[4].tag)] and not items(world, inventory, location="Station 8")
    # a mistake is taken back, and can be scanned anew
    undone = world.tina.UndoInventoryScan(inventory=inventory.number, code=here[3].serial).item
    assert (verdict(undone), undone.scanned_by) == ("missing", "")
    for code in (late.tag, "NOBODY-knows"):
        assert verdict(world.tina.UndoInventoryScan(inventory=inventory.number, code=code).item) == "unspecified"
        with refused("FAILED_PRECONDITION", field="code"):
            world.tina.UndoInventoryScan(inventory=inventory.number, code=code)
    assert shown(world, inventory) == (7, 4, 1, 2, 0, 3)
    assert not scan(world, inventory, here[3].tag, who=manager)[0].already
    event = world.ada.ListEvents(resource_id=here[0].id, agency=agency, resource="inventory_item").events[0]
    assert (event.principal, event.method) == ("tina", "InventoryService.ScanInventory") and "Station 3" in event.after
    # closed with corrections, each an event of its asset
    with refused("PERMISSION_DENIED"):
        world.tina.CloseInventory(inventory=inventory.number)
    closed = world.caller(manager).CloseInventory(inventory=inventory.number, set_missing=True, set_location=True, note="done").inventory
    assert figures(closed) == (7, 5, 1, 1, 0, 3)
    assert (closed.set_missing, closed.set_location, closed.closed_by, closed.percent, closed.close_note) == (1, 2, manager, 85, "done")
    assert status(world.tina.GetAsset(asset=here[4].id).asset) == "missing"
    assert [world.tina.GetAsset(asset=a.id).asset.location for a in (there, nowhere)] == ["Station 3", "Station 3"]
    event = world.ada.ListEvents(resource_id=here[4].id, agency=agency, resource="asset").events[0]
    assert (event.principal, event.method, event.after) == (manager, "InventoryService.CloseInventory", '{"status": "missing", "revision": 2}')
    # and nothing of it changes any more
    for method, values in (("ScanInventory", {"code": [here[4].tag]}), ("UndoInventoryScan", {"code": here[0].tag}), ("CloseInventory", {})):
        with refused("FAILED_PRECONDITION", field="inventory") as refusal:
            getattr(world.ada, method)(inventory=inventory.number, **values)
        assert f"was closed by {manager} on {day()}" in refusal.text
    change(world, here[4], status="in_service", location="Station 7")
    assert shown(world, inventory) == (7, 5, 1, 1, 0, 3) and items(world, inventory, verdict="missing") == [("missing", here[4].tag)]
    second = start(world, agency)
    assert (second.number[-3:], second.expected) == ("002", 8)
    listed = lambda **values: [i.number for i in world.vera.ListInventories(agency=agency, **values).inventories]  # noqa: E731
    assert (listed(), listed(state="closed"), listed(state="open")) == ([second.number, inventory.number], [inventory.number], [second.number])
    assert figures(world.vera.ListInventories(agency=agency).inventories[1]) == figures(closed)


def test_what_happens_meanwhile_is_accounted_for(world, agency):
    """A radio that was moved, taken to the shop, sent away, lent or retired during the count is not missing; what is reported missing is."""
    radios = [world.asset(agency, location="HQ") for _ in range(8)]
    inventory = start(world, agency, location="hq")
    assert (inventory.location, inventory.expected) == ("hq", 8)
    change(world, radios[0], location="Annex")
    world.tina.OpenTicket(asset=radios[1].id, problem="dead", received=True)
    change(world, radios[2], status="at_depot")
    world.tina.IssueLoan(asset=radios[3].id, borrower="B. Lane", due_on=day(3))
    change(world, radios[4], status="retired")
    change(world, radios[5], status="missing")
    reasons = {i.tag: i.reason for i in world.tina.pages("ListInventoryItems", "items", inventory=inventory.number, verdict="accounted", page_size=2)}
    assert reasons == dict(zip([r.tag for r in radios], ("moved to Annex", "in the shop", "at the depot", "lent to B. Lane", "retired")))
    assert items(world, inventory, verdict="missing") == [("missing", r.tag) for r in radios[5:]]
    # in hand is in hand, whatever the register says since
    found, = scan(world, inventory, radios[4].tag)
    assert verdict(found) == "found" and "retired" in found.reason
    elsewhere, = scan(world, inventory, radios[0].tag)
    assert (verdict(elsewhere), elsewhere.scanned_location) == ("wrong_place", "hq"), "scanned here, and moved away in the register"
    stranger = world.asset(agency, location="Annex")
    assert verdict(scan(world, inventory, stranger.tag)[0]) == "wrong_place"
    scan(world, inventory, radios[6].tag, location="Garage")
    change(world, radios[6], location="Vault")
    closed = world.ada.CloseInventory(inventory=inventory.number, set_missing=True, set_location=True).inventory
    assert figures(closed) == (8, 1, 3, 2, 3, 0)
    assert (closed.set_missing, closed.set_location) == (1, 2), "what was missing already needs no correction, and a move since the scan is newer"
    assert [world.tina.GetAsset(asset=a.id).asset.location for a in (radios[0], stranger, radios[6], radios[3])] == ["hq", "hq", "Vault", "HQ"]
    assert [status(world.tina.GetAsset(asset=radios[n].id).asset) for n in (1, 2, 3, 4, 5, 7)] == ["in_shop", "at_depot", "in_service", "retired", "missing", "missing"]


def test_without_being_asked_nothing_is_corrected(world, agency):
    radio, other = world.asset(agency, location="A"), world.asset(agency, location="A")
    inventory = start(world, agency)
    scan(world, inventory, radio.tag, location="B")
    closed = world.ada.CloseInventory(inventory=inventory.number).inventory
    assert figures(closed) == (2, 0, 1, 1, 0, 0) and (closed.set_missing, closed.set_location) == (0, 0)
    assert [world.tina.GetAsset(asset=a.id).asset for a in (radio, other)] == [radio, other]


def test_a_class_is_counted_alone(world, agency):
    mobile, portable = world.asset(agency, model="M22URS9PW1BN"), world.asset(agency)
    inventory = start(world, agency, **{"class": "portable"})
    assert inventory.expected == 1
    assert start(world, agency).expected == 2, "another one, of everything, may be open beside it"
    answer = scan(world, inventory, mobile.tag, portable.tag)
    assert verdicts(answer) == [("unexpected", mobile.tag), ("found", portable.tag)] and "a mobile" in answer[0].reason


def test_a_radio_of_another_city(world, agency):
    """It is unexpected, and told no otherwise than a code that nobody has: but to the shop, who sees both, whose it is."""
    theirs = world.agency()
    foreign = world.asset(theirs, tag=f"F{agency}", serial=f"FS{agency}", assigned_to="Their officer")
    world.asset(agency)
    manager = world.person(f"inv2-{agency.lower()}", [("fleet_manager", agency)])
    inventory = start(world, agency, manager)
    told = [scan(world, inventory, code, who=manager)[0] for code in (foreign.tag, f"N{agency}", foreign.id, new_id())]
    plain = [(verdict(i), i.tag, i.serial, i.model, i.assigned_to, i.owner, i.reason, i.already, i.asset_id) for i in told]
    assert len(set(plain)) == 1 and plain[0][0] == "unexpected", plain
    for who, owner in ((manager, ""), ("vera", f"{theirs}:{foreign.tag}")):
        rows = {i.code: i.owner for i in world.caller(who).ListInventoryItems(inventory=inventory.number, verdict="unexpected").items}
        assert (rows[foreign.tag], rows[f"N{agency}"]) == (owner, "")
    answer, = scan(world, inventory, foreign.serial)
    assert (answer.owner, answer.assigned_to, answer.asset_id) == (f"{theirs}:{foreign.tag}", "", "")
    stored = repr(world.ada.ListEvents(agency=agency, resource="inventory_stray").events)
    assert theirs not in stored, "whose it is is written down nowhere"
    outsider = world.person(f"inv-{theirs.lower()}", [("fleet_manager", theirs)])
    for method, values in (("GetInventory", {}), ("SummarizeInventory", {}), ("ListInventoryItems", {}), ("ScanInventory", {"code": ["X"]}),
                           ("UndoInventoryScan", {"code": foreign.tag}), ("CloseInventory", {})):
        with refused("NOT_FOUND", field="inventory"):
            getattr(world.caller(outsider), method)(inventory=inventory.number, **values)
    with refused("NOT_FOUND", field="agency"):
        start(world, agency, outsider)
    assert not world.caller(outsider).ListInventories().inventories


def test_scanners_at_the_same_moment(world, agency, benches):
    """Many radios, all scanned by all in other orders: each counts once, nobody waits for the other for ever, and a close ends it."""
    radios = [world.asset(agency, serial="") for _ in range(20)]
    inventory = start(world, agency)
    codes = [r.tag for r in radios] + [f"STRAY{i}" for i in range(6)]
    answers = race([(caller, "ScanInventory", {"inventory": inventory.number, "code": codes[turn:] + codes[:turn], "location": f"bench {n}"})
                    for n, (caller, turn) in enumerate(zip(benches, (0, 7, 13, 19)))])
    assert not [a for a in answers if isinstance(a, Refused)]
    first = [i.tag or i.code for a in answers for i in a.items if not i.already]
    assert sorted(first) == sorted(codes), "each exactly once"
    who = [{i.code: i.scanned_location for i in a.items} for a in answers]
    assert who[0] == who[1] == who[2] == who[3], "all are told of the same first"
    assert shown(world, inventory) == (20, 20, 0, 0, 0, 6)
    # two who begin the same, and two who close
    started = race([(caller, "StartInventory", {"agency": agency, "class": "portable"}) for caller in benches])
    assert sorted(a.code if isinstance(a, Refused) else "OK" for a in started) == ["ALREADY_EXISTS"] * 3 + ["OK"]
    other = next(a.inventory for a in started if not isinstance(a, Refused))
    scan(world, other, *codes[:10])
    managers = [world.fresh_caller("ada") for _ in range(3)]
    answers = race([(m, "CloseInventory", {"inventory": other.number, "set_missing": True}) for m in managers]
                   + [(benches[0], "ScanInventory", {"inventory": other.number, "code": codes[10:15]})])
    for manager in managers:
        manager.close()
    assert sorted(a.code if isinstance(a, Refused) else "OK" for a in answers[:3]) == ["FAILED_PRECONDITION"] * 2 + ["OK"]
    late = isinstance(answers[3], Refused)
    assert not late or answers[3].code == "FAILED_PRECONDITION"
    closed = next(a.inventory for a in answers[:3] if not isinstance(a, Refused))
    assert closed.missing == closed.set_missing == (10 if late else 5)


def test_a_repeat_changes_nothing(world, agency):
    radio = world.asset(agency)
    request = {"request_id": new_id(), "agency": agency}
    inventory = world.tina.StartInventory(**request).inventory
    assert world.tina.StartInventory(**request).inventory == inventory
    request = {"request_id": new_id(), "inventory": inventory.number, "code": [radio.tag]}
    first = world.tina.ScanInventory(**request)
    assert not first.items[0].already and world.tina.ScanInventory(**request) == first, "the first answer, not that it was scanned before"
    request = {"request_id": new_id(), "inventory": inventory.number}
    assert world.ada.CloseInventory(**request) == world.ada.CloseInventory(**request)


def test_wrong_input(world, agency):
    one, two = world.asset(agency, alias=f"TWIN {agency}", location="Here"), world.asset(agency, alias=f"TWIN {agency}", location="Here")
    for values, code, field in (({"agency": ""}, "INVALID_ARGUMENT", "agency"), ({"agency": "SHOP"}, "INVALID_ARGUMENT", "agency"),
                                ({"agency": "ZZZ"}, "NOT_FOUND", "agency"), ({"location": "Hree"}, "FAILED_PRECONDITION", "location"),
                                ({"location": "x" * 201}, "FAILED_PRECONDITION", "location"), ({"class": "pager"}, "FAILED_PRECONDITION", "agency"),
                                ({"note": "x" * 2001}, "INVALID_ARGUMENT", "note")):
        with refused(code, field=field) as refusal:
            world.tina.StartInventory(**{"agency": agency, **values})
        assert values.get("location") != "Hree" or "such as Here" in refusal.text
    inventory = start(world, agency)
    for values, code, field in (({"code": []}, "INVALID_ARGUMENT", "code"), ({"code": ["x"] * 201}, "INVALID_ARGUMENT", "code"),
                                ({"location": "x" * 201}, "INVALID_ARGUMENT", "location"), ({"inventory": ""}, "INVALID_ARGUMENT", "inventory"),
                                ({"inventory": "X-INV-2026-001"}, "NOT_FOUND", "inventory")):
        with refused(code, field=field):
            world.tina.ScanInventory(**{"inventory": inventory.number, "code": [one.tag], **values})
    assert shown(world, inventory) == (2, 0, 0, 2, 0, 0), "what is refused leaves nothing"
    # codes that are none do not keep the others out
    answer = scan(world, inventory, "", "x" * 101, f"TWIN {agency}", one.tag, "a\tb")
    assert [bool(i.refused) for i in answer] == [True, True, True, False, True] and verdict(answer[3]) == "found"
    assert "fits 2 radios" in answer[2].refused and two.tag in answer[2].refused
    assert shown(world, inventory) == (2, 1, 0, 1, 0, 0)
    with refused("INVALID_ARGUMENT", field="code"):
        world.tina.UndoInventoryScan(inventory=inventory.number, code=" ")
