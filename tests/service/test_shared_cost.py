"""What several cities pay for one shop: months that are reckoned, closed once and in order, and never changed.

In a database of its own, since a closed month is closed for everybody. The months lie in the past; work of those days is put
there by hand, as the technicians' entries of those days would be.
"""

import datetime
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.caller import Refused, refused
from rig.cluster import Cluster
from rig.daemon import Daemon
from rig.world import World, new_id

YEAR = datetime.datetime.now(datetime.timezone.utc).year - 2


@pytest.fixture(scope="module")
def database(scratch):
    cluster = Cluster(scratch / "cost" / "pg").start()
    cluster.sqitch("deploy", "--verify")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def world(scratch, database, certificates):
    database.sql("SELECT radioshop.bootstrap_admin('ada', 'Ada Admin')", role="radioshop_owner")
    daemon = Daemon(scratch / "cost" / "daemon", database.url(), certificates, max_connections_per_address=500).start()
    world = World(daemon, certificates)
    world.settle()
    for code in ("BSP", "CJC", "LNR"):
        world.ada.CreateAgency(agency={"code": code, "name": f"Agency {code}", "time_zone": "UTC"})
    yield world
    world.close()
    daemon.stop()


@pytest.fixture(scope="module")
def radios(world, database):
    """IND has 5 portables and a mobile, BSP 3 portables, CJC one; LNR is the shop's own shelf. All were there before the first month."""
    made = {code: [world.asset(code).id for _ in range(count)] for code, count in (("IND", 5), ("BSP", 3), ("CJC", 1), ("LNR", 2))}
    made["mobile"] = [world.asset("IND", model="M22URS9PW1BN").id]
    database.sql(f"""BEGIN; SET LOCAL session_replication_role = replica; UPDATE radioshop.asset SET created_at = '{YEAR - 1}-01-01';
        UPDATE radioshop.event SET at = '{YEAR - 1}-01-01'; COMMIT""", role="postgres")
    return made


MEMBERS = [{"agency": "IND", "kind": "member", "share_bp": 6000}, {"agency": "BSP", "kind": "member", "share_bp": 3000},
           {"agency": "CJC", "kind": "member", "share_bp": 1000}, {"agency": "LNR", "kind": "stock"}]
TERMS = {"split": "percent", "time_zone": "America/Chicago", "members": MEMBERS, "fees": [{"class": "portable", "monthly_cents": 2150}, {"class": "mobile", "monthly_cents": 1800}],
         "fixed_costs": [{"description": "Bench rent", "monthly_cents": 120000}, {"description": "Analyser lease", "monthly_cents": 33333}],
         "parts_handling_bp": 500, "outside_handling_bp": 1000, "fund_monthly_cents": 100, "fund_floor_cents": 1000, "fund_ceiling_cents": 100000}


@pytest.fixture(scope="module")
def agreed(world, radios):
    world.ada.SetAgreement(from_month=month(0), **TERMS)
    world.ada.SetLabourRate(from_day=f"{YEAR}-01-01", hourly_cents=9500)
    world.ada.SetLabourRate(from_day=f"{YEAR}-01-01", hourly_cents=12000, technician="ada")
    return radios


def month(number):
    """The first month of the agreement is number 0."""
    return f"{YEAR + number // 12}-{number % 12 + 1:02d}"


def work(database, asset, at, minutes=0, cents=0, kind="labour", who="tina", text="done"):
    """An entry of a day long past; its ticket's number."""
    return database.sql(f"""
        BEGIN; SET LOCAL session_replication_role = replica;
        WITH t AS (INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem, closed_at, outcome)
            SELECT a.agency_id, g.code || '-{YEAR}-' || lpad((random() * 99999)::int::text, 5, '0'), a.asset_id, 'closed', 'x', now(), 'repaired'
            FROM radioshop.asset a JOIN radioshop.agency g USING (agency_id) WHERE a.asset_id = '{asset}'
            RETURNING agency_id, ticket_id, number), e AS (
          INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, at, principal, kind, text, minutes, cost_cents)
          SELECT agency_id, ticket_id, 1, '{at}', '{who}', '{kind}', '{text}', {minutes}, {cents} FROM t RETURNING 1)
        SELECT number FROM t, e; COMMIT""", role="postgres")[0][0]


