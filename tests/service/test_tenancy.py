"""Every method of the contract, called by somebody of another agency: no byte of it may come from ours.

The caller holds every role over LSU and none over IND. Each probe names records of IND; the answer must be the very
one for a name that nobody has, no canary of IND may be in any byte received, and IND's rows may not change. A method
without a probe fails the test.
"""

import re

import pytest

from rig import contract
from rig.caller import Refused
from rig.world import attach, day, new_id

CANARY = "CanaryOfIND"
ABSENT = {"agency": "ZZZ", "asset": "00000000-0000-4000-8000-000000000001", "tag": "NOSUCHTAG1", "serial": "NOSUCHSER1",
          "ticket": "00000000-0000-4000-8000-000000000002", "number": "ZZZ-2026-00001", "plan": "NOPLAN",
          "alert": "00000000-0000-4000-8000-000000000003", "change": "00000000-0000-4000-8000-000000000006",
          "alias": "NOSUCHALIAS", "part": "NOSUCHPART", "location": "NOSUCHPLACE",
          "route": "NOROUTE", "delivery": "00000000-0000-4000-8000-000000000004", "month": "2199-12",
          "file": "NOSUCHFILE.txt", "attachment": "00000000-0000-4000-8000-000000000009", "upload": "00000000-0000-4000-8000-00000000000a",
          "campaign": "NOCAMPAIGN", "rma": "NOSUCHRMA", "rma_id": "00000000-0000-4000-8000-000000000005",
          "system": "NOSUCHSYSTEM", "loan": "00000000-0000-4000-8000-000000000007", "lent": "NOSUCHTAG2",
          "custodian": "NOSUCHBADGE", "custodian_id": "00000000-0000-4000-8000-00000000000b", "held": "NOSUCHTAG3", "component": "NOSUCHTAG4", "retired": "NOSUCHTAG5", "retirement": "00000000-0000-4000-8000-00000000000e", "inventory": "ZZZ-INV-2026-001",
          "transfer": "ZZZ-T-1", "mapping": "MAPPINGABSENT", "run": "00000000-0000-4000-8000-00000000000c",
          "field": "nosuchfield", "field_id": "00000000-0000-4000-8000-00000000000e", "keyset": "NOKEYSET", "keyset_id": "00000000-0000-4000-8000-00000000000d"}


