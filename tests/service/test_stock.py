"""The stock of parts: what is on hand is the sum of the ledger, never below zero, and a ticket is charged to the cent."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id


class Bench:
    """A part of this test's own on a shelf of its own, and a ticket to use it on."""

    def __init__(self, world):
        self.world, number = world, world.number()
        self.part, self.shelf, self.van = f"SPK-{number}", f"A{number}", f"VAN{number}"
        self.tina = world.tina
        self.tina.CreatePart(part={"number": self.part, "name": "Speaker, 28 mm", "maker_number": f"50051{number}"})
        self.tina.CreateStockLocation(location={"code": self.shelf, "name": "Shelf"})
        self.tina.CreateStockLocation(location={"code": self.van, "name": "Van", "kind": "van"})

    def receive(self, quantity, cents, place=None, **values):
        return self.tina.ReceiveParts(part=self.part, location=place or self.shelf, quantity=quantity, unit_cost_cents=cents,
                                      **values).change

    def ticket(self, agency="IND"):
        return self.tina.OpenTicket(asset=self.world.asset(agency).id, problem="no sound", received=True).ticket

    def use(self, ticket, quantity=1, **values):
        return self.tina.UseParts(ticket=ticket.number, part=self.part, quantity=quantity, **values).change

    def places(self):
        return {(p.location, p.lot): p.quantity for p in self.tina.GetPart(part=self.part).part.places}

    def on_hand(self):
        return self.tina.GetPart(part=self.part).part.on_hand

    def moves(self, **values):
        return self.world.ada.pages("ListPartMoves", "moves", part=self.part, **values)

    def balanced(self):
        """What is on hand is the sum of the ledger, place by place and lot by lot."""
        sums = {}
        for move in self.moves():
            key = (move.location, move.lot)
            sums[key] = sums.get(key, 0) + move.quantity
        assert {k: v for k, v in sums.items() if v} == self.places()
        return True


@pytest.fixture
def bench(world):
    return Bench(world)


def cost(world, ticket):
    return world.tina.GetTicket(ticket=ticket.number).ticket.cost_cents


def lots(change):
    return [(m.lot, m.location, m.quantity, m.unit_cost_cents) for m in change.lots]


def test_a_use_is_charged_to_the_cent_from_the_oldest_lots(world, bench):
    """Two lots of two prices, the second entered with an older day: it is used first, and the split is exact."""
    young, old = bench.receive(3, 1420, received_on=day(-1)), bench.receive(2, 1399, received_on=day(-30), supplier="Parts Inc.")
    ticket = bench.ticket()
    change = bench.use(ticket, 4)
    assert lots(change) == [(old.lots[0].lot, bench.shelf, -2, 1399), (young.lots[0].lot, bench.shelf, -2, 1420)]
    assert (change.quantity, change.cost_cents, change.on_hand, change.ticket) == (-4, -5638, 1, ticket.number)
    assert cost(world, ticket) == 5638
    entry = world.tina.GetTicket(ticket=ticket.number).ticket.entries[-1]
    assert (contract.label(entry, "kind"), entry.text, entry.cost_cents) == (
        "part", f"{bench.part} Speaker, 28 mm, 4 each", 5638)
    assert bench.places() == {(bench.shelf, young.lots[0].lot): 1} and bench.balanced()


def test_a_named_lot_and_a_named_place(world, bench):
    first, second = bench.receive(2, 100).lots[0].lot, bench.receive(2, 200, bench.van).lots[0].lot
    ticket = bench.ticket()
    with refused("FAILED_PRECONDITION", field="quantity") as refusal:
        bench.use(ticket, 3)
    assert f"2 at {bench.shelf}, 2 at {bench.van}" in refusal.text, "without a location only the shelves are within reach"
    assert bench.use(ticket, 1, location=bench.van.lower()).cost_cents == -200
    assert bench.use(ticket, 1, lot=second, location=bench.van).cost_cents == -200
    with refused("FAILED_PRECONDITION", field="quantity"):
        bench.use(ticket, 1, lot=second)
    assert bench.use(ticket, 2, lot=first).cost_cents == -200 and bench.on_hand() == 0
    assert cost(world, ticket) == 600


def test_the_makers_number_finds_the_part(world, bench):
    bench.receive(1, 5)
    maker = world.tina.GetPart(part=bench.part).part.maker_number
    assert world.tina.UseParts(ticket=bench.ticket().number, part=maker).change.part == bench.part
    twin = f"{bench.part}-B"
    world.tina.CreatePart(part={"number": twin, "name": "The same of another maker", "maker_number": maker})
    with refused("INVALID_ARGUMENT", field="part") as refusal:
        world.tina.GetPart(part=maker)
    assert bench.part in refusal.text and twin in refusal.text