def by_hand(database, sql):
    """What the database says to somebody who works in it by hand."""
    return subprocess.run(["psql", "-Xq", database.url("postgres"), "-c", sql], capture_output=True, text=True, check=False).stderr


def lines(world, agency, which, who=None):
    return (who or world.ada).pages("ListStatementLines", "lines", agency=agency, month=which)


def of_kind(rows, kind):
    number = {"subscriber": 1, "share": 2, "labour": 3, "part": 4, "outside": 5, "handling": 6, "contribution": 7, "payout": 8, "correction": 9,
              "fixed_cost": 10}[kind]
    return [row for row in rows if row.kind == number]


def close_next(world):
    """Closes the next month, whichever it is."""
    with refused("FAILED_PRECONDITION") as refusal:
        world.ada.CloseMonth(month=f"{YEAR + 1}-12")
    return world.ada.CloseMonth(month=re.search(r"(\d{4}-\d\d) is the next", refusal.text)[1]).month


def test_the_first_month(world, database, agreed):
    """Fees, shares 60/30/10 of the remainder, labour by ticket, parts, outside work, handling, and the fund; by hand on paper."""
    world.ada.AddFundMovement(kind="deposit", amount_cents=99995, text="first stock")
    labour = work(database, agreed["IND"][0], f"{YEAR}-01-31 23:30:00-06", minutes=25)
    work(database, agreed["IND"][0], f"{YEAR}-01-01 00:00:00-06", minutes=7, who="ada")
    work(database, agreed["BSP"][0], f"{YEAR}-01-15 12:00Z", cents=1999, kind="part", text="speaker")
    work(database, agreed["CJC"][0], f"{YEAR}-01-15 12:00Z", cents=31005, kind="outside", text="depot")
    work(database, agreed["LNR"][0], f"{YEAR}-01-15 12:00Z", minutes=60)
    work(database, agreed["IND"][1], f"{YEAR}-02-01 00:00:00-06", minutes=999)  # the next month's
    before = database.value("SELECT count(*) FROM radioshop.event")
    preview = world.ada.PreviewMonth(month=month(0)).month
    assert database.value("SELECT count(*) FROM radioshop.event") == before
    shown = {s.agency: s for s in preview.statements}
    assert (preview.fixed_cents, preview.shared_work_cents, preview.subscriber_cents) == (153333, 9500, 9 * 2150 + 1800)
    assert preview.remainder_cents == 153333 + 9500 - 21150 == 141683
    assert [shown[a].share_cents for a in ("IND", "BSP", "CJC")] == [85010, 42505, 14168]  # 85009.8, 42504.9, 14168.3
    assert shown["IND"].subscriber_cents == 5 * 2150 + 1800 and shown["IND"].labour_cents == 3958 + 1400
    assert (shown["BSP"].parts_cents, shown["BSP"].handling_cents) == (1999, 100)  # 99.95
    assert (shown["CJC"].outside_cents, shown["CJC"].handling_cents) == (31005, 3101)  # 3100.5: half a cent up
    # 9 + 1 radios would pay 1000, but the fund holds 999.95 of 1000.00: 5 cents, by radios 6 : 3 : 1 are 3, 1.5 and 0.5.
    assert [shown[a].insurance_cents for a in ("IND", "BSP", "CJC")] == [3, 2, 0]
    assert preview.total_cents == sum(s.total_cents for s in preview.statements) and set(shown) == {"IND", "BSP", "CJC"}
    assert preview.total_cents == 153333 + 9500 + 3958 + 1400 + 1999 + 100 + 31005 + 3101 + 5 and preview.fund_cents == 100000
    coming = world.ada.PreviewStatement(agency="IND", month=month(0)).lines
    assert [(l.ticket, l.quantity, l.unit_cents, l.amount_cents) for l in of_kind(coming, "labour") if l.unit_cents == 9500] == [(labour, 25, 9500, 3958)]

    with refused("ABORTED", field="fingerprint"):
        world.ada.CloseMonth(month=month(0), fingerprint="0" * 32)
    closed = world.ada.CloseMonth(month=month(0), fingerprint=preview.fingerprint).month
    assert (closed.total_cents, closed.closed_by, closed.fingerprint) == (preview.total_cents, "ada", preview.fingerprint)
    assert lines(world, "IND", month(0)) == list(coming)
    assert world.ada.SummarizeMonth(month=month(0)).month == closed
    statement = world.frank.GetStatement(agency="IND", month=month(0)).statement
    assert statement.total_cents == shown["IND"].total_cents == sum(l.amount_cents for l in lines(world, "IND", month(0), world.frank))
    assert [l.description for l in of_kind(lines(world, "SHOP", month(0)), "fixed_cost")] == ["Bench rent", "Analyser lease"]
    share = of_kind(lines(world, "IND", month(0)), "share")[0]
    assert (share.quantity, share.whole, share.unit_cents, share.rounding_millicents) == (6000, 10000, 141683, 200)


