"""Who is told of alerts: routes, notices queued with the decision, deliveries on lease, snoozing, and what each refuses."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig import contract
from rig.caller import refused
from rig.world import day, new_id


def overdue(world, agency, count=3, code="PM12", **values):
    """So many assets, twelve days overdue."""
    assets = [world.asset(agency) for _ in range(count)]
    world.plan(agency, code, first_due_on=day(-14), grace_days=2, **values)
    return assets


def route(world, agency, code="FLEET", **values):
    values = {"agency": agency, "code": code, "channel": "email", "address": "fleet@example.org", **values}
    return world.ada.CreateAlertRoute(route=values).route


def claim(world, agency, host="one", **values):
    return world.nightly.ClaimDeliveries(agency=agency, host=host, **values).deliveries


def confirm(world, delivery, outcome="delivered", reply="250 ok", generation=None):
    return world.nightly.ConfirmDelivery(delivery=delivery.id, generation=generation or delivery.generation, outcome=outcome,
                                         reply=reply).delivery


def states(world, agency, **values):
    return sorted(contract.label(d, "state") for d in world.vera.ListDeliveries(agency=agency, page_size=500, **values).deliveries)


def move(migrated, agency, table, change):
    """Makes time pass for an agency's rows."""
    migrated.sql(f"UPDATE radioshop.{table} SET {change} WHERE agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}')")


def lapse(migrated, agency):
    move(migrated, agency, "alert_delivery", "lease_until = lease_until - interval '2 hours', next_at = next_at - interval '2 hours'")


def test_one_message_for_a_run(world, agency):
    assets = overdue(world, agency)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    given = claim(world, agency)
    assert len(given) == 1 and not claim(world, agency, "two"), "one message, and it is handed out once"
    it = given[0]
    assert sorted(i.tag for i in it.items) == sorted(a.tag for a in assets) and it.item_count == 3
    assert (it.address, it.generation, it.route, it.storm) == ("fleet@example.org", 1, "FLEET", False)
    assert [(contract.label(c, "kind"), c.count) for c in it.counts] == [("overdue", 3)]
    assert states(world, agency) == ["waiting"] * 3
    done = confirm(world, it, reply="250 2.0.0 queued as 7F")
    assert (contract.label(done, "state"), done.reply) == ("delivered", "250 2.0.0 queued as 7F")
    assert states(world, agency) == ["delivered"] * 3 and not claim(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    assert not claim(world, agency), "a second run tells nothing twice"


def test_each_alone_and_the_storm_guard(world, agency):
    overdue(world, agency, 5)
    route(world, agency, "EACH", each_alone=True)
    route(world, agency, "STORM", storm_limit=4)
    world.nightly.EmitAlerts(agency=agency)
    given = claim(world, agency, limit=20)
    alone = [d for d in given if d.route == "EACH"]
    assert len(alone) == 5 and all(len(d.items) == 1 for d in alone)
    storm = [d for d in given if d.route == "STORM"]
    assert len(storm) == 1 and storm[0].storm and storm[0].item_count == 5 and not storm[0].items
    confirm(world, storm[0])
    told = world.vera.ListDeliveries(agency=agency, state="delivered").deliveries
    assert len(told) == 5 and {d.delivery for d in told} == {storm[0].id}, "none is lost: each is in the record of the one message"


def test_kinds_and_steps(world, agency, migrated):
    asset = overdue(world, agency, 1)[0]
    for code, values in {"ALL": {}, "LATE": {"from_step": 1}, "ENDS": {"kinds": ["resolved"]}, "NEW": {"kinds": ["overdue"]}}.items():
        route(world, agency, code, **values)
    world.nightly.EmitAlerts(agency=agency)
    told = lambda: sorted((d.route, contract.label(d.items[0], "kind")) for d in claim(world, agency))  # noqa: E731
    assert told() == [("ALL", "overdue"), ("NEW", "overdue")]
    plan = world.ada.GetPlan(agency=agency, plan="PM12").plan
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "escalate_days": 5}, update_mask=["escalate_days"])
    world.nightly.EmitAlerts(agency=agency)
    assert told() == [("ALL", "escalated"), ("LATE", "escalated")]
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    world.nightly.EmitAlerts(agency=agency)
    assert told() == [("ALL", "resolved"), ("LATE", "resolved")], "told to those who were told"


