"""Custody: who has which radio from when until when, what is not checked out, and where a radio has been."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id, status


@pytest.fixture
def city(world):
    return world.agency()


def custodian(world, agency, **values):
    number = world.number()
    return world.tina.CreateCustodian(custodian={"agency": agency, "code": f"B{number}", "name": f"Officer {number}", **values}).custodian


def held(world, who):
    return sorted(h.tag for h in world.vera.GetCustodian(custodian=who.id).custodian.held)


def assigned(world, asset):
    return world.vera.GetAsset(asset=asset.id).asset.assigned_to


def out(world, who, *assets, caller="tina", **values):
    return list(world.caller(caller).CheckOutAssets(assets=[a.id for a in assets], to=who.id, **values).custody)


def check_in(world, *assets, caller="tina", **values):
    return list(world.caller(caller).CheckInAssets(assets=[a.id for a in assets], **values).custody)


def listed(world, **values):
    return [k.tag for k in world.vera.ListCustody(**values).custody]


def together(*calls):
    """What came of calls made at once: a reply or the refusal."""
    def tried(call):
        try:
            return call()
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(tried, calls))


def test_out_and_in(world, city):
    """Several radios in one call; the register shows who has them, and what was on the shelf goes back there."""
    ruiz = custodian(world, city, code="4711", name="A. Ruiz")
    radio, spare = world.asset(city, assigned_to="whoever", location="Station 1"), world.asset(city, status="spare", location="Shelf")
    values = {"request_id": new_id(), "assets": [radio.tag, f"{city}:{spare.tag}", radio.serial], "to": "4711", "due_on": day(3), "note": "event"}
    reply = world.tina.CheckOutAssets(**values)
    assert [(k.tag, k.custodian, k.name, contract.label(k, "kind"), k.due_on, k.days_late, k.note, k.out_by) for k in reply.custody] == [
        (tag, "4711", "A. Ruiz", "person", day(3), 0, "event", "tina") for tag in (radio.tag, spare.tag)], "each once, in the order given"
    assert world.tina.CheckOutAssets(**values) == reply, "a repeat is the first answer"
    assert assigned(world, radio) == assigned(world, spare) == "A. Ruiz" and status(world.vera.GetAsset(asset=spare.id).asset) == "in_service"
    assert f"checked out to A. Ruiz (4711) since {day()}, due {day(3)}" in world.vera.GetAsset(asset=radio.id).asset.custody
    assert held(world, ruiz) == sorted([radio.tag, spare.tag])
    shown = world.vera.GetCustodian(custodian=f"{city}:4711").custodian
    assert (shown.holding, shown.overdue) == (2, 0) and {h.due_on for h in shown.held} == {day(3)}
    assert sorted(listed(world, custodian=ruiz.id)) == sorted(listed(world, agency=city)) == sorted([radio.tag, spare.tag])
    assert listed(world, asset=radio.tag) == [radio.tag] and not listed(world, agency=city, overdue=True)

    values = {"request_id": new_id(), "assets": [spare.tag], "location": "Property room", "note": "scratched"}
    reply = world.tina.CheckInAssets(**values)
    assert [(k.tag, k.returned_to, k.return_note, k.in_by, k.in_at.seconds > 0) for k in reply.custody] == [(spare.tag, "Property room", "scratched", "tina", True)]
    assert world.tina.CheckInAssets(**values) == reply
    back = world.vera.GetAsset(asset=spare.id).asset
    assert (back.assigned_to, back.location, status(back), back.custody) == ("", "Property room", "spare", "")
    assert held(world, ruiz) == [radio.tag]
    assert set(listed(world, custodian=ruiz.id, returned=True)) == {radio.tag, spare.tag}
    check_in(world, radio)
    assert world.vera.GetAsset(asset=radio.id).asset.location == "Station 1", "no location given: it stays where it was kept"
    assert not held(world, ruiz) and not listed(world, agency=city)
    kinds = [e.action for e in world.vera.ListEvents(resource="custody", resource_id=radio.id).events]
    assert kinds == ["update", "insert"], "each change is an event that the asset's code finds"


def test_what_is_not_checked_out(world, city):
    """All or none: one wrong radio leaves the others where they are, and every wrong one is named."""
    ruiz, lane = custodian(world, city), custodian(world, city)
    good, taken, lent, gone, broken = (world.asset(city) for _ in range(5))
    lost = world.asset(city, status="missing")
    out(world, lane, taken)
    world.tina.IssueLoan(asset=lent.id, borrower="B. Lane", due_on=day(3))
    world.tina.UpdateAsset(asset={"id": gone.id, "status": "retired", "revision": gone.revision}, update_mask=["status"])
    world.tina.OpenTicket(asset=broken.id, problem="dead", received=True)
    with refused("FAILED_PRECONDITION", field="assets") as refusal:
        out(world, ruiz, good, taken, lent, gone, broken, lost)
    for sentence in (f"asset {taken.tag} is checked out to {lane.name} ({lane.code}) since {day()}; check it in first",
                     f"asset {lent.tag} is lent to B. Lane since {day()}", f"asset {gone.tag} is retired; only what is in service or spare",
                     f"asset {broken.tag} is in_shop", f"asset {lost.tag} is missing"):
        assert sentence in refusal.text
    assert assigned(world, good) == "" and not held(world, ruiz)
    with refused("FAILED_PRECONDITION", field="assets", text=f"asset {good.tag} is not checked out"):
        check_in(world, taken, good)
    assert held(world, lane) == [taken.tag]
    with refused("NOT_FOUND", field="assets", text="no asset has the code NONE1; no asset has the code NONE2"):
        world.tina.CheckOutAssets(assets=[good.tag, "NONE1", "NONE2"], to=ruiz.id)
    with refused("INVALID_ARGUMENT", field="assets", text="at least one asset"):
        world.tina.CheckOutAssets(to=ruiz.id)
    with refused("INVALID_ARGUMENT", field="assets", text="at most 500"):
        world.tina.CheckInAssets(assets=[good.tag] * 501)
    with refused("INVALID_ARGUMENT", field="to", text="give the code of a custodian"):
        out(world, type(ruiz)(), good)
    with refused("INVALID_ARGUMENT", field="due_on", text=f"from today on, {day()}"):
        out(world, ruiz, good, due_on=day(-1))
    with refused("INVALID_ARGUMENT", field="note"):
        out(world, ruiz, good, note="x" * 501)
    with refused("FAILED_PRECONDITION", field="asset", text=f"checked out to {lane.name}"):
        world.tina.IssueLoan(asset=taken.id, borrower="X", due_on=day(3))
    with refused("FAILED_PRECONDITION", field="status", text=f"is checked out to {lane.name} ({lane.code}) since {day()}; check it in"):
        it = world.vera.GetAsset(asset=taken.id).asset
        world.tina.UpdateAsset(asset={"id": taken.id, "status": "retired", "revision": it.revision}, update_mask=["status"])
    out(world, ruiz, good, due_on=day())
    assert held(world, ruiz) == [good.tag]


def test_people_of_another_city(world, city):
    """Not even the shop, which sees both, hands a radio to them; a loan does. Which codes the other city has is not told."""
    other = world.agency()
    ruiz = custodian(world, other, code="9001")
    radio, theirs = world.asset(city), world.asset(other)
    for code in ("9001", ruiz.id, f"{other}:9001", "NOBODY"):
        with refused("NOT_FOUND", field="to", text=f"{city} has no custodian {code}; people of another agency get a radio by a loan"):
            world.tina.CheckOutAssets(assets=[radio.id], to=code)
    with refused("INVALID_ARGUMENT", field="assets", text=f"these are assets of {city} and {other}; take one agency at a time"):
        out(world, ruiz, radio, theirs)
    twin = custodian(world, city, code="9001")
    with refused("INVALID_ARGUMENT", field="custodian", text=f"custodians of {city}, {other} have the code 9001; write AGENCY:CODE"):
        world.vera.GetCustodian(custodian="9001")
    assert world.tina.CheckOutAssets(assets=[radio.id], to="9001").custody[0].name == twin.name
    assert listed(world, custodian="9001", agency=city) == [radio.tag] and not listed(world, custodian="9001", agency=other)


def test_one_truth_of_who_has_it(world, city):
    """assigned_to is what people type until a radio is checked out; from then on it is who has it, whoever tries otherwise."""
    ruiz = custodian(world, city)
    radio = world.asset(city)
    out(world, ruiz, radio)
    it = world.vera.GetAsset(asset=radio.id).asset
    with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", field="assigned_to", text="it is checked out, and shows who has it; check it in first"):
        world.tina.UpdateAsset(asset={"id": radio.id, "assigned_to": "B. Lane", "revision": it.revision}, update_mask=["assigned_to"])
    rows = [{"line": 2, "tag": radio.tag, "assigned_to": "B. Lane", "notes": "x"}, {"line": 3, "tag": radio.tag, "notes": "y"},
            {"line": 4, "tag": radio.tag, "assigned_to": ruiz.name}]
    results = world.tina.ImportAssets(agency=city, rows=rows).results
    assert [(contract.label(r, "outcome"), r.column) for r in results] == [("refused", "assigned_to"), ("changed", ""), ("unchanged", "")]
    world.tina.UpdateCustodian(custodian={"id": ruiz.id, "name": "A. Ruiz-Lane", "revision": ruiz.revision}, update_mask=["name"])
    assert assigned(world, radio) == "A. Ruiz-Lane", "a new name shows on what they have"
    check_in(world, radio)
    it = world.vera.GetAsset(asset=radio.id).asset
    assert world.tina.UpdateAsset(asset={"id": radio.id, "assigned_to": "Engine 4", "revision": it.revision}, update_mask=["assigned_to"]).asset.assigned_to == "Engine 4"
    world.tina.UpdateCustodian(custodian={"id": ruiz.id, "name": "A. Ruiz", "revision": ruiz.revision + 1}, update_mask=["name"])
    assert assigned(world, radio) == "Engine 4"


def test_custodians(world, city):
    """Records of an agency with their codes, guarded by revision; who leaves hands in first."""
    values = {"request_id": new_id(), "custodian": {"agency": city, "code": "E-7", "name": "Engine 7", "kind": "vehicle", "note": "since May"}}
    engine = world.tina.CreateCustodian(**values).custodian
    assert world.tina.CreateCustodian(**values).custodian == engine, "a repeat adds nobody"
    assert (engine.agency, contract.label(engine, "kind"), engine.revision, engine.holding) == (city, "vehicle", 1, 0)
    for wrong, code, field, text in (({"code": "e-7"}, "ALREADY_EXISTS", "code", f"{city} has a custodian E-7 already: Engine 7"),
                                     ({"code": ""}, "INVALID_ARGUMENT", "code", "such as a badge number"), ({"name": " "}, "INVALID_ARGUMENT", "name", "a name is needed"),
                                     ({"kind": "depot"}, "INVALID_ARGUMENT", "kind", "while its ticket says so"), ({"agency": "ZZZ"}, "NOT_FOUND", "agency", "ZZZ"),
                                     ({"agency": ""}, "INVALID_ARGUMENT", "agency", "give the code"), ({"note": "x" * 501}, "INVALID_ARGUMENT", "note", "500")):
        with refused(code, field=field, text=text):
            custodian(world, **{"agency": city, **wrong})
    person, site = custodian(world, city, code="A1"), custodian(world, city, code="Z9", kind="site")

    def codes(**filters):
        return [c.code for c in world.vera.ListCustodians(agency=city, **filters).custodians]
    assert codes() == ["A1", "E-7", "Z9"] and codes(kind="site") == ["Z9"]
    with refused("ABORTED", field="revision"):
        world.tina.UpdateCustodian(custodian={"id": engine.id, "name": "x", "revision": 7}, update_mask=["name"])
    with refused("INVALID_ARGUMENT", field="update_mask", text="holding cannot be changed"):
        world.tina.UpdateCustodian(custodian={"id": engine.id, "revision": 1}, update_mask=["holding"])
    with refused("ALREADY_EXISTS", field="code", text=f"{site.name} has this code already"):
        world.tina.UpdateCustodian(custodian={"id": engine.id, "code": "z9", "revision": 1}, update_mask=["code"])
    radios = [world.asset(city) for _ in range(2)]
    out(world, person, *radios)
    leave = {"request_id": new_id(), "custodian": {"id": person.id, "inactive": True, "revision": 1}, "update_mask": ["inactive"]}
    with refused("FAILED_PRECONDITION", field="inactive", text=f"custodian A1 still holds 2: {radios[0].tag}, {radios[1].tag}; check them in first"):
        world.tina.UpdateCustodian(**leave)
    check_in(world, *radios)
    gone = world.tina.UpdateCustodian(**leave).custodian
    assert gone.inactive and gone.revision == 2 and world.tina.UpdateCustodian(**leave).custodian == gone
    assert codes() == ["E-7", "Z9"] and codes(inactive=True) == ["A1", "E-7", "Z9"] and codes(kind="person", inactive=True) == ["A1"]
    with refused("FAILED_PRECONDITION", field="to", text="is not active any more"):
        out(world, person, radios[0])
    with refused("NOT_FOUND", field="custodian", text="no custodian has the code NOBODY"):
        world.vera.GetCustodian(custodian="NOBODY")
    with refused("NOT_FOUND", field="agency"):
        world.vera.ListCustodians(agency="ZZZ")


def test_what_should_be_back(world, city, migrated):
    ruiz, lane = custodian(world, city), custodian(world, city)
    late, due, free, theirs = (world.asset(city) for _ in range(4))
    out(world, ruiz, late, due_on=day(1))
    out(world, ruiz, due, due_on=day())
    out(world, ruiz, free)
    out(world, lane, theirs, due_on=day(1))
    migrated.sql(f"UPDATE radioshop.custody SET out_on = out_on - 4, due_on = due_on - 4 WHERE asset_id IN ('{late.id}', '{theirs.id}')")
    assert listed(world, agency=city, overdue=True) == [theirs.tag, late.tag], "due today is not late"
    assert listed(world, custodian=ruiz.id, overdue=True) == [late.tag] and listed(world, asset=late.id, overdue=True) == [late.tag]
    assert not listed(world, asset=due.id, overdue=True) and not listed(world, asset=late.id, custodian=lane.id)
    assert [k.days_late for k in world.vera.ListCustody(agency=city, overdue=True).custody] == [3, 3]
    shown = world.vera.GetCustodian(custodian=ruiz.id).custodian
    assert (shown.holding, shown.overdue) == (3, 1)
    check_in(world, late)
    assert listed(world, agency=city, overdue=True) == [theirs.tag]
    assert world.vera.ListCustody(asset=late.id, returned=True).custody[0].days_late == 3, "so late it came back"
    with refused("NOT_FOUND", field="custodian"):
        world.vera.ListCustody(custodian="NOBODY")
    with refused("NOT_FOUND", field="asset"):
        world.vera.ListCustody(asset="NOBODY")


def test_where_a_radio_has_been(world, city):
    """Owner, custodian and location from when until when; in the shop it stays assigned to who answers for it."""
    ruiz = custodian(world, city, code="4711", name="A. Ruiz")
    radio = world.asset(city, status="spare", location="Shelf")
    out(world, ruiz, radio)
    ticket = world.tina.OpenTicket(asset=radio.id, problem="dead", received=True).ticket
    world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="cancelled")
    check_in(world, radio, location="Property room")
    loan = world.tina.IssueLoan(asset=radio.id, borrower="B. Lane", due_on=day(3)).loan
    world.tina.ReturnLoan(loan=loan.id, revision=loan.revision)
    it = world.vera.GetAsset(asset=radio.id).asset
    world.tina.UpdateAsset(asset={"id": radio.id, "location": "Tower", "revision": it.revision}, update_mask=["location"])
    world.tina.UpdateAsset(asset={"id": radio.id, "notes": "no matter", "revision": it.revision + 1}, update_mask=["notes"])

    def shown(p):
        return p.assigned_to, p.custodian, contract.label(p, "kind"), p.lent_to, p.location, contract.label(p, "status")
    periods = list(world.vera.ListAssetHistory(asset=radio.tag).periods)
    assert [shown(p) for p in periods] == [
        ("", "", "unspecified", "", "Tower", "spare"),
        ("", "", "unspecified", "", "Property room", "spare"),
        ("", "", "unspecified", f"B. Lane ({city})", "Property room", "in_service"),
        ("", "", "unspecified", "", "Property room", "spare"),
        ("A. Ruiz", "4711", "person", "", "Shelf", "in_service"),
        ("A. Ruiz", "4711", "shop", "", "Shelf", "in_shop"),
        ("A. Ruiz", "4711", "person", "", "Shelf", "in_service"),
        ("", "", "unspecified", "", "Shelf", "spare")]
    assert not periods[0].HasField("until") and all(a.HasField("until") for a in periods[1:])
    assert [p.until for p in periods[1:]] == [getattr(p, "from") for p in periods[:-1]], "without a gap"
    assert {p.agency for p in periods} == {city} and {p.changed_by for p in periods} == {"tina"}
    paged = world.vera.pages("ListAssetHistory", "periods", asset=radio.id, page_size=3)
    assert paged == periods


def test_who_had_it_on_that_day(world, migrated):
    """A day is one of the agency's: what was so at any moment of it."""
    city = world.agency()
    world.ada.UpdateAgency(agency={"code": city, "time_zone": "America/Chicago", "revision": 1}, update_mask=["time_zone"])
    ruiz = custodian(world, city, name="A. Ruiz")
    radio = world.asset(city)
    out(world, ruiz, radio)
    check_in(world, radio)
    # 03:00 UTC on the 11th is 22:00 of the 10th in Chicago.
    for action, at in (("insert", "2026-06-11 03:00Z"), ("update", "2026-06-13 12:00Z")):
        migrated.sql("ALTER TABLE radioshop.event DISABLE TRIGGER only_append")
        try:
            migrated.sql(f"""UPDATE radioshop.event e SET at = '{at}' WHERE e.resource_id = '{radio.id}' AND e.transaction =
                (SELECT c.transaction FROM radioshop.event c WHERE c.resource = 'custody' AND c.resource_id = '{radio.id}' AND c.action = '{action}')""")
            migrated.sql(f"UPDATE radioshop.event e SET at = '2026-06-01Z' WHERE e.resource_id = '{radio.id}' AND e.action = 'insert' AND e.resource = 'asset'")
        finally:
            migrated.sql("ALTER TABLE radioshop.event ENABLE TRIGGER only_append")

    def had(on):
        return [p.assigned_to for p in world.vera.ListAssetHistory(asset=radio.tag, on=on).periods]
    assert had("2026-05-30") == [] and had("2026-06-09") == [""]
    assert had("2026-06-10") == ["A. Ruiz", ""] and had("2026-06-12") == ["A. Ruiz"]
    assert had("2026-06-13") == ["", "A. Ruiz"] and had(day()) == [""]
    with refused("INVALID_ARGUMENT", field="on"):
        had("yesterday")
    with refused("NOT_FOUND", field="asset"):
        world.vera.ListAssetHistory(asset="NOBODY")