def test_order_and_time(world, agreed):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    closed = world.ada.ListStatements(agency="IND").statements[0].month
    for which, says in ((closed, "was closed by ada on"), (f"{YEAR - 1}-12", "lies before"), (month(7), "is the next"), (now, "is not over"),
                        ("2199-12", "is not over")):
        with refused("FAILED_PRECONDITION", field="month", text=says):
            world.ada.CloseMonth(month=which)
    for bad in ("", "2026", "2026-13", "next", "2026-10-01"):
        with refused("INVALID_ARGUMENT", field="month"):
            world.ada.CloseMonth(month=bad)
    with refused("FAILED_PRECONDITION", field="month", text="has not begun"):
        world.ada.PreviewMonth(month="2199-12")
    with refused("NOT_FOUND", field="month"):
        world.ada.SummarizeMonth(month=now)
    assert world.ada.PreviewMonth(month=now).month.total_cents, "the month that runs can be looked at"


def test_a_closed_month_takes_nothing_more(world, database, agreed):
    """Work of now counts for now; work typed with a day of a closed month is refused, and so are terms and rates that begin there."""
    closed = world.ada.ListStatements(agency="IND").statements[0].month
    whole = world.ada.SummarizeMonth(month=closed).month
    ticket = world.tina.OpenTicket(asset=agreed["IND"][2], problem="x").ticket
    world.tina.AddTicketEntry(ticket=ticket.number, kind="labour", minutes=30)
    for table, change in (("statement", "total_cents = 0"), ("statement_line", "amount_cents = 0"), ("billing_month", "closed_by = 'x'"),
                          ("month_account", "total_cents = 0")):
        for sql in (f"UPDATE radioshop.{table} SET {change}", f"DELETE FROM radioshop.{table}"):
            assert database.sql(sql, role="postgres", check=False) == []
    said = by_hand(database, f"""SET radioshop.agencies = '{{1,2,3,4,5,6}}'; INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, at, kind, minutes)
        SELECT agency_id, ticket_id, 99, '{closed}-15', 'labour', 5 FROM radioshop.ticket WHERE number = '{ticket.number}'""")
    assert f"at: {closed} is closed" in said, said
    with refused("FAILED_PRECONDITION", field="from_month", text=f"{closed} was closed by ada"):
        world.ada.SetAgreement(from_month=closed, revision=1, **TERMS)
    with refused("FAILED_PRECONDITION", field="from_day", text="was closed"):
        world.ada.SetLabourRate(from_day=f"{closed}-28", hourly_cents=1)
    with refused("FAILED_PRECONDITION", field="month", text="was closed"):
        world.ada.AddCorrection(agency="IND", amount_cents=5, text="x", month=closed)
    with refused("FAILED_PRECONDITION", field="month", text="was closed"):
        world.ada.AddFundMovement(kind="deposit", amount_cents=5, text="x", month=closed)
    assert world.ada.SummarizeMonth(month=closed).month == whole