def test_a_return_takes_back_what_was_charged(world, bench):
    """Last used first, each lot for its own price; the entries stay, and correcting ones stand beside them."""
    first, second = bench.receive(2, 101).lots[0].lot, bench.receive(3, 257).lots[0].lot
    ticket = bench.ticket()
    bench.use(ticket, 3)  # 2 x 101, 1 x 257
    bench.use(ticket, 1)  # 257
    back = world.tina.ReturnParts(ticket=ticket.number, part=bench.part, quantity=3, location=bench.van).change
    assert lots(back) == [(second, bench.van, 1, 257), (second, bench.van, 1, 257), (first, bench.van, 1, 101)]
    assert (back.quantity, back.cost_cents) == (3, 615) and cost(world, ticket) == 101
    entries = world.tina.GetTicket(ticket=ticket.number).ticket.entries
    assert [e.cost_cents for e in entries if contract.label(e, "kind") == "part"] == [459, 257, -257, -358]
    with refused("FAILED_PRECONDITION", field="quantity") as refusal:
        world.tina.ReturnParts(ticket=ticket.number, part=bench.part, quantity=2)
    assert f"has 1 of part {bench.part}" in refusal.text
    assert lots(world.tina.ReturnParts(ticket=ticket.number, part=bench.part).change) == [(first, bench.shelf, 1, 101)]
    assert cost(world, ticket) == 0 and bench.on_hand() == 5 and bench.balanced()
    uses = world.frank.ListPartUses(ticket=ticket.number).uses
    assert sorted((u.quantity, u.cost_cents) for u in uses) == [(-2, -358), (-1, -257), (-1, -101), (1, 257), (3, 459)]


def test_nobody_enters_a_negative_cost(world, bench):
    """Only what corrects an entry may be below zero."""
    ticket = bench.ticket()
    world.tina.AddTicketEntry(ticket=ticket.number, kind="part", text="antenna", cost_cents=5)
    with refused("INVALID_ARGUMENT", field="cost_cents"):
        world.tina.AddTicketEntry(ticket=ticket.number, kind="part", text="gift", cost_cents=-1)
    assert cost(world, ticket) == 5


def test_moves_between_places(world, bench):
    lot = bench.receive(5, 300).lots[0].lot
    change = world.tina.MoveParts(part=bench.part, location=bench.shelf, to_location=bench.van, quantity=2).change
    assert (change.quantity, change.location, change.to_location, change.cost_cents, change.on_hand) == (2, bench.shelf, bench.van, 600, 5)
    assert bench.places() == {(bench.shelf, lot): 3, (bench.van, lot): 2}
    with refused("INVALID_ARGUMENT", field="to_location"):
        world.tina.MoveParts(part=bench.part, location=bench.shelf, to_location=bench.shelf.lower())
    with refused("FAILED_PRECONDITION", field="quantity"):
        world.tina.MoveParts(part=bench.part, location=bench.shelf, to_location=bench.van, quantity=4)
    assert bench.balanced()


def test_a_count_says_what_was_expected(world, bench):
    first, second = bench.receive(4, 10).lots[0].lot, bench.receive(4, 20).lots[0].lot
    count = lambda **values: world.tina.CountParts(part=bench.part, location=bench.shelf, **values).change  # noqa: E731
    with refused("INVALID_ARGUMENT", field="reason") as refusal:
        count(found=3)
    assert f"the book says 8 at {bench.shelf}, found are 3" in refusal.text
    less = count(found=3, reason="yearly count")
    assert (less.expected, less.found, less.quantity, less.cost_cents) == (8, 3, -5, -60)
    assert bench.places() == {(bench.shelf, second): 3}
    more = count(found=4, reason="one behind the shelf")
    assert (more.expected, more.found, lots(more)) == (3, 4, [(second, bench.shelf, 1, 20)])
    agreed = count(found=4)
    assert (agreed.expected, agreed.found, agreed.quantity) == (4, 4, 0)
    assert [contract.label(m, "kind") for m in bench.moves(kind="count")] == ["count"] * 4
    one = count(found=2, lot=first, reason="they were in the wrong box")
    assert (one.expected, one.found) == (0, 2) and bench.on_hand() == 6
    for wrong in ({}, {"found": -1}, {"found": 1000001}):
        with refused("INVALID_ARGUMENT", field="found"):
            count(**wrong)
    assert bench.balanced()