def test_two_benches(world, city):
    """Of two who check one radio out at once one has it; nobody leaves with one, or takes two in one that another has."""
    people = [custodian(world, city) for _ in range(4)]
    for _ in range(3):
        radio = world.asset(city)
        results = together(*[lambda who=who, n=n: out(world, who, radio, caller=("tina", "ada")[n % 2]) for n, who in enumerate(people)])
        got = [r for r in results if not isinstance(r, Refused)]
        assert len(got) == 1 and all(r.code in ("FAILED_PRECONDITION", "ALREADY_EXISTS") for r in results if isinstance(r, Refused)), results
        assert assigned(world, radio) == got[0][0].name and listed(world, asset=radio.id) == [radio.tag]
        results = together(*[lambda n=n: check_in(world, radio, caller=("tina", "ada")[n % 2]) for n in range(4)])
        assert len([r for r in results if not isinstance(r, Refused)]) == 1
    # Two hands full of the same radios, in opposite order.
    radios = [world.asset(city) for _ in range(6)]
    results = together(lambda: out(world, people[0], *radios), lambda: out(world, people[1], *radios[::-1], caller="ada"))
    assert len([r for r in results if isinstance(r, Refused)]) == 1 and len(held(world, people[0])) + len(held(world, people[1])) == 6
    # One leaves while the other hands over.
    for _ in range(4):
        leaver, radio = custodian(world, city), world.asset(city)
        leaving = {"id": leaver.id, "inactive": True, "revision": 1}
        results = together(lambda: out(world, leaver, radio),
                           lambda: world.ada.UpdateCustodian(custodian=leaving, update_mask=["inactive"]))
        assert len([r for r in results if isinstance(r, Refused)]) == 1, results
        shown = world.vera.GetCustodian(custodian=leaver.id).custodian
        assert shown.inactive != (shown.holding == 1)
    # One lends it while the other checks it out.
    for _ in range(4):
        radio = world.asset(city)
        results = together(lambda: out(world, people[2], radio), lambda: world.ada.IssueLoan(asset=radio.id, borrower="X", due_on=day(2)))
        assert len([r for r in results if isinstance(r, Refused)]) == 1, results
    # A name is changed while a radio comes back.
    for n in range(4):
        who, radio = custodian(world, city), world.asset(city)
        out(world, who, radio)
        renamed = {"id": who.id, "name": f"New {n}", "revision": 1}
        together(lambda: check_in(world, radio), lambda: world.ada.UpdateCustodian(custodian=renamed, update_mask=["name"]))
        assert assigned(world, radio) == "", "what is in is nobody's"
