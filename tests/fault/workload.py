"""Many clients of several cities, each with its own manners, who write, repeat, give up and read back; all of it recorded.

A place is anything with caller(principal) → a fresh rig.caller.Caller, rows(sql) and value(sql) of the database that is
the primary just now, and daemon. The workload needs of it no more than that.
"""

import collections
import random
import threading
import time
import uuid

from google.protobuf.message import DecodeError

from fault.history import DEFINITE, OK, digest
from rig import contract
from rig.caller import Refused

PATIENCE = 200		# attempts of one operation before its client takes it for unknown
PAUSE = 0.03


class City:
    """An agency with its people, and the radios, tickets and plan that its clients share."""

    def __init__(self, world, number):
        self.code = world.agency()
        self.canary = f"~{self.code}~"
        self.people = [world.person(f"{self.code.lower()}-{who}", [(role, self.code)]) for who, role in
                       (("bench", "technician"), ("desk", "technician"), ("look", "viewer"))]
        world.plan(self.code, code="PM", name=f"{self.canary} setting")
        self.radios = [self._radio(world, f"R{n}") for n in range(3)]
        self.benches = [self._radio(world, f"B{n}") for n in range(4)]
        self.tickets = [world.tina.OpenTicket(asset=self._radio(world, f"T{n}"), problem=f"{self.canary} setting").ticket.id
                        for n in range(3)]
        self.spares = world.tina.OpenTicket(asset=self._radio(world, "S0"), problem=f"{self.canary} setting").ticket.id
        self.number = number

    def _radio(self, world, tag):
        return world.asset(self.code, tag=tag, serial=f"{self.canary}{tag}", notes=f"{self.canary} setting").id

    def technician(self, number):
        """Now one, now the other, so that one principal has several clients and one city several principals."""
        return self.people[number % 2]


def stock(world, code):
    """Numbers of two parts and codes of three places, empty still: the first who wants some is refused."""
    parts, places = [f"{code}-P{n}" for n in range(2)], [f"{code}-L{n}" for n in range(3)]
    for part in parts:
        world.tina.CreatePart(part={"number": part, "name": "whip antenna"})
    for place in places:
        world.tina.CreateStockLocation(location={"code": place, "name": place, "kind": "shelf" if place is places[0] else "van"})
    return parts, places


class Workload:
    """start() sets the clients going, stop() lets them finish what they have begun and settles what they gave up."""

    def __init__(self, place, world, history, seed, cities=3, clients=4, client_kind=None):
        self.place, self.history, self.seed = place, history, seed
        self.cities = [City(world, n) for n in range(cities)]
        self.roaming, self.keeper = (world.person(f"{self.cities[0].code.lower()}-{who}", [("technician", "")])
                                     for who in ("roaming", "keeper"))
        self.parts, self.places = stock(world, self.cities[0].code)
        self.stopping = threading.Event()
        kind = client_kind or Client
        self.clients = [kind(self, city, city.technician(n), n) for city in self.cities for n in range(clients)]
        self.clients += [Roamer(self, self.cities[0], self.roaming, clients + 1)]
        self.clients += [Storekeeper(self, self.cities[0], principal, clients + 2 + n)
                         for n, principal in enumerate((self.roaming, self.keeper, self.keeper))]
        self.clients += [Reader(self, city, city.people[2], clients) for city in self.cities]
        self._threads = [threading.Thread(target=client.run, name=client.name) for client in self.clients]

    @property
    def agencies(self):
        return [city.code for city in self.cities]

    @property
    def principals(self):
        return [name for city in self.cities for name in city.people] + [self.roaming, self.keeper]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        for client in self.clients:
            client.close()
        self.history.close()
        wrong = [client for client in self.clients if client.failure]
        if wrong:
            raise wrong[0].failure


