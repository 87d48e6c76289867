"""The replacement forecast: by age or end of support, whichever is earlier, in the budget year of each agency, at whose price."""

import datetime
from concurrent.futures import ThreadPoolExecutor

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id

TODAY = datetime.date.fromisoformat(day())


def years_ago(years, days=0):
    """That many years before today, and some days after that."""
    return (datetime.date(TODAY.year - years, TODAY.month, min(TODAY.day, 28)) + datetime.timedelta(days=days)).isoformat()


def budget_year(on, month=7):
    at = datetime.date.fromisoformat(on)
    return at.year + (1 if month > 1 and at.month >= month else 0)


def later(on, years):
    at = datetime.date.fromisoformat(on)
    return (at if (at.month, at.day) != (2, 29) else at.replace(day=28)).replace(year=at.year + years).isoformat()


def kind(world, life=None, price=None, **values):
    """A model with terms of its own."""
    number = f"RP{world.number()}"
    world.ada.CreateModel(model={"number": number, "manufacturer": "Maker", "class": "portable", **values})
    terms = {"life_years": life, "price_cents": price}
    if life is not None or price is not None:
        world.ada.SetReplacementTerms(model=number, **{k: v for k, v in terms.items() if v is not None})
    return number


def forecast(world, agency, who="vera", **values):
    """{(budget year, model): (assets, overdue, unpriced, cents)}"""
    rows = world.caller(who).SummarizeReplacements(agency=agency, **values).replacements
    return {(r.budget_year, r.model): (r.assets, r.overdue, r.unpriced, r.cost_cents) for r in rows}


def listed(world, agency, who="vera", **values):
    return {r.tag: r for r in world.caller(who).pages("ListReplacements", "replacements", agency=agency, page_size=2, **values)}


def test_whichever_is_earlier(world, agency):
    this = budget_year(day())
    eight, ended = kind(world, 8, 500000), kind(world, 8, 500000, end_of_support_on=day(-400))
    soon = kind(world, 20, end_of_support_on=later(day(-1), 2))
    radios = {
        "age": world.asset(agency, model=eight, purchased_on=years_ago(5, 3), warranty_until=later(day(), 9)),
        "overdue": world.asset(agency, model=eight, purchased_on=years_ago(12)),
        "ended": world.asset(agency, model=ended, purchased_on=years_ago(1)),
        "soon": world.asset(agency, model=soon, purchased_on=years_ago(1)),
        "no day": world.asset(agency, model=eight),
        "no day, but support": world.asset(agency, model=soon),
        "far": world.asset(agency, model=soon, purchased_on=years_ago(1), status="spare", cost_cents=777)}
    for status in ("missing", "retired", "disposed"):
        world.asset(agency, model=eight, purchased_on=years_ago(12), status=status)
    world.asset(agency, model=eight, purchased_on=years_ago(12), quantity=3, serial="")
    age, support = budget_year(later(years_ago(5, 3), 8)), budget_year(later(day(-1), 2))
    assert forecast(world, agency) == {
        (this, eight): (4, 4, 0, 2000000), (this, ended): (1, 1, 0, 500000), (age, eight): (1, 0, 0, 500000), (support, soon): (3, 0, 0, 2331),
        (0, eight): (1, 0, 0, 500000)}, "pieces, not records; a warranty puts nothing off; what the agency last paid stands in for a price"
    rows = [(r.budget_year, r.begins_on, r.assets, r.overdue, r.model) for r in world.vera.SummarizeReplacements(agency=agency, by="agency").replacements]
    begins = lambda year: f"{year - 1}-07-01"  # noqa: E731
    merged = {}
    for (year, _), (assets, overdue, _, _) in forecast(world, agency).items():
        merged[year] = (merged.get(year, (0, 0))[0] + assets, merged.get(year, (0, 0))[1] + overdue)
    assert rows == [(y, begins(y), *merged[y], "") for y in sorted(merged) if y] + [(0, "", 1, 0, "")]
    # the radios behind it
    found = listed(world, agency)
    assert sorted(found) == sorted([a.tag for n, a in radios.items() if n != "no day"] + [t for t in found if found[t].quantity == 3])
    row = found[radios["ended"].tag]
    assert (row.because, row.replace_on, row.overdue, row.budget_year, row.price_cents) == ("end of support", day(-400), True, this, 500000)
    row = found[radios["age"].tag]
    assert (row.because, row.replace_on, row.overdue, row.budget_year) == ("age", later(years_ago(5, 3), 8), False, age)
    assert found[radios["no day, but support"].tag].because == "end of support"
    assert found[radios["soon"].tag].price_cents == 777 and not found[radios["soon"].tag].overdue
    assert len(listed(world, agency, budget_year=this)) == 3 and set(listed(world, agency, budget_year=age, model=eight)) >= {radios["age"].tag}
    assert list(listed(world, agency, unknown=True)) == [radios["no day"].tag]
    assert not listed(world, agency, **{"class": "mobile"})
    # a shorter look leaves out what is later, not what is overdue or unknown
    assert {year for year, _ in forecast(world, agency, years=1)} == {this, 0}


