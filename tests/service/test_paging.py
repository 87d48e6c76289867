"""Every paged list: all pages together are all rows, once each and in order; tokens and sizes are checked."""

import pytest

from rig import contract
from rig.caller import refused
from rig.world import attach, day, new_id

PAGED = sorted(name for name, method in contract.methods().items() if method.pages)
# How a row is told from another.
KEYS = {"ListAgencies": "code", "ListModels": "number", "ListAssets": "tag", "ListPlans": "code", "ListDue": "tag",
        "ListServiceRecords": "id", "ListDueChanges": "id", "ListMeterReadings": "id", "ListTickets": "number", "ListAlerts": "id", "ListEvents": "id", "ListLimits": "id",
        "ListProcedures": "code", "ListAnalysers": "serial", "ListRadioSystems": "name", "ListUnitBlocks": ("system", "first"), "ListEarlyCalls": "tag",
        "ListPrincipals": "name",
        "ListTicketCodes": ("kind", "code"),
        "ListAgreements": "from_month", "ListLabourRates": "from_day", "ListAlertRoutes": "code", "ListDeliveries": "id",
        "ListStatements": "month", "ListStatementLines": "line_no", "ListFundMovements": "id"}
SHOP_WIDE = ("ListAgencies", "ListLimits", "ListProcedures", "ListAnalysers", "ListModels", "ListRadioSystems", "ListPrincipals",
             "ListTicketCodes",
             "ListAgreements", "ListLabourRates")
# The stock of parts: lists of the shop's own, and those of one shelf.
KEYS.update({"ListParts": "number", "ListPartUses": ("ticket", "entry"), "ListStockLocations": "code", "ListStock": "part",
             "ListPartMoves": "number", "ListRmas": "number", "LookupTickets": "number", "LookupMatches": "tag", "ListSynonyms": "word", "ListCampaigns": "code", "ListCampaignItems": "tag",
             "ListLoans": "id", "ListLoaners": "tag", "ListAttachments": "id",
             "ListCustodians": "code", "ListCustody": "id", "ListAssetHistory": "location", "ListComponents": "id", "ListRetirements": "id", "ListTransfers": "number", "ListBatteries": "tag",
             "ListInventories": "number", "ListInventoryItems": ("tag", "code"),
             "ListApprovedFirmware": ("model", "version"), "ListOffFirmware": "tag", "ListFirmwareHistory": "version",
             "ListCapability": "tag", "ListFlashcodeOptions": ("part", "character", "lsb", "value"), "ListImports": "id",
             "ListReplacements": "tag", "ListReplacementTerms": ("model", "class")})
KEYS.update({"ListFields": "id", "ListKeysets": "code", "ListKeyLoads": "id", "ListMappings": "name", "ListSharedSerials": ("serial", "agency")})
SHOP_WIDE += ("ListReplacementTerms", "ListSynonyms", "ListFlashcodeOptions", "ListParts", "ListStockLocations")
ON_THE_SHELF = ("ListStock", "ListPartMoves")


def key_of(row, key):
    return getattr(row, key) if isinstance(key, str) else tuple(getattr(row, part) for part in key)


LENDERS = []  # the agency whose loaners that one has
MOVED = []  # an asset that has been in many places, and one with many batteries
COUNTED = []  # inventories of the agency below; of the first, half was scanned
BILLED = []  # months of the agency below; the first has many lines


def rows_field(name):
    fields = contract.methods()[name].reply.DESCRIPTOR.fields
    return next(f.name for f in fields if f.message_type is not None)


