"""Every method with every role: the table below is the policy, written down a second time on purpose."""

import pytest

from rig import contract
from rig.caller import Refused
from rig.world import ROLES

READERS = "viewer technician fleet_manager admin"
MAY = {
    "GetAgency": READERS, "ListAgencies": READERS + " alerter", "GetModel": READERS, "ListModels": READERS + " alerter",
    "ListUnitBlocks": READERS, "LookupFreeUnitIds": READERS, "GrantUnitBlock": "admin", "RevokeUnitBlock": "admin",
    "GetRadioSystem": READERS, "ListRadioSystems": READERS + " alerter", "CreateRadioSystem": "admin", "UpdateRadioSystem": "admin",
    "GetAsset": READERS, "ListAssets": READERS, "LookupAssets": READERS, "LookupMatches": READERS, "ExportAssets": READERS,
    "GetPlan": READERS, "ListPlans": READERS, "ListDue": READERS, "SummarizeDue": READERS,
    "ListServiceRecords": READERS, "ListLimits": READERS, "SetLimit": "admin",
    "GetProcedure": READERS, "ListProcedures": READERS, "GetAnalyser": READERS, "ListAnalysers": READERS, "GetServiceSheet": READERS,
    "SummarizeTrends": READERS, "ListEarlyCalls": READERS,
    "CreateProcedure": "admin", "UpdateProcedure": "admin", "ReviseProcedure": "admin", "AttachProcedure": "fleet_manager admin",
    "CreateAnalyser": "admin", "UpdateAnalyser": "admin",
    "GetTicket": READERS, "ListTickets": READERS, "ListAlerts": READERS + " alerter", "ListEvents": READERS,
    **{f"Summarize{name}": READERS for name in ("Compliance", "DueWeeks", "Turnaround", "Ageing", "Repeats", "Costs", "Failures")},
    "GetCaller": READERS + " alerter",
    "CreateAgency": "admin", "UpdateAgency": "admin", "CreateModel": "admin", "UpdateModel": "admin",
    "ImportModels": "admin", "CreatePrincipal": "admin", "UpdatePrincipal": "admin", "GrantRole": "admin",
    "RevokeRole": "admin", "GetPrincipal": "admin", "ListPrincipals": "admin",
    "CreateAsset": "technician fleet_manager admin", "UpdateAsset": "technician fleet_manager admin",
    "ImportAssets": "technician fleet_manager admin", "StartImport": "technician fleet_manager admin",
    "EndImport": "technician fleet_manager admin", "GetImport": READERS, "ListImports": READERS,
    "CreatePlan": "fleet_manager admin", "UpdatePlan": "fleet_manager admin",
    "ListDueChanges": READERS, "ListMeterReadings": READERS, "DecideDeferral": "fleet_manager admin",
    "SkipDue": "technician fleet_manager admin", "DeferDue": "technician fleet_manager admin",
    "RecordMeter": "technician fleet_manager admin", "ImportMeterReadings": "technician fleet_manager admin",
    "PreviewCampaign": "admin", "CreateCampaign": "admin", "AddCampaignItem": "admin", "UpdateCampaign": "admin", "EndCampaign": "admin",
    "GetCampaign": READERS, "ListCampaigns": READERS, "ListCampaignItems": READERS, "SummarizeCampaigns": READERS,
    "TickCampaignItem": "technician admin", "UndoCampaignTick": "technician admin",
    "CreateServiceRecord": "technician admin", "ImportResults": "technician admin",
    "OpenTicket": "technician fleet_manager admin", "UpdateTicket": "technician admin", "MoveTicket": "technician admin",
    "GetAgreement": READERS, "ListAgreements": READERS, "SetAgreement": "admin",
    "PreviewMonth": "admin", "PreviewStatement": "admin", "CloseMonth": "admin", "SummarizeMonth": READERS, "GetStatement": READERS,
    "ListStatements": READERS, "ListStatementLines": READERS, "AddCorrection": "admin", "AddFundMovement": "admin", "ListFundMovements": READERS,
    "GetLabourRate": READERS, "ListLabourRates": READERS, "SetLabourRate": "admin",
    "AddTicketEntry": "technician admin", "LogRepair": "technician admin", "RequestApproval": "technician admin",
    "ApproveTicket": "fleet_manager", "DeclineTicket": "fleet_manager",
    "LookupTickets": READERS, "ListSynonyms": READERS, "AddSynonym": "admin", "RemoveSynonym": "admin", "WatchTicket": READERS, "UnwatchTicket": READERS,
    "GetTicketCode": READERS, "ListTicketCodes": READERS, "CreateTicketCode": "admin", "UpdateTicketCode": "admin",
    "GetShopCalendar": READERS, "UpdateShopCalendar": "admin", "AddShopHoliday": "admin", "RemoveShopHoliday": "admin",
    "GetTicketTerms": READERS, "UpdateTicketTerms": "fleet_manager admin",
    "GetMapping": READERS, "ListMappings": READERS, "SaveMapping": "technician fleet_manager admin", "RemoveMapping": "technician fleet_manager admin",
    "ListSharedSerials": READERS,
    "ListApprovedFirmware": READERS, "SetApprovedFirmware": "admin", "ListOffFirmware": READERS, "SummarizeFirmware": READERS,
    "ListFirmwareHistory": READERS,
    "GetDecoding": READERS, "ListCapability": READERS, "SummarizeCapabilities": READERS, "ListFlashcodeOptions": READERS,
    "AddFlashcodeOption": "admin", "RemoveFlashcodeOption": "admin",
    "GetAttachment": READERS, "ListAttachments": READERS, "ExportAttachment": READERS, "GetAttachmentLimits": READERS,
    "StartUpload": "technician fleet_manager admin", "PutChunk": "technician fleet_manager admin",
    "FinishUpload": "technician fleet_manager admin", "RemoveAttachment": "technician fleet_manager admin", "UpdateAttachmentLimits": "admin",
    "GetRma": READERS, "ListRmas": READERS, "OpenRma": "technician admin", "ShipRma": "technician admin",
    "ReceiveRma": "technician admin", "CancelRma": "technician admin", "ConfirmRmaCodeplug": "technician admin",
    "GetLoan": READERS, "ListLoans": READERS, "ListLoaners": READERS,
    **{f"{verb}Loan": "technician fleet_manager admin" for verb in ("Issue", "Extend", "Return")},
    "SummarizeReplacements": READERS, "ListReplacements": READERS, "ListReplacementTerms": READERS, "SetReplacementTerms": "admin",
    "GetInventory": READERS, "ListInventories": READERS, "ListInventoryItems": READERS, "SummarizeInventory": READERS,
    **{name: "technician fleet_manager admin" for name in ("StartInventory", "ScanInventory", "UndoInventoryScan")}, "CloseInventory": "fleet_manager admin",
    "AddLoaner": "fleet_manager admin", "RemoveLoaner": "fleet_manager admin",
    "GetCustodian": READERS, "ListCustodians": READERS, "ListCustody": READERS, "ListAssetHistory": READERS,
    "GetField": READERS, "ListFields": READERS, "CreateField": "fleet_manager admin", "UpdateField": "fleet_manager admin",
    "GetKeyset": READERS, "ListKeysets": READERS, "ListKeyLoads": READERS, "SummarizeKeyHolders": READERS,
    **{f"{verb}Keyset": "fleet_manager admin" for verb in ("Create", "Update", "Supersede", "Reinstate")},
    "LoadKeyset": "technician admin", "EraseKeys": "technician admin",
    "GetRetirement": READERS, "ListRetirements": READERS, "RetireAssets": "technician fleet_manager admin",
    "DisposeAssets": "fleet_manager admin", "UpdateRetirement": "fleet_manager admin",
    "GetTransfer": READERS, "ListTransfers": READERS, **{f"{verb}Transfer": "fleet_manager admin" for verb in ("Offer", "Accept", "Decline", "Withdraw")},
    "ListComponents": READERS, "ListBatteries": READERS,
    **{name: "technician fleet_manager admin" for name in ("AttachAssets", "DetachAssets", "SetDateCode", "CreateCustodian", "UpdateCustodian",
                                                          "CheckOutAssets", "CheckInAssets")},
    "GetPart": READERS, "ListParts": READERS, "CreatePart": "technician admin", "UpdatePart": "technician admin",
    "ListPartUses": READERS, "GetStockLocation": READERS, "ListStockLocations": READERS,
    "CreateStockLocation": "technician admin", "UpdateStockLocation": "technician admin", "ListStock": READERS,
    "ListPartMoves": READERS, "ReceiveParts": "technician admin", "UseParts": "technician admin",
    "ReturnParts": "technician admin", "MoveParts": "technician admin", "CountParts": "technician admin",
    "ScrapParts": "technician admin",
    "EmitAlerts": "alerter admin", "AckAlert": "technician fleet_manager admin",
    "SnoozeAlert": "technician fleet_manager admin", "SummarizeAlerts": READERS + " alerter",
    "GetAlertRules": READERS, "SetAlertRule": "fleet_manager admin",
    "GetAlertRoute": READERS, "ListAlertRoutes": READERS, "ListDeliveries": READERS + " alerter",
    "CreateAlertRoute": "fleet_manager admin", "UpdateAlertRoute": "fleet_manager admin",
    "ClaimDeliveries": "alerter admin", "ConfirmDelivery": "alerter admin",
}

