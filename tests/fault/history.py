"""What the clients did and what they were told: an append-only record of each client, which checker.py judges.

An operation is one intent: one request, sent once or many times. Every sending of it is an attempt. What an attempt is
told counts by one rule (that of etcd's robustness tests):

  OK                the effect is there, exactly once, from now on
  definite failure  the server says that nothing was changed; there is no effect
  unknown           anything else, and silence: no effect, or one, now or later, until a repeat settles it
"""

import collections
import dataclasses
import hashlib
import json
import threading
import time
import typing

# Statuses that the daemon sends only when nothing was changed. What else says so in its sentence is taken at its word.
DEFINITE = {"INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION", "ALREADY_EXISTS",
            "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"}
OK, FAILED, UNKNOWN = "OK", "FAILED", "UNKNOWN"


def digest(data):
    return hashlib.sha256(data).hexdigest()


@dataclasses.dataclass
class Attempt:
    request_id: str
    invoked: float
    returned: float = float("inf")
    status: str = ""	# "" while nobody has answered
    text: str = ""
    answer: str = ""	# digest of the reply's bytes
    revision: int = 0	# of the object, as the reply gives it
    mine: bool = True	# the reply speaks of what was asked

    @property
    def outcome(self):
        if self.status == "OK":
            return OK
        if self.status in DEFINITE or "nothing was changed" in self.text:
            return FAILED
        return UNKNOWN


@dataclasses.dataclass
class Operation:
    client: str
    principal: str
    agency: str
    method: str
    mark: str		# stands in a text of the request, and so in every row that it makes
    parts: dict		# what an effect consists of: {"ticket": 1, "entry": 2, "event": 1, …}
    payload: str	# digest of the request
    may_fail: tuple = ()	# definite failures that the workload itself can bring about
    object: str = ""	# UUID of what is changed, where it has a revision
    asked: int = 0	# the revision that the request names, where it does
    minutes: int = 0
    stock: dict = dataclasses.field(default_factory=dict)	# what it does to the stock: {(part, location): how many come or, below 0, go}
    attempts: list = dataclasses.field(default_factory=list)

    @property
    def request_ids(self):
        return {attempt.request_id for attempt in self.attempts}

    @property
    def invoked(self):
        return min(attempt.invoked for attempt in self.attempts)

    @property
    def answers(self):
        return [attempt for attempt in self.attempts if attempt.outcome == OK]

    @property
    def first_answer(self):
        return min(self.answers, key=lambda attempt: attempt.returned)

    @property
    def outcome(self):
        """A refusal settles nothing while another attempt is unknown: that one may still be on its way."""
        outcomes = {attempt.outcome for attempt in self.attempts}
        return OK if OK in outcomes else UNKNOWN if UNKNOWN in outcomes else FAILED

    @property
    def was_unknown(self):
        return any(attempt.outcome == UNKNOWN for attempt in self.attempts)


class Read(typing.NamedTuple):
    """An object as a client saw it."""
    client: str
    object: str
    revision: int
    invoked: float
    returned: float


class Leak(typing.NamedTuple):
    """Something of one city that came to a client of another."""
    client: str
    what: str


class Log:
    """The record of one client, in memory and line by line in a file, for whoever wants to look at a failure."""

    def __init__(self, client, directory):
        self.client = client
        self.operations, self.reads, self.leaks = [], [], []
        self._file = open(directory / f"{client}.jsonl", "w", encoding="utf-8")
        self._lock = threading.Lock()

    def begin(self, **fields):
        operation = Operation(client=self.client, **fields)
        self.operations.append(operation)
        return operation

    @staticmethod
    def attempt(operation, request_id):
        operation.attempts.append(Attempt(request_id, time.monotonic()))
        return operation.attempts[-1]

    def end(self, operation, attempt):
        attempt.returned = time.monotonic()
        self._write({"op": operation.mark, "method": operation.method, "agency": operation.agency, "object": operation.object,
                     "asked": operation.asked, "payload": operation.payload, **dataclasses.asdict(attempt)})

    def read(self, identity, revision, invoked):
        self.reads.append(Read(self.client, identity, revision, invoked, time.monotonic()))
        self._write(self.reads[-1]._asdict())

    def leak(self, what):
        self.leaks.append(Leak(self.client, what))
        self._write({"leak": what})

    def _write(self, fields):
        with self._lock:
            self._file.write(json.dumps(fields) + "\n")

    def close(self):
        self._file.close()


class History:
    """The logs of all clients of one run, over the cities it happened in."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.logs = []

    def log(self, client):
        self.logs.append(Log(client, self.directory))
        return self.logs[-1]

    @property
    def operations(self):
        return [operation for log in self.logs for operation in log.operations if operation.attempts]

    @property
    def reads(self):
        return [read for log in self.logs for read in log.reads]

    @property
    def leaks(self):
        return [leak for log in self.logs for leak in log.leaks]

    def count(self):
        """How many operations there are of each outcome, and how many unknown ones a repeat has settled."""
        counts = collections.Counter(operation.outcome for operation in self.operations)
        counts["attempts"] = sum(len(operation.attempts) for operation in self.operations)
        counts["settled"] = sum(o.was_unknown and o.outcome == OK for o in self.operations)
        return counts

    def close(self):
        for log in self.logs:
            log.close()