def test_two_closings_at_once(world, agreed):
    """Eight administrators close one month: one does, the others are told by whom and when. One request sent eight times gets one answer."""
    which = world.ada.AddCorrection(agency="CJC", amount_cents=1, text="to see which is next").correction.month

    def close(_):
        with world.fresh_caller("ada") as caller:
            try:
                return caller.CloseMonth(month=which, timeout=60).month.fingerprint
            except Refused as refusal:
                assert refusal.code == "FAILED_PRECONDITION" and f"{which} was closed by ada on" in refusal.text, str(refusal)
                return None
    with ThreadPoolExecutor(8) as pool:
        assert len([f for f in pool.map(close, range(8)) if f]) == 1
    which = world.ada.AddCorrection(agency="CJC", amount_cents=1, text="to see which is next").correction.month
    request = new_id()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.ada.CloseMonth(request_id=request, month=which, timeout=60), range(8)))
    assert all(answer == answers[0] for answer in answers) and answers[0].month.month == which


def test_corrections(world, agreed):
    closed = world.ada.ListStatements(agency="BSP").statements[0]
    made = world.ada.AddCorrection(agency="BSP", amount_cents=-2150, text="counted twice", for_month=closed.month, for_line=1).correction
    assert made.month > closed.month and made.for_line == 1
    month_ = close_next(world)
    assert month_.month == made.month and month_.correction_cents == -2150
    line = of_kind(lines(world, "BSP", made.month), "correction")[-1]
    assert (line.amount_cents, line.description, line.reference) == (-2150, "counted twice", f"{closed.month}, line 1")
    for values, code, field in (({"amount_cents": 0}, "INVALID_ARGUMENT", "amount_cents"), ({"amount_cents": 10 ** 12 + 1}, "INVALID_ARGUMENT", "amount_cents"),
                                ({"amount_cents": -2 ** 63}, "INVALID_ARGUMENT", "amount_cents"), ({"text": " "}, "INVALID_ARGUMENT", "text"),
                                ({"text": "a\nb"}, "INVALID_ARGUMENT", "text"), ({"agency": "XXX"}, "NOT_FOUND", "agency"),
                                ({"agency": "LSU"}, "FAILED_PRECONDITION", "agency"), ({"agency": "LNR"}, "FAILED_PRECONDITION", "agency"),
                                ({"for_month": "2199-01"}, "NOT_FOUND", "for_month"), ({"for_month": "x"}, "INVALID_ARGUMENT", "for_month"),
                                ({"for_line": 999, "for_month": closed.month}, "NOT_FOUND", "for_line"), ({"month": "x"}, "INVALID_ARGUMENT", "month")):
        with refused(code, field=field):
            world.ada.AddCorrection(**{"agency": "BSP", "amount_cents": 5, "text": "x", **values})


