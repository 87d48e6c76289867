"""A shop that works with the first release takes the next schema: nothing is lost, nothing is said twice, and all of it can be read; and it
can go back."""

import collections

import pytest

from rig.caller import Caller
from rig.cluster import Cluster
from rig.contract import label
from rig.world import day

FIRST_RELEASE = "lockout"
# What the first release kept, in its own words.
KEPT = {
    "asset": "SELECT tag, serial, class, status, assigned_to, notes, revision FROM radioshop.asset ORDER BY tag",
    "plan": "SELECT code, name, interval_count, interval_unit, basis, first_due_on, grace_days, stopped FROM radioshop.plan ORDER BY code",
    # At the depot a schedule pauses since "recurrence".
    "schedule": """SELECT a.tag, s.first_due_on, s.next_due, s.last_done_on, s.alerted_due, s.alerted_step
        FROM radioshop.schedule s JOIN radioshop.asset a USING (agency_id, asset_id) WHERE a.status <> 'at_depot' ORDER BY a.tag""",
    "service": "SELECT record_id, result, done_on, notes FROM radioshop.service_record ORDER BY record_id",
    "ticket": "SELECT number, state, problem, opened_at, closed_at, revision FROM radioshop.ticket ORDER BY number",
    "entry": "SELECT ticket_id, entry_no, at, principal, kind, text, minutes, cost_cents FROM radioshop.ticket_entry ORDER BY ticket_id, entry_no",
    "alert": "SELECT alert_id, kind, due_on, step, days_overdue, settled_at FROM radioshop.alert ORDER BY alert_id",
}


class Shop:
    """A database that is filled by the functions of its own schema, as the daemon of that release called them."""

    def __init__(self, cluster):
        self.cluster = cluster

    def call(self, text):
        """The rows of a query in the name of ada, who works for every agency."""
        rows = self.cluster.sql("SET radioshop.principal = 'ada'; SELECT set_config('radioshop.agencies', '{0,' || string_agg("
                                f"agency_id::text, ',') || '}}', false) FROM radioshop.agency WHERE agency_id > 0; {text}")
        return rows[1:]

    def ticket(self, tag, *states):
        number, revision = self.call(f"SELECT t.number, t.revision FROM radioshop.open_ticket('{tag}', 'no audio', 'normal', false) t")[0]
        for state in states:
            refusal, revision = self.call(f"SELECT t.refusal, t.revision FROM radioshop.move_ticket('{number}', {revision}, '{state}', "
                                          "'as agreed', 'worn', 'replaced') t")[0]
            assert not refusal, refusal

    def kept(self):
        return {name: self.cluster.sql(text) for name, text in KEPT.items()}


def paths(cluster):
    """The shortest way of a ticket into each state: {state: (state, …)}."""
    moves = collections.defaultdict(list)
    for here, there in cluster.sql("SELECT from_state, to_state FROM radioshop.ticket_move ORDER BY 1, 2"):
        moves[here].append(there)
    found, queue = {"reported": ()}, ["reported"]
    for here in queue:
        for there in moves[here]:
            if there not in found:
                found[there] = (*found[here], there)
                queue.append(there)
    return found


@pytest.fixture(scope="module")
def shop(scratch):
    cluster = Cluster(scratch / "upgrade" / "pg").start()
    cluster.sqitch("deploy", "--to", FIRST_RELEASE)
    cluster.sql("SELECT radioshop.bootstrap_admin('ada', 'Ada Admin')", role="radioshop_owner")
    cluster.sql("INSERT INTO radioshop.agency (code, name, time_zone) VALUES ('OLD', 'Old City', 'America/Chicago'), ('FAR', 'Far', 'UTC')")
    shop = Shop(cluster)
    shop.call(f"""
        INSERT INTO radioshop.asset (agency_id, tag, serial, class, assigned_to)
          SELECT g.agency_id, g.code || i, 'S' || g.code || i, 'portable', 'Officer ' || i FROM radioshop.agency g, generate_series(1, 20) i
          WHERE g.agency_id > 0;
        SELECT p.refusal FROM radioshop.create_plan('OLD', 'PM12', 'Yearly check', '', 12, 'months', 'completed', '{day(-40)}', 7, 14,
          'portable', '', false) p;
        SELECT r.refusal FROM generate_series(1, 5) i, LATERAL radioshop.record_service('OLD' || i, 'PM12',
          CASE WHEN i = 5 THEN 'failed' ELSE 'passed' END, '{day(-9)}', '{{TX power}}', '{{4.9}}', '{{W}}', 'fine') r;
        SELECT t.refusal FROM radioshop.log_repair('FAR1', 'no audio', 'speaker', 'replaced', 15, 'speaker', 1420) t""")
    ways = paths(cluster)
    assert len(ways) > 8
    for i, state in enumerate(sorted(ways)):
        shop.ticket(f"OLD{i + 6}", *ways[state])
    shop.call("SELECT count(*) FROM radioshop.emit_alerts('', 0)")
    yield shop
    cluster.stop()


def test_upgrade(shop, own_daemon, certificates):
    before = shop.kept()
    assert len(before["alert"]) > 8 and len(before["service"]) == 5
    shop.cluster.sqitch("deploy", "--verify")
    assert shop.kept() == before

    certificate, key = certificates.person("ada")
    daemon = own_daemon("upgraded", cluster=shop.cluster).start()
    ada = Caller(daemon.port, certificates.ca_pem(), certificate.read_bytes(), key.read_bytes())
    tickets = ada.pages("ListTickets", "tickets", closed=True)
    assert sorted(t.number for t in tickets) == [row[0] for row in before["ticket"]]
    outcomes = {(label(t, "state"), label(t, "outcome")) for t in tickets}
    assert {state for state, outcome in outcomes if outcome != "unspecified"} == {"ready", "returned", "closed", "cancelled"}, outcomes
    assert {s.id for s in ada.pages("ListServiceRecords", "services")} == {row[0] for row in before["service"]}
    depot = shop.cluster.value("SELECT tag FROM radioshop.asset WHERE status = 'at_depot'")
    said = [(alert.tag, label(alert, "kind")) for alert in ada.EmitAlerts().alerts]
    assert said == [(depot, "resolved")], "it pauses now, and what was said before is not said again"
    waiting = next(t for t in tickets if label(t, "state") == "diagnosing")
    moved = ada.MoveTicket(ticket=waiting.number, revision=waiting.revision, state="repairing").ticket
    assert label(moved, "state") == "repairing"
    ada.close()
    daemon.stop()


def test_back_again(shop):
    """After the upgrade, and with what came since: the columns of the first release stay as they are."""
    now = shop.kept()
    shop.cluster.sqitch("revert", "-y", "--to", FIRST_RELEASE)
    back = shop.kept()
    assert {name for name in KEPT if back[name] != now[name]} == set()
