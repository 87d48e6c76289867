"""What the database says, read by SQL past the daemon, for checker.py to hold against the history."""

import collections
import dataclasses
import typing

# A row's xmin and an event's transaction are the same number when both were written in one transaction.
_TRANSACTION = "(transaction::text::numeric % 4294967296)"


class Ticket(typing.NamedTuple):
    id: str
    agency: str
    number: str
    problem: str
    cause: str
    minutes: int
    cents: int
    revision: int


class Entry(typing.NamedTuple):
    ticket: str
    kind: str
    text: str
    minutes: int
    cents: int
    transaction: str


class Asset(typing.NamedTuple):
    id: str
    agency: str
    notes: str
    revision: int


class Row(typing.NamedTuple):
    """A service record or one of its readings: only the mark and the transaction matter."""
    mark: str
    transaction: str


class Move(typing.NamedTuple):
    """A line of the ledger of parts, in the order of the ledger."""
    part: str
    lot: str
    location: str
    quantity: int
    cents: int	# what one of them cost
    kind: str
    transaction: str


class Event(typing.NamedTuple):
    principal: str
    resource: str
    resource_id: str
    action: str
    request_id: str
    transaction: str


class Request(typing.NamedTuple):
    principal: str
    request_id: str
    method: str
    answer: str
    transaction: str


@dataclasses.dataclass
class Truth:
    tickets: list
    entries: list
    assets: list
    services: list
    readings: list
    events: list
    requests: list
    counters: dict = dataclasses.field(default_factory=dict)	# agency → sum of the last ticket numbers of its years
    moves: list = dataclasses.field(default_factory=list)
    stock: dict = dataclasses.field(default_factory=dict)	# (part, lot, location) → how many are there


def _rows(place, kind, sql):
    fields = list(kind.__annotations__.values())
    return [kind(*(convert(value) for convert, value in zip(fields, row))) for row in place.rows(sql)]


def read(place, agencies, principals, parts):
    """Everything that the run can have left in the agencies and in the stock of its parts, and what is kept for its principals."""
    codes = ", ".join(f"'{code}'" for code in agencies)
    who = ", ".join(f"'{name}'" for name in principals)
    within = f"JOIN radioshop.agency g USING (agency_id) WHERE g.code IN ({codes})"
    lying = (f"JOIN radioshop.part p USING (part_id) JOIN radioshop.part_lot l USING (part_id, lot_id)"
             f" JOIN radioshop.stock_location c USING (location_id) WHERE p.number IN ({', '.join(repr(part) for part in parts)})")
    counters = collections.Counter()
    for code, last in place.rows(f"SELECT g.code, c.last FROM radioshop.ticket_counter c {within}"):
        counters[code] += int(last)
    return Truth(
        tickets=_rows(place, Ticket, "SELECT ticket_id, g.code, number, problem, cause, labour_minutes, cost_cents, t.revision"
                      f" FROM radioshop.ticket t {within}"),
        entries=_rows(place, Entry, "SELECT ticket_id, kind, text, minutes, cost_cents, e.xmin"
                      f" FROM radioshop.ticket_entry e {within}"),
        assets=_rows(place, Asset, f"SELECT asset_id, g.code, notes, a.revision FROM radioshop.asset a {within}"),
        services=_rows(place, Row, f"SELECT notes, r.xmin FROM radioshop.service_record r {within}"),
        readings=_rows(place, Row, f"SELECT r.name, r.xmin FROM radioshop.service_reading r {within}"),
        events=_rows(place, Event, "SELECT principal, resource, resource_id, action, coalesce(request_id::text, ''),"
                     f" {_TRANSACTION} FROM radioshop.event e {within} AND principal IN ({who})"),
        requests=_rows(place, Request, "SELECT p.name, request_id, method, encode(sha256(reply), 'hex'), r.xmin"
                       f" FROM radioshop.request r JOIN radioshop.principal p USING (principal_id) WHERE p.name IN ({who})"),
        counters=dict(counters),
        moves=_rows(place, Move, "SELECT p.number, l.code, c.code, m.quantity, l.unit_cost_cents, m.kind, m.xmin"
                    f" FROM radioshop.part_move m {lying} ORDER BY m.move_no"),
        stock={tuple(key): int(quantity) for *key, quantity in place.rows(
            f"SELECT p.number, l.code, c.code, s.quantity FROM radioshop.part_stock s {lying}")})