def test_a_count_while_another_moves(world, bench):
    """What was counted before a part was taken is of a shelf that is no more."""
    bench.receive(5, 10)
    bench.use(bench.ticket())
    with refused("ABORTED", field="expected"):
        world.tina.CountParts(part=bench.part, location=bench.shelf, found=5, expected=5)
    assert bench.on_hand() == 4


def test_nothing_is_counted_that_was_never_received(world, bench):
    with refused("FAILED_PRECONDITION", field="part"):
        world.tina.CountParts(part=bench.part, location=bench.shelf, found=2, reason="found in a box")


def test_scrap(world, bench):
    bench.receive(2, 10)
    with refused("INVALID_ARGUMENT", field="reason"):
        world.tina.ScrapParts(part=bench.part, location=bench.shelf)
    change = world.tina.ScrapParts(part=bench.part, location=bench.shelf, reason="torn cone").change
    assert (change.quantity, change.cost_cents, change.on_hand) == (-1, -10, 1) and bench.balanced()


@pytest.mark.parametrize("quantity", [0, -1, 1000001, 2147483647, -2147483648])
def test_wrong_quantities(world, bench, quantity):
    lot, ticket = bench.receive(5, 10).lots[0].lot, bench.ticket()
    tries = {"UseParts": {"ticket": ticket.number}, "ReturnParts": {"ticket": ticket.number},
             "MoveParts": {"location": bench.shelf, "to_location": bench.van},
             "ScrapParts": {"location": bench.shelf, "reason": "x"}, "ReceiveParts": {"location": bench.shelf, "unit_cost_cents": 1}}
    for name, values in tries.items():
        with refused("INVALID_ARGUMENT", field="quantity"):
            getattr(world.tina, name)(part=bench.part, quantity=quantity, **values)
    assert bench.places() == {(bench.shelf, lot): 5}


def test_wrong_names(world, bench):
    lot, ticket = bench.receive(5, 10).lots[0].lot, bench.ticket()
    other = Bench(world)
    stranger = other.receive(1, 10).lots[0].lot
    good = {"ticket": ticket.number, "part": bench.part}
    for change, code, field in [
            ({"part": "NOSUCH"}, "NOT_FOUND", "part"), ({"part": ""}, "INVALID_ARGUMENT", "part"),
            ({"ticket": "IND-2026-99999"}, "NOT_FOUND", "ticket"), ({"location": "NOWHERE"}, "NOT_FOUND", "location"),
            ({"lot": "L99999999"}, "NOT_FOUND", "lot"), ({"lot": stranger}, "FAILED_PRECONDITION", "lot"),
            ({"location": other.shelf, "lot": lot}, "FAILED_PRECONDITION", "quantity"),
            ({"quantity": 6}, "FAILED_PRECONDITION", "quantity")]:
        with refused(code, field=field):
            world.tina.UseParts(**{**good, **change})
    assert cost(world, ticket) == 0 and bench.on_hand() == 5


def test_a_closed_ticket_takes_no_parts(world, bench):
    bench.receive(5, 10)
    done = world.tina.LogRepair(asset=world.asset().id, problem="x", action="y").ticket
    for name in ("UseParts", "ReturnParts"):
        with refused("FAILED_PRECONDITION", field="ticket"):
            getattr(world.tina, name)(ticket=done.number, part=bench.part)
    assert bench.on_hand() == 5


def test_costs_that_a_ticket_cannot_hold(world, bench):
    bench.receive(3, 60_000_000)
    ticket = bench.ticket()
    bench.use(ticket)
    for quantity in (1, 2):
        with refused("FAILED_PRECONDITION", field="quantity"):
            bench.use(ticket, quantity)
    bench.receive(1_000_000, 100_000_000, received_on=day(-9))
    with refused("FAILED_PRECONDITION", field="quantity"):
        bench.use(ticket, 1_000_000)
    assert cost(world, ticket) == 60_000_000 and bench.on_hand() == 1_000_002
    for cents in (-1, 100_000_001, None):
        with refused("INVALID_ARGUMENT", field="unit_cost_cents"):
            world.tina.ReceiveParts(part=bench.part, location=bench.shelf, quantity=1, **({} if cents is None else {"unit_cost_cents": cents}))


def test_a_repeat_takes_nothing(world, bench):
    bench.receive(5, 10)
    ticket, request = bench.ticket(), new_id()
    first = world.tina.UseParts(request_id=request, ticket=ticket.number, part=bench.part, quantity=2)
    assert world.tina.UseParts(request_id=request, ticket=ticket.number, part=bench.part, quantity=2) == first
    assert bench.on_hand() == 3 and cost(world, ticket) == 20


