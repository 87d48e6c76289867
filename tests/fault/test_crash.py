"""kill -9 of the daemon in the middle of writes: what was answered is there, what was not is settled by a repeat."""

import random
import threading
import time

import pytest

from rig.caller import Refused
from rig.world import new_id

SEED = 20261123


def write_until_ok(world, caller, ticket, request, stop):
    """Repeats one request until it is answered; gives the number of tries."""
    for attempt in range(400):
        try:
            caller.AddTicketEntry(request_id=request, ticket=ticket, kind="labour", text="crash test", minutes=1, timeout=5)
            return attempt + 1
        except Refused as refusal:
            assert refusal.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"), str(refusal)
            if stop.is_set() and attempt > 300:
                break
            time.sleep(0.03)
    raise AssertionError("the write did not go through")


def test_killed_again_and_again(own_daemon, world, migrated):
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    daemon = own_daemon("crashing").start()
    agency = world.agency()
    tickets = [world.tina.OpenTicket(asset=world.asset(agency).id, problem="x").ticket.number for _ in range(4)]
    acknowledged, tries, stop, failures = {number: 0 for number in tickets}, [], threading.Event(), []

    def writing(number):
        caller = world.fresh_caller("tina", daemon.port)
        try:
            while not stop.is_set():
                tries.append(write_until_ok(world, caller, number, new_id(), stop))
                acknowledged[number] += 1
        except Exception as error:  # told by the test itself  # pylint: disable=broad-except
            failures.append(error)
        finally:
            caller.close()
    threads = [threading.Thread(target=writing, args=(number,)) for number in tickets]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.3 + dice.random() * 0.4)
        daemon.kill()
        daemon.start(wait=False)
        daemon.wait_until(daemon.ready, 30, "ready")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures
    for number in tickets:
        full = world.tina.GetTicket(ticket=number).ticket
        assert full.labour_minutes == acknowledged[number], "lost or done twice"
        assert sum(entry.minutes for entry in full.entries) == acknowledged[number]
    assert max(tries) > 1, "no write met a crash: the test has proved nothing"
    left = migrated.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'radioshop_app' AND state LIKE 'idle in tr%'")
    assert left == "0"
    daemon.stop()


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.01])
def test_killed_in_one_write(own_daemon, world, delay):
    """The same moment from several sides: one request, one kill, one repeat, one effect."""
    daemon = own_daemon(f"one-{delay}").start()
    asset = world.asset("IND")
    caller = world.fresh_caller("tina", daemon.port)
    caller.GetCaller()
    request = {"request_id": new_id(), "asset": asset.id, "problem": "crash", "action": "repeat", "minutes": 7}
    outcome = []

    def write():
        try:
            outcome.append(caller.LogRepair(timeout=5, **request).ticket.number)
        except Refused as refusal:
            assert refusal.code == "UNAVAILABLE", str(refusal)
    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(delay)
    daemon.kill()
    thread.join()
    daemon.start()
    number = caller.LogRepair(**request).ticket.number
    assert not outcome or outcome == [number]
    assert [(t.number, t.labour_minutes) for t in world.tina.ListTickets(asset=asset.id, closed=True).tickets] == [(number, 7)]
    caller.close()
    daemon.stop()
