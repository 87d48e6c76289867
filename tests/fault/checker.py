"""Judges a history: every acknowledged write is there exactly once, and nothing else is, and nobody saw what is not theirs.

Pure functions over what clients recorded (history.py) and what the database holds (truth.py). The checks are those of the
project's reliability research; test_checker.py shows that each finds what it is for, test_broken_builds.py that it does so
when the daemon or the database is really broken.
"""

import bisect
import collections
import typing

from fault.history import FAILED, OK


class Violation(typing.NamedTuple):
    kind: str		# lost doubled half unasked answer refusal ledger stock revision order stale event leak
    what: str


def check(history, truth):
    """All violations, in the order of the checks."""
    effects = Effects(truth)
    found = []
    for operation in history.operations:
        found += judge_effect(operation, effects)
        found += judge_answers(operation, effects)
        found += judge_refusal(operation)
        found += judge_events(operation, effects)
    found += judge_unasked(history.operations, truth)
    found += judge_ledgers(history.operations, effects, truth)
    found += judge_stock(history.operations, effects, truth)
    found += judge_revisions(history.operations, effects, truth)
    found += judge_order(history.operations)
    found += judge_reads(history.operations, history.reads)
    found += [Violation("leak", f"{leak.client}: {leak.what}") for leak in history.leaks]
    return found


class Effects:
    """The rows of the database by what names them: the mark in their text, or the request_id."""

    def __init__(self, truth):
        self.rows = collections.defaultdict(collections.Counter)
        self.transactions = collections.defaultdict(set)
        for ticket in truth.tickets:
            self._add(ticket.problem, "ticket")
            if ticket.cause:
                self._add(ticket.cause, "cause")
        for entry in truth.entries:
            self._add(entry.text, "entry", entry.transaction)
        for asset in truth.assets:
            self._add(asset.notes, "asset")
        for row in truth.services:
            self._add(row.mark, "service", row.transaction)
        for row in truth.readings:
            self._add(row.mark, "reading", row.transaction)
        self.events, self.requests = collections.defaultdict(list), collections.defaultdict(list)
        for event in truth.events:
            self.events[event.request_id].append(event)
        for request in truth.requests:
            self.requests[request.request_id].append(request)

    def _add(self, mark, part, transaction=None):
        self.rows[mark][part] += 1
        if transaction:
            self.transactions[mark].add(transaction)

    def events_of(self, operation):
        """Of the kind of thing that the operation is about; what triggers change besides has events of its own."""
        events = [event for request_id in operation.request_ids for event in self.events[request_id]]
        if operation.object:
            return [event for event in events if event.resource_id == operation.object]
        return [event for event in events if event.action == "insert"]

    def requests_of(self, operation):
        return [r for request_id in operation.request_ids for r in self.requests[request_id] if r.principal == operation.principal]

    def parts_of(self, operation):
        """How many there are of each part that an effect of the operation consists of."""
        there = {**self.rows[operation.mark], "event": len(self.events_of(operation)), "request": len(self.requests_of(operation))}
        return {part: there.get(part, 0) for part in operation.parts}

    def is_done(self, operation):
        return any(self.parts_of(operation).values())


def told(operation):
    said = "; ".join(f"{a.status or 'nothing'}{' ' + a.text[:90] if a.text else ''}" for a in operation.attempts)
    return f"{operation.method} {operation.mark} of {operation.client} (told: {said})"


def judge_effect(operation, effects):
    """Lost, done twice, done in part, or done though it was refused."""
    there = effects.parts_of(operation)
    if there == operation.parts:
        if operation.outcome == FAILED:
            return [Violation("unasked", f"it was refused and yet done: {told(operation)}")]
        return []
    if not any(there.values()):
        return [Violation("lost", told(operation))] if operation.outcome == OK else []
    if any(there[part] > wanted for part, wanted in operation.parts.items()):
        return [Violation("doubled", f"{told(operation)}: {there}, not {operation.parts}")]
    return [Violation("half", f"{told(operation)}: {there}, not {operation.parts}")]