def test_terms_of_a_class_and_of_a_model(world, agency):
    number = kind(world, **{"class": "test_equipment"})
    radio = world.asset(agency, model=number, purchased_on=years_ago(1))
    assert forecast(world, agency) == {(0, number): (1, 0, 1, 0)}, "neither an age nor a price"
    first = world.ada.SetReplacementTerms(**{"class": "test_equipment"}, life_years=3, price_cents=100).terms
    two, three = budget_year(later(years_ago(1), 2)), budget_year(later(years_ago(1), 3))
    assert forecast(world, agency) == {(three, number): (1, 0, 0, 100)}
    model = world.ada.SetReplacementTerms(model=number.lower(), life_years=2).terms
    assert (model.model, model.revision) == (number, 1)
    assert forecast(world, agency) == {(two, number): (1, 0, 0, 100)}, "the model's age, and the price of the class"
    model = world.ada.SetReplacementTerms(model=number, price_cents=0, revision=1).terms
    assert forecast(world, agency) == {(three, number): (1, 0, 0, 0)}, "what is left out is not set any more, and nothing is a price"
    for values, code in (({}, "ALREADY_EXISTS"), ({"revision": 1}, "ABORTED")):
        with refused(code, field="revision"):
            world.ada.SetReplacementTerms(model=number, life_years=2, **values)
    with refused("NOT_FOUND", field="revision"):
        world.ada.SetReplacementTerms(**{"class": "pager"}, life_years=2, revision=1)
    for values, code, field in (({}, "INVALID_ARGUMENT", "class"), ({"model": number, "class": "portable"}, "INVALID_ARGUMENT", "class"),
                                ({"model": "NOSUCHMODEL"}, "NOT_FOUND", "model"), ({"class": "console", "life_years": 0}, "INVALID_ARGUMENT", "life_years"),
                                ({"class": "console", "life_years": 51}, "INVALID_ARGUMENT", "life_years"),
                                ({"class": "console", "price_cents": -1}, "INVALID_ARGUMENT", "price_cents")):
        with refused(code, field=field):
            world.ada.SetReplacementTerms(**values)
    rows = [(contract.label(t, "class"), t.model, t.life_years) for t in world.vera.ListReplacementTerms(page_size=1000).terms]
    assert {("portable", "", 8), ("mobile", "", 10), ("test_equipment", "", 3)} <= set(rows) and rows.index(("test_equipment", "", 3)) < len(rows) - 1
    request = {"request_id": new_id(), "class": "test_equipment", "life_years": 1, "revision": first.revision}
    assert world.ada.SetReplacementTerms(**request) == world.ada.SetReplacementTerms(**request)
    admin = world.person(f"life-{agency.lower()}", [("admin", agency)])
    with refused("PERMISSION_DENIED"):
        world.caller(admin).SetReplacementTerms(model=number, life_years=2, revision=model.revision)
    callers = [world.fresh_caller("ada") for _ in range(3)]
    def one(caller):
        try:
            return caller.SetReplacementTerms(**{"class": "charger"}, life_years=4).terms.revision
        except Refused as refusal:
            return refusal.code
    with ThreadPoolExecutor(3) as at_once:
        assert sorted(map(str, at_once.map(one, callers))) == ["1", "ALREADY_EXISTS", "ALREADY_EXISTS"]
    for caller in callers:
        caller.close()
    assert radio.tag in listed(world, agency)


def test_budget_years_and_prices_are_each_agencys_own(world, agency):
    other = world.agency()
    number = kind(world, 4)
    mine = world.asset(agency, model=number, purchased_on=years_ago(1))
    world.asset(other, model=number, purchased_on=years_ago(1), cost_cents=4242)
    assert [v for v in forecast(world, agency).values()] == [(1, 0, 1, 0)], "what another agency paid is not told"
    replaced = later(years_ago(1), 4)
    manager = world.person(f"budget-{agency.lower()}", [("fleet_manager", agency)])
    for month in (1, TODAY.month, TODAY.month % 12 + 1):
        terms = world.caller(manager).GetTicketTerms(agency=agency).terms
        world.caller(manager).UpdateTicketTerms(terms={"agency": agency, "revision": terms.revision, "budget_month": month}, update_mask=["budget_month"])
        row, = world.caller(manager).SummarizeReplacements().replacements
        assert (row.agency, row.budget_year) == (agency, budget_year(replaced, month))
        assert row.begins_on == f"{row.budget_year - (month > 1)}-{month:02d}-01" and row.begins_on <= replaced < later(row.begins_on, 1)
    terms = world.caller(manager).GetTicketTerms(agency=agency).terms
    with refused("INVALID_ARGUMENT", field="budget_month"):
        world.caller(manager).UpdateTicketTerms(terms={"agency": agency, "revision": terms.revision, "budget_month": 13}, update_mask=["budget_month"])
    assert list(listed(world, "", manager)) == [mine.tag]
    for method in ("SummarizeReplacements", "ListReplacements"):
        with refused("NOT_FOUND", field="agency"):
            getattr(world.caller(manager), method)(agency=other)
    for method, values, field in (("SummarizeReplacements", {"by": "priority"}, "by"), ("SummarizeReplacements", {"years": 51}, "years"),
                                  ("SummarizeReplacements", {"years": -1}, "years"), ("ListReplacements", {"budget_year": -1}, "budget_year"),
                                  ("ListReplacements", {"budget_year": 2030, "unknown": True}, "unknown")):
        with refused("INVALID_ARGUMENT", field=field):
            getattr(world.caller(manager), method)(**values)
