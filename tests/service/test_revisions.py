"""Every update names the revision it has read; a stale one changes nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.caller import Refused, refused


def resources(world, agency):
    """One of each thing that can be updated: name, how to change its text, how to read it back."""
    asset = world.asset(agency)
    plan = world.plan(agency)
    ticket = world.tina.OpenTicket(asset=asset.id, problem="no audio").ticket
    number = world.number()
    model = world.ada.CreateModel(model={"number": f"REV{number}", "manufacturer": "Test", "class": "other"}).model
    person = world.person(f"rev-{number}")
    code = world.ada.CreateTicketCode(code={"kind": "cause", "code": f"REV{number}", "name": "Test"}).code
    world.tina.CreatePart(part={"number": f"REV{number}", "name": "Part"})
    world.tina.CreateStockLocation(location={"code": f"REV{number}", "name": "Shelf"})
    ada, tina = world.ada, world.tina
    procedure = ada.CreateProcedure(procedure={"code": f"REV{number}", "name": "x"}, steps=[{"step": "x", "kind": "check"}]).procedure
    ada.CreateCampaign(campaign={"code": f"REV{number}", "name": "x", "kind": "other"}, selection={"agency": [agency]})
    analyser = ada.CreateAnalyser(analyser={"serial": f"REV{number}", "manufacturer": "Test", "model": "x"}).analyser
    system = ada.CreateRadioSystem(system={"name": f"REV{number}"}).system
    field = ada.CreateField(field={"agency": agency, "name": "rev", "type": "text"}).field
    keyset = ada.CreateKeyset(keyset={"agency": agency, "code": "REV", "name": "x", "number": 1, "algorithm": "adp", "ckrs": "1"}).keyset
    gone = world.asset(agency)
    tina.RetireAssets(assets=[gone.id], reason="surplus")
    left = world.vera.GetRetirement(asset=gone.id).retirement.id
    return {
        "agency": (lambda text, rev: ada.UpdateAgency(agency={"code": agency, "name": text, "revision": rev},
                                                      update_mask=["name"]),
                   lambda: (lambda a: (a.revision, a.name))(ada.GetAgency(agency=agency).agency)),
        "asset": (lambda text, rev: tina.UpdateAsset(asset={"id": asset.id, "notes": text, "revision": rev},
                                                     update_mask=["notes"]),
                  lambda: (lambda a: (a.revision, a.notes))(tina.GetAsset(asset=asset.id).asset)),
        "plan": (lambda text, rev: ada.UpdatePlan(plan={"agency": agency, "code": plan.code, "name": text,
                                                        "revision": rev}, update_mask=["name"]),
                 lambda: (lambda p: (p.revision, p.name))(ada.GetPlan(agency=agency, plan=plan.code).plan)),
        "ticket": (lambda text, rev: tina.UpdateTicket(ticket={"id": ticket.id, "cause": text, "revision": rev},
                                                       update_mask=["cause"]),
                   lambda: (lambda t: (t.revision, t.cause))(tina.GetTicket(ticket=ticket.id).ticket)),
        "model": (lambda text, rev: ada.UpdateModel(model={"number": model.number, "family": text, "revision": rev},
                                                    update_mask=["family"]),
                  lambda: (lambda m: (m.revision, m.family))(ada.GetModel(model=model.number).model)),
        "ticket_code": (lambda text, rev: ada.UpdateTicketCode(code={"kind": "cause", "code": code.code, "name": text, "revision": rev},
                                                               update_mask=["name"]),
                        lambda: (lambda c: (c.revision, c.name))(ada.GetTicketCode(kind="cause", code=code.code).code)),
        "part": (lambda text, rev: tina.UpdatePart(part={"number": f"REV{number}", "name": text, "revision": rev}, update_mask=["name"]),
                 lambda: (lambda p: (p.revision, p.name))(tina.GetPart(part=f"REV{number}").part)),
        "location": (lambda text, rev: tina.UpdateStockLocation(location={"code": f"REV{number}", "name": text, "revision": rev},
                                                                update_mask=["name"]),
                     lambda: (lambda l: (l.revision, l.name))(tina.GetStockLocation(location=f"REV{number}").location)),
        "procedure": (lambda text, rev: ada.UpdateProcedure(procedure={"code": procedure.code, "name": text, "revision": rev},
                                                            update_mask=["name"]),
                      lambda: (lambda p: (p.revision, p.name))(ada.GetProcedure(procedure=procedure.code).procedure)),
        "analyser": (lambda text, rev: ada.UpdateAnalyser(analyser={"serial": analyser.serial, "notes": text, "revision": rev},
                                                          update_mask=["notes"]),
                     lambda: (lambda a: (a.revision, a.notes))(ada.GetAnalyser(analyser=analyser.serial).analyser)),
        "system": (lambda text, rev: ada.UpdateRadioSystem(system={"id": system.id, "notes": text, "revision": rev}, update_mask=["notes"]),
                   lambda: (lambda s: (s.revision, s.notes))(ada.GetRadioSystem(system=system.name).system)),
        "campaign": (lambda text, rev: ada.UpdateCampaign(campaign={"code": f"REV{number}", "name": text, "revision": rev}, update_mask=["name"]),
                     lambda: (lambda c: (c.revision, c.name))(ada.GetCampaign(campaign=f"REV{number}").campaign)),
        "field": (lambda text, rev: ada.UpdateField(field={"id": field.id, "label": text, "revision": rev}, update_mask=["label"]),
                  lambda: (lambda f: (f.revision, f.label))(ada.GetField(field=field.id).field)),
        "keyset": (lambda text, rev: ada.UpdateKeyset(keyset={"id": keyset.id, "name": text, "revision": rev}, update_mask=["name"]),
                   lambda: (lambda k: (k.revision, k.name))(ada.GetKeyset(keyset=keyset.id).keyset)),
        "retirement": (lambda text, rev: ada.UpdateRetirement(retirement={"id": left, "note": text, "revision": rev}, update_mask=["note"]),
                       lambda: (lambda r: (r.revision, r.note))(ada.GetRetirement(asset=left).retirement)),
        "principal": (lambda text, rev: ada.UpdatePrincipal(principal={"name": person, "display_name": text,
                                                                       "revision": rev}, update_mask=["display_name"]),
                      lambda: (lambda p: (p.revision, p.display_name))(ada.GetPrincipal(principal=person).principal)),
    }


@pytest.mark.parametrize("kind", ["agency", "asset", "plan", "ticket", "model", "ticket_code", "procedure", "analyser", "system", "part", "location", "campaign", "keyset", "field", "retirement", "principal"])
def test_stale_and_fresh(world, agency, kind):
    change, read = resources(world, agency)[kind]
    revision, _ = read()
    change("first", revision)
    assert read() == (revision + 1, "first")
    with refused("ABORTED", text=str(revision + 1)):
        change("second", revision)
    assert read() == (revision + 1, "first")
    change("second", revision + 1)
    assert read() == (revision + 2, "second")
    with refused("ABORTED", "INVALID_ARGUMENT"):
        change("third", 0)
    with refused("ABORTED"):
        change("third", revision + 99)
    assert read() == (revision + 2, "second")


@pytest.mark.parametrize("kind", ["asset", "ticket", "plan", "part", "location", "campaign"])
def test_two_writers_one_revision(world, agency, kind):
    """Many at the same moment with one revision: exactly one wins, the others are told the revision of now."""
    change, read = resources(world, agency)[kind]
    for _ in range(3):
        revision, _ = read()

        def write(i, revision=revision):
            try:
                change(f"writer {i} of {revision}", revision)
                return i
            except Refused as refusal:
                assert refusal.code == "ABORTED" and str(revision + 1) in refusal.text, str(refusal)
                return None
        with ThreadPoolExecutor(8) as pool:
            winners = [i for i in pool.map(write, range(8)) if i is not None]
        assert len(winners) == 1
        assert read() == (revision + 1, f"writer {winners[0]} of {revision}")


def test_two_moves_of_one_ticket(world, agency):
    ticket = world.tina.OpenTicket(asset=world.asset(agency).id, problem="hum", received=True).ticket

    def move(state):
        try:
            world.tina.MoveTicket(ticket=ticket.number, revision=ticket.revision, state=state)
            return "OK"
        except Refused as refusal:
            return refusal.code
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(move, ["diagnosing", "diagnosing"])) == ["ABORTED", "OK"]


def test_only_the_named_fields_change(world, agency):
    asset = world.asset(agency, notes="keep me", location="shelf 1")
    changed = world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "location": "shelf 2",
                                            "notes": "not in the mask"}, update_mask=["location"]).asset
    assert (changed.location, changed.notes, changed.tag) == ("shelf 2", "keep me", asset.tag)
    emptied = world.tina.UpdateAsset(asset={"id": asset.id, "revision": changed.revision}, update_mask=["notes"]).asset
    assert emptied.notes == ""


@pytest.mark.parametrize("paths", [[], ["nonsense"], ["id"], ["revision"], ["created_at"], ["agency"]],
                         ids=["empty", "unknown", "id", "revision", "created_at", "agency"])
def test_a_mask_that_makes_no_sense(world, agency, paths):
    asset = world.asset(agency)
    with refused("INVALID_ARGUMENT", field="update_mask"):
        world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "agency": "IND"}, update_mask=paths)
    assert world.tina.GetAsset(asset=asset.id).asset == asset
