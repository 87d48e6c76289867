"""The checker on made-up histories: an honest one passes, and each kind of lie is found."""

import copy

import pytest

from fault import checker
from fault.history import FAILED, OK, UNKNOWN, Attempt, History, Leak, Operation, Read
from fault.truth import Asset, Entry, Event, Move, Request, Row, Ticket, Truth

TICKET, RADIO = "t-1", "a-1"


class Story:
    """Two clients of one city, one ticket, one radio; what is told to the clients and what is in the database agree."""

    def __init__(self, tmp_path):
        self.history = History(tmp_path)
        self.log = self.history.log("client")
        self.truth = Truth(
            tickets=[Ticket(TICKET, "IND", "IND-2026-00001", "~IND~ setting", "", 0, 0, 1)], counters={"IND": 1},
            assets=[Asset(RADIO, "IND", "~IND~ setting", 1)], entries=[], services=[], readings=[], events=[], requests=[])
        self.clock, self.transaction = 0.0, 100

    # pylint: disable-next=redefined-builtin
    def told(self, method, parts, status="OK", done=True, object="", asked=0, revision=0, minutes=0):
        number = len(self.log.operations) + 1
        operation = Operation("client", "bench", "IND", method, f"~IND~ 1-{number}", {**parts, "event": 1, "request": 1}, "payload",
                              object=object, asked=asked, minutes=minutes)
        operation.attempts.append(Attempt(f"r-{number}", self.clock, self.clock + 1, status, answer=f"answer {number}"
                                          if status == "OK" else "", revision=revision))
        self.clock += 2
        self.log.operations.append(operation)
        if done:
            self.transaction += 1
            self._do(operation, number)
        return operation

    def _do(self, operation, number):
        here, what = str(self.transaction), operation.object or f"new-{number}"
        self.truth.events.append(Event("bench", "thing", what, "update" if operation.object else "insert", f"r-{number}", here))
        self.truth.requests.append(Request("bench", f"r-{number}", operation.method, f"answer {number}", here))
        self.truth.entries += [Entry(what, "labour", operation.mark, operation.minutes, 0, here)] * operation.parts.get("entry", 0)
        self.truth.services += [Row(operation.mark, here)] * operation.parts.get("service", 0)
        self.truth.readings += [Row(operation.mark, here)] * operation.parts.get("reading", 0)
        for rows in (self.truth.tickets, self.truth.assets):
            for place, row in enumerate(rows):
                if row.id == operation.object:
                    rows[place] = row._replace(revision=row.revision + 1)
                    if rows is self.truth.tickets:
                        rows[place] = rows[place]._replace(minutes=row.minutes + operation.minutes)

    def kinds(self):
        return {violation.kind for violation in checker.check(self.history, self.truth)}


@pytest.fixture
def story(tmp_path):
    """Work, two guarded changes, a service; one write that was given up and not done, and one that was, and a refused one."""
    story = Story(tmp_path)
    story.work = story.told("AddTicketEntry", {"entry": 1}, object=TICKET, revision=2, minutes=5)
    story.note = story.told("UpdateAsset", {}, object=RADIO, asked=1, revision=2)
    story.note_again = story.told("UpdateAsset", {}, object=RADIO, asked=2, revision=3)
    story.service = story.told("CreateServiceRecord", {"service": 1, "reading": 3})
    story.undone = story.told("AddTicketEntry", {"entry": 1}, status="UNAVAILABLE", done=False, object=TICKET, minutes=7)
    story.done = story.told("AddTicketEntry", {"entry": 1}, status="DEADLINE_EXCEEDED", object=TICKET, minutes=2)
    story.refused = story.told("UpdateAsset", {}, status="ABORTED", done=False, object=RADIO, asked=1)
    story.log.reads.append(Read("client", TICKET, 2, 4.0, 5.0))
    assert story.kinds() == set(), checker.check(story.history, story.truth)
    yield story
    story.history.close()


def without(rows, mark):
    rows[:] = [row for row in rows if mark not in row]


def test_outcomes(story):
    assert (story.work.outcome, story.undone.outcome, story.refused.outcome) == (OK, UNKNOWN, FAILED)
    # A refusal settles nothing while an earlier attempt may still arrive; an answer settles everything.
    story.undone.attempts.append(Attempt("r-5", 50, 51, "ABORTED"))
    assert story.undone.outcome == UNKNOWN
    story.undone.attempts.append(Attempt("r-5", 52, 53, "OK"))
    assert story.undone.outcome == OK
    # Whoever says that nothing was changed is taken at his word, whatever the status.
    assert Attempt("r", 0, 1, "DEADLINE_EXCEEDED", "too late, and nothing was changed").outcome == FAILED
    assert Attempt("r", 0).outcome == UNKNOWN
    assert story.history.count()["OK"] == 5 and story.history.count()["UNKNOWN"] == 1