@pytest.fixture(scope="module")
def ours(world):
    """Records of IND with canaries in every text, and one request that IND's technician made."""
    ada, tina = world.ada, world.tina
    agency = ada.GetAgency(agency="IND").agency
    ada.UpdateAgency(agency={"code": "IND", "name": f"City {CANARY}", "revision": agency.revision}, update_mask=["name"])
    plan = world.plan("IND", "CANARYPL", name=f"{CANARY} plan", instructions=CANARY, first_due_on=day(-40))
    field = ada.CreateField(field={"agency": "IND", "name": "fieldofind", "label": f"{CANARY} field", "type": "text"}).field
    asset = tina.CreateAsset(asset={
        "fields": [{"name": field.name, "value": f"{CANARY} value"}], "agency": "IND", "tag": f"{CANARY}1", "serial": f"{CANARY}S1", "class": "portable", "alias": f"{CANARY} A",
        "assigned_to": f"{CANARY} officer", "location": CANARY, "system": CANARY, "firmware": CANARY,
        "codeplug": CANARY, "flashcode": CANARY, "description": CANARY, "notes": CANARY}).asset
    # A new asset is due one interval after it was added: a service long ago makes it overdue.
    tina.CreateServiceRecord(asset=asset.id, plan="CANARYPL", result="passed", done_on=day(-500), notes=CANARY,
                             readings=[{"name": CANARY, "value": 1, "unit": CANARY}])
    ticket = tina.OpenTicket(asset=asset.id, problem=f"{CANARY} broken").ticket
    tina.AddTicketEntry(ticket=ticket.number, kind="note", text=CANARY)
    ada.CreateAlertRoute(route={"agency": "IND", "code": "CANARYRT", "channel": "email", "address": f"{CANARY}@example.org"})
    alerts = [a for a in world.nightly.EmitAlerts(agency="IND").alerts if a.tag == asset.tag]
    assert alerts, "the canary asset is not overdue: the probes would prove nothing"
    ada.SetAgreement(from_month="2180-01", split="radios", members=[{"agency": "IND", "kind": "member"}], note=CANARY)
    tina.CreatePart(part={"number": f"{CANARY}P", "name": f"{CANARY} part"})
    tina.CreateStockLocation(location={"code": f"{CANARY}L", "name": f"{CANARY} shelf"})
    tina.ReceiveParts(part=f"{CANARY}P", location=f"{CANARY}L", quantity=9, unit_cost_cents=5, supplier=CANARY, reference=CANARY)
    tina.UseParts(ticket=ticket.number, part=f"{CANARY}P", quantity=2)
    tina.ScrapParts(part=f"{CANARY}P", location=f"{CANARY}L", reason=CANARY)
    delivery = world.nightly.ClaimDeliveries(agency="IND", host="probe").deliveries[0]
    month = world.bill("IND", [CANARY])
    ada.AddFundMovement(kind="deposit", amount_cents=100, text="stock", month="2180-01")
    ada.AddFundMovement(kind="payout", agency="IND", amount_cents=100, text=CANARY, month="2180-01")
    due = world.due("IND")[asset.tag, plan.code].due_on
    change = tina.DeferDue(asset=asset.id, plan=plan.code, due_on=due, deferred_to=day(20), reason=CANARY).change
    tina.RecordMeter(asset=asset.id, meter="hours", value=1, note=CANARY)
    rma = tina.OpenRma(ticket=ticket.number, number="RMAOFIND1", vendor=f"{CANARY} vendor", kind="depot", accessories=CANARY).rma
    ada.CreateCampaign(campaign={"code": "CAMPAIGNOFIND", "name": f"{CANARY} rekey", "kind": "rekey", "target": CANARY, "instructions": CANARY},
                       selection={"agency": ["IND"], "system": CANARY})
    tina.TickCampaignItem(campaign="CAMPAIGNOFIND", asset=asset.id, note=CANARY)
    loaner = world.asset("IND", tag=f"{CANARY}L2", notes=CANARY)
    ada.AddLoaner(asset=loaner.id, note=CANARY)
    loan = tina.IssueLoan(asset=loaner.id, ticket=ticket.number, borrower=f"{CANARY} borrower", note=CANARY).loan
    custodian = tina.CreateCustodian(custodian={"agency": "IND", "code": "BADGEOFIND1", "name": f"{CANARY} officer", "note": CANARY}).custodian
    held = world.asset("IND", tag="HELDOFIND3", location=CANARY)
    tina.CheckOutAssets(assets=[held.id], to=custodian.id, due_on=day(5), note=CANARY)
    keyset = ada.CreateKeyset(keyset={"agency": "IND", "code": f"{CANARY}K", "name": f"{CANARY} keyset", "number": 1, "algorithm": "aes_256",
                                      "ckrs": "1-4", "note": CANARY}).keyset
    tina.LoadKeyset(keyset=keyset.id, assets=[asset.id], means="otar", note=CANARY)
    component = world.asset("IND", tag="BATTERYOFIND4", location=CANARY, **{"class": "battery", "model": ""})
    tina.AttachAssets(assets=[component.id], to=held.id, note=CANARY)
    tina.SetDateCode(asset=component.id, date_code=CANARY)
    retired = world.asset("IND", tag="RETIREDOFIND5", notes=CANARY)
    tina.RetireAssets(assets=[retired.id], reason="surplus", note=CANARY)
    retirement = ada.DisposeAssets(assets=[retired.id], method="sold", recipient=CANARY, certificate=CANARY, note=CANARY).retirements[0]
    transfer = ada.OfferTransfer(assets=[world.asset("IND", serial=f"{CANARY}S6").id], to=world.agency(), note=CANARY).transfer
    stored = attach(world, ticket.number, f"{CANARY}.txt", CANARY.encode(), note=CANARY)
    upload = tina.StartUpload(record=ticket.number, name=f"{CANARY}2.txt", size_bytes=9, sha256="0" * 64).attachment
    tina.SaveMapping(mapping={"agency": "IND", "name": "MAPPINGOFIND", "text": f"tag = {CANARY}", "note": CANARY})
    run = tina.StartImport(agency="IND", file_name=f"{CANARY}.csv", file=new_id(), rows=9).run
    ada.CreateRadioSystem(system={"name": "SYSTEMOFIND"})
    ada.GrantUnitBlock(agency="IND", system="SYSTEMOFIND", first=4100000, last=4100009)
    request, second = new_id(), world.asset("IND", notes=CANARY)
    part = world.caller("ind-technician").OpenTicket(request_id=request, asset=second.id, problem=f"{CANARY} again").ticket
    tina.UpdateTicket(ticket={"number": part.number, "revision": part.revision, "parent": ticket.number}, update_mask=["parent"])
    count = tina.StartInventory(agency="IND", location=CANARY, note=CANARY).inventory
    tina.ScanInventory(inventory=count.number, code=[asset.tag, f"{CANARY}STRAY"], location=CANARY)
    return {"inventory": count.number, "agency": "IND", "asset": asset.id, "tag": asset.tag, "serial": asset.serial, "alias": asset.alias,
            "ticket": ticket.id, "number": ticket.number, "plan": plan.code, "alert": alerts[0].id, "request": request, "change": change.id,
            "file": stored.name, "attachment": stored.id, "upload": upload.id,
            "part": f"{CANARY}P", "location": f"{CANARY}L", "campaign": "CAMPAIGNOFIND", "rma": rma.number, "rma_id": rma.id,
            "system": "SYSTEMOFIND", "loan": loan.id, "lent": loaner.tag, "custodian": custodian.code, "custodian_id": custodian.id, "held": held.tag, "component": component.tag,
            "retired": retired.tag, "retirement": retirement.id, "transfer": transfer.number,
            "run": run.id, "mapping": "MAPPINGOFIND",
            "field": field.name, "field_id": field.id, "keyset": keyset.code, "keyset_id": keyset.id,
            "revision": ticket.revision, "route": "CANARYRT", "delivery": delivery.id, "month": month}


