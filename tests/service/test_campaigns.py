"""Campaigns: radios are selected once, ticked off by scan, and counted agency by agency."""

import datetime
from concurrent.futures import ThreadPoolExecutor

from rig import contract
from rig.caller import Refused, refused
from rig.world import day, new_id


def state(item):
    return contract.label(item, "state")


def campaign(world, agencies, assets=3, kind="firmware", target="R32.10.00", firmware="R30", **values):
    """A campaign over new radios of each agency: its code and the radios."""
    code = f"C{world.number()}"
    radios = [world.asset(agency, firmware=firmware, system=code) for agency in agencies for _ in range(assets)]
    made = world.ada.CreateCampaign(campaign={"code": code, "name": "New firmware", "kind": kind, "target": target, **values},
                                    selection={"agency": agencies, "system": code}).campaign
    assert (made.code, made.assets, list(made.agencies)) == (code, len(radios), sorted(agencies))
    return code, radios


def progress(world, code, who="vera", **values):
    """{agency: (total, done, failed, not applicable, left, missing, gone, percent)}"""
    rows = world.caller(who).SummarizeCampaigns(campaign=code, **values).progress
    return {p.agency: (p.total, p.done, p.failed, p.not_applicable, p.left, p.missing, p.gone, p.percent) for p in rows}


def items(world, code, who="vera", **values):
    return [i.tag for i in world.caller(who).pages("ListCampaignItems", "items", campaign=code, page_size=7, **values)]


def change(world, asset, **values):
    now = world.tina.GetAsset(asset=asset.id).asset
    return world.tina.UpdateAsset(asset={"id": asset.id, "revision": now.revision, **values}, update_mask=list(values)).asset