def at_once(world, count, work, person="tina"):
    def one(i):
        with world.fresh_caller(person) as caller:
            try:
                work(caller, i)
                return "OK"
            except Refused as refusal:
                return refusal.code
    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_two_benches_take_the_last_one(world, bench):
    bench.receive(1, 10)
    tickets = [bench.ticket() for _ in range(6)]
    answers = at_once(world, 6, lambda caller, i: caller.UseParts(ticket=tickets[i].number, part=bench.part))
    assert answers == ["FAILED_PRECONDITION"] * 5 + ["OK"]
    assert bench.on_hand() == 0 and sum(cost(world, t) for t in tickets) == 10


def test_the_same_request_from_six_connections(world, bench):
    bench.receive(6, 10)
    ticket, request = bench.ticket(), new_id()
    assert at_once(world, 6, lambda caller, i: caller.UseParts(request_id=request, ticket=ticket.number, part=bench.part)) == ["OK"] * 6
    assert bench.on_hand() == 5 and cost(world, ticket) == 10


def test_many_hands_in_one_bin(world, bench):
    """Eight connections use, return, carry, count and scrap; the ledger adds up and nothing falls below zero."""
    for cents in (7, 11, 13):
        bench.receive(10, cents)
    tickets = [bench.ticket() for _ in range(8)]

    def work(caller, i):
        for step in range(9):
            todo = [
                lambda: caller.UseParts(ticket=tickets[i].number, part=bench.part, quantity=1 + step % 3),
                lambda: caller.MoveParts(part=bench.part, location=bench.shelf, to_location=bench.van, quantity=2),
                lambda: caller.ReturnParts(ticket=tickets[i].number, part=bench.part),
                lambda: caller.MoveParts(part=bench.part, location=bench.van, to_location=bench.shelf),
                lambda: caller.CountParts(part=bench.part, location=bench.van, found=1, reason="count"),
                lambda: caller.ScrapParts(part=bench.part, location=bench.shelf, reason="bent")]
            try:
                todo[(i + step) % len(todo)]()
            except Refused as refusal:
                assert refusal.code == "FAILED_PRECONDITION", str(refusal)
    assert at_once(world, 8, work) == ["OK"] * 8
    assert bench.balanced() and all(quantity >= 0 for quantity in bench.places().values())
    running = {}
    for move in reversed(bench.moves()):
        key = (move.location, move.lot)
        running[key] = running.get(key, 0) + move.quantity
        assert running[key] >= 0, move
    charged = sum(-m.quantity * m.unit_cost_cents for m in bench.moves() if contract.label(m, "kind") in ("use", "return"))
    assert charged == sum(cost(world, t) for t in tickets)


def test_reorder(world, bench, migrated):
    """At the reorder point a part is to be ordered, above it not; obsolete ones never are."""
    below = lambda: [row.part for row in world.ada.pages("ListStock", "levels", below_reorder=True, page_size=7)]  # noqa: E731
    part = world.tina.GetPart(part=bench.part).part
    assert bench.part not in below(), "nobody watches a part without a reorder point"
    part = world.tina.UpdatePart(part={"number": bench.part, "reorder_point": 2, "reorder_quantity": 10, "revision": part.revision},
                                 update_mask=["reorder_point", "reorder_quantity"]).part
    assert bench.part in below()
    bench.receive(3, 10)
    assert bench.part not in below()
    bench.use(bench.ticket())
    assert bench.part in below()
    listed = migrated.sql(f"""SET radioshop.agencies = '{{0}}'; SELECT on_hand, reorder_quantity FROM radioshop.parts_below_reorder()
        WHERE number = '{bench.part}'""", role="radioshop_app")
    assert listed == [["2", "10"]]
    world.tina.UpdatePart(part={"number": bench.part, "obsolete": True, "revision": part.revision}, update_mask=["obsolete"])
    assert bench.part not in below()
    with refused("FAILED_PRECONDITION", field="part"):
        bench.receive(1, 10)