# The stock of parts is the shop's own: the role is needed over every agency.
OF_THE_SHOP = {name for name in MAY if "Part" in name or "Stock" in name} - {"ListPartUses"}

# What a call needs so that it is looked at by the database, and does nothing although it may.
HARMLESS = {"EmitAlerts": {"agency": "NONE"}, **{name: {"update_mask": ["revision"]} for name in MAY if name.startswith("Update")}}


def test_the_table_is_whole():
    assert set(MAY) == set(contract.methods()), "a method without a row here, or a row without a method"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", sorted(contract.methods()))
def test_role(world, method, role):
    """Each principal holds one role over IND, or over every agency where the records are the shop's. The request is empty: a role that may gets past the check, no further."""
    code = "OK"
    try:
        world.caller(f"{'shop' if method in OF_THE_SHOP else 'ind'}-{role}").call(contract.methods()[method], HARMLESS.get(method, {}))
    except Refused as refusal:
        code = refusal.code
    if role in MAY[method].split():
        assert code not in ("PERMISSION_DENIED", "UNAUTHENTICATED", "INTERNAL", "UNKNOWN", "UNIMPLEMENTED") or (
            # The shop's own records need the role over the whole shop, not over one agency.
            role == "admin" and MAY[method] == "admin" and code == "PERMISSION_DENIED"), code
    else:
        assert code == "PERMISSION_DENIED"


