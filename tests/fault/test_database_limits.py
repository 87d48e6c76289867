"""What the server has run out of, or was left holding: said as it is, and over soon."""

import concurrent.futures

from fault.faults import OURS, faults, session
from fault.network import DATABASE, DROP
from fault.site import Site
from fault.storage import Disk
from rig.caller import Refused, refused
from rig.daemon import SLOWER


def test_a_cut_transaction_lets_go_of_its_locks(template):
    """The link breaks in the middle of a write. Its locks must not be held until TCP gives up, hours later."""
    with Site(template) as site:
        asset = site.world.asset("IND")
        change = {"asset": {"id": asset.id, "notes": "x", "revision": asset.revision}, "update_mask": ["notes"]}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with session(site, f"SELECT FROM radioshop.asset WHERE asset_id = '{asset.id}' FOR UPDATE"):
                writer = pool.submit(lambda: site.world.tina.UpdateAsset(timeout=6, **change))
                site.daemon.wait_until(lambda: site.rows(f"SELECT pid {OURS} AND wait_event_type = 'Lock'"), 10, "waiting")
                site.network.cut(DATABASE, DROP)
            holding = f"SELECT pid {OURS} AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'"
            site.daemon.wait_until(lambda: site.rows(holding), 10, "left in its transaction")
            site.daemon.wait_until(lambda: not site.rows(holding), 20 * SLOWER, "over")
            with refused("DEADLINE_EXCEEDED", "UNAVAILABLE"):
                writer.result()
        site.network.mend()
        site.daemon.wait_until(site.daemon.ready, 20 * SLOWER, "ready again")
        assert site.world.tina.UpdateAsset(**change).asset.notes == "x"


def test_a_full_disk_is_said(template):
    """Not INTERNAL, and not an invitation to try again at once: RESOURCE_EXHAUSTED. Nothing of the write is left."""
    with Site(template, storage=Disk) as site:
        ticket = site.world.tina.OpenTicket(asset=site.world.asset("IND").id, problem="x").ticket.number
        full = faults(site)["data_disk_full"]
        full.strike(None)
        acknowledged, refusals = 0, set()
        for _ in range(400):
            try:
                site.world.tina.AddTicketEntry(ticket=ticket, kind="labour", text="x" * 2000, minutes=1, timeout=5)
                acknowledged += 1
            except Refused as refusal:
                refusals.add((refusal.code, refusal.reason))
                if refusal.code != "UNAVAILABLE":
                    break
        assert ("RESOURCE_EXHAUSTED", "DATABASE_FULL") in refusals, refusals
        assert {code for code, _ in refusals} <= {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}
        full.heal()
        site.daemon.wait_until(site.daemon.ready, 20 * SLOWER, "ready again")
        site.world.tina.AddTicketEntry(ticket=ticket, kind="labour", text="room", minutes=1)
        assert site.world.tina.GetTicket(ticket=ticket).ticket.labour_minutes == acknowledged + 1


def test_a_full_queue_is_said(template):
    """More calls wait for the database than may: those over the number are told at once, and reads go on."""
    with Site(template, write_connections=1, queue_calls=4) as site:
        asset = site.world.asset("IND").id

        def open_ticket(number):
            try:
                site.world.tina.OpenTicket(asset=asset, problem=f"{number}", timeout=3 * SLOWER)
                return "OK", ""
            except Refused as refusal:
                return refusal.code, refusal.reason
        with session(site, "LOCK TABLE radioshop.ticket IN ACCESS EXCLUSIVE MODE"):
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                told = list(pool.map(open_ticket, range(12)))
            assert site.world.tina.GetCaller().principal.name == "tina"
        reasons = {reason for code, reason in told if code == "RESOURCE_EXHAUSTED"}
        assert reasons and reasons <= {"QUEUE_FULL", "QUEUE_SHARE_FULL"}, told    # the queue, or one principal's share
        assert {code for code, _ in told} <= {"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED"}, told