def judge_answers(operation, effects):
    """All answers to one request are the same, speak of it, and are the one that is kept."""
    answers = operation.answers
    if not answers:
        return []
    if not all(attempt.mine for attempt in answers):
        return [Violation("answer", f"the answer speaks of something else: {told(operation)}")]
    if len({attempt.answer for attempt in answers}) > 1:
        return [Violation("answer", f"two answers to one request: {told(operation)}")]
    kept = {request.answer for request in effects.requests_of(operation)}
    if kept and kept != {answers[0].answer}:
        return [Violation("answer", f"the answer that is kept is another: {told(operation)}")]
    return []


def judge_refusal(operation):
    """A definite failure that the workload gave no cause for, or a failure that is nobody's fault but the daemon's."""
    for attempt in operation.attempts:
        if attempt.status == "INTERNAL" or (attempt.outcome == FAILED and attempt.status in WITH_CAUSE
                                            and attempt.status not in operation.may_fail):
            return [Violation("refusal", told(operation))]
    return []


# ABORTED, UNAVAILABLE and the like say that the moment was bad; these say that the request was.
WITH_CAUSE = {"INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION", "ALREADY_EXISTS",
              "OUT_OF_RANGE", "UNIMPLEMENTED"}


def judge_events(operation, effects):
    """Events are one to one with effects (counted among the parts), by the right principal, and in their transaction."""
    events, requests = effects.events_of(operation), effects.requests_of(operation)
    transactions = {event.transaction for event in events} | {request.transaction for request in requests}
    if operation.method != "ImportAssets":	# whose rows are written in subtransactions
        transactions |= effects.transactions[operation.mark]
    if len(transactions) > 1 and len(events) == operation.parts.get("event", 0):
        return [Violation("event", "its rows, its event and its answer are of several transactions "
                          f"{transactions}: {told(operation)}")]
    if any(event.principal != operation.principal for event in events):
        return [Violation("event", f"its event names another principal: {told(operation)}")]
    return []


def judge_unasked(operations, truth):
    """Rows and events that no client has asked for."""
    marks = {operation.mark for operation in operations}
    requests = {request_id for operation in operations for request_id in operation.request_ids}
    booked = {move.transaction for move in truth.moves}	# whose entries have a text of the database's own
    texts = [t.problem for t in truth.tickets] + [a.notes for a in truth.assets]
    texts += [e.text for e in truth.entries if e.transaction not in booked]
    texts += [row.mark for row in truth.services + truth.readings] + [t.cause for t in truth.tickets]
    found = [f"a row with the text {text}" for text in texts if text and text not in marks and not is_setting(text)]
    found += [f"an event of {e.principal} on {e.resource} {e.resource_id}" for e in truth.events if e.request_id not in requests]
    found += [f"an answer for {r.principal} to {r.method} {r.request_id}" for r in truth.requests if r.request_id not in requests]
    return [Violation("unasked", what) for what in found]


# What was there before the first client began has this behind the canary of its city; LogRepair writes one sentence itself.
def is_setting(text):
    return text.endswith(" setting") or text == "logged after the repair"


def judge_ledgers(operations, effects, truth):
    """Sums over entries: those of the ticket itself, and those of what clients have asked for. No number is missing."""
    minutes, cents, counts = collections.Counter(), collections.Counter(), collections.Counter()
    for entry in truth.entries:
        minutes[entry.ticket] += entry.minutes
        cents[entry.ticket] += entry.cents
    found = []
    for ticket in truth.tickets:
        counts[ticket.agency] += 1
        if (ticket.minutes, ticket.cents) != (minutes[ticket.id], cents[ticket.id]):
            found.append(f"ticket {ticket.number} says {ticket.minutes} min and {ticket.cents} cents, its entries"
                         f" {minutes[ticket.id]} and {cents[ticket.id]}")
    asked = sum(o.minutes for o in operations if effects.rows[o.mark]["entry"])
    if asked != sum(minutes.values()):
        found.append(f"clients have entered {asked} min of work, and {sum(minutes.values())} are on record")
    if len({ticket.number for ticket in truth.tickets}) != len(truth.tickets):
        found.append("two tickets have one number")
    found += [f"{code} has given out {last} ticket numbers and has {counts[code]} tickets"
              for code, last in truth.counters.items() if counts[code] != last]
    return [Violation("ledger", what) for what in found]