@pytest.fixture(scope="module")
def filled(world):
    """An agency with 23 rows and more in every list; ties in the order included."""
    agency, lender = world.agency(), world.agency()
    LENDERS.append(lender)
    world.plan(lender, "P00", first_due_on=day(2))
    world.plan(agency, "P00", first_due_on=day(-3))
    for i in range(1, 24):
        world.plan(agency, f"P{i:02d}", first_due_on=day(300 + i), **{"class": "console"})
    MOVED.extend([world.asset(lender, location="p"), world.asset(agency, **{"class": "pager", "model": ""})])
    for i in range(23):
        who = world.tina.CreateCustodian(custodian={"agency": agency, "code": f"B{i:02d}", "name": "x"}).custodian
        world.tina.CheckOutAssets(assets=[world.asset(agency, **{"class": "charger", "model": ""}).id], to=who.id)
        battery = world.asset(agency, **{"class": "battery", "model": ""})
        world.tina.AttachAssets(assets=[battery.id], to=MOVED[1].id)
        world.tina.UpdateAsset(asset={"id": MOVED[0].id, "location": f"p{i}", "revision": i + 1}, update_mask=["location"])
    world.tina.RetireAssets(assets=[world.asset(agency, **{"class": "console", "model": ""}).id for _ in range(23)], reason="surplus")
    for _ in range(23):
        world.ada.OfferTransfer(assets=[world.asset(agency, **{"class": "pager", "model": ""}).id], to=lender)
    world.ada.CreateModel(model={"number": "PAGEDFW", "manufacturer": "Test", "class": "portable"})
    rows = [{"line": i, "tag": f"R{i:03d}", "model": "PAGEDFW"} for i in range(23)]
    world.tina.CreateStockLocation(location={"code": "PAGED", "name": "Shelf"})
    made = world.tina.ImportAssets(agency=agency, rows=rows).results
    world.ada.SetLimit(limit={"test": "paged_line", "direction": "maximum", "high": 3.5, "unit": "Hz", "source": "x", "valid_from": day(-500)})
    world.ada.CreateProcedure(procedure={"code": "PAGEDLINE", "name": "x"},
                              steps=[{"step": "line", "kind": "reading", "unit": "Hz", "test": "paged_line"}])
    # The plan is older than the assets: paper from long ago makes them due, all on one day.
    for result in made:
        world.tina.CreateServiceRecord(asset=result.id, plan="P00", result="passed", done_on=day(-400))
        ticket = world.tina.OpenTicket(asset=result.id, problem="x").ticket
        part = f"PG{result.id[-12:]}"
        world.tina.CreatePart(part={"number": part, "name": "Part"})
        world.tina.CreateStockLocation(location={"code": part, "name": "Shelf"})
        world.tina.ReceiveParts(part=part, location="PAGED", quantity=2, unit_cost_cents=5)
        world.tina.UseParts(ticket=ticket.number, part=part)
        world.tina.RecordMeter(asset=result.id, meter="hours", value=1)
        due = world.ada.ListDue(asset=result.id, plan="P00").items[0].due_on
        world.tina.DeferDue(asset=result.id, plan="P00", due_on=due, deferred_to=day(1), reason="x")
        attach(world, ticket.number, "a.txt", b"x")
        world.tina.OpenRma(ticket=ticket.number, number=part, vendor="Depot", kind="depot")
        lent = world.tina.CreateAsset(asset={"agency": lender, "tag": part, "class": "portable"}).asset
        world.ada.AddLoaner(asset=lent.id)
        world.tina.IssueLoan(ticket=ticket.number, asset=lent.id, borrower="x")
        world.ada.CreateModel(model={"number": f"PG{result.id[-12:]}", "manufacturer": "Test", "class": "other"})
        world.ada.SetReplacementTerms(model=f"PG{result.id[-12:]}", life_years=5)
        world.person(f"paged-{result.id[-12:]}")
        world.ada.CreateProcedure(procedure={"code": f"PG{result.id[-12:]}", "name": "x"}, steps=[{"step": "x", "kind": "check"}])
        for month, value in enumerate((1, 2, 3)):  # heads for its limit before the radio is due
            world.tina.CreateServiceRecord(asset=result.id, procedure="PAGEDLINE", done_on=day(-399 + 30 * month),
                                           readings=[{"name": "line", "value": value, "unit": "Hz"}])
        system = world.ada.CreateRadioSystem(system={"name": f"PG{result.id[-12:]}"}).system.name
        world.ada.GrantUnitBlock(agency=agency, system=system, first=1, last=9)
        world.ada.CreateAnalyser(analyser={"serial": f"PG{result.id[-12:]}", "manufacturer": "Test", "model": "x"})
    count = world.tina.StartInventory(agency=agency).inventory.number
    world.tina.ScanInventory(inventory=count, code=[f"R{i:03d}" for i in range(11)] + [f"STRAY{i:03d}" for i in range(12)])
    for _ in range(23):
        COUNTED.append(count)
        world.ada.CloseInventory(inventory=count)
        count = world.tina.StartInventory(agency=agency).inventory.number
    first = world.tina.GetAsset(asset=made[0].id).asset
    for i in range(23):
        world.ada.SetApprovedFirmware(firmware={"model": "PAGEDFW", "version": f"V{i:02d}", "until_on": day()})
        first = world.tina.UpdateAsset(asset={"id": first.id, "revision": first.revision, "firmware": f"X{i:02d}"}, update_mask=["firmware"]).asset
    for i in range(23):
        world.ada.CreateField(field={"agency": agency, "name": f"f{i:02d}", "type": "text", "place": i % 12})
        world.ada.CreateKeyset(keyset={"agency": agency, "code": f"K{i:02d}", "name": "x", "number": 1, "algorithm": "adp", "ckrs": "1"})
    world.tina.LoadKeyset(keyset=f"{agency}:K00", assets=[r.id for r in made], means="otar")
    for i in range(23):
        world.ada.CreateCampaign(campaign={"code": f"{agency}{i:02d}", "name": "x", "kind": "other"}, selection={"agency": [agency]})
        world.ada.CreateAlertRoute(route={"agency": agency, "code": f"R{i:02d}", "channel": "output", "from_step": i})
        world.tina.StartImport(agency=agency, file_name="radios.csv", file=new_id(), rows=9)
        world.tina.SaveMapping(mapping={"agency": agency, "name": f"M{i:02d}", "text": "tag = {Tag}"})
    world.tina.ImportAssets(agency=world.agency(), rows=[{"line": i, "tag": f"R{i:03d}", "serial": f"{agency}-{i:03d}", "class": "other"} for i in range(23)])
    world.tina.ImportAssets(agency=agency, rows=[{"line": i, "tag": f"R{i:03d}", "serial": f"{agency}-{i:03d}"} for i in range(23)])
    world.nightly.EmitAlerts(agency=agency)
    for i in range(23):
        world.ada.SetAgreement(from_month=f"21{i:02d}-01", split="radios", members=[{"agency": agency, "kind": "member"}])
        world.ada.SetLabourRate(from_day=f"21{i:02d}-01-01", hourly_cents=100)
    world.ada.AddFundMovement(kind="deposit", amount_cents=100, text="stock", month="2100-01")
    for i in range(23):
        world.ada.AddFundMovement(kind="payout", amount_cents=1, text=f"loss {i}", agency=agency, month="2100-01")
        BILLED.append(world.bill(agency, [f"no. {j}" for j in range(23 if i == 0 else 0)]))
    return agency