@pytest.mark.parametrize("method", sorted(OF_THE_SHOP))
def test_the_stock_is_not_a_citys(world, method):
    for role in MAY[method].split():
        with pytest.raises(Refused) as refusal:
            world.caller(f"ind-{role}").call(contract.methods()[method], HARMLESS.get(method, {}))
        assert refusal.value.code == "PERMISSION_DENIED", f"{role}: {refusal.value}"


def test_a_city_admin_is_not_the_shops(world):
    """admin over one agency changes neither agencies, nor the catalogue, nor people."""
    admin = world.caller("ind-admin")
    tries = {
        "CreateAgency": {"agency": {"code": "EVIL", "name": "Evil"}},
        "CreateModel": {"model": {"number": "EVIL1", "manufacturer": "Evil", "class": "portable"}},
        "UpdateModel": {"model": {"number": "H98UCF9PW6BN", "family": "Evil", "revision": 1}, "update_mask": ["family"]},
        "ImportModels": {"models": [{"number": "EVIL2", "manufacturer": "Evil", "class": "portable"}]},
        "CreateRadioSystem": {"system": {"name": "Evil"}},
        "GrantUnitBlock": {"agency": "IND", "system": "Evil", "first": 1, "last": 9},
        "RevokeUnitBlock": {"agency": "IND", "system": "Evil", "first": 1, "last": 9},
        "UpdateRadioSystem": {"system": {"id": "00000000-0000-4000-8000-000000000001", "revision": 1, "notes": "Evil"}, "update_mask": ["notes"]},
        "SetLimit": {"limit": {"test": "evil", "direction": "maximum", "high": 1, "unit": "W", "source": "Evil"}},
        "CreateProcedure": {"procedure": {"code": "EVIL", "name": "Evil"}, "steps": [{"step": "evil", "kind": "check"}]},
        "CreateAnalyser": {"analyser": {"serial": "EVIL", "manufacturer": "Evil", "model": "Evil"}},
        "CreatePrincipal": {"principal": {"name": "evil", "display_name": "Evil"}},
        "UpdatePrincipal": {"principal": {"name": "frank", "disabled": True, "revision": 1}, "update_mask": ["disabled"]},
        "GrantRole": {"principal": "ind-admin", "role": "admin", "agency": ""},
        "RevokeRole": {"principal": "frank", "role": "fleet_manager", "agency": "IND"},
        "GetPrincipal": {"principal": "frank"},
        "SetAgreement": {"from_month": "2190-01", "split": "radios", "members": [{"agency": "IND", "kind": "member"}]},
        "SetLabourRate": {"from_day": "2190-01-01", "hourly_cents": 1},
        "UpdateShopCalendar": {"calendar": {"time_zone": "UTC", "revision": 1}, "update_mask": ["time_zone"]},
        "AddShopHoliday": {"day": "2026-12-25", "name": "Evil"},
        "RemoveShopHoliday": {"day": "2026-12-25"},
        "CreateCampaign": {"campaign": {"code": "EVIL", "name": "Evil", "kind": "other"}, "selection": {"agency": ["IND"]}},
        "CreateTicketCode": {"code": {"kind": "problem", "code": "EVIL", "name": "Evil"}},
        "UpdateTicketCode": {"code": {"kind": "problem", "code": "NO_TX", "name": "Evil", "revision": 1}, "update_mask": ["name"]},
        "UpdateAttachmentLimits": {"limits": {"agency": "IND", "total_bytes": 1 << 40, "revision": 1}, "update_mask": ["total_bytes"]},
        "PreviewMonth": {"month": "2020-01"}, "PreviewStatement": {"agency": "IND", "month": "2020-01"}, "CloseMonth": {"month": "2020-01"},
        "SummarizeMonth": {"month": "2020-01"}, "AddCorrection": {"agency": "IND", "amount_cents": -5, "text": "Evil"},
        "AddFundMovement": {"kind": "payout", "agency": "IND", "amount_cents": 5, "text": "Evil"},
    }
    for name, values in tries.items():
        with pytest.raises(Refused) as refusal:
            getattr(admin, name)(**values)
        assert refusal.value.code in ("PERMISSION_DENIED", "NOT_FOUND"), f"{name}: {refusal.value}"
    assert not [p for p in admin_list(admin) if p.name != "ind-admin"]
    assert world.frank.GetCaller().principal.grants[0].agency == "IND"
    assert world.ada.GetModel(model="H98UCF9PW6BN").model.family == "APX 6000"


def admin_list(admin):
    try:
        return admin.ListPrincipals().principals
    except Refused as refusal:
        assert refusal.code == "PERMISSION_DENIED"
        return []