def test_settled_is_told_to_those_who_were_told_of_it(world, agency):
    """And not to a route that was made later, though it has been told of others since."""
    first = overdue(world, agency, 1)[0]
    world.nightly.EmitAlerts(agency=agency)
    route(world, agency)
    second = overdue(world, agency, 1, "PM13")[0]
    world.nightly.EmitAlerts(agency=agency)
    tags = [(i.tag, i.plan) for d in claim(world, agency) for i in d.items]
    assert (second.tag, "PM13") in tags and (first.tag, "PM12") not in tags
    world.tina.CreateServiceRecord(asset=first.id, plan="PM12", result="passed")
    world.tina.CreateServiceRecord(asset=second.id, plan="PM13", result="passed")
    world.nightly.EmitAlerts(agency=agency)
    assert [(i.tag, i.plan) for d in claim(world, agency) for i in d.items] == [(second.tag, "PM13")]


def test_quiet_hours_hold(world, agency):
    """Hours that are now, and hours that are not, in the recipient's zone; held is not lost."""
    overdue(world, agency, 1)
    import datetime
    import zoneinfo
    at = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Kolkata"))
    about = f"{(at - datetime.timedelta(minutes=30)):%H:%M}-{(at + datetime.timedelta(minutes=30)):%H:%M}"
    apart = f"{(at + datetime.timedelta(minutes=60)):%H:%M}-{(at + datetime.timedelta(minutes=90)):%H:%M}"
    held = route(world, agency, "HELD", quiet=about, time_zone="Asia/Kolkata")
    route(world, agency, "FREE", quiet=apart, time_zone="Asia/Kolkata")
    route(world, agency, "ELSEWHERE", quiet=about)
    world.nightly.EmitAlerts(agency=agency)
    assert sorted(d.route for d in claim(world, agency)) == ["ELSEWHERE", "FREE"]
    assert [r.queued for r in world.ada.ListAlertRoutes(agency=agency).routes if r.code == "HELD"] == [1]
    world.ada.UpdateAlertRoute(route={"agency": agency, "code": "HELD", "revision": held.revision, "quiet": apart}, update_mask=["quiet"])
    assert [d.route for d in claim(world, agency)] == ["HELD"]


def test_a_lease_ends(world, agency, migrated):
    """A host that died gives its message to the other; what it says late is believed only when it is good news."""
    overdue(world, agency, 1)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    first = claim(world, agency, "one")[0]
    lapse(migrated, agency)
    second = claim(world, agency, "two")[0]
    assert second.id == first.id and second.generation == 2
    with refused("ABORTED", field="generation", text="two has the delivery now"):
        confirm(world, first, "retry", "421 later")
    with refused("ABORTED", field="generation"):
        confirm(world, first, "failed", "550 no")
    assert contract.label(confirm(world, first, "delivered"), "state") == "delivered"
    assert contract.label(confirm(world, second, "failed", "550 no"), "state") == "delivered", "nothing takes a message back"
    assert states(world, agency) == ["delivered"]


def test_two_hosts_at_the_same_moment(world, agency):
    overdue(world, agency, 20)
    route(world, agency, each_alone=True)
    world.nightly.EmitAlerts(agency=agency)
    callers = [world.fresh_caller("nightly") for _ in range(4)]
    for caller in callers:
        caller.GetCaller()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda c: [d.id for _ in range(3) for d in c.ClaimDeliveries(agency=agency, host="x", limit=4).deliveries], callers))
    for caller in callers:
        caller.close()
    ids = [i for reply in replies for i in reply]
    assert len(ids) == 20 and len(set(ids)) == 20


def test_retry_and_failure(world, agency, migrated):
    overdue(world, agency, 1)
    made = route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    it = claim(world, agency)[0]
    assert contract.label(confirm(world, it, "retry", "451 greylisted"), "state") == "waiting"
    assert not claim(world, agency), "not before a minute has passed"
    lapse(migrated, agency)
    it = claim(world, agency)[0]
    confirm(world, it, "failed", "550 no such user")
    (record,) = world.vera.ListDeliveries(agency=agency, state="failed").deliveries
    assert record.reason == "550 no such user" and record.tries == 2 and not claim(world, agency)
    assert world.nightly.SummarizeAlerts(agency=agency).agencies[0].failed == 1
    world.ada.UpdateAlertRoute(route={"agency": agency, "code": "FLEET", "revision": made.revision, "address": "new@example.org"},
                               update_mask=["address"])
    again = claim(world, agency)[0]
    assert again.address == "new@example.org" and again.id != it.id and len(again.items) == 1, "a mended address gets what failed"