def race(calls):
    """What each of the calls (caller, method, request) says, from connections of their own, at once."""
    def one(call):
        caller, method, request = call
        try:
            return getattr(caller, method)(**request)
        except Refused as refusal:
            return refusal
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_from_the_preview_to_the_end(world):
    first, second = world.agency(), world.agency()
    selection = {"agency": [first, second], "class": "portable", "family": "APX 6000", "firmware_other_than": "R32.10.00"}
    old = [world.asset(first, firmware="R30") for _ in range(3)] + [world.asset(second, firmware="")]
    world.asset(first, firmware="r32.10.00"), world.asset(first, model="M22URS9PW1BN")
    world.asset(second, firmware="R30", status="missing"), world.asset(second, firmware="R30", status="retired")
    preview = world.ada.PreviewCampaign(selection=selection).preview
    assert (preview.assets, preview.left_out) == (4, 2)
    assert [(a.agency, a.assets, a.left_out) for a in preview.agencies] == [(first, 3, 0), (second, 1, 2)]
    code = f"FW{world.number()}"
    with refused("NOT_FOUND", field="campaign"):
        world.vera.GetCampaign(campaign=code)
    made = world.ada.CreateCampaign(campaign={"code": code, "name": "Firmware R32", "kind": "firmware", "target": "R32.10.00", "due_on": day(30),
                                              "instructions": "Charge it first."}, selection=selection).campaign
    assert (made.assets, list(made.agencies), made.starts_on, made.created_by) == (4, [first, second], day(), "ada")
    assert world.vera.GetCampaign(campaign=code.lower()).campaign == made
    world.asset(first, firmware="R30")
    assert sorted(items(world, code)) == sorted(a.tag for a in old), "what is bought later is not in it"
    # ticked off by any code on it, and the asset has the target in the same moment
    item = world.tina.TickCampaignItem(campaign=code, asset=old[0].serial, note="bench 2").item
    assert (item.tag, state(item), item.firmware, item.ticked_by, item.note, item.already) == (old[0].tag, "done", "R32.10.00", "tina", "bench 2", False)
    assert abs(item.ticked_at.seconds - datetime.datetime.now().timestamp()) < 60
    assert world.tina.GetAsset(asset=old[0].id).asset.firmware == "R32.10.00"
    event = world.ada.ListEvents(resource_id=old[0].id, agency=first, resource="asset").events[0]
    assert (event.principal, event.method) == ("tina", "CampaignService.TickCampaignItem") and '"R32.10.00"' in event.after
    again = world.caller("shop-technician").TickCampaignItem(campaign=code, asset=f"{first}:{old[0].tag}", note="me too").item
    assert again.already and (again.ticked_by, again.ticked_at, again.note) == ("tina", item.ticked_at, "bench 2"), "who was first, and when"
    with refused("INVALID_ARGUMENT", field="note"):
        world.tina.TickCampaignItem(campaign=code, asset=old[1].tag, result="failed")
    assert state(world.tina.TickCampaignItem(campaign=code, asset=old[1].tag, result="failed", note="hangs").item) == "failed"
    assert state(world.tina.TickCampaignItem(campaign=code, asset=old[3].tag, result="not_applicable", note="goes back to the maker").item) == "not_applicable"
    assert world.tina.GetAsset(asset=old[1].id).asset.firmware == "R30", "only what is done has it"
    assert progress(world, code) == {first: (3, 1, 1, 0, 1, 0, 0, 33), second: (1, 0, 0, 1, 0, 0, 0, 100)}
    assert items(world, code, state="left") == [old[2].tag] and items(world, code, state="failed") == [old[1].tag]
    assert items(world, code, agency=second) == items(world, code, state="not_applicable") == [old[3].tag]
    # what failed is tried again; what is done is not anything else before it is taken back
    assert state(world.tina.TickCampaignItem(campaign=code, asset=old[1].tag).item) == "done"
    with refused("FAILED_PRECONDITION", field="asset") as refusal:
        world.tina.TickCampaignItem(campaign=code, asset=old[1].tag, result="failed", note="x")
    assert f"campaign undo {code}" in refusal.text and "by tina on" in refusal.text
    with refused("INVALID_ARGUMENT", field="reason"):
        world.tina.UndoCampaignTick(campaign=code, asset=old[0].tag)
    undone = world.tina.UndoCampaignTick(campaign=code, asset=old[0].tag, reason="wrong radio").item
    assert (state(undone), undone.firmware, undone.ticked_by, undone.undone_by, undone.undo_reason) == ("left", "R30", "", "tina", "wrong radio")
    with refused("FAILED_PRECONDITION", field="asset"):
        world.tina.UndoCampaignTick(campaign=code, asset=old[0].tag, reason="wrong radio")
    # not in it: what to do next
    other = world.asset(first)
    with refused("FAILED_PRECONDITION", field="asset") as refusal:
        world.tina.TickCampaignItem(campaign=code, asset=other.tag)
    assert f"campaign add {code} {first}:{other.tag}" in refusal.text
    assert state(world.ada.AddCampaignItem(campaign=code, asset=other.tag).item) == "left"
    with refused("ALREADY_EXISTS", field="asset"):
        world.ada.AddCampaignItem(campaign=code, asset=other.serial)
    assert world.ada.GetCampaign(campaign=code).campaign.assets == 5
    assert state(world.tina.TickCampaignItem(campaign=code, asset=other.tag).item) == "done"
    # the end
    now = world.ada.GetCampaign(campaign=code).campaign
    with refused("INVALID_ARGUMENT", field="reason") as refusal:
        world.ada.EndCampaign(campaign=code, revision=now.revision, state="closed")
    assert "2 radios are not done" in refusal.text
    with refused("ABORTED", field="revision"):
        world.ada.EndCampaign(campaign=code, revision=now.revision + 1, state="closed", reason="x")
    ended = world.ada.EndCampaign(campaign=code, revision=now.revision, state="closed", reason="enough").campaign
    assert (contract.label(ended, "state"), ended.ended_by, ended.reason) == ("closed", "ada", "enough")
    for method, values in (("TickCampaignItem", {"asset": old[2].tag}), ("UndoCampaignTick", {"asset": other.tag, "reason": "x"})):
        with refused("FAILED_PRECONDITION", field="campaign") as refusal:
            getattr(world.tina, method)(campaign=code, **values)
        assert "closed" in refusal.text
    for method, values in (("AddCampaignItem", {"campaign": code, "asset": world.asset(first).id}),
                           ("UpdateCampaign", {"campaign": {"code": code, "name": "x", "revision": ended.revision}, "update_mask": ["name"]}),
                           ("EndCampaign", {"campaign": code, "revision": ended.revision, "state": "cancelled", "reason": "x"})):
        with refused("FAILED_PRECONDITION", field="campaign"):
            getattr(world.ada, method)(**values)
    assert progress(world, code)[first] == (4, 2, 0, 0, 2, 0, 0, 50), "what is left stays on record"
    listed = lambda **values: [c.code for c in world.vera.ListCampaigns(agency=first, **values).campaigns]  # noqa: E731
    assert (listed(), listed(ended=True)) == ([], [code])