def probes(name, ids):
    """Requests of method `name` that try to reach the records with these ids."""
    table = {
        "GetAgency": [{"agency": ids["agency"]}],
        "ListAgencies": [{}],
        "CreateAgency": [{"agency": {"code": ids["agency"], "name": "Mine"}}],
        "UpdateAgency": [{"agency": {"code": ids["agency"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "GetModel": [{"model": ids["tag"]}],
        "ListModels": [{}],
        "CreateModel": [{"model": {"number": "LSU1", "manufacturer": "Mine", "class": "portable"}}],
        "UpdateModel": [{"model": {"number": ids["tag"], "revision": 1, "family": "Mine"}, "update_mask": ["family"]}],
        "ImportModels": [{"models": [{"number": "LSU1", "manufacturer": "Mine", "class": "portable"}]}],
        "GetRadioSystem": [{"system": ids["tag"]}],
        "ListRadioSystems": [{}],
        "CreateRadioSystem": [{"system": {"name": ids["tag"]}}],
        "UpdateRadioSystem": [{"system": {"id": ids["asset"], "revision": 1, "notes": "Mine"}, "update_mask": ["notes"]}],
        "ListUnitBlocks": [{}, {"agency": ids["agency"]}],
        "LookupFreeUnitIds": [{"agency": ids["agency"], "system": ids["system"]}],
        "GrantUnitBlock": [{"agency": ids["agency"], "system": ids["system"], "first": 1, "last": 9}],
        "RevokeUnitBlock": [{"agency": ids["agency"], "system": ids["system"], "first": 1, "last": 9}],
        "ListLimits": [{}, {"test": "tx_power", "history": True}],
        "SetLimit": [{"limit": {"test": "mine", "direction": "maximum", "high": 1, "unit": "W", "source": "Mine"}}],
        "GetAsset": [{"asset": ids["asset"]}, {"asset": ids["tag"]}, {"asset": ids["serial"]}, {"asset": ids["alias"]},
                     {"asset": f"{ids['agency']}:{ids['tag']}"}],
        "ListAssets": [{"agency": ids["agency"]}, {"where": [f"{ids['field']}="]}, {"where": [f"{ids['field']}={CANARY} value"], "agency": ids["agency"]}, {}],
        "LookupAssets": [{"code": ids["tag"]}, {"code": CANARY[:6]}, {"code": ids["tag"], "agency": ids["agency"]}],
        "LookupMatches": [{"query": ids["tag"]}, {"query": CANARY}, {"query": f"x{CANARY[:12]}"}, {"query": ids["serial"], "agency": ids["agency"]}, {"query": ids["number"]},
                          {"query": ids["alias"]}],
        "GetField": [{"field": ids["field"]}, {"field": ids["field_id"]}, {"field": f"{ids['agency']}:{ids['field']}"}],
        "ListFields": [{"agency": ids["agency"]}, {}],
        "CreateField": [{"field": {"agency": ids["agency"], "name": "mine", "type": "text"}},
                        {"field": {"agency": ids["agency"], "name": ids["field"], "type": "text"}}],
        "UpdateField": [{"field": {"id": ids["field_id"], "label": "Mine", "revision": 1}, "update_mask": ["label"]},
                        {"field": {"name": ids["field"], "label": "Mine", "revision": 1}, "update_mask": ["label"]}],
        "CreateAsset": [{"asset": {"agency": ids["agency"], "tag": "MINE1", "class": "portable"}},
                        {"asset": {"agency": "LSU", "tag": "MINE2", "class": "portable", "fields": [{"name": ids["field"], "value": "x"}]}},
                        {"asset": {"agency": ids["agency"], "tag": ids["tag"], "class": "portable"}}],
        "UpdateAsset": [{"asset": {"id": ids["asset"], "notes": "Mine", "revision": 1}, "update_mask": ["notes"]}],
        "ImportAssets": [{"agency": ids["agency"], "rows": [{"line": 2, "tag": ids["tag"], "class": "portable", "notes": "Mine"}]},
                         {"agency": "LSU", "run": ids["run"], "rows_done": 1, "rows": [{"line": 2, "tag": "MINE2", "class": "portable"}]}],
        "ExportAssets": [{"agency": ids["agency"]}, {}],
        "StartImport": [{"agency": ids["agency"], "file_name": "mine.csv", "file": ids["run"], "rows": 1}],
        "EndImport": [{"run": ids["run"], "state": "abandoned"}],
        "GetImport": [{"run": ids["run"]}],
        "ListImports": [{"agency": ids["agency"]}, {"state": "running"}, {}],
        "GetMapping": [{"agency": ids["agency"], "name": ids["mapping"]}],
        "ListMappings": [{"agency": ids["agency"]}],
        "SaveMapping": [{"mapping": {"agency": ids["agency"], "name": ids["mapping"], "text": "mine", "revision": 1}}, {"mapping": {"agency": ids["agency"], "name": "MINE", "text": "mine"}}],
        "RemoveMapping": [{"agency": ids["agency"], "name": ids["mapping"]}],
        "ListSharedSerials": [{"agency": ids["agency"]}, {}],
        "GetPlan": [{"agency": ids["agency"], "plan": ids["plan"]}],
        "ListPlans": [{"agency": ids["agency"]}, {}],
        "CreatePlan": [{"plan": {"agency": ids["agency"], "code": "MINE", "name": "Mine", "interval_count": 1,
                                 "interval_unit": "days", "basis": "completed", "first_due_on": day()}}],
        "UpdatePlan": [{"plan": {"agency": ids["agency"], "code": ids["plan"], "name": "Mine", "revision": 1},
                        "update_mask": ["name"]}],
        "ListDue": [{"agency": ids["agency"], "until": day(4000)}, {"until": day(4000)},
                    {"plan": ids["plan"], "until": day(4000)}, {"asset": ids["asset"], "until": day(4000)},
                    {"asset": ids["tag"], "until": day(4000)}, {"overdue": True}],
        "SummarizeDue": [{"agency": ids["agency"]}, {}],
        "GetProcedure": [{"procedure": ids["plan"]}],
        "ListProcedures": [{}],
        "CreateProcedure": [{"procedure": {"code": "MINE", "name": "Mine"}, "steps": [{"step": "mine", "kind": "check"}]}],
        "UpdateProcedure": [{"procedure": {"code": ids["plan"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "ReviseProcedure": [{"procedure": ids["plan"], "revision": 1, "steps": [{"step": "mine", "kind": "check"}]}],
        "AttachProcedure": [{"agency": ids["agency"], "plan": ids["plan"], "revision": 1, "procedure": ""}],
        "GetAnalyser": [{"analyser": ids["serial"]}],
        "ListAnalysers": [{}],
        "CreateAnalyser": [{"analyser": {"serial": "MINE", "manufacturer": "Mine", "model": "Mine"}}],
        "UpdateAnalyser": [{"analyser": {"serial": ids["serial"], "notes": "Mine", "revision": 1}, "update_mask": ["notes"]}],
        "SummarizeTrends": [{"asset": ids["asset"]}, {"asset": ids["tag"]}],
        "ListEarlyCalls": [{"agency": ids["agency"]}, {}],
        "GetServiceSheet": [{"asset": ids["asset"], "plan": ids["plan"]}, {"asset": ids["tag"]}],
        "SkipDue": [{"asset": ids["asset"], "plan": ids["plan"], "due_on": day(-135), "reason": "Mine"},
                    {"asset": ids["tag"], "due_on": day(-135), "reason": "Mine"}],
        "DeferDue": [{"asset": ids["asset"], "plan": ids["plan"], "due_on": day(-135), "deferred_to": day(1), "reason": "Mine"},
                     {"asset": ids["tag"], "due_on": day(-135), "deferred_to": day(1), "reason": "Mine"}],
        "DecideDeferral": [{"change": ids["change"], "state": "approved"}, {"change": ids["change"], "state": "refused"}],
        "ListDueChanges": [{"agency": ids["agency"]}, {"asset": ids["asset"]}, {"asset": ids["tag"], "open": True}, {}],
        "RecordMeter": [{"asset": ids["asset"], "meter": "hours", "value": 99}, {"asset": ids["tag"], "meter": "hours", "value": 99}],
        "ImportMeterReadings": [{"rows": [{"line": 2, "asset": ids["tag"], "meter": "hours", "value": 99}]}],
        "ListMeterReadings": [{"agency": ids["agency"]}, {"asset": ids["asset"]}, {"asset": ids["tag"]}, {}],
        "PreviewCampaign": [{"selection": {"agency": [ids["agency"]]}}, {"selection": {"system": CANARY}}],
        "CreateCampaign": [{"campaign": {"code": ids["campaign"], "name": "Mine", "kind": "other"}, "selection": {"agency": [ids["agency"]]}},
                           {"campaign": {"code": "MINE", "name": "Mine", "kind": "other"}}],
        "AddCampaignItem": [{"campaign": ids["campaign"], "asset": ids["asset"]}, {"campaign": ids["campaign"], "asset": ids["tag"]}],
        "GetCampaign": [{"campaign": ids["campaign"]}],
        "ListCampaigns": [{"agency": ids["agency"], "ended": True}, {"ended": True}],
        "UpdateCampaign": [{"campaign": {"code": ids["campaign"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "TickCampaignItem": [{"campaign": ids["campaign"], "asset": ids["asset"]}, {"campaign": ids["campaign"], "asset": ids["tag"]}],
        "UndoCampaignTick": [{"campaign": ids["campaign"], "asset": ids["asset"], "reason": "Mine"},
                             {"campaign": ids["campaign"], "asset": ids["tag"], "reason": "Mine"}],
        "ListCampaignItems": [{"campaign": ids["campaign"]}, {"campaign": ids["campaign"], "agency": ids["agency"]}],
        "SummarizeCampaigns": [{"campaign": ids["campaign"]}, {"campaign": ids["campaign"], "agency": ids["agency"]},
                               {"agency": ids["agency"]}, {}],
        "EndCampaign": [{"campaign": ids["campaign"], "revision": 1, "state": "closed"},
                        {"campaign": ids["campaign"], "revision": 1, "state": "cancelled", "reason": "Mine"}],
        "CreateServiceRecord": [{"asset": ids["asset"], "plan": ids["plan"], "result": "passed"},
                                {"asset": ids["tag"], "plan": ids["plan"], "result": "passed"}],
        "ImportResults": [{"plan": ids["plan"], "rows": [{"line": 2, "run": 1, "serial": ids["serial"], "tested_at": f"{day(-1)} 10:00",
                                                          "analyser": "MINE", "step": "mine", "value": "1", "unit": "Hz"}]},
                          {"rows": [{"line": 2, "run": 1, "serial": ids["serial"], "tag": ids["tag"], "tested_at": f"{day(-1)} 10:00"}]}],
        "ListServiceRecords": [{"agency": ids["agency"]}, {"asset": ids["asset"]}, {"asset": ids["tag"]}, {}],
        "GetTicket": [{"ticket": ids["ticket"]}, {"ticket": ids["number"]}],
        "ListTickets": [{"agency": ids["agency"], "closed": True}, {"asset": ids["asset"], "closed": True}, {"closed": True},
                        {"parent": ids["ticket"], "closed": True}, {"parent": ids["number"], "closed": True}],
        "LookupTickets": [{"query": CANARY}, {"query": CANARY, "agency": ids["agency"]}, {"query": ids["number"]}, {"query": ids["tag"]}],
        "ListSynonyms": [{}],
        "AddSynonym": [{"synonym": {"word": "lsu one", "means": "mine"}}],
        "RemoveSynonym": [{"word": "lsu one"}],
        "OpenTicket": [{"asset": ids["asset"], "problem": "Mine"}, {"asset": ids["tag"], "problem": "Mine"}],
        "UpdateTicket": [{"ticket": {"id": ids["ticket"], "cause": "Mine", "revision": 1}, "update_mask": ["cause"]},
                         {"ticket": {"number": ids["number"], "cause": "Mine", "revision": 1}, "update_mask": ["cause"]}],
        "MoveTicket": [{"ticket": ids["ticket"], "revision": 1, "state": "received"},
                       {"ticket": ids["number"], "revision": 1, "state": "closed"}],
        "AddTicketEntry": [{"ticket": ids["ticket"], "kind": "note", "text": "Mine"},
                           {"ticket": ids["number"], "kind": "note", "text": "Mine"}],
        "LogRepair": [{"asset": ids["asset"], "problem": "Mine", "action": "Mine"},
                      {"asset": ids["tag"], "problem": "Mine", "action": "Mine"}],
        "WatchTicket": [{"ticket": ids["ticket"]}, {"ticket": ids["number"], "principal": "lsu-everything"}],
        "UnwatchTicket": [{"ticket": ids["ticket"]}, {"ticket": ids["number"], "principal": "vera"}],
        "RequestApproval": [{"ticket": ids["ticket"], "revision": 1, "estimate_cents": 5, "reason": "Mine"},
                            {"ticket": ids["number"], "revision": 1, "estimate_cents": 5, "reason": "Mine"}],
        "ApproveTicket": [{"ticket": ids["ticket"], "revision": 1}, {"ticket": ids["number"], "revision": 1}],
        "DeclineTicket": [{"ticket": ids["ticket"], "revision": 1, "note": "Mine"},
                          {"ticket": ids["number"], "revision": 1, "note": "Mine"}],
        "GetTicketCode": [{"kind": "problem", "code": ids["tag"]}],
        "ListTicketCodes": [{}],
        "CreateTicketCode": [{"code": {"kind": "problem", "code": "LSU1", "name": "Mine"}}],
        "UpdateTicketCode": [{"code": {"kind": "problem", "code": "NO_TX", "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "GetTicketTerms": [{"agency": ids["agency"]}],
        "UpdateTicketTerms": [{"terms": {"agency": ids["agency"], "return_days": 1, "revision": 1}, "update_mask": ["return_days"]}],
        "GetPart": [{"part": ids["part"]}],
        "ListParts": [{}],
        "CreatePart": [{"part": {"number": ids["part"], "name": "Mine"}}],
        "UpdatePart": [{"part": {"number": ids["part"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "ListPartUses": [{"agency": ids["agency"]}, {"ticket": ids["ticket"]}, {"ticket": ids["number"]}, {"part": ids["part"]}, {}],
        "GetStockLocation": [{"location": ids["location"]}],
        "ListStockLocations": [{}],
        "CreateStockLocation": [{"location": {"code": ids["location"], "name": "Mine"}}],
        "UpdateStockLocation": [{"location": {"code": ids["location"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "ListStock": [{"part": ids["part"]}, {"location": ids["location"]}, {"below_reorder": True}, {}],
        "ListPartMoves": [{"part": ids["part"]}, {"location": ids["location"]}, {}],
        "ReceiveParts": [{"part": ids["part"], "location": ids["location"], "quantity": 1, "unit_cost_cents": 1}],
        "UseParts": [{"ticket": ids["ticket"], "part": ids["part"]}, {"ticket": ids["number"], "part": ids["part"]}],
        "ReturnParts": [{"ticket": ids["ticket"], "part": ids["part"]}, {"ticket": ids["number"], "part": ids["part"]}],
        "MoveParts": [{"part": ids["part"], "location": ids["location"], "to_location": ids["location"]}],
        "CountParts": [{"part": ids["part"], "location": ids["location"], "found": 1, "reason": "Mine"}],
        "ScrapParts": [{"part": ids["part"], "location": ids["location"], "reason": "Mine"}],
        "GetAttachment": [{"record": ids["attachment"]}, {"record": ids["upload"]}, {"record": ids["number"], "name": ids["file"]},
                          {"record": ids["tag"], "name": ids["file"]}],
        "ListApprovedFirmware": [{}],
        "SetApprovedFirmware": [{"firmware": {"model": "H98UCF9PW6BN", "version": "MINE"}}],
        "ListOffFirmware": [{"agency": ids["agency"]}, {"agency": ids["agency"], "standing": "not_known"}],
        "SummarizeFirmware": [{"agency": ids["agency"]}],
        "ListFirmwareHistory": [{"asset": ids["asset"]}, {"asset": ids["tag"]}],
        "GetDecoding": [{"asset": ids["asset"]}, {"asset": ids["tag"]}, {"asset": ids["serial"], "flashcode": "000080-000000-3"}],
        "ListCapability": [{"capability": "phase2_tdma", "agency": ids["agency"]}, {"capability": "gps", "standing": "lacks"}],
        "SummarizeCapabilities": [{"agency": ids["agency"]}, {"capability": "phase2_tdma"}],
        "ListFlashcodeOptions": [{"page_size": 1000}],
        "AddFlashcodeOption": [{"option": {"part": "MINE1", "name": "mine", "character": 22}}],
        "RemoveFlashcodeOption": [{"option": {"part": "MINE1", "character": 22}}],
        "ListAttachments": [{"agency": ids["agency"]}, {"record": ids["number"]}, {"record": ids["asset"]}, {"state": "uploading"}, {}],
        "ExportAttachment": [{"attachment": ids["attachment"]}, {"attachment": ids["upload"]}],
        "StartUpload": [{"record": record, "name": ids["file"], "size_bytes": 9, "sha256": "0" * 64} for record in (ids["number"], ids["tag"])],
        "PutChunk": [{"upload": ids[which], "data": b"123456789"} for which in ("upload", "attachment")],
        "FinishUpload": [{"upload": ids["upload"]}, {"upload": ids["attachment"]}],
        "RemoveAttachment": [{"attachment": ids["attachment"], "reason": "Mine"}, {"attachment": ids["upload"], "reason": "Mine"}],
        "GetAttachmentLimits": [{"agency": ids["agency"]}],
        "UpdateAttachmentLimits": [{"limits": {"agency": ids["agency"], "file_bytes": 1, "revision": 1}, "update_mask": ["file_bytes"]}],
        "GetRma": [{"rma": ids["rma"]}, {"rma": ids["rma_id"]}, {"rma": ids["number"]}],
        "ListRmas": [{"agency": ids["agency"], "closed": True}, {"ticket": ids["number"]}, {"ticket": ids["ticket"]}, {}],
        "OpenRma": [{"ticket": ids["ticket"], "number": "MINE", "kind": "depot"}, {"ticket": ids["number"], "number": "MINE", "kind": "depot"}],
        "ShipRma": [{"rma": ids["rma"], "revision": 1}, {"rma": ids["rma_id"], "revision": 1}, {"rma": ids["number"], "revision": 1}],
        "ReceiveRma": [{"rma": ids["rma"], "revision": 1, "cost_cents": 5}, {"rma": ids["rma_id"], "revision": 1}],
        "CancelRma": [{"rma": ids["rma"], "revision": 1, "reason": "Mine"}, {"rma": ids["number"], "revision": 1, "reason": "Mine"}],
        "ConfirmRmaCodeplug": [{"rma": ids["rma"], "revision": 1}, {"rma": ids["rma_id"], "revision": 1}],
        "GetLoan": [{"loan": ids["loan"]}, {"loan": ids["lent"]}, {"loan": f"{ids['agency']}:{ids['lent']}"}, {"loan": ids["number"]}, {"loan": ids["tag"]}],
        "ListLoans": [{"agency": ids["agency"], "returned": True}, {"asset": ids["lent"]}, {"ticket": ids["number"]}, {"ticket": ids["ticket"]}, {}],
        "IssueLoan": [{"asset": ids["lent"], "borrower": "Mine", "due_on": day(1)}, {"asset": ids["lent"], "ticket": ids["number"], "borrower": "Mine"},
                      {"asset": ids["asset"], "borrower": "Mine", "borrower_agency": "LSU", "due_on": day(1)}],
        "ExtendLoan": [{"loan": ids["loan"], "revision": 1, "due_on": day(5), "reason": "Mine"}, {"loan": ids["lent"], "revision": 1, "due_on": day(5), "reason": "Mine"}],
        "ReturnLoan": [{"loan": ids["loan"], "revision": 1}, {"loan": ids["lent"], "revision": 1}, {"loan": ids["number"], "revision": 1}],
        "ListLoaners": [{"agency": ids["agency"]}, {}],
        "GetKeyset": [{"keyset": ids["keyset"]}, {"keyset": ids["keyset_id"]}, {"keyset": f"{ids['agency']}:{ids['keyset']}"}],
        "ListKeysets": [{"agency": ids["agency"]}, {}],
        "CreateKeyset": [{"keyset": {"agency": ids["agency"], "code": "MINE", "name": "Mine", "number": 1, "algorithm": "adp", "ckrs": "1"}}],
        "UpdateKeyset": [{"keyset": {"id": ids["keyset_id"], "name": "Mine", "revision": 1}, "update_mask": ["name"]},
                         {"keyset": {"code": ids["keyset"], "name": "Mine", "revision": 1}, "update_mask": ["name"]}],
        "SupersedeKeyset": [{"keyset": ids["keyset"], "revision": 1, "reason": "Mine"}, {"keyset": ids["keyset_id"], "revision": 1, "reason": "Mine"}],
        "ReinstateKeyset": [{"keyset": ids["keyset"], "revision": 1}, {"keyset": ids["keyset_id"], "revision": 1}],
        "LoadKeyset": [{"keyset": ids["keyset"], "assets": ["X"], "means": "otar"}, {"keyset": ids["keyset_id"], "assets": [ids["asset"]], "means": "otar"}],
        "EraseKeys": [{"assets": [ids["asset"]], "zeroized": True}, {"assets": [ids["tag"]], "zeroized": True},
                      {"assets": ["X"], "keyset": ids["keyset"]}],
        "ListKeyLoads": [{"agency": ids["agency"]}, {"asset": ids["asset"]}, {"asset": ids["tag"]}, {"keyset": ids["keyset"]}, {"keyset": ids["keyset_id"]}, {}],
        "SummarizeKeyHolders": [{"agency": ids["agency"]}, {"keyset": ids["keyset"]}, {}],
        "AddLoaner": [{"asset": ids["asset"]}, {"asset": ids["tag"]}],
        "RemoveLoaner": [{"asset": ids["lent"]}],
        "GetCustodian": [{"custodian": ids["custodian"]}, {"custodian": ids["custodian_id"]}, {"custodian": f"{ids['agency']}:{ids['custodian']}"}],
        "ListCustodians": [{"agency": ids["agency"], "inactive": True}, {}],
        "CreateCustodian": [{"custodian": {"agency": ids["agency"], "code": ids["custodian"], "name": "Mine"}}],
        "UpdateCustodian": [{"custodian": {"id": ids[which], "name": "Mine", "revision": 1}, "update_mask": ["name"]} for which in ("custodian", "custodian_id")],
        "RetireAssets": [{"assets": [code], "reason": "surplus"} for code in (ids["retired"], f"{ids['agency']}:{ids['retired']}")],
        "DisposeAssets": [{"assets": [code], "method": "scrapped"} for code in (ids["retired"], f"{ids['agency']}:{ids['retired']}")],
        "GetRetirement": [{"asset": ids["retired"]}, {"asset": f"{ids['agency']}:{ids['retired']}"}, {"asset": ids["retirement"]}],
        "ListRetirements": [{"agency": ids["agency"]}, {"asset": ids["retired"]}, {"state": "disposed"}],
        "UpdateRetirement": [{"retirement": {"id": ids[which], "revision": 2, "note": "Mine"}, "update_mask": ["note"]} for which in ("retired", "retirement")],
        "OfferTransfer": [{"assets": [ids["asset"]], "to": ids["agency"]}, {"assets": [ids["retired"]], "to": "LSU", "at_once": True}],
        **{f"{verb}Transfer": [{"transfer": ids["transfer"]}] for verb in ("Accept", "Decline", "Withdraw", "Get")},
        "ListTransfers": [{"agency": ids["agency"]}, {}],
        "CheckOutAssets": [{"assets": [ids["asset"]], "to": ids["custodian"]}, {"assets": [ids["held"]], "to": ids["custodian_id"]}],
        "CheckInAssets": [{"assets": [ids["held"]]}, {"assets": [f"{ids['agency']}:{ids['held']}"], "location": "Mine"}],
        "ListCustody": [{"agency": ids["agency"], "returned": True}, {"asset": ids["held"]}, {"custodian": ids["custodian"]}, {"custodian": ids["custodian_id"]}, {}],
        "ListAssetHistory": [{"asset": ids["held"]}, {"asset": ids["asset"], "on": day()}],
        "StartInventory": [{"agency": ids["agency"]}, {"agency": ids["agency"], "location": CANARY}],
        "ScanInventory": [{"inventory": ids["inventory"], "code": [ids["tag"], ids["lent"]]}],
        "UndoInventoryScan": [{"inventory": ids["inventory"], "code": ids["tag"]}],
        "GetInventory": [{"inventory": ids["inventory"]}],
        "ListInventories": [{"agency": ids["agency"]}, {"state": "open"}, {}],
        "SummarizeInventory": [{"inventory": ids["inventory"]}],
        "ListInventoryItems": [{"inventory": ids["inventory"]}, {"inventory": ids["inventory"], "verdict": "unexpected"}],
        "CloseInventory": [{"inventory": ids["inventory"], "set_missing": True, "set_location": True}],
        "AttachAssets": [{"assets": [ids["component"]], "to": ids["asset"], "move": True}, {"assets": [ids["held"]], "to": ids["tag"]}],
        "DetachAssets": [{"assets": [ids["component"]]}, {"assets": [f"{ids['agency']}:{ids['component']}"]}],
        "ListComponents": [{"agency": ids["agency"], "detached": True}, {"asset": ids["component"]}, {"parent": ids["held"]}, {}],
        "ListBatteries": [{"agency": ids["agency"]}, {}],
        "SetDateCode": [{"asset": ids["component"], "date_code": "635", "revision": 1}, {"asset": ids["component"], "date_code": "635"}],
        "SummarizeReplacements": [{"agency": ids["agency"]}, {}],
        "ListReplacements": [{"agency": ids["agency"]}, {"unknown": True}, {}],
        "ListReplacementTerms": [{}],
        "SetReplacementTerms": [{"class": "control_station", "life_years": 9}],
        "GetShopCalendar": [{}],
        "UpdateShopCalendar": [{"calendar": {"time_zone": "UTC", "revision": 1}, "update_mask": ["time_zone"]}],
        "AddShopHoliday": [{"day": "2026-12-25", "name": "Mine"}],
        "RemoveShopHoliday": [{"day": "2026-12-25"}],
        "EmitAlerts": [{"agency": ids["agency"]}, {}],
        "ListAlerts": [{"agency": ids["agency"]}, {}],
        "AckAlert": [{"alert": ids["alert"], "note": "Mine"}],
        "GetAgreement": [{"month": "2180-01"}],
        "ListAgreements": [{}],
        "SetAgreement": [{"from_month": "2180-01", "revision": 1, "split": "radios", "members": [{"agency": ids["agency"], "kind": "member"}]}],
        "PreviewMonth": [{"month": ids["month"]}],
        "PreviewStatement": [{"agency": ids["agency"], "month": ids["month"]}],
        "CloseMonth": [{"month": ids["month"]}],
        "SummarizeMonth": [{"month": ids["month"]}],
        "GetStatement": [{"agency": ids["agency"], "month": ids["month"]}],
        "ListStatements": [{"agency": ids["agency"]}, {"month": ids["month"]}, {}],
        "ListStatementLines": [{"agency": ids["agency"], "month": ids["month"]}, {"agency": "SHOP", "month": ids["month"]}],
        "AddCorrection": [{"agency": ids["agency"], "amount_cents": -5, "text": "Mine"}],
        "AddFundMovement": [{"kind": "payout", "agency": ids["agency"], "amount_cents": 5, "text": "Mine"}],
        "ListFundMovements": [{"agency": ids["agency"]}, {}],
        "GetLabourRate": [{"technician": "tina", "day": "2180-01-01"}],
        "ListLabourRates": [{}],
        "SetLabourRate": [{"from_day": "2180-01-01", "hourly_cents": 1, "technician": "tina"}],
        "SnoozeAlert": [{"alert": ids["alert"], "until": day(5), "note": "Mine"}],
        "GetAlertRules": [{"agency": ids["agency"]}, {}],
        "SetAlertRule": [{"agency": ids["agency"], "kind": "due_soon"}],
        "SummarizeAlerts": [{"agency": ids["agency"]}, {}],
        "GetAlertRoute": [{"agency": ids["agency"], "route": ids["route"]}],
        "ListAlertRoutes": [{"agency": ids["agency"]}, {}],
        "CreateAlertRoute": [{"route": {"agency": ids["agency"], "code": "MINE", "channel": "output"}}],
        "UpdateAlertRoute": [{"route": {"agency": ids["agency"], "code": ids["route"], "stopped": True, "revision": 1},
                              "update_mask": ["stopped"]}],
        "ClaimDeliveries": [{"agency": ids["agency"], "host": "mine"}, {"host": "mine"}],
        "ConfirmDelivery": [{"delivery": ids["delivery"], "generation": 1, "outcome": "delivered", "reply": "Mine"}],
        "ListDeliveries": [{"agency": ids["agency"]}, {"alert": ids["alert"]}, {}],
        **{f"Summarize{name}": [{"agency": ids["agency"]}, {}]
           for name in ("DueWeeks", "Turnaround", "Ageing", "Repeats", "Costs", "Failures")},
        "SummarizeCompliance": [{"agency": ids["agency"]}, {"plan": ids["plan"]}, {}],
        "GetCaller": [{}],
        "GetPrincipal": [{"principal": "frank"}],
        "ListPrincipals": [{}],
        "CreatePrincipal": [{"principal": {"name": "mine", "display_name": "Mine"}}],
        "UpdatePrincipal": [{"principal": {"name": "frank", "display_name": "Mine", "revision": 1},
                             "update_mask": ["display_name"]}],
        "GrantRole": [{"principal": ids.get("person", "lsu-everything"), "role": "viewer", "agency": ids["agency"]}],
        "RevokeRole": [{"principal": "frank", "role": "fleet_manager", "agency": ids["agency"]}],
        "ListEvents": [{"agency": ids["agency"]}, {"resource_id": ids["asset"]}, {"resource_id": ids["ticket"]}, {}],
    }
    return table[name]


def test_every_method_has_a_probe(ours):
    for name in contract.methods():
        assert probes(name, ours), f"{name} has no probe"


def outcome(caller, method, values, ids):
    """Status, sentence and rows of a call, with the names that it was given taken out."""
    try:
        reply = caller.call(method, values)
        text = "OK " + repr(reply)
    except Refused as refusal:
        text = f"{refusal.code} {refusal.text} {refusal.fields} {refusal.reason}"
    for value in sorted(ids.values(), key=lambda v: -len(str(v))):
        if isinstance(value, str) and len(value) > 2:
            text = re.sub(re.escape(value), "X", text, flags=re.IGNORECASE)
    # What differs from call to call anyway.
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    return re.sub(r"(seconds|nanos): \d+", r"\1: N", text)


@pytest.mark.parametrize("name", sorted(contract.methods()))
def test_method(world, migrated, ours, name):
    method = contract.methods()[name]
    counted = "SELECT count(*) FROM radioshop.event e JOIN radioshop.agency a USING (agency_id) WHERE a.code = 'IND'"
    before = migrated.value(counted)
    with world.fresh_caller("lsu-everything") as spy:
        for hit, miss in zip(probes(name, ours), probes(name, ABSENT)):
            answer = outcome(spy, method, hit, ours)
            assert CANARY.lower() not in answer.lower(), answer
            if "agency" in str(hit) or hit != miss:
                assert answer == outcome(spy, method, miss, ABSENT), f"{hit} is told from what does not exist"
        received = bytes(spy.received)
    # The names the caller itself sent may come back in a sentence; nothing else of IND may.
    for sent in (ours["tag"], ours["lent"], ours["keyset"], ours["serial"], ours["alias"]):
        received = re.sub(re.escape(sent.encode()), b"", received, flags=re.IGNORECASE)
    assert CANARY.lower().encode() not in received.lower()
    assert migrated.value(counted) == before, f"{name} changed rows of IND"


def test_the_probes_do_reach(world, ours):
    """The other side of the coin: with a grant, the same reads do bring canaries, so the probes aim well."""
    for name in ("GetAsset", "ListAssets", "LookupAssets", "LookupMatches", "ExportAssets", "GetPlan", "ListDue", "SummarizeDue", "ListServiceRecords",
                 "ListDueChanges", "ListMeterReadings",
                 "GetTicket", "ListTickets", "ListAlerts", "ListEvents", "GetAgency", "ListPlans", "GetAgreement", "ListAgreements",
                 "GetPart", "ListParts", "ListPartUses", "GetStockLocation", "ListStockLocations", "ListPartMoves",
                 "GetAlertRoute", "ListAlertRoutes", "ListDeliveries",
                 "SummarizeMonth", "GetStatement", "ListStatements", "ListFundMovements", "GetRma", "ListRmas",
                 "ListCapability", "ListFirmwareHistory", "GetCampaign", "ListCampaigns", "ListCampaignItems", "ListLoans", "ListLoaners",
                 "GetCustodian", "ListCustodians", "ListCustody", "ListAssetHistory", "ListComponents", "ListBatteries", "GetRetirement", "ListRetirements", "GetTransfer", "ListTransfers",
                 "GetInventory", "ListInventories", "SummarizeInventory", "ListInventoryItems",
                 "GetMapping", "ListMappings", "GetKeyset", "ListKeysets", "ListKeyLoads", "SummarizeKeyHolders", "GetField", "ListFields"):
        for values in probes(name, ours):
            method = contract.methods()[name]
            # Other tests have filled the lists as well.
            paged = {"page_size": 1000} if "page_size" in method.request.DESCRIPTOR.fields_by_name else {}
            assert CANARY in repr(world.vera.call(method, {**paged, **values})), f"{name} {values}"


def test_the_lines_of_a_statement_do_reach(world, ours):
    assert CANARY in repr(world.vera.ListStatementLines(agency="IND", month=ours["month"]))


def test_request_id_of_somebody_else(world, ours):
    """A request_id is its principal's own: the same one of another caller neither answers nor blocks."""
    asset = world.asset("LSU")
    ticket = world.caller("lsu-everything").OpenTicket(request_id=ours["request"], asset=asset.id, problem="mine").ticket
    assert ticket.agency == "LSU" and ticket.tag == asset.tag


def test_a_page_token_is_no_key(world, ours):
    """A token from a list of IND opens nothing in the hands of another."""
    token = world.frank.ListAssets(page_size=1).next_page_token
    if token:
        try:
            rows = world.lee.ListAssets(page_size=5, page_token=token).assets
            assert all(row.agency == "LSU" for row in rows)
        except Refused as refusal:
            assert refusal.code == "INVALID_ARGUMENT"


def test_same_tag_and_serial_in_two_agencies(world):
    """Codes are unique within an agency, so neither side learns that the other uses them."""
    number = world.number()
    values = {"tag": f"TWIN{number}", "serial": f"TWINS{number}", "class": "portable"}
    first = world.caller("ind-technician").CreateAsset(asset={"agency": "IND", **values}).asset
    second = world.caller("lsu-everything").CreateAsset(asset={"agency": "LSU", **values}).asset
    assert first.id != second.id
    assert world.frank.GetAsset(asset=f"TWIN{number}").asset.id == first.id
    assert world.lee.GetAsset(asset=f"TWINS{number}").asset.id == second.id


def test_foreign_keys_cannot_cross(migrated):
    """Every foreign key between tables with agency data carries the agency (foreign keys do not see policies)."""
    rows = migrated.sql("""
        SELECT c.conrelid::regclass, c.conname FROM pg_constraint c
        JOIN pg_attribute mine ON mine.attrelid = c.conrelid AND mine.attname = 'agency_id'
        JOIN pg_attribute theirs ON theirs.attrelid = c.confrelid AND theirs.attname = 'agency_id'
        WHERE c.contype = 'f' AND c.connamespace = 'radioshop'::regnamespace
          -- The agency that borrows, and no row but that; a keyset of the shop, held by its CHECK; the loader, which whoever loads has looked up.
          AND c.conname <> ALL ('{loan_borrower_known,transfer_receiver_known,transfer_item_new_known,keyset_successor_known,key_load_keyset_known,key_load_loader_known}')
          AND NOT (mine.attnum = ANY (c.conkey) AND theirs.attnum = ANY (c.confkey))""")
    assert rows == [], rows


def test_row_level_security_is_forced(migrated):
    rows = migrated.sql("""
        SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'agency_id'
        WHERE c.relnamespace = 'radioshop'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)""")
    assert rows == [], rows