def test_three_days_are_the_end(world, agency, migrated):
    overdue(world, agency, 1)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    it = claim(world, agency)[0]
    confirm(world, it, "retry", "421 busy")
    move(migrated, agency, "alert_delivery", "made_at = made_at - interval '73 hours', next_at = now()")
    assert not claim(world, agency)
    assert world.vera.ListDeliveries(agency=agency).deliveries[0].reason == "not delivered in three days: 421 busy"


def test_a_lost_answer_is_asked_for_again(world, agency):
    overdue(world, agency, 1)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    request = new_id()
    first = world.nightly.ClaimDeliveries(agency=agency, host="x", request_id=request)
    assert world.nightly.ClaimDeliveries(agency=agency, host="x", request_id=request) == first and len(first.deliveries) == 1
    request = new_id()
    done = [world.nightly.ConfirmDelivery(request_id=request, delivery=first.deliveries[0].id, generation=1, outcome="delivered") for _ in "12"]
    assert done[0] == done[1]


def test_a_run_that_is_not_over_is_waited_for(world, agency, migrated):
    """Alerts come in batches; one message is made of them all, unless the job died in between."""
    overdue(world, agency, 4)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency, limit=3)
    assert not claim(world, agency)
    world.nightly.EmitAlerts(agency=agency, limit=3)
    assert [d.item_count for d in claim(world, agency)] == [4]
    overdue(world, agency, 2, "PM13")
    world.nightly.EmitAlerts(agency=agency, limit=1)
    assert not claim(world, agency)
    move(migrated, agency, "alert_run", "running_since = running_since - interval '11 minutes'")
    assert claim(world, agency), "a run that died holds nothing up for longer than ten minutes"


def test_snooze(world, agency, migrated):
    asset, other = overdue(world, agency, 2)
    route(world, agency)
    alerts = {a.tag: a for a in world.nightly.EmitAlerts(agency=agency).alerts}
    alert = alerts[asset.tag]
    snoozed = world.ada.SnoozeAlert(alert=alert.id, until=day(3), note="owner on leave").alert
    assert (snoozed.snoozed_until, snoozed.snoozed_by, snoozed.snooze_note) == (day(3), "ada", "owner on leave")
    (it,) = claim(world, agency)
    assert [i.tag for i in it.items] == [other.tag], "what was queued is not sent any more"
    (record,) = world.vera.ListDeliveries(agency=agency, alert=alert.id).deliveries
    assert contract.label(record, "state") == "muted" and record.reason == f"snoozed by ada until {day(3)}"
    plan = world.ada.GetPlan(agency=agency, plan="PM12").plan
    world.ada.UpdatePlan(plan={"agency": agency, "code": "PM12", "revision": plan.revision, "escalate_days": 5}, update_mask=["escalate_days"])
    assert [a.tag for a in world.nightly.EmitAlerts(agency=agency).alerts] == [other.tag], "nor is it raised again meanwhile"
    move(migrated, agency, "alert", "snoozed_until = snoozed_until - 3")
    woken = world.nightly.EmitAlerts(agency=agency).alerts
    assert [(a.tag, contract.label(a, "kind")) for a in woken] == [(asset.tag, "escalated")], "then once, and not twice"
    assert not world.nightly.EmitAlerts(agency=agency).alerts
    events = world.ada.ListEvents(agency=agency, resource="alert").events
    assert any("owner on leave" in repr(e) for e in events)


def test_a_snooze_that_ends_says_it_again(world, agency, migrated):
    overdue(world, agency, 2)
    route(world, agency)
    first, second = world.nightly.EmitAlerts(agency=agency).alerts
    confirm(world, claim(world, agency)[0])
    for alert in (first, second):
        world.tina.SnoozeAlert(alert=alert.id, until=day(1))
    assert not world.nightly.EmitAlerts(agency=agency).alerts
    move(migrated, agency, "alert", "snoozed_until = snoozed_until - 1")
    world.ada.AckAlert(alert=second.id)
    assert [a.id for a in world.nightly.EmitAlerts(agency=agency).alerts] == [first.id]
    assert [i.alert for d in claim(world, agency) for i in d.items] == [first.id]
    assert not world.nightly.EmitAlerts(agency=agency).alerts