def test_each_city_sees_its_own(world):
    both, ours = world.agency(), world.agency()
    shared, radios = campaign(world, [both, ours], assets=2)
    alone, _ = campaign(world, [both])
    manager = world.person(f"camp-{ours.lower()}", [("fleet_manager", ours), ("viewer", ours)])
    bench = world.person(f"bench-{ours.lower()}", [("technician", ours)])
    theirs, mine = radios[0], radios[2]
    world.tina.TickCampaignItem(campaign=shared, asset=theirs.id)
    assert [c.code for c in world.caller(manager).ListCampaigns().campaigns] == [shared]
    seen = world.caller(manager).GetCampaign(campaign=shared).campaign
    assert (list(seen.agencies), seen.assets) == ([ours], 2)
    assert items(world, shared, manager) == [r.tag for r in radios[2:]] == items(world, shared, manager, state="left")
    assert progress(world, shared, manager) == progress(world, "", manager) == {ours: (2, 0, 0, 0, 2, 0, 0, 0)}
    for name, values in (("GetCampaign", {}), ("ListCampaignItems", {}), ("SummarizeCampaigns", {})):
        with refused("NOT_FOUND", field="campaign"):
            getattr(world.caller(manager), name)(campaign=alone, **values)
    for agency in (both, "ZZZ"):
        for name in ("ListCampaignItems", "SummarizeCampaigns"):
            with refused("NOT_FOUND", field="agency"):
                getattr(world.caller(manager), name)(campaign=shared, agency=agency)
    with refused("PERMISSION_DENIED"):
        world.caller(manager).TickCampaignItem(campaign=shared, asset=mine.id)
    assert state(world.caller(bench).TickCampaignItem(campaign=shared, asset=mine.id).item) == "done"
    for method, values in (("TickCampaignItem", {}), ("UndoCampaignTick", {"reason": "x"})):
        with refused("NOT_FOUND", field="asset"):
            getattr(world.caller(bench), method)(campaign=shared, asset=theirs.id, **values)
    with refused("NOT_FOUND", field="campaign"):
        world.caller(bench).TickCampaignItem(campaign=alone, asset=mine.id)
    assert progress(world, shared) == {both: (2, 1, 0, 0, 1, 0, 0, 50), ours: (2, 1, 0, 0, 1, 0, 0, 50)}
    # an administrator of one city makes, changes and ends none
    admin = world.caller(world.person(f"admin-{ours.lower()}", [("admin", ours)]))
    for method, values in (("CreateCampaign", {"campaign": {"code": "CITY", "name": "x", "kind": "other"}, "selection": {"agency": [ours]}}),
                           ("AddCampaignItem", {"campaign": shared, "asset": mine.id}), ("EndCampaign", {"campaign": shared, "revision": 1, "state": "closed"}),
                           ("UpdateCampaign", {"campaign": {"code": shared, "name": "x", "revision": 1}, "update_mask": ["name"]})):
        with refused("PERMISSION_DENIED"):
            getattr(admin, method)(**values)
    assert admin.PreviewCampaign().preview.assets == 2, "and counts its own radios"
    with refused("NOT_FOUND", field="selection.agency"):
        admin.PreviewCampaign(selection={"agency": [both]})


def test_what_is_lost_falls_out(world, agency):
    code, radios = campaign(world, [agency], assets=4, kind="rekey", target="KEYSET-2027-A", due_on=day(1))
    change(world, radios[0], status="missing"), change(world, radios[1], status="retired")
    assert progress(world, code) == {agency: (4, 0, 0, 0, 2, 1, 1, 0)}
    assert items(world, code, state="left") == [r.tag for r in radios[2:]]
    assert (items(world, code, state="missing"), items(world, code, state="gone")) == ([radios[0].tag], [radios[1].tag])
    with refused("FAILED_PRECONDITION", field="asset") as refusal:
        world.tina.TickCampaignItem(campaign=code, asset=radios[1].tag)
    assert "asset update" in refusal.text
    assert state(world.tina.TickCampaignItem(campaign=code, asset=radios[0].tag).item) == "done", "who has it in hand may do it"
    change(world, radios[0], status="retired")
    for radio in radios[2:]:
        world.tina.TickCampaignItem(campaign=code, asset=radio.tag)
    assert progress(world, code) == {agency: (4, 3, 0, 0, 0, 0, 1, 100)}, "what is done stays done"
    closed = world.ada.EndCampaign(campaign=code, revision=1, state="closed").campaign
    assert closed.reason == "", "nothing is left, so no reason is needed"


