"""
A hundred nights of the alert job with faults: killed at every step, two hosts, the relay down or half down, nights missed, the
clock set back. Nights pass by moving the data's dates. The relay's own record is the truth: what it took.

Each item is to be told as overdue in exactly one message, and as settled in exactly one, if it was. A message that the relay
took before its sender died may come again: with the same Message-ID, and never more often than there were such deaths.
"""

import email
import email.policy
import os
import random
import re
import signal
import subprocess
import time

from rig import COMMAND, figures
from rig.receivers import Relay
from rig.world import day

NIGHTS, ITEMS = 100, 150
# What is done to the sender: killed by the relay when it is at this stage; the reply is never said.
STAGES = ("hello", "sender", "recipient", "data", "accepted")


class Nights:
    def __init__(self, shop, world, agency, migrated):
        self.shop, self.world, self.agency, self.migrated = shop, world, agency, migrated
        self.random = random.Random(os.environ.get("RADIOSHOP_SEED") or "alerts")
        self.relay = Relay().start()
        self.victims, self.kill_at = [], None    # senders that run, and the stage that is fatal
        self.kills = dict.fromkeys(("emit", "send") + STAGES, 0)
        self.runs = 0
        self.relay.at = self.at
        self.agency_id = migrated.value(f"SELECT agency_id FROM radioshop.agency WHERE code = '{agency}'")

    def at(self, stage):
        """The relay is spoken to. A sender that is killed has heard no answer; every sender of the moment is."""
        if stage != self.kill_at:
            return None
        self.kill_at = None
        for victim in self.victims:
            victim.send_signal(signal.SIGKILL)
            self.kills[stage] += 1
        return "drop"

    def start(self, host, *words):
        state = self.shop.state / host
        environment = self.shop.environment(RADIOSHOP_PROFILE=self.shop.profile("nightly"), XDG_STATE_HOME=str(state))
        self.runs += 1
        return subprocess.Popen([COMMAND, "alert", *words, "--agency", self.agency], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment)

    def finish(self, processes, killed_after=None):
        if killed_after is not None:
            time.sleep(killed_after)
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    self.kills["emit" if "emit" in process.args else "send"] += 1
        for process in processes:
            out, errors = process.communicate(timeout=60)
            assert "Sanitizer" not in errors and "runtime error" not in errors, errors
            assert process.returncode in (0, 75, 69, -signal.SIGKILL), f"{process.args}: {process.returncode}\n{out}{errors}"

    def pass_nights(self, n):
        """So many days are over: every date is so much older. Back when n is negative."""
        self.migrated.sql(f"""
            BEGIN;
            SET LOCAL session_replication_role = replica;
            UPDATE radioshop.schedule SET next_due = next_due - {n}, first_due_on = first_due_on - {n}, alerted_due = alerted_due - {n}
              WHERE agency_id = {self.agency_id};
            UPDATE radioshop.alert SET due_on = due_on - {n} WHERE agency_id = {self.agency_id};
            COMMIT""")

    def leases_end(self):
        """What a host that died has taken is free again, and what was to be tried later is tried."""
        self.migrated.sql(f"""UPDATE radioshop.alert_delivery SET lease_until = NULL, next_at = now() - interval '1 s'
            WHERE agency_id = {self.agency_id} AND state = 'waiting';
            UPDATE radioshop.alert_run SET running_since = NULL WHERE agency_id = {self.agency_id}""")

    def emit(self, hosts, faults):
        moment = self.random.uniform(0, 0.15) if "kill emit" in faults else None
        self.finish([self.start(host, "emit") for host in hosts], moment)

    def send(self, hosts, faults):
        if "relay down" in faults:
            self.relay.stop()
        self.relay.replies = {"fleet@example.org": "451 later"} if "greylisted" in faults else {}
        self.kill_at = self.random.choice(STAGES) if "kill at the relay" in faults else None
        self.victims = [self.start(host, "send") for host in hosts]
        self.finish(self.victims, self.random.uniform(0, 0.2) if "kill send" in faults else None)
        self.victims, self.kill_at, self.relay.replies = [], None, {}
        if "relay down" in faults:
            self.relay.start()

    def night(self, n):
        faults = {fault for fault, chance in {"kill emit": 0.2, "kill send": 0.15, "kill at the relay": 0.35, "relay down": 0.1, "greylisted": 0.1,
                                              "missed": 0.1, "two hosts": 0.3, "clock back": 0.05}.items() if self.random.random() < chance}
        self.pass_nights(1)
        if "missed" in faults:
            return
        hosts = ("one", "two") if "two hosts" in faults else (self.random.choice(("one", "two")),)
        self.emit(hosts, faults)
        if "clock back" in faults:
            self.pass_nights(-2)
            self.emit(hosts, ())
            self.pass_nights(2)
        self.send(hosts, faults)
        if n % 3 == 0:
            self.leases_end()

    def told(self):
        """{(kind, tag): [Message-IDs]} of what the relay took."""
        told = {}
        for _, raw in self.relay.accepted:
            message = email.message_from_bytes(raw, policy=email.policy.default)
            kind = ""
            for line in message.get_content().splitlines():
                if line in ("OVERDUE", "STILL OVERDUE", "SETTLED"):
                    kind = line
                found = re.match(r"  (N\d{3}) +PM12, ", line)
                if found:
                    told.setdefault((kind, found.group(1)), []).append(message["message-id"])
        return told