def values(name, agency):
    wanted = {} if name in SHOP_WIDE else {"location": "PAGED"} if name in ON_THE_SHELF else {"agency": agency}
    if name == "LookupMatches":
        wanted["query"] = "R"
    if name == "LookupTickets":
        wanted["query"] = "x"
    if name == "ListApprovedFirmware":
        wanted = {"model": "PAGEDFW"}
    if name == "ListFirmwareHistory":
        wanted = {"asset": f"{agency}:R000"}
    if name == "ListCapability":
        wanted["capability"] = "gps"
    if name == "ListDue":
        wanted["until"] = day(4000)
    if name == "ListCampaignItems":
        wanted["campaign"] = f"{agency}00"
    if name == "ListReplacements":
        wanted["unknown"] = True
    if name == "ListInventoryItems":
        wanted["inventory"] = COUNTED[0]
        del wanted["agency"]
    if name == "ListLoaners":
        wanted["agency"] = LENDERS[0]
    if name == "ListAssetHistory":
        wanted = {"asset": MOVED[0].id}
    if name == "ListStatementLines":
        wanted["month"] = BILLED[0]
    return wanted


def test_every_list_is_here():
    assert set(PAGED) == set(KEYS)


@pytest.mark.parametrize("name", PAGED)
def test_all_pages_are_all_rows(world, filled, name):
    field, key = rows_field(name), KEYS[name]
    whole = [key_of(r, key) for r in world.ada.pages(name, field, page_size=1000, **values(name, filled))]
    assert len(whole) >= 20 or name == "ListAgencies", f"{name} has only {len(whole)} rows to page through"
    assert len(set(whole)) == len(whole)
    for size in (1, 7, 23, *(min(n, 1000) for n in (len(whole), len(whole) + 1))):    # a page has 1000 rows at most
        if size == 1 and len(whole) > 120:
            continue
        paged = [key_of(r, key) for r in world.ada.pages(name, field, page_size=size, **values(name, filled))]
        assert paged == whole, f"pages of {size}"