def test_days(world, agency):
    """Begun on its day, overdue behind the last one, in the days of each agency."""
    code, radios = campaign(world, [agency], kind="other", target="", starts_on=day(2), due_on=day(9))
    with refused("FAILED_PRECONDITION", field="campaign") as refusal:
        world.tina.TickCampaignItem(campaign=code, asset=radios[0].tag)
    assert day(2) in refusal.text
    late = lambda: [p.days_overdue for p in world.vera.SummarizeCampaigns(campaign=code).progress]  # noqa: E731
    update = lambda revision, **values: world.ada.UpdateCampaign(campaign={"code": code, "revision": revision, **values},  # noqa: E731
                                                                 update_mask=list(values)).campaign
    with refused("INVALID_ARGUMENT", field="due_on"):
        update(1, due_on=day(1))
    changed = update(1, starts_on=day(-20), due_on=day(-7), name="Sooner")
    assert (changed.starts_on, changed.due_on, changed.name, changed.instructions, late()) == (day(-20), day(-7), "Sooner", "", [7])
    assert update(2, due_on=day()).due_on == day() and late() == [0], "today is not too late"
    assert update(3, due_on="").due_on == "" and late() == [0]
    update(4, due_on=day(-1))
    for radio in radios:
        world.tina.TickCampaignItem(campaign=code, asset=radio.tag)
    assert late() == [0], "nothing is left to be late with"


def test_another_radio_from_the_maker_is_left_again(world, agency):
    code, radios = campaign(world, [agency], assets=2)
    for radio in radios:
        world.tina.TickCampaignItem(campaign=code, asset=radio.tag)
    for radio, back in zip(radios, ({"serial": f"NEW{agency}", "firmware": "R28"}, {})):
        ticket = world.tina.OpenTicket(asset=radio.id, problem="x", received=True).ticket
        world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state="diagnosing")
        rma = world.tina.OpenRma(ticket=ticket.number, number=f"R{radio.tag}", vendor="Maker", kind="depot").rma
        rma = world.tina.ShipRma(rma=rma.id, revision=rma.revision).rma
        world.tina.ReceiveRma(rma=rma.id, revision=rma.revision, **back)
    left, = world.vera.ListCampaignItems(campaign=code, state="left").items
    assert (left.tag, left.firmware, left.ticked_by) == (radios[0].tag, "R28", "") and radios[0].serial in left.undo_reason
    assert items(world, code, state="done") == [radios[1].tag], "the same radio, repaired, has had it"


def test_a_repeat_changes_nothing(world, agency):
    code, radios = campaign(world, [agency])
    request = {"request_id": new_id(), "campaign": code, "asset": radios[0].tag}
    first = world.tina.TickCampaignItem(**request)
    world.tina.UndoCampaignTick(campaign=code, asset=radios[0].tag, reason="x")
    assert world.tina.TickCampaignItem(**request) == first, "the answer is the first one, and it is not ticked off anew"
    assert progress(world, code) == {agency: (3, 0, 0, 0, 3, 0, 0, 0)}
    request = {"request_id": new_id(), "campaign": {"code": f"{code}X", "name": "x", "kind": "other"}, "selection": {"agency": [agency]}}
    assert world.ada.CreateCampaign(**request) == world.ada.CreateCampaign(**request)
    assert progress(world, f"{code}X") == {agency: (3, 0, 0, 0, 3, 0, 0, 0)}