def test_a_hundred_nights(shop, world, agency, migrated):
    nights = Nights(shop, world, agency, migrated)
    (shop.config / "send.conf").write_text(f"mail = smtp://127.0.0.1:{nights.relay.port}\nmail_from = radioshop@example.org\nmail_tls = never\n"
                                           "timeout_s = 5\n", encoding="utf-8")
    world.plan(agency, first_due_on=day(3))
    rows = [{"line": i, "tag": f"N{i:03d}", "class": "portable"} for i in range(ITEMS)]
    assets = {f"N{i:03d}": r.id for i, r in enumerate(world.tina.ImportAssets(agency=agency, rows=rows).results)}
    # Item i becomes overdue on night i % 100; its plan alone would make all due on one day.
    migrated.sql(f"""SET session_replication_role = replica;
        UPDATE radioshop.schedule s SET next_due = current_date + substr(a.tag, 2)::int % {NIGHTS}, first_due_on = current_date
        FROM radioshop.asset a WHERE a.agency_id = s.agency_id AND a.asset_id = s.asset_id AND s.agency_id = {nights.agency_id}""")
    world.ada.CreateAlertRoute(route={"agency": agency, "code": "FLEET", "channel": "email", "address": "fleet@example.org", "storm_limit": 200})
    serviced = {}
    try:
        for n in range(1, NIGHTS + 1):
            nights.night(n)
            overdue = [t for t in assets if int(t[1:]) % NIGHTS < n - 3 and t not in serviced]
            if overdue and n % 2 == 0:
                serviced[overdue[0]] = n
                world.tina.CreateServiceRecord(asset=assets[overdue[0]], plan="PM12", result="passed")
        nights.pass_nights(2)
        for _ in range(3):    # the faults are over: what is left is told now
            nights.leases_end()
            nights.emit(("one",), ())
            nights.emit(("two",), ())
            nights.send(("one",), ())
            nights.send(("two",), ())
    finally:
        nights.relay.stop()
    told = nights.told()
    said = migrated.sql(f"""SELECT a.tag FROM radioshop.alert l JOIN radioshop.asset a USING (agency_id, asset_id)
        WHERE l.agency_id = {nights.agency_id} AND l.kind = 'overdue'""")
    wanted = {("OVERDUE", tag) for (tag,) in said} | {("SETTLED", tag) for tag in serviced if [tag] in said}
    lost = wanted - set(told)
    doubled = {what for what, ids in told.items() if len(set(ids)) > 1}
    messages = [email.message_from_bytes(raw, policy=email.policy.default)["message-id"] for _, raw in nights.relay.accepted]
    repeats = len(messages) - len(set(messages))
    figures.show(f"alerts: {NIGHTS} nights, {nights.runs} runs, kills {nights.kills}, {len(wanted)} things to tell of {ITEMS} items, "
                 f"{len(set(messages))} messages, {len(lost)} lost, {len(doubled)} doubled, {repeats} repeated with the same Message-ID")
    assert len(said) == len({tag for (tag,) in said}) and {tag for (tag,) in said} | set(serviced) == set(assets), "the ledger has each item once"
    assert not lost, sorted(lost)
    assert not doubled, sorted(doubled)
    assert not set(told) - wanted, "and nothing else is told"
    assert repeats <= nights.kills["accepted"] + nights.kills["send"], "only what was taken from a sender that died comes again"
    assert sum(nights.kills.values()) > 20 and all(nights.kills[stage] for stage in STAGES), nights.kills