def test_a_lost_write(story):
    for rows in (story.truth.services, story.truth.readings):
        without(rows, story.service.mark)
    without(story.truth.events, "r-4")
    without(story.truth.requests, "r-4")
    assert story.kinds() == {"lost"}


def test_a_doubled_write(story):
    story.truth.entries.append(story.truth.entries[0])
    assert {"doubled", "ledger"} <= story.kinds()


def test_a_doubled_write_that_was_never_acknowledged(story):
    story.truth.entries += [row for row in story.truth.entries if row.text == story.done.mark]
    assert "doubled" in story.kinds()


def test_half_a_write(story):
    story.truth.readings.pop()
    assert story.kinds() == {"half"}


def test_half_of_what_was_never_acknowledged(story):
    without(story.truth.entries, story.done.mark)
    assert "half" in story.kinds()


def test_an_effect_that_was_refused(story):
    story.truth.events.append(Event("bench", "asset", RADIO, "update", "r-7", "150"))
    story.truth.requests.append(Request("bench", "r-7", "UpdateAsset", "answer", "150"))
    assert "unasked" in story.kinds()


@pytest.mark.parametrize("rows, row", [
    ("services", Row("from nowhere", "5")), ("entries", Entry(TICKET, "note", "from nowhere", 0, 0, "5")),
    ("assets", Asset("a-2", "IND", "from nowhere", 1)), ("tickets", Ticket("t-2", "IND", "IND-2", "from nowhere", "", 0, 0, 1)),
    ("events", Event("bench", "asset", RADIO, "update", "", "5")), ("requests", Request("bench", "r-99", "M", "x", "5"))])
def test_an_effect_nobody_asked_for(story, rows, row):
    getattr(story.truth, rows).append(row)
    assert "unasked" in story.kinds()


def test_two_answers_to_one_request(story):
    story.work.attempts.append(Attempt("r-1", 20, 21, "OK", answer="answer 2", revision=2))
    assert story.kinds() == {"answer"}


def test_the_kept_answer_is_another(story):
    story.truth.requests[0] = story.truth.requests[0]._replace(answer="answer 2")
    assert story.kinds() == {"answer"}


def test_an_answer_to_something_else(story):
    story.service.attempts[0].mine = False
    assert story.kinds() == {"answer"}


@pytest.mark.parametrize("status", ["NOT_FOUND", "ALREADY_EXISTS", "UNAUTHENTICATED", "INTERNAL"])
def test_a_refusal_without_a_cause(story, status):
    story.refused.attempts[0].status = status
    assert story.kinds() == {"refusal"}


def test_a_refusal_with_a_cause(story):
    story.refused.attempts[0].status = "FAILED_PRECONDITION"
    story.refused.may_fail = ("FAILED_PRECONDITION",)
    assert story.kinds() == set()


@pytest.mark.parametrize("change", [{"minutes": 8}, {"cents": 1}])
def test_a_sum_that_does_not_fit_its_entries(story, change):
    story.truth.tickets[0] = story.truth.tickets[0]._replace(**change)
    assert story.kinds() == {"ledger"}


def test_entries_that_are_not_what_was_asked(story):
    """The ticket and its entry agree with each other, and not with the client."""
    story.truth.entries[0] = story.truth.entries[0]._replace(minutes=6)
    story.truth.tickets[0] = story.truth.tickets[0]._replace(minutes=8)
    assert story.kinds() == {"ledger"}


@pytest.fixture
def stocked(story):
    """Twenty came for 7 cents each, five were carried from one place to another, three of those were used on the ticket."""
    def moved(method, kind, *lines):
        what = {("P", place): quantity for place, quantity in lines}
        story.told(method, {}).stock = what
        story.truth.moves += [Move("P", "L1", place, quantity, 7, kind, str(story.transaction)) for place, quantity in lines]
    moved("ReceiveParts", "receive", ("A", 20))
    moved("MoveParts", "move", ("A", -5), ("B", 5))
    moved("UseParts", "use", ("B", -3))
    story.truth.entries.append(Entry(TICKET, "part", "P whip antenna, 3 each", 0, 21, str(story.transaction)))
    story.truth.tickets[0] = story.truth.tickets[0]._replace(cents=21)
    story.truth.stock = {("P", "L1", "A"): 15, ("P", "L1", "B"): 2}
    assert story.kinds() == set(), checker.check(story.history, story.truth)
    return story