def test_snooze_refuses(world, agency):
    asset = overdue(world, agency, 1)[0]
    alert = world.nightly.EmitAlerts(agency=agency).alerts[0]
    for until, text in ((day(0), "after today"), (day(-1), "after today"), ("", "which day"), (day(400), "a year")):
        with refused("INVALID_ARGUMENT", field="until", text=text):
            world.ada.SnoozeAlert(alert=alert.id, until=until)
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    ended = world.nightly.EmitAlerts(agency=agency).alerts[0]
    for call in (world.ada.AckAlert, lambda **v: world.ada.SnoozeAlert(until=day(3), **v)):
        with refused("FAILED_PRECONDITION", field="alert", text="resolved"):
            call(alert=ended.id)
        with refused("FAILED_PRECONDITION", field="alert", text="settled"):
            call(alert=alert.id)
        with refused("NOT_FOUND"):
            call(alert="00000000-0000-4000-8000-00000000000a")
        with refused("INVALID_ARGUMENT"):
            call(alert="x")


def test_acknowledged_before_it_was_sent(world, agency):
    overdue(world, agency, 1)
    route(world, agency)
    alert = world.nightly.EmitAlerts(agency=agency).alerts[0]
    world.ada.AckAlert(alert=alert.id)
    assert not claim(world, agency)
    assert world.vera.ListDeliveries(alert=alert.id).deliveries[0].reason == "acknowledged by ada before it was sent"


WRONG = [
    ({"channel": "email", "address": ""}, "address", "leads nowhere"),
    ({"channel": 0, "address": "a@b.c"}, "channel", "how it is sent"),
    ({"channel": "email", "address": "a@example.org\nBcc: evil@example.org"}, "address", "line break"),
    ({"channel": "email", "address": "a@example.org, b@example.org"}, "address", "one plain address"),
    ({"channel": "email", "address": "-oQ/tmp@example.org"}, "address", "one plain address"),
    ({"channel": "email", "address": "Fleet <a@example.org>"}, "address", "one plain address"),
    ({"channel": "webhook", "address": "http://hooks.example.org/x", "secret": "K"}, "address", "https://"),
    ({"channel": "webhook", "address": "https://me:pw@hooks.example.org/", "secret": "K"}, "address", "without a password"),
    ({"channel": "webhook", "address": "https://hooks.example.org/a b", "secret": "K"}, "address", "blank"),
    ({"channel": "webhook", "address": "https://hooks.example.org/x"}, "secret", "signed"),
    ({"channel": "webhook", "address": "https://hooks.example.org/x", "secret": "../key"}, "secret", "name of a file"),
    ({"channel": "email", "address": "a@example.org", "secret": "K"}, "secret", "only a webhook"),
    ({"channel": "file", "address": "/etc/passwd"}, "address", "without a directory"),
    ({"channel": "file", "address": "..", }, "address", "without a directory"),
    ({"channel": "output", "address": "x"}, "address", "no address"),
    ({"quiet": "22-06"}, "quiet", "22:00-06:00"), ({"quiet": "25:00-06:00"}, "quiet", "22:00-06:00"),
    ({"quiet": "06:00-06:00"}, "quiet", "22:00-06:00"),
    ({"time_zone": "Mars/Base"}, "time_zone", "IANA"), ({"storm_limit": 201}, "storm_limit", "1 to 200"),
    ({"storm_limit": -1}, "storm_limit", "1 to 200"), ({"from_step": -1}, "from_step", "0 to 1000"),
    ({"code": "A B"}, "code", "letters"), ({"code": ""}, "code", "letters"),
    ({"principal": "nobody-at-all"}, "principal", "may not enter"),
]


@pytest.mark.parametrize("values, field, text", WRONG, ids=[f"{f}-{i}" for i, (_, f, _) in enumerate(WRONG)])
def test_a_route_that_is_wrong(world, values, field, text):
    with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION", field=field, text=text):
        route(world, "IND", **{"code": "WRONG", **values})
    assert not [r for r in world.ada.ListAlertRoutes(agency="IND").routes if r.code == "WRONG"]