def test_the_fund(world, agreed):
    held = sum(m.amount_cents for m in world.ada.pages("ListFundMovements", "movements"))
    assert held >= 100000 and world.frank.ListFundMovements().movements[0].agency == "IND"
    assert {m.agency for m in world.frank.ListFundMovements().movements} == {"IND"}
    with refused("FAILED_PRECONDITION", field="amount_cents", text=f"it can pay at most {(held - 1000) / 100:.2f}"):
        world.ada.AddFundMovement(kind="payout", agency="IND", amount_cents=held - 999, text="lost")
    ticket = world.tina.OpenTicket(asset=agreed["IND"][3], problem="lost").ticket
    with ThreadPoolExecutor(4) as pool:  # each alone would be covered, two would not
        def pay(_):
            try:
                return world.ada.AddFundMovement(kind="payout", agency="IND", amount_cents=(held - 1000) // 2 + 1, text="lost", ticket=ticket.number).movement
            except Refused as refusal:
                assert (refusal.code, refusal.fields) == ("FAILED_PRECONDITION", ["amount_cents"]), str(refusal)
                return None
        paid = [m for m in pool.map(pay, range(4)) if m]
    assert len(paid) == 1
    closed = close_next(world)
    line = of_kind(lines(world, "IND", closed.month), "payout")[0]
    assert (line.amount_cents, line.reference) == (paid[0].amount_cents, ticket.number) and line.amount_cents < 0
    assert closed.fund_cents == sum(m.amount_cents for m in world.ada.pages("ListFundMovements", "movements"))
    for values, code, field in (({"kind": "contribution"}, "INVALID_ARGUMENT", "kind"), ({}, "INVALID_ARGUMENT", "kind"),
                                ({"kind": "deposit", "agency": "IND"}, "INVALID_ARGUMENT", "agency"), ({"kind": "payout"}, "INVALID_ARGUMENT", "agency"),
                                ({"kind": "payout", "agency": "LSU"}, "FAILED_PRECONDITION", "agency"), ({"kind": "deposit", "amount_cents": -5}, "INVALID_ARGUMENT", "amount_cents"),
                                ({"kind": "deposit", "amount_cents": 2 ** 63 - 1}, "INVALID_ARGUMENT", "amount_cents"),
                                ({"kind": "payout", "agency": "BSP", "ticket": ticket.number}, "NOT_FOUND", "ticket"), ({"kind": "deposit", "text": ""}, "INVALID_ARGUMENT", "text")):
        with refused(code, field=field):
            world.ada.AddFundMovement(**{"amount_cents": 5, "text": "x", **values})


def test_radios_are_counted_as_they_were_at_the_end_of_the_month(world, database, agreed):
    """What is retired, added or changed after the month's end still counts as it was."""
    radio = world.tina.GetAsset(asset=agreed["BSP"][2]).asset
    world.tina.UpdateAsset(asset={"id": radio.id, "status": "retired", "revision": radio.revision}, update_mask=["status"])
    mobile = world.tina.GetAsset(asset=agreed["mobile"][0]).asset
    world.tina.UpdateAsset(asset={"id": mobile.id, "class": "portable", "model": "", "revision": mobile.revision}, update_mask=["class", "model"])
    world.asset("BSP")
    past = {s.agency: s for s in close_next(world).statements}
    assert (past["BSP"].subscriber_cents, past["IND"].subscriber_cents) == (3 * 2150, 5 * 2150 + 1800)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    present = {s.agency: s for s in world.ada.PreviewMonth(month=now).month.statements}
    assert (present["BSP"].subscriber_cents, present["IND"].subscriber_cents) == (3 * 2150, 6 * 2150)


def test_what_cannot_be_reckoned(world, database, agreed):
    which = world.ada.AddCorrection(agency="CJC", amount_cents=1, text="to see which is next").correction.month
    stranger = work(database, world.asset("LSU").id, f"{which}-05", minutes=10)
    with refused("FAILED_PRECONDITION", field="month", text="LSU has work or corrections"):
        world.ada.CloseMonth(month=which)
    version = world.ada.SetAgreement(from_month=which, **{**TERMS, "members": MEMBERS + [{"agency": "LSU", "kind": "customer"}]}).agreement
    number = database.value("SELECT count(*) FROM radioshop.labour_rate")
    work(database, agreed["IND"][0], f"{which}-06", minutes=10, who="nobody")
    assert number == "2" and world.ada.PreviewMonth(month=which).month.total_cents
    world.ada.SetAgreement(from_month=which, revision=version.revision, **{**TERMS, "members": MEMBERS + [{"agency": "LSU", "kind": "customer"}], "fixed_costs": [
        {"description": f"much {i}", "monthly_cents": 10 ** 11} for i in range(100)]})
    huge = world.asset("IND", quantity=1000000)
    database.sql(f"""BEGIN; SET LOCAL session_replication_role = replica; UPDATE radioshop.event SET at = '{YEAR - 1}-01-01'
        WHERE resource_id = '{huge.id}'; COMMIT""", role="postgres")
    again = world.ada.GetAgreement(month=which).agreement
    world.ada.SetAgreement(from_month=which, revision=again.revision, **{**TERMS, "members": MEMBERS + [{"agency": "LSU", "kind": "customer"}], "fees": [
        {"class": "portable", "monthly_cents": 10 ** 8}]})
    with pytest.raises(Refused) as refusal:
        for _ in range(11):
            extra = world.asset("IND", quantity=1000000)
            database.sql(f"""BEGIN; SET LOCAL session_replication_role = replica; UPDATE radioshop.event SET at = '{YEAR - 1}-01-01'
                WHERE resource_id = '{extra.id}'; COMMIT""", role="postgres")
        world.ada.CloseMonth(month=which)
    assert refusal.value.code == "FAILED_PRECONDITION" and "beyond 10,000,000,000,000 dollars" in refusal.value.text, str(refusal.value)
    database.sql("UPDATE radioshop.asset SET status = 'retired' WHERE quantity > 1; UPDATE radioshop.event SET at = at WHERE false", role="postgres", check=False)
    database.sql(f"""BEGIN; SET LOCAL session_replication_role = replica; UPDATE radioshop.asset SET status = 'retired' WHERE quantity > 1;
        COMMIT""", role="postgres")
    again = world.ada.GetAgreement(month=which).agreement
    world.ada.SetAgreement(from_month=which, revision=again.revision, **{**TERMS, "members": MEMBERS + [{"agency": "LSU", "kind": "customer"}]})
    closed = {s.agency: s for s in world.ada.CloseMonth(month=which).month.statements}
    assert closed["LSU"].share_cents == 0 and [l.ticket for l in of_kind(lines(world, "LSU", which), "labour")] == [stranger]


def test_no_rate_for_the_day(world, database, agreed):
    """Labour that no rate covers is not charged with nothing in silence."""
    database.sql("""BEGIN; SET LOCAL session_replication_role = replica; UPDATE radioshop.labour_rate SET from_day = '2199-01-01'; COMMIT""", role="postgres")
    which = world.ada.AddCorrection(agency="CJC", amount_cents=1, text="to see which is next").correction.month
    number = work(database, agreed["IND"][0], f"{which}-06", minutes=10)
    with refused("FAILED_PRECONDITION", field="month", text=number):
        world.ada.PreviewMonth(month=which)
    with refused("FAILED_PRECONDITION", field="month", text="no labour rate"):
        world.ada.CloseMonth(month=which)


def test_who_reads_what(world, agreed):
    closed = world.ada.ListStatements(agency="IND").statements[0].month
    assert {s.agency for s in world.frank.pages("ListStatements", "statements")} == {"IND"}
    assert {s.agency for s in world.vera.ListStatements(month=closed).statements} >= {"IND", "BSP", "CJC"}
    assert world.vera.SummarizeMonth(month=closed).month.total_cents
    for call in (lambda: world.frank.GetStatement(agency="BSP", month=closed), lambda: world.frank.ListStatementLines(agency="BSP", month=closed),
                 lambda: world.frank.ListStatementLines(agency="SHOP", month=closed), lambda: world.frank.ListStatements(agency="BSP"),
                 lambda: world.frank.ListFundMovements(agency="BSP")):
        with refused("NOT_FOUND", field="agency"):
            call()
    for call in (lambda: world.frank.SummarizeMonth(month=closed), lambda: world.frank.PreviewMonth(month=closed),
                 lambda: world.caller("ind-admin").PreviewMonth(month=closed), lambda: world.caller("ind-admin").CloseMonth(month=closed),
                 lambda: world.caller("ind-admin").PreviewStatement(agency="IND", month=closed),
                 lambda: world.caller("ind-admin").AddCorrection(agency="IND", amount_cents=-5, text="x"),
                 lambda: world.caller("ind-admin").AddFundMovement(kind="deposit", amount_cents=5, text="x")):
        with refused("PERMISSION_DENIED"):
            call()


def test_the_words_of_a_trigger_reach_the_client(world, database):
    """A refusal that only a trigger can make (RS412) is FAILED_PRECONDITION, with its field and its sentence."""
    asset = world.asset("IND")
    ticket = world.tina.OpenTicket(asset=asset.id, problem="x").ticket
    database.sql("""CREATE FUNCTION radioshop.as_if_typed_with_an_old_day() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.text = 'of old' THEN NEW.at := '2000-01-01'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER an_old_day BEFORE INSERT ON radioshop.ticket_entry FOR EACH ROW EXECUTE FUNCTION radioshop.as_if_typed_with_an_old_day()""",
                 role="radioshop_owner")
    try:
        with refused("FAILED_PRECONDITION", field="at", text=f"{month(0)} is closed; enter the work as of now"):
            world.tina.AddTicketEntry(ticket=ticket.number, kind="labour", minutes=5, text="of old")
        world.tina.AddTicketEntry(ticket=ticket.number, kind="note", text="of old")
    finally:
        database.sql("DROP TRIGGER an_old_day ON radioshop.ticket_entry; DROP FUNCTION radioshop.as_if_typed_with_an_old_day()", role="radioshop_owner")
    assert world.tina.AddTicketEntry(ticket=ticket.number, kind="labour", minutes=5, text="of now").ticket.labour_minutes == 5