class Client:
    """One person at one screen: a thread, two channels, and dice of its own."""
    TIMEOUT = 5.0

    def __init__(self, workload, city, principal, number):
        self.workload, self.city, self.principal, self.number = workload, city, principal, number
        self.name = f"{city.code}-{type(self).__name__}-{number}"
        self.dice = random.Random(f"{workload.seed} {city.number} {number}")
        self.log = workload.history.log(self.name)
        self.strangers = [other for other in workload.cities if other is not city]
        self.callers = [workload.place.caller(principal) for _ in range(2)]	# here: two threads must not make one certificate
        self.count, self.failure = 0, None
        self.given_up = []	# (operation, method, message) that may be repeated at the end
        self.answered = []	# the same, for an answer to be asked for again
        self.own_ticket = None

    def run(self):
        try:
            while not self.workload.stopping.is_set():
                self.next_deed()
                time.sleep(self.dice.random() * PAUSE)
            self.settle()
        except Exception as failure:  # raised again by stop()  # pylint: disable=broad-except
            self.failure = failure

    def next_deed(self):
        self.dice.choice(self.DEEDS)(self)

    def close(self):
        for caller in self.callers:
            caller.close()

    def mark(self):
        self.count += 1
        return f"{self.city.canary} {self.number}-{self.count}"

    # -- sending, and what comes of it

    def write(self, name, request, mark, parts, **about):
        """One operation in one of the manners; about are further fields of it. The reply, or None when there is none."""
        method = contract.methods()[name]
        message = contract.fill(method.request(), {
            "request_id": str(uuid.UUID(int=self.dice.getrandbits(128), version=4)), **request})
        operation = self.log.begin(principal=self.principal, agency=self.city.code, method=name, mark=mark,
                                   parts={**parts, "request": 1}, payload=digest(message.SerializeToString()), **about)
        reply = self.dice.choice(self.MANNERS)(self, operation, method, message)
        if reply is not None and self.dice.random() < 0.1:
            self.answered.append((operation, method, message))
        if self.answered and self.dice.random() < 0.1:
            self.send(*self.answered.pop(0))
        return reply

    def start(self, operation, method, message, timeout, caller=0):
        attempt = self.log.attempt(operation, message.request_id)
        caller = self.callers[caller]
        return attempt, caller, caller.channel.unary_unary(method.path).future(message.SerializeToString(), timeout=timeout)

    def finish(self, operation, method, attempt, caller, call):
        """Waits for the outcome of an attempt and records it. The reply, or None."""
        try:
            answer = caller.finish(call)
        except Refused as refusal:
            attempt.status, attempt.text = refusal.code, refusal.text
            self.log.end(operation, attempt)
            self.look_for_canaries(caller)
            self.renew(caller, refusal)
            return None
        attempt.status, attempt.answer = "OK", digest(answer)
        try:
            reply = method.reply.FromString(answer)
            attempt.mine = speaks_of(operation, reply, answer)
        except DecodeError:
            reply, attempt.mine = method.reply(), False
        attempt.revision = getattr(getattr(reply, reply.DESCRIPTOR.fields[0].name), "revision", 0)
        self.log.end(operation, attempt)
        self.look_for_canaries(caller)
        return reply

    def send(self, operation, method, message, timeout=None):
        return self.finish(operation, method, *self.start(operation, method, message, timeout or self.TIMEOUT))

    def renew(self, caller, refusal):
        """A channel that could not connect takes its time to try again; a new one tries at once, as a person would."""
        if "failed to connect" in refusal.text and caller in self.callers:
            caller.close()
            self.callers[self.callers.index(caller)] = self.workload.place.caller(self.principal)

    def look_for_canaries(self, caller):
        for other in self.strangers:
            if other.canary.encode() in caller.received:
                self.log.leak(f"received {other.canary}: {bytes(caller.received[:2000])}")
        del caller.received[:]

    # -- manners

    def steadily(self, operation, method, message):
        """Repeats with the same request_id until there is an answer."""
        for _ in range(PATIENCE):
            reply = self.send(operation, method, message)
            if reply is not None or operation.attempts[-1].status in DEFINITE:
                return reply
            time.sleep(0.03 + self.dice.random() * 0.1)
        self.given_up.append((operation, method, message))
        return None

    def once(self, operation, method, message):
        """Sends it and does not look back."""
        reply = self.send(operation, method, message)
        if operation.outcome != OK and self.dice.random() < 0.5:
            self.given_up.append((operation, method, message))
        return reply

    def twice_at_once(self, operation, method, message):
        calls = [self.start(operation, method, message, self.TIMEOUT, caller) for caller in (0, 1)]
        replies = [self.finish(operation, method, *call) for call in calls]
        reply = replies[0] or replies[1]
        return reply if reply is not None else self.steadily(operation, method, message)

    def in_a_hurry(self, operation, method, message):
        """A deadline that is often too short, then perhaps with patience."""
        reply = self.send(operation, method, message, timeout=self.dice.choice((0.002, 0.005, 0.01, 0.02, 0.05)))
        return reply if reply is not None or self.dice.random() < 0.5 else self.steadily(operation, method, message)

    def fickly(self, operation, method, message):
        """Cancels in mid-call, then perhaps thinks better of it."""
        attempt, caller, call = self.start(operation, method, message, self.TIMEOUT)
        time.sleep(self.dice.random() * 0.02)
        call.cancel()
        reply = self.finish(operation, method, attempt, caller, call)
        return reply if reply is not None or self.dice.random() < 0.5 else self.steadily(operation, method, message)

    MANNERS = (steadily, steadily, steadily, once, twice_at_once, in_a_hurry, fickly)

    def settle(self):
        """What was given up is repeated now, but for some that stay unknown; answers are asked for again."""
        for operation, method, message in self.given_up:
            if self.dice.random() < 0.7:
                self.steadily(operation, method, message)
        for once_more in self.answered:
            self.send(*once_more)

    # -- deeds

    def work(self):
        mark, minutes, identity = self.mark(), self.dice.randrange(1, 9), self.dice.choice(self.city.tickets)
        return self.write("AddTicketEntry", {"ticket": identity, "kind": "labour", "text": mark, "minutes": minutes}, mark,
                          {"entry": 1, "event": 1}, object=identity, minutes=minutes)

    def move(self):
        ticket = self.look_at("GetTicket", "ticket", self.dice.choice(self.city.tickets))
        if ticket:
            states = contract.message("radioshop.v1.Ticket").DESCRIPTOR.fields_by_name["moves"].enum_type
            moves = [contract.enum_label(states, number) for number in ticket.moves]
            self.move_to(ticket, self.dice.choice([move for move in moves if move not in ("closed", "cancelled")]))

    def move_to(self, ticket, state):
        mark = self.mark()
        return self.write("MoveTicket", {"ticket": ticket.id, "revision": ticket.revision, "state": state, "note": mark}, mark,
                          {"entry": 1, "event": 1}, may_fail=("FAILED_PRECONDITION",), object=ticket.id, asked=ticket.revision)

    def explain(self):
        ticket, mark = self.look_at("GetTicket", "ticket", self.dice.choice(self.city.tickets)), self.mark()
        if ticket:
            self.write("UpdateTicket", {"ticket": {"id": ticket.id, "revision": ticket.revision, "cause": mark},
                                        "update_mask": ["cause"]}, mark, {"event": 1}, object=ticket.id, asked=ticket.revision)

    def note(self):
        radio, mark = self.look_at("GetAsset", "asset", self.dice.choice(self.city.radios)), self.mark()
        if radio:
            self.write("UpdateAsset", {"asset": {"id": radio.id, "revision": radio.revision, "notes": mark},
                                       "update_mask": ["notes"]}, mark, {"event": 1}, object=radio.id, asked=radio.revision)

    def open(self):
        """A ticket of its own, given up when it is next here: a radio has one open ticket at most."""
        bench, mark = self.city.benches[self.number % len(self.city.benches)], self.mark()
        if self.own_ticket is None:
            reply = self.write("OpenTicket", {"asset": bench, "problem": mark}, mark, {"ticket": 1, "event": 1},
                               may_fail=("FAILED_PRECONDITION", "ALREADY_EXISTS"))
            self.own_ticket = reply.ticket if reply is not None else self.open_one(bench)
        else:
            reply = self.move_to(self.own_ticket, "cancelled")
            self.own_ticket = None if reply is not None else self.open_one(bench)

    def open_one(self, bench):
        """The ticket that is open on the radio, whoever has opened it."""
        reply = self.ask("ListTickets", asset=bench)
        return reply.tickets[0] if reply is not None and reply.tickets else None

    def repair(self):
        mark, minutes = self.mark(), self.dice.randrange(1, 9)
        self.write("LogRepair", {"asset": self.dice.choice(self.city.radios), "problem": mark, "action": mark, "minutes": minutes,
                                 "part": mark, "part_cost_cents": self.dice.randrange(1, 900)}, mark,
                   {"ticket": 1, "entry": 2, "event": 1}, minutes=minutes)

    def service(self):
        mark = self.mark()
        self.write("CreateServiceRecord", {
            "asset": self.dice.choice(self.city.radios), "plan": "PM", "result": "passed", "notes": mark,
            "readings": [{"name": mark, "value": n, "unit": "dBm"} for n in range(3)]}, mark,
                   {"service": 1, "reading": 3, "event": 1})

    def register(self):
        """The tag is the same in every city, as tags are: only the agency tells them apart."""
        mark = self.mark()
        self.write("CreateAsset", {"asset": {"agency": self.city.code, "tag": f"{self.number}-{self.count}", "class": "portable",
                                             "notes": mark}}, mark, {"asset": 1, "event": 1})

    def bring_in(self):
        mark, rows = self.mark(), self.dice.randrange(2, 6)
        self.write("ImportAssets", {"agency": self.city.code, "rows": [
            {"line": n, "tag": f"{self.number}-{self.count}-{n}", "class": "mobile", "notes": mark} for n in range(rows)]}, mark,
                   {"asset": rows, "event": rows})

    # -- reading

    def ask(self, name, **values):
        """A read; None when it failed, which reads may."""
        caller = self.callers[0]
        try:
            return getattr(caller, name)(timeout=self.TIMEOUT, **values)
        except Refused as refusal:
            self.renew(caller, refusal)
            return None
        finally:
            self.look_for_canaries(caller)

    def look_at(self, name, field, identity):
        """An object with its revision, for the record."""
        invoked = time.monotonic()
        reply = self.ask(name, **{field: identity})
        if reply is None:
            return None
        found = getattr(reply, field)
        self.log.read(identity, found.revision, invoked)
        return found

    DEEDS = (work, work, work, move, move, explain, note, note, open, repair, service, register, bring_in)