def test_benches_at_the_same_moment(world, agency, migrated):
    """Of many who tick one radio one does; who disagrees is told; nothing is ticked off behind the end of a campaign."""
    callers = [world.fresh_caller("tina") for _ in range(6)]
    for caller in callers:
        caller.GetCaller()
    try:
        code, radios = campaign(world, [agency], assets=12)
        for radio in radios[:3]:
            answers = race([(c, "TickCampaignItem", {"campaign": code, "asset": radio.tag, "note": f"bench {i}"}) for i, c in enumerate(callers)])
            assert sorted(a.item.already for a in answers) == [False] + [True] * 5
            assert len({(a.item.note, a.item.ticked_at.seconds, a.item.ticked_at.nanos) for a in answers}) == 1, "all are told of the same first"
        for radio in radios[3:6]:
            answers = race([(c, "TickCampaignItem", {"campaign": code, "asset": radio.tag, "note": "x", "result": "done" if i % 2 else "not_applicable"})
                            for i, c in enumerate(callers)])
            told = [a for a in answers if isinstance(a, Refused)]
            assert len(told) == 3 and all(a.code == "FAILED_PRECONDITION" and "campaign undo" in a.text for a in told)
            assert sorted(a.item.already for a in answers if not isinstance(a, Refused)) == [False, True, True]
        for radio in radios[:3]:
            answers = race([(c, "UndoCampaignTick", {"campaign": code, "asset": radio.tag, "reason": "x"}) for c in callers])
            assert sorted(a.code if isinstance(a, Refused) else "OK" for a in answers) == ["FAILED_PRECONDITION"] * 5 + ["OK"]
            assert world.tina.GetAsset(asset=radio.id).asset.firmware == "R30"
        extra = world.asset(agency)
        answers = race([(world.fresh_caller("ada"), "AddCampaignItem", {"campaign": code, "asset": extra.id}) for _ in range(4)])
        assert sorted(a.code if isinstance(a, Refused) else "OK" for a in answers) == ["ALREADY_EXISTS"] * 3 + ["OK"]
        # the end, while five radios are ticked off
        answers = race([(world.ada, "EndCampaign", {"campaign": code, "revision": 1, "state": "closed", "reason": "enough"})]
                       + [(c, "TickCampaignItem", {"campaign": code, "asset": r.tag}) for c, r in zip(callers, radios[7:])])
        assert not isinstance(answers[0], Refused), answers[0]
        assert all(a.code == "FAILED_PRECONDITION" and "is closed" in a.text for a in answers[1:] if isinstance(a, Refused))
        late = migrated.value(f"SELECT count(*) FROM radioshop.campaign c JOIN radioshop.event e ON e.resource = 'campaign' AND e.resource_id = c.campaign_id::text"
                              f" AND e.action = 'update' JOIN radioshop.event t ON t.resource = 'campaign_item' AND t.at > e.at"
                              f" JOIN radioshop.campaign_item i ON i.campaign_id = c.campaign_id AND i.asset_id::text = t.resource_id WHERE c.code = '{code}'")
        assert late == "0", "nothing is ticked off behind the end"
        done = sum(1 for a in answers[1:] if not isinstance(a, Refused))
        assert progress(world, code)[agency][1] + progress(world, code)[agency][3] == 3 + done
    finally:
        for caller in callers:
            caller.close()


WRONG = [
    ({"code": ""}, {}, "INVALID_ARGUMENT", "code"), ({"code": "A B"}, {}, "INVALID_ARGUMENT", "code"), ({"name": ""}, {}, "INVALID_ARGUMENT", "name"),
    ({"name": "x\ny"}, {}, "INVALID_ARGUMENT", "name"), ({"kind": None}, {}, "INVALID_ARGUMENT", "campaign.kind"),
    ({"target": ""}, {}, "INVALID_ARGUMENT", "target"), ({"target": "x" * 121}, {}, "INVALID_ARGUMENT", "target"),
    ({"kind": "rekey", "target": "00112233445566778899AABBCCDDEEFF"}, {}, "INVALID_ARGUMENT", "target"),
    ({"due_on": day(-1)}, {}, "INVALID_ARGUMENT", "due_on"), ({"due_on": "2026-02-30"}, {}, "INVALID_ARGUMENT", "campaign.due_on"),
    ({"instructions": "\x01"}, {}, "INVALID_ARGUMENT", "campaign.instructions"), ({}, {"model": "NOSUCHMODEL"}, "FAILED_PRECONDITION", "selection.model"),
    ({}, {"family": "NOSUCHFAMILY"}, "FAILED_PRECONDITION", "selection.family"), ({}, {"status": "retired"}, "INVALID_ARGUMENT", "selection.status"),
    ({}, {"agency": ["ZZZ"]}, "NOT_FOUND", "selection.agency"), ({}, {"system": "NOSUCHSYSTEM"}, "FAILED_PRECONDITION", "selection")]


def test_wrong_campaigns(world, agency):
    asset = world.asset(agency)
    for values, selection, code, field in WRONG:
        values = {"code": "WRONG", "name": "x", "kind": "firmware", "target": "R32", **values}
        with refused(code, field=field):
            world.ada.CreateCampaign(campaign={k: v for k, v in values.items() if v is not None}, selection={"agency": [agency], **selection})
    assert not world.ada.ListCampaigns(agency=agency, ended=True).campaigns, "what is refused leaves nothing"
    code, _ = campaign(world, [agency], assets=1)
    with refused("ALREADY_EXISTS", field="campaign.code"):
        world.ada.CreateCampaign(campaign={"code": code.lower(), "name": "x", "kind": "other"}, selection={"agency": [agency]})
    for values in ({"note": "x" * 4001}, {"asset": ""}, {"campaign": ""}, {"asset": asset.id, "result": "failed", "note": " \n "}):
        with refused("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
            world.tina.TickCampaignItem(**{"campaign": code, "asset": items(world, code)[0], **values})
    with refused("FAILED_PRECONDITION", field="asset"):
        world.ada.AddCampaignItem(campaign=code, asset=world.asset(agency, status="missing").id)
    assert progress(world, code) == {agency: (1, 0, 0, 0, 1, 0, 0, 0)}