@pytest.mark.parametrize("name", PAGED)
def test_sizes(world, filled, name):
    field = rows_field(name)
    call = getattr(world.ada, name)
    few = call(page_size=3, **values(name, filled))
    assert len(getattr(few, field)) == 3 and few.next_page_token
    assert len(getattr(call(**values(name, filled)), field)) <= 50
    for size in (-1, 1001, 2147483647):
        with refused("INVALID_ARGUMENT", field="page_size"):
            call(page_size=size, **values(name, filled))


@pytest.mark.parametrize("name", PAGED)
def test_foreign_tokens(world, filled, name):
    """A token of another list, of another filter, or of nobody is refused; it never reads rows elsewhere."""
    call = getattr(world.ada, name)
    other = "ListModels" if name == "ListAgencies" else "ListAgencies"
    token = getattr(world.ada, other)(page_size=1).next_page_token
    assert token
    for wrong in (token, "x", "%%%", "AAAA", "A" * 4000, token[:-3], token + "AA"):
        with refused("INVALID_ARGUMENT", field="page_token"):
            call(page_token=wrong, **values(name, filled))


def test_a_token_keeps_to_its_filter(world, filled):
    token = world.ada.ListAssets(page_size=3, agency=filled).next_page_token
    with refused("INVALID_ARGUMENT", field="page_token"):
        world.ada.ListAssets(page_size=3, agency="IND", page_token=token)
    assert world.ada.ListAssets(page_size=5, agency=filled, page_token=token).assets[0].tag == "R003"


def test_rows_that_come_and_go_between_pages(world, filled):
    """Keyset paging: what is added behind the cursor is not seen, what is before it is not seen twice."""
    first = world.ada.ListAssets(page_size=10, agency=filled)
    world.asset(filled, tag="R0000", serial="")
    rest = world.ada.pages("ListAssets", "assets", page_size=10, agency=filled)
    second = world.ada.ListAssets(page_size=10, agency=filled, page_token=first.next_page_token)
    assert [a.tag for a in second.assets][:2] == ["R010", "R011"]
    assert "R0000" in [a.tag for a in rest]


def test_order_over_agencies(world, filled):
    """A list over several agencies is in one order, not agency by agency where the order says otherwise."""
    other = world.agency()
    world.plan(other)
    world.asset(other)
    items = world.ada.pages("ListDue", "items", page_size=9, until=day(4000))
    dates = [item.due_on for item in items]
    assert dates == sorted(dates) and len({item.agency for item in items}) > 1
    tickets = world.ada.pages("ListTickets", "tickets", page_size=9, closed=True)
    times = [(t.opened_at.seconds, t.opened_at.nanos) for t in tickets]
    assert times == sorted(times, reverse=True)
    assets = [(a.agency, a.tag) for a in world.ada.pages("ListAssets", "assets", page_size=17)]
    assert assets == sorted(assets)