class Roamer(Client):
    """A technician of the shop, who works now for this city and now for that one."""

    def next_deed(self):
        self.city, self.strangers = self.dice.choice(self.workload.cities), ()
        super().next_deed()

    DEEDS = tuple(deed for deed in Client.DEEDS if deed is not Client.open)


class Storekeeper(Roamer):
    """Brings parts, carries them about, and uses them on the tickets of all cities; wants more than there is now and then."""

    def change(self, name, request, deltas, *may_fail):
        """What deltas say of places happens to one of the parts, all of it or nothing."""
        part, mark = self.dice.choice(self.workload.parts), self.mark()
        return self.write(name, {"part": part, **request(mark)}, mark, {}, may_fail=may_fail,
                          stock={(part, place): delta for place, delta in deltas.items()})

    def receive(self):
        place, quantity = self.dice.choice(self.workload.places), self.dice.randrange(1, 20)
        self.change("ReceiveParts", lambda mark: {"location": place, "quantity": quantity, "reference": mark,
                                                  "unit_cost_cents": self.dice.randrange(1, 900)}, {place: quantity})

    def use(self):
        place, quantity = self.dice.choice(self.workload.places), self.how_many()
        self.change("UseParts", lambda mark: {"ticket": self.city.spares, "location": place, "quantity": quantity},
                    {place: -quantity}, "FAILED_PRECONDITION")

    def carry(self):
        place, other = self.dice.sample(self.workload.places, 2)
        quantity = self.how_many()
        self.change("MoveParts", lambda mark: {"location": place, "to_location": other, "quantity": quantity, "reason": mark},
                    {place: -quantity, other: quantity}, "FAILED_PRECONDITION")

    def scrap(self):
        place, quantity = self.dice.choice(self.workload.places), self.how_many()
        self.change("ScrapParts", lambda mark: {"location": place, "quantity": quantity, "reason": mark},
                    {place: -quantity}, "FAILED_PRECONDITION")

    def how_many(self):
        """Often from several lots, at times more than can be there."""
        return self.dice.choice((1, 2, 3, 5, 8, 13, 500_000))

    DEEDS = (receive, receive, use, use, use, carry, carry, scrap)