def test_half_a_move_of_parts(stocked):
    del stocked.truth.moves[2]
    stocked.truth.stock["P", "L1", "B"] = -3
    assert stocked.kinds() == {"half", "stock"}


def test_fewer_parts_than_asked_for(stocked):
    stocked.truth.moves[1:3] = [move._replace(quantity=move.quantity // 5 * 4) for move in stocked.truth.moves[1:3]]
    stocked.truth.stock = {("P", "L1", "A"): 16, ("P", "L1", "B"): 1}
    assert stocked.kinds() == {"half"}


def test_parts_that_moved_twice(stocked):
    stocked.truth.moves.append(stocked.truth.moves[3]._replace(quantity=-1, kind="scrap", transaction="999"))
    stocked.truth.stock["P", "L1", "B"] = 1
    assert stocked.kinds() == {"unasked"}


def test_parts_that_moved_unacknowledged(stocked):
    """The answer was lost, and so is the move, or neither."""
    stocked.log.operations[-1].attempts[0].status = "UNAVAILABLE"
    assert stocked.kinds() == set()
    without(stocked.truth.requests, f"r-{len(stocked.log.operations)}")
    assert stocked.kinds() >= {"unasked"}


def test_stock_below_zero_for_a_while(stocked):
    """It was used before it came: the sum is right."""
    stocked.truth.moves.append(stocked.truth.moves.pop(2))
    assert stocked.kinds() == {"stock"}


def test_stock_that_is_not_the_sum_of_its_moves(stocked):
    stocked.truth.stock["P", "L1", "A"] = 14
    assert stocked.kinds() == {"stock"}


def test_parts_charged_to_the_wrong_cent(stocked):
    stocked.truth.entries[-1] = stocked.truth.entries[-1]._replace(cents=20)
    stocked.truth.tickets[0] = stocked.truth.tickets[0]._replace(cents=20)
    assert stocked.kinds() == {"stock"}


def test_a_number_that_is_missing(story):
    story.truth.counters["IND"] = 2
    assert story.kinds() == {"ledger"}


def test_a_revision_too_many(story):
    story.truth.assets[0] = story.truth.assets[0]._replace(revision=4)
    assert story.kinds() == {"revision"}


def test_a_revision_given_twice(story):
    story.note_again.attempts[0].revision = 2
    assert "revision" in story.kinds()


def test_a_guard_that_did_not_guard(story):
    """Both had read revision 1, and both went through."""
    story.note_again.asked = 1
    assert story.kinds() == {"revision"}


def test_changes_in_the_wrong_order(story):
    story.work.attempts[0].invoked, story.work.attempts[0].returned = 0, 1
    later = story.told("AddTicketEntry", {"entry": 1}, object=TICKET, revision=1)
    assert later.invoked > 1 and story.kinds() >= {"order"}


def test_a_read_of_the_past(story):
    story.log.reads.append(Read("client", RADIO, 2, 7.0, 8.0))
    assert story.kinds() == {"stale"}


def test_a_read_that_began_before_the_answer(story):
    """Both were under way at once: the read may see either."""
    story.log.reads.append(Read("client", RADIO, 2, 4.5, 8.0))
    assert story.kinds() == set()


def test_an_event_that_is_missing(story):
    without(story.truth.events, "r-2")
    assert story.kinds() == {"half"}


def test_an_event_in_a_transaction_of_its_own(story):
    story.truth.events[0] = story.truth.events[0]._replace(transaction="999")
    assert story.kinds() == {"event"}


def test_an_event_of_somebody_else(story):
    story.truth.events[0] = story.truth.events[0]._replace(principal="another")
    assert story.kinds() == {"event"}


def test_a_canary_of_another_city(story):
    story.log.leaks.append(Leak("client", "received ~LSU~"))
    assert story.kinds() == {"leak"}


def test_the_record_is_also_a_file(story):
    operation = copy.copy(story.work)
    operation.attempts = []
    attempt = story.log.attempt(operation, "r-1")
    assert attempt.outcome == UNKNOWN
    attempt.status = "OK"
    story.log.end(operation, attempt)
    story.log.read(RADIO, 3, 1.0)
    story.history.close()
    lines = (story.history.directory / "client.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 and '"request_id": "r-1"' in lines[0] and '"revision": 3' in lines[1]