def judge_stock(operations, effects, truth):
    """
    A change of the stock is found by the answer that is kept in its transaction: it moved what was asked for, no more and no less,
    and nothing else moved. What is on hand is the sum of all moves, and was never below zero. A ticket is charged to the cent.
    """
    moved, worth, charged = collections.defaultdict(collections.Counter), collections.Counter(), collections.Counter()
    levels, found = collections.Counter(), []
    for move in truth.moves:
        moved[move.transaction][move.part, move.location] += move.quantity
        worth[move.transaction] -= move.quantity * move.cents * (move.kind in ("use", "return"))
        place = (move.part, move.lot, move.location)
        levels[place] += move.quantity
        if levels[place] < 0:
            found.append(Violation("stock", f"{levels[place]} of {place}"))
    for entry in truth.entries:
        charged[entry.transaction] += entry.cents * (entry.transaction in moved)
    found += [Violation("stock", f"parts for {worth[t]} cents were used and {charged[t]} cents are charged (transaction {t})")
              for t in moved if worth[t] != charged[t]]
    for operation in operations:
        for request in effects.requests_of(operation) if operation.stock else ():
            there = moved.pop(request.transaction, {})
            if there != operation.stock:
                found.append(Violation("half", f"{told(operation)}: {dict(there)} moved, not {operation.stock}"))
    found += [Violation("unasked", f"a move of parts without an answer: {dict(what)} (transaction {t})") for t, what in moved.items()]
    if {place: n for place, n in levels.items() if n} != {place: n for place, n in truth.stock.items() if n}:
        found.append(Violation("stock", f"the moves make {dict(levels)}, and {truth.stock} are there"))
    return found


def judge_revisions(operations, effects, truth):
    """A revision goes up by one with each change, and no two acknowledged changes have the same one."""
    found = []
    changes, seen = collections.Counter(), {}
    for operation in operations:
        if not operation.object:
            continue
        changes[operation.object] += effects.is_done(operation)
        if operation.outcome != OK:
            continue
        got = operation.first_answer.revision
        if operation.asked and got != operation.asked + 1:
            found.append(f"revision {operation.asked} was read and {got} came of it: {told(operation)}")
        other = seen.setdefault((operation.object, got), operation)
        if other is not operation:
            found.append(f"revision {got} was given twice: {told(operation)} and {told(other)}")
    for row in truth.tickets + truth.assets:
        if row.id in changes and row.revision != 1 + changes[row.id]:
            found.append(f"{row.id} is at revision {row.revision} after {changes[row.id]} changes")
    return [Violation("revision", what) for what in found]


def _by_object(operations):
    grouped = collections.defaultdict(list)
    for operation in operations:
        if operation.object and operation.outcome == OK:
            grouped[operation.object].append(operation)
    return grouped


def judge_order(operations):
    """Changes of one object, in the order of their revisions: none has begun after a later one was acknowledged."""
    found = []
    for same in _by_object(operations).values():
        earliest, later = float("inf"), None
        for operation in sorted(same, key=lambda o: o.first_answer.revision, reverse=True):
            if earliest < operation.invoked:
                found.append(f"{told(operation)} has begun after {told(later)} was acknowledged, and has an earlier revision")
            if operation.first_answer.returned < earliest:
                earliest, later = operation.first_answer.returned, operation
    return [Violation("order", what) for what in found]


def judge_reads(operations, reads):
    """A read that begins after an acknowledgement sees that revision or a later one."""
    times, highest = {}, {}
    for identity, same in _by_object(operations).items():
        same = sorted(same, key=lambda o: o.first_answer.returned)
        times[identity], highest[identity], most = [], [], 0
        for operation in same:
            most = max(most, operation.first_answer.revision)
            times[identity].append(operation.first_answer.returned)
            highest[identity].append(most)
    found = []
    for read in reads:
        before = bisect.bisect_left(times.get(read.object, ()), read.invoked)
        if before and read.revision < highest[read.object][before - 1]:
            found.append(f"{read.client} read revision {read.revision} of {read.object} after {highest[read.object][before - 1]}"
                         " was acknowledged")
    return [Violation("stale", what) for what in found]