class Reader(Client):
    """Writes nothing; reads its own city back, and tries the doors of the others."""

    def own(self):
        if self.dice.random() < 0.5:
            self.look_at("GetTicket", "ticket", self.dice.choice(self.city.tickets))
        else:
            self.look_at("GetAsset", "asset", self.dice.choice(self.city.radios))

    def lists(self):
        name, values = self.dice.choice((
            ("ListTickets", {"closed": True}), ("ListAssets", {}), ("ListDue", {}), ("SummarizeDue", {}),
            ("ListServiceRecords", {}), ("ListEvents", {}), ("ListPlans", {}), ("ListAgencies", {})))
        self.ask(name, **values)

    def strange(self):
        """Nothing of another city is there: not by its UUID, not by its tag, not by its code."""
        other = self.dice.choice(self.strangers)
        name, values = self.dice.choice((
            ("GetTicket", {"ticket": self.dice.choice(other.tickets)}), ("GetAsset", {"asset": self.dice.choice(other.radios)}),
            ("GetAsset", {"asset": f"{other.code}:R0"}), ("LookupAssets", {"code": other.canary}),
            ("ListTickets", {"agency": other.code}), ("ListAssets", {"agency": other.code}), ("GetAgency", {"agency": other.code})))
        reply = self.ask(name, **values)
        if reply is not None and reply.ByteSize():
            self.log.leak(f"{name} {values} was answered with {reply}")

    DEEDS = (own, own, own, lists, strange)


def speaks_of(operation, reply, answer):
    """Whether the reply carries the mark of the request, or at least the object that it was about."""
    if operation.stock:
        moved = collections.Counter()
        for line in reply.change.lots:
            moved[reply.change.part, line.location] += line.quantity
        return moved == operation.stock
    if operation.method == "ImportAssets":
        return len(reply.results) == operation.parts["asset"]
    return operation.mark.encode() in answer or bool(operation.object) and operation.object.encode() in answer