def test_changing_a_route(world, agency):
    made = route(world, agency)
    with refused("ALREADY_EXISTS", field="code"):
        route(world, agency, "fleet")
    with refused("INVALID_ARGUMENT", field="address"):
        world.ada.UpdateAlertRoute(route={"agency": agency, "code": "FLEET", "revision": 1, "channel": "webhook"}, update_mask=["channel"])
    changed = world.ada.UpdateAlertRoute(route={"agency": agency, "code": "FLEET", "revision": made.revision, "from_step": 2,
                                                "kinds": ["escalated"]}, update_mask=["from_step", "kinds"]).route
    assert changed.from_step == 2 and list(changed.kinds) == [contract.fill(contract.methods()["CreateAlertRoute"].request(), {
        "route": {"kinds": ["escalated"]}}).route.kinds[0]] and changed.address == "fleet@example.org"
    with refused("ABORTED", field="revision"):
        world.ada.UpdateAlertRoute(route={"agency": agency, "code": "FLEET", "revision": made.revision, "stopped": True}, update_mask=["stopped"])
    with refused("NOT_FOUND"):
        world.ada.UpdateAlertRoute(route={"agency": agency, "code": "NONE", "revision": 1, "stopped": True}, update_mask=["stopped"])
    with refused("INVALID_ARGUMENT", field="update_mask"):
        world.ada.UpdateAlertRoute(route={"agency": agency, "code": "FLEET", "revision": 2, "queued": 1}, update_mask=["queued"])


def test_stopped_routes_and_people_who_are_locked_out(world, agency):
    """What was queued for them is not sent, and the record says why."""
    overdue(world, agency, 1)
    person = world.person(f"gone-{agency.lower()}")
    route(world, agency, "GONE", principal=person)
    stopped = route(world, agency, "STOPPED")
    world.nightly.EmitAlerts(agency=agency)
    world.ada.UpdatePrincipal(principal={"name": person, "disabled": True, "revision": world.ada.GetPrincipal(principal=person).principal.revision},
                              update_mask=["disabled"])
    world.ada.UpdateAlertRoute(route={"agency": agency, "code": "STOPPED", "revision": stopped.revision, "stopped": True}, update_mask=["stopped"])
    assert not claim(world, agency)
    assert sorted(d.reason for d in world.vera.ListDeliveries(agency=agency).deliveries) == [
        f"{person} may not enter any more", "route STOPPED is stopped"]


def test_claims_and_confirmations_that_are_wrong(world, agency):
    overdue(world, agency, 1)
    route(world, agency)
    world.nightly.EmitAlerts(agency=agency)
    for values, field in (({"limit": 21}, "limit"), ({"lease_seconds": 3601}, "lease_seconds"), ({"lease_seconds": -1}, "lease_seconds"),
                          ({"host": ""}, "host"), ({"host": "a\nb"}, "host")):
        with refused("INVALID_ARGUMENT", field=field):
            claim(world, agency, **{"host": "x", **values})
    with refused("NOT_FOUND", field="agency"):
        claim(world, "NOSUCH")
    it = claim(world, agency)[0]
    for generation in (0, 2, -1):
        with refused("INVALID_ARGUMENT", field="generation"):
            world.nightly.ConfirmDelivery(delivery=it.id, generation=generation, outcome="delivered")
    with refused("INVALID_ARGUMENT", field="outcome"):
        world.nightly.ConfirmDelivery(delivery=it.id, generation=1)
    with refused("NOT_FOUND"):
        world.nightly.ConfirmDelivery(delivery=new_id(), generation=1, outcome="delivered")