def test_lists(world, bench):
    bench.receive(5, 10)
    bench.receive(1, 30, bench.van)
    level = lambda **values: [(r.location, r.quantity, r.cost_cents, r.on_hand)  # noqa: E731
                              for r in world.vera.ListStock(part=bench.part, **values).levels]
    assert level() == [(bench.shelf, 5, 50, 6), (bench.van, 1, 30, 6)]
    assert level(location=bench.van) == [(bench.van, 1, 30, 6)]
    nothing = Bench(world)
    assert [(r.location, r.quantity) for r in world.vera.ListStock(part=nothing.part).levels] == [("", 0)]
    assert not world.vera.ListStock(part=nothing.part, location=bench.van).levels
    assert [m.location for m in world.vera.ListPartMoves(location=bench.van).moves] == [bench.van]
    whole = [(r.part, r.location) for r in world.vera.pages("ListStock", "levels", page_size=1000)]
    assert {(bench.part, bench.shelf), (bench.part, bench.van), (nothing.part, "")} <= set(whole) and whole == sorted(set(whole))
    for size in (1, 2, 7):
        assert [(r.part, r.location) for r in world.vera.pages("ListStock", "levels", page_size=size)] == whole


def test_parts_and_the_models_they_fit(world, bench):
    model = f"M{world.number()}"
    world.ada.CreateModel(model={"number": model, "manufacturer": "Test", "class": "portable"})
    part = world.tina.GetPart(part=bench.part).part
    part = world.tina.UpdatePart(part={"number": bench.part, "models": [model.lower()], "class": "portable", "revision": part.revision},
                                 update_mask=["models", "class"]).part
    assert list(part.models) == [model]
    assert [p.number for p in world.tina.ListParts(model=model).parts] == [bench.part]
    with refused("FAILED_PRECONDITION", field="models"):
        world.tina.UpdatePart(part={"number": bench.part, "models": ["NOSUCH"], "revision": part.revision}, update_mask=["models"])
    with refused("ABORTED", field="revision"):
        world.tina.UpdatePart(part={"number": bench.part, "name": "x", "revision": part.revision - 1}, update_mask=["name"])
    bench.receive(1, 1)
    with refused("FAILED_PRECONDITION", field="unit"):
        world.tina.UpdatePart(part={"number": bench.part, "unit": "cm", "revision": part.revision}, update_mask=["unit"])
    with refused("ALREADY_EXISTS", field="number"):
        world.tina.CreatePart(part={"number": bench.part.lower(), "name": "again"})


def test_a_location_is_closed_when_it_is_empty(world, bench):
    bench.receive(1, 1)
    place = world.tina.GetStockLocation(location=bench.shelf).location
    close = {"location": {"code": bench.shelf, "closed": True, "revision": place.revision}, "update_mask": ["closed"]}
    with refused("FAILED_PRECONDITION", field="closed") as refusal:
        world.tina.UpdateStockLocation(**close)
    assert bench.part in refusal.text
    world.tina.MoveParts(part=bench.part, location=bench.shelf, to_location=bench.van)
    assert world.tina.UpdateStockLocation(**close).location.closed
    for call in (lambda: bench.receive(1, 1),
                 lambda: world.tina.MoveParts(part=bench.part, location=bench.van, to_location=bench.shelf)):
        with refused("FAILED_PRECONDITION"):
            call()
    assert bench.shelf not in [l.code for l in world.ada.pages("ListStockLocations", "locations")]


def test_the_stock_is_the_shops(world, bench):
    """A city sees what was used for it, by number, quantity and price; no stock, no lot, and nothing of another city."""
    bench.receive(9, 123)
    ours, theirs = bench.ticket("IND"), bench.ticket("LSU")
    bench.use(ours, 2)
    bench.use(theirs, 3)
    for person in ("frank", "ind-viewer", "ind-technician", "ind-admin"):
        caller = world.caller(person)
        uses = [u for u in caller.ListPartUses().uses if u.part == bench.part]
        assert [(u.ticket, u.quantity, u.cost_cents) for u in uses] == [(ours.number, 2, 246)]
        with refused("NOT_FOUND", field="ticket"):
            caller.ListPartUses(ticket=theirs.number)
        for name, values in {"ListStock": {}, "GetPart": {"part": bench.part}, "ListParts": {}, "ListPartMoves": {},
                             "ListStockLocations": {}, "GetStockLocation": {"location": bench.shelf}}.items():
            with refused("PERMISSION_DENIED"):
                getattr(caller, name)(**values)
    for person in ("ind-technician", "lsu-everything"):
        with refused("PERMISSION_DENIED"):
            world.caller(person).UseParts(ticket=ours.number, part=bench.part)
    assert bench.on_hand() == 4 and world.vera.GetPart(part=bench.part).part.on_hand == 4
    with refused("PERMISSION_DENIED"):
        world.vera.UseParts(ticket=ours.number, part=bench.part)