def test_the_fleet_manager_of_the_agency(world):
    """Frank of IND sees and acknowledges IND's alerts and keeps IND's routes; to Lee of LSU they do not exist."""
    assets = overdue(world, "IND", 1, f"PM{world.number()}")
    made = world.frank.CreateAlertRoute(route={"agency": "IND", "code": f"F{world.number()}", "channel": "output"}).route
    alert = next(a for a in world.nightly.EmitAlerts(agency="IND").alerts if a.tag == assets[0].tag)
    assert any(a.id == alert.id for a in world.frank.pages("ListAlerts", "alerts", agency="IND"))
    assert world.frank.ListDeliveries(alert=alert.id).deliveries
    for call in (lambda: world.lee.AckAlert(alert=alert.id), lambda: world.lee.SnoozeAlert(alert=alert.id, until=day(2)),
                 lambda: world.lee.ListDeliveries(alert=alert.id), lambda: world.lee.GetAlertRoute(agency="IND", route=made.code)):
        with refused("NOT_FOUND"):
            call()
    world.frank.AckAlert(alert=alert.id, note="seen")
    with refused("PERMISSION_DENIED"):
        world.frank.ClaimDeliveries(agency="IND", host="x")
    world.frank.UpdateAlertRoute(route={"agency": "IND", "code": made.code, "revision": made.revision, "stopped": True}, update_mask=["stopped"])


def test_the_state_of_the_job(world, agency, migrated):
    """Whether the job is alive is told by what it did, and not by who was told of it."""
    def state(**values):
        return world.nightly.SummarizeAlerts(agency=agency, **values).agencies[0]
    assert (state().problem, state().routes) == ("alert emit has never run", 0) and not state().decided_at.seconds
    world.nightly.EmitAlerts(agency=agency, urgent=True)
    assert state().problem == "alert emit has never run", "an urgent run is not the night's"
    overdue(world, agency, 2)
    world.nightly.EmitAlerts(agency=agency)
    assert state().problem == "" and (state().open, state().queued) == (2, 0), "without a route there is nothing to send"
    route(world, agency)
    assert state().problem == "alert send has never run"
    overdue(world, agency, 2, "PM13")
    world.nightly.EmitAlerts(agency=agency)
    assert (state().queued, state().routes) == (4, 1)
    given = claim(world, agency)[0]
    assert (state().problem, state().queued, state().waiting) == ("", 0, 4) and not state().sent_at.seconds
    confirm(world, given)
    assert state().sent_at.seconds and state().waiting == 0
    move(migrated, agency, "alert_run", "claimed_at = claimed_at - interval '30 hours'")
    assert state().problem == "alert send did not run for 30 hours" and state(max_age_hours=31).problem == ""
    move(migrated, agency, "alert_run", "decided_at = decided_at - interval '27 hours'")
    assert state().problem == "alert emit did not run for 27 hours"
    for hours in (-1, 1001):
        with refused("INVALID_ARGUMENT", field="max_age_hours"):
            state(max_age_hours=hours)
    with refused("NOT_FOUND", field="agency"):
        world.nightly.SummarizeAlerts(agency="NOSUCH")


def rule(world, agency, kind, **values):
    return world.ada.SetAlertRule(agency=agency, kind=kind, **values).rule


def said(world, agency):
    return sorted((contract.label(a, "kind"), a.tag, a.due_on, a.days_overdue, a.step) for a in world.nightly.EmitAlerts(agency=agency).alerts)


def test_due_soon(world, agency):
    """Said once by the rule, silently over when it is done or overdue; without a rule nothing is said."""
    asset = world.asset(agency)
    world.plan(agency, first_due_on=day(10))
    assert not said(world, agency)
    rule(world, agency, "due_soon", days=9)
    assert not said(world, agency)
    rule(world, agency, "due_soon", days=10, revision=1)
    route(world, agency)
    assert said(world, agency) == [("due_soon", asset.tag, day(10), 10, 0)] and not said(world, agency)
    (it,) = claim(world, agency)
    assert [(i.plan, i.days_overdue) for i in it.items] == [("PM12", 10)]
    assert len(world.vera.ListAlerts(agency=agency, open=True).alerts) == 1
    world.tina.CreateServiceRecord(asset=asset.id, plan="PM12", result="passed")
    assert not said(world, agency) and not world.vera.ListAlerts(agency=agency, open=True).alerts


def age_ticket(migrated, ticket, days):
    migrated.sql(f"""SET session_replication_role = replica;
        UPDATE radioshop.ticket SET opened_at = opened_at - interval '{days} days' WHERE ticket_id = '{ticket.id}';
        UPDATE radioshop.ticket_entry SET at = at - interval '{days} days' WHERE ticket_id = '{ticket.id}';
        UPDATE radioshop.alert SET due_on = due_on - {days} WHERE said LIKE '{ticket.number}%'""")


def test_a_ticket_that_waits(world, agency, migrated):
    """Said when it has waited for the days of the rule, in steps after as many more, only the highest; over when it is moved."""
    rule(world, agency, "ticket_waiting", days=5)
    asset = world.asset(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="deaf").ticket
    age_ticket(migrated, ticket, 4)
    assert not said(world, agency)
    age_ticket(migrated, ticket, 1)
    alerts = world.nightly.EmitAlerts(agency=agency).alerts
    assert [(a.tag, a.due_on, a.days_overdue, a.what, a.plan) for a in alerts] == [(asset.tag, day(-5), 5, f"{ticket.number} is reported", "")]
    assert not said(world, agency)
    age_ticket(migrated, ticket, 11)
    assert said(world, agency) == [("ticket_waiting", asset.tag, day(-16), 16, 2)] and not said(world, agency)
    world.frank.ListAlerts()
    world.ada.SnoozeAlert(alert=alerts[0].id, until=day(2))
    age_ticket(migrated, ticket, 10)
    assert not said(world, agency), "snoozed"
    world.tina.MoveTicket(ticket=ticket.id, state="received", revision=ticket.revision)
    assert [s[:2] for s in said(world, agency)] == [("resolved", asset.tag)]
    assert not said(world, agency) and not world.vera.ListAlerts(agency=agency, open=True).alerts


def test_a_snooze_that_ends_beside_something_newer(world, agency, migrated):
    """The ticket's next step is told, and not the one before once more."""
    rule(world, agency, "ticket_waiting", days=5)
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="deaf").ticket
    age_ticket(migrated, ticket, 5)
    (first,) = world.nightly.EmitAlerts(agency=agency).alerts
    world.ada.SnoozeAlert(alert=first.id, until=day(6))
    age_ticket(migrated, ticket, 6)
    move(migrated, agency, "alert", "snoozed_until = snoozed_until - 6")
    assert [told[0::4] for told in said(world, agency)] == [("ticket_waiting", 1)] and not said(world, agency)


def test_a_warranty_that_ends(world, agency):
    rule(world, agency, "warranty_ending")
    asset = world.asset(agency, warranty_until=day(30))
    world.asset(agency, warranty_until=day(31))
    world.asset(agency, warranty_until=day(-1))
    alert, = world.nightly.EmitAlerts(agency=agency).alerts
    assert (contract.label(alert, "kind"), alert.tag, alert.due_on, alert.days_overdue) == ("warranty_ending", asset.tag, day(30), 30)
    assert not said(world, agency)
    assert world.ada.AckAlert(alert=alert.id).alert.acked_by == "ada"


def test_rules(world, agency, migrated):
    assert not world.ada.GetAlertRules(agency=agency).rules
    made = rule(world, agency, "due_soon")
    assert (made.days, made.stopped, made.revision) == (14, False, 1)
    for revision in (0, 2):
        with refused("ABORTED", field="revision"):
            rule(world, agency, "due_soon", days=3, revision=revision)
    for values, field in (({"kind": "overdue"}, "kind"), ({"kind": 0}, "kind"), ({"days": 366}, "days"), ({"days": -1}, "days")):
        with refused("INVALID_ARGUMENT", field=field):
            rule(world, agency, **{"kind": "ticket_waiting", **values})
    with refused("NOT_FOUND", field="agency"):
        rule(world, "NOSUCH", "due_soon")
    with refused("INVALID_ARGUMENT", field="agency", text="give the code of one"):
        rule(world, "SHOP", "due_soon")
    with refused("INVALID_ARGUMENT", field="percent", text="a rule for due_soon has no percent"):
        rule(world, agency, "due_soon", percent=75, revision=1)
    world.asset(agency)
    world.plan(agency, first_due_on=day(3))
    assert not world.nightly.EmitAlerts(agency=agency, urgent=True).alerts, "this can wait for the night"
    assert len(said(world, agency)) == 1
    assert rule(world, agency, "due_soon", stopped=True, revision=1).stopped
    assert not said(world, agency) and not world.vera.ListAlerts(agency=agency, open=True).alerts
    rule(world, agency, "due_soon", revision=2)
    assert not said(world, agency), "what was said is open again, and not said twice"
    assert len(world.vera.ListAlerts(agency=agency, open=True).alerts) == 1
    assert [(r.agency, r.revision) for r in world.ada.GetAlertRules(agency=agency).rules] == [(agency, 3)]
