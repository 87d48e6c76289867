/*
 * method.c: the table of methods, and the check that table, proto and SQL say the same. Called by main
 * at start and by call.c for every request. Owns the joined rows, which live as long as the program.
 *
 * To add a method: an rpc in proto/, a file in daemon/sql/, a row here.
 */
#include "method.h"

#include "message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who may call: roles as PostgreSQL array text, for radioshop.enter(). */
#define EVERYONE "{viewer,technician,fleet_manager,alerter,admin}"
#define READERS  "{viewer,technician,fleet_manager,admin}"
#define EDITORS  "{technician,fleet_manager,admin}"
#define PLANNERS "{fleet_manager,admin}"
#define BENCH    "{technician,admin}"
#define MANAGERS "{fleet_manager}"
#define ALERTERS "{alerter,admin}"
#define ADMINS   "{admin}"

/* clang-format off */
#define ROW(service, name, rows, class, roles) {#service "Service", #name, ROWS_##rows, BACKEND_##class, roles}

static const struct method_row rows[] = {
	/*  service        method               rows    class  who */
	ROW(Agency,        GetAgency,           ONE,    READ,  READERS),
	ROW(Agency,        ListAgencies,        PAGE,   READ,  EVERYONE),
	ROW(Agency,        CreateAgency,        ONE,    WRITE, ADMINS),
	ROW(Agency,        UpdateAgency,        ONE,    WRITE, ADMINS),
	ROW(Model,         GetModel,            ONE,    READ,  READERS),
	ROW(Model,         ListModels,          PAGE,   READ,  EVERYONE),
	ROW(Model,         CreateModel,         ONE,    WRITE, ADMINS),
	ROW(Model,         UpdateModel,         ONE,    WRITE, ADMINS),
	ROW(Model,         ImportModels,        ONE,    WRITE, ADMINS),
	ROW(RadioSystem,   GetRadioSystem,      ONE,    READ,  READERS),
	ROW(RadioSystem,   ListRadioSystems,    PAGE,   READ,  EVERYONE),
	ROW(RadioSystem,   CreateRadioSystem,   ONE,    WRITE, ADMINS),
	ROW(RadioSystem,   UpdateRadioSystem,   ONE,    WRITE, ADMINS),
	ROW(UnitBlock,     ListUnitBlocks,      PAGE,   READ,  READERS),
	ROW(UnitBlock,     LookupFreeUnitIds,   LIST,   READ,  READERS),
	ROW(UnitBlock,     GrantUnitBlock,      ONE,    WRITE, ADMINS),
	ROW(UnitBlock,     RevokeUnitBlock,     LIST,   WRITE, ADMINS),
	ROW(Limit,         ListLimits,          PAGE,   READ,  READERS),
	ROW(Limit,         SetLimit,            ONE,    WRITE, ADMINS),
	ROW(Asset,         GetAsset,            ONE,    READ,  READERS),
	ROW(Asset,         ListAssets,          PAGE,   READ,  READERS),
	ROW(Asset,         LookupAssets,        LIST,   READ,  READERS),
	ROW(Asset,         LookupMatches,       PAGE,   READ,  READERS),
	ROW(Asset,         CreateAsset,         ONE,    WRITE, EDITORS),
	ROW(Asset,         UpdateAsset,         ONE,    WRITE, EDITORS),
	ROW(Asset,         ImportAssets,        LIST,   SLOW,  EDITORS),
	ROW(Asset,         ExportAssets,        STREAM, SLOW,  READERS),
	ROW(Field,         GetField,            ONE,    READ,  READERS),
	ROW(Field,         ListFields,          PAGE,   READ,  READERS),
	ROW(Field,         CreateField,         ONE,    WRITE, PLANNERS),
	ROW(Field,         UpdateField,         ONE,    WRITE, PLANNERS),
	ROW(Asset,         ListSharedSerials,   PAGE,   SLOW,  READERS),
	ROW(Mapping,       GetMapping,          ONE,    READ,  READERS),
	ROW(Mapping,       ListMappings,        PAGE,   READ,  READERS),
	ROW(Mapping,       SaveMapping,         ONE,    WRITE, EDITORS),
	ROW(Mapping,       RemoveMapping,       ONE,    WRITE, EDITORS),
	ROW(Firmware,      ListApprovedFirmware, PAGE,  READ,  READERS),
	ROW(Firmware,      SetApprovedFirmware, ONE,    WRITE, ADMINS),
	ROW(Firmware,      ListOffFirmware,     PAGE,   SLOW,  READERS),
	ROW(Firmware,      SummarizeFirmware,   LIST,   SLOW,  READERS),
	ROW(Firmware,      ListFirmwareHistory, PAGE,   READ,  READERS),
	ROW(Flashcode,     GetDecoding,         ONE,    READ,  READERS),
	ROW(Flashcode,     ListCapability,      PAGE,   SLOW,  READERS),
	ROW(Flashcode,     SummarizeCapabilities, LIST, SLOW,  READERS),
	ROW(Flashcode,     ListFlashcodeOptions, PAGE,  READ,  READERS),
	ROW(Flashcode,     AddFlashcodeOption,  ONE,    WRITE, ADMINS),
	ROW(Flashcode,     RemoveFlashcodeOption, ONE,  WRITE, ADMINS),
	ROW(Import,        StartImport,         ONE,    WRITE, EDITORS),
	ROW(Import,        EndImport,           ONE,    WRITE, EDITORS),
	ROW(Import,        GetImport,           ONE,    READ,  READERS),
	ROW(Import,        ListImports,         PAGE,   READ,  READERS),
	ROW(Attachment,    GetAttachment,       ONE,    READ,  READERS),
	ROW(Attachment,    ListAttachments,     PAGE,   READ,  READERS),
	ROW(Attachment,    ExportAttachment,    STREAM, SLOW,  READERS),
	ROW(Attachment,    StartUpload,         ONE,    WRITE, EDITORS),
	ROW(Attachment,    PutChunk,            ONE,    WRITE, EDITORS),
	ROW(Attachment,    FinishUpload,        ONE,    SLOW,  EDITORS),
	ROW(Attachment,    RemoveAttachment,    ONE,    WRITE, EDITORS),
	ROW(Attachment,    GetAttachmentLimits, ONE,    READ,  READERS),
	ROW(Attachment,    UpdateAttachmentLimits, ONE, WRITE, ADMINS),
	ROW(Plan,          GetPlan,             ONE,    READ,  READERS),
	ROW(Plan,          ListPlans,           PAGE,   READ,  READERS),
	ROW(Plan,          CreatePlan,          ONE,    WRITE, PLANNERS),
	ROW(Plan,          UpdatePlan,          ONE,    WRITE, PLANNERS),
	ROW(Schedule,      ListDue,             PAGE,   READ,  READERS),
	ROW(Schedule,      SummarizeDue,        LIST,   SLOW,  READERS),
	ROW(Procedure,     GetProcedure,        ONE,    READ,  READERS),
	ROW(Procedure,     ListProcedures,      PAGE,   READ,  READERS),
	ROW(Procedure,     CreateProcedure,     ONE,    WRITE, ADMINS),
	ROW(Procedure,     UpdateProcedure,     ONE,    WRITE, ADMINS),
	ROW(Procedure,     ReviseProcedure,     ONE,    WRITE, ADMINS),
	ROW(Procedure,     AttachProcedure,     ONE,    WRITE, PLANNERS),
	ROW(Analyser,      GetAnalyser,         ONE,    READ,  READERS),
	ROW(Analyser,      ListAnalysers,       PAGE,   READ,  READERS),
	ROW(Analyser,      CreateAnalyser,      ONE,    WRITE, ADMINS),
	ROW(Analyser,      UpdateAnalyser,      ONE,    WRITE, ADMINS),
	ROW(Trend,         SummarizeTrends,     LIST,   READ,  READERS),
	ROW(Trend,         ListEarlyCalls,      PAGE,   SLOW,  READERS),
	ROW(ServiceRecord, GetServiceSheet,     LIST,   READ,  READERS),
	ROW(Schedule,      SkipDue,             ONE,    WRITE, EDITORS),
	ROW(Schedule,      DeferDue,            ONE,    WRITE, EDITORS),
	ROW(Schedule,      DecideDeferral,      ONE,    WRITE, PLANNERS),
	ROW(Schedule,      ListDueChanges,      PAGE,   READ,  READERS),
	ROW(Meter,         RecordMeter,         ONE,    WRITE, EDITORS),
	ROW(Meter,         ImportMeterReadings, LIST,   SLOW,  EDITORS),
	ROW(Meter,         ListMeterReadings,   PAGE,   READ,  READERS),
	ROW(Campaign,      PreviewCampaign,     ONE,    SLOW,  ADMINS),
	ROW(Campaign,      CreateCampaign,      ONE,    SLOW,  ADMINS),
	ROW(Campaign,      AddCampaignItem,     ONE,    WRITE, ADMINS),
	ROW(Campaign,      GetCampaign,         ONE,    READ,  READERS),
	ROW(Campaign,      ListCampaigns,       PAGE,   READ,  READERS),
	ROW(Campaign,      UpdateCampaign,      ONE,    WRITE, ADMINS),
	ROW(Campaign,      TickCampaignItem,    ONE,    WRITE, BENCH),
	ROW(Campaign,      UndoCampaignTick,    ONE,    WRITE, BENCH),
	ROW(Campaign,      ListCampaignItems,   PAGE,   SLOW,  READERS),
	ROW(Campaign,      SummarizeCampaigns,  LIST,   SLOW,  READERS),
	ROW(Campaign,      EndCampaign,         ONE,    WRITE, ADMINS),
	ROW(ServiceRecord, CreateServiceRecord, ONE,    WRITE, BENCH),
	ROW(ServiceRecord, ImportResults,       LIST,   SLOW,  BENCH),
	ROW(ServiceRecord, ListServiceRecords,  PAGE,   READ,  READERS),
	ROW(Ticket,        GetTicket,           ONE,    READ,  READERS),
	ROW(Ticket,        ListTickets,         PAGE,   READ,  READERS),
	ROW(Ticket,        LookupTickets,       PAGE,   SLOW,  READERS),
	ROW(Ticket,        OpenTicket,          ONE,    WRITE, EDITORS),
	ROW(Ticket,        UpdateTicket,        ONE,    WRITE, BENCH),
	ROW(Ticket,        MoveTicket,          ONE,    WRITE, BENCH),
	ROW(Ticket,        AddTicketEntry,      ONE,    WRITE, BENCH),
	ROW(Ticket,        LogRepair,           ONE,    WRITE, BENCH),
	ROW(Ticket,        WatchTicket,         ONE,    WRITE, READERS),
	ROW(Ticket,        UnwatchTicket,       ONE,    WRITE, READERS),
	ROW(Ticket,        RequestApproval,     ONE,    WRITE, BENCH),
	ROW(Ticket,        ApproveTicket,       ONE,    WRITE, MANAGERS),
	ROW(Ticket,        DeclineTicket,       ONE,    WRITE, MANAGERS),
	ROW(TicketCode,    GetTicketCode,       ONE,    READ,  READERS),
	ROW(TicketCode,    ListTicketCodes,     PAGE,   READ,  READERS),
	ROW(TicketCode,    CreateTicketCode,    ONE,    WRITE, ADMINS),
	ROW(TicketCode,    UpdateTicketCode,    ONE,    WRITE, ADMINS),
	ROW(Synonym,       ListSynonyms,        PAGE,   READ,  READERS),
	ROW(Synonym,       AddSynonym,          ONE,    WRITE, ADMINS),
	ROW(Synonym,       RemoveSynonym,       ONE,    WRITE, ADMINS),
	ROW(TicketTerms,   GetTicketTerms,      ONE,    READ,  READERS),
	ROW(TicketTerms,   UpdateTicketTerms,   ONE,    WRITE, PLANNERS),
	ROW(Part,          GetPart,             ONE,    READ,  READERS),
	ROW(Part,          ListParts,           PAGE,   READ,  READERS),
	ROW(Part,          CreatePart,          ONE,    WRITE, BENCH),
	ROW(Part,          UpdatePart,          ONE,    WRITE, BENCH),
	ROW(Part,          ListPartUses,        PAGE,   READ,  READERS),
	ROW(Stock,         GetStockLocation,    ONE,    READ,  READERS),
	ROW(Stock,         ListStockLocations,  PAGE,   READ,  READERS),
	ROW(Stock,         CreateStockLocation, ONE,    WRITE, BENCH),
	ROW(Stock,         UpdateStockLocation, ONE,    WRITE, BENCH),
	ROW(Stock,         ListStock,           PAGE,   READ,  READERS),
	ROW(Stock,         ListPartMoves,       PAGE,   READ,  READERS),
	ROW(Stock,         ReceiveParts,        ONE,    WRITE, BENCH),
	ROW(Stock,         UseParts,            ONE,    WRITE, BENCH),
	ROW(Stock,         ReturnParts,         ONE,    WRITE, BENCH),
	ROW(Stock,         MoveParts,           ONE,    WRITE, BENCH),
	ROW(Stock,         CountParts,          ONE,    WRITE, BENCH),
	ROW(Stock,         ScrapParts,          ONE,    WRITE, BENCH),
	ROW(Rma,           GetRma,              ONE,    READ,  READERS),
	ROW(Rma,           ListRmas,            PAGE,   READ,  READERS),
	ROW(Rma,           OpenRma,             ONE,    WRITE, BENCH),
	ROW(Rma,           ShipRma,             ONE,    WRITE, BENCH),
	ROW(Rma,           ReceiveRma,          ONE,    WRITE, BENCH),
	ROW(Rma,           CancelRma,           ONE,    WRITE, BENCH),
	ROW(Rma,           ConfirmRmaCodeplug,  ONE,    WRITE, BENCH),
	ROW(Loan,          GetLoan,             ONE,    READ,  READERS),
	ROW(Loan,          ListLoans,           PAGE,   READ,  READERS),
	ROW(Loan,          IssueLoan,           ONE,    WRITE, EDITORS),
	ROW(Loan,          ExtendLoan,          ONE,    WRITE, EDITORS),
	ROW(Loan,          ReturnLoan,          ONE,    WRITE, EDITORS),
	ROW(Loan,          ListLoaners,         PAGE,   READ,  READERS),
	ROW(Loan,          AddLoaner,           ONE,    WRITE, PLANNERS),
	ROW(Loan,          RemoveLoaner,        ONE,    WRITE, PLANNERS),
	ROW(Custodian,     GetCustodian,        ONE,    READ,  READERS),
	ROW(Custodian,     ListCustodians,      PAGE,   READ,  READERS),
	ROW(Custodian,     CreateCustodian,     ONE,    WRITE, EDITORS),
	ROW(Custodian,     UpdateCustodian,     ONE,    WRITE, EDITORS),
	ROW(Custody,       CheckOutAssets,      LIST,   WRITE, EDITORS),
	ROW(Custody,       CheckInAssets,       LIST,   WRITE, EDITORS),
	ROW(Custody,       ListCustody,         PAGE,   READ,  READERS),
	ROW(Custody,       ListAssetHistory,    PAGE,   SLOW,  READERS),
	ROW(Inventory,     StartInventory,      ONE,    SLOW,  EDITORS),
	ROW(Inventory,     ScanInventory,       LIST,   WRITE, EDITORS),
	ROW(Inventory,     UndoInventoryScan,   ONE,    WRITE, EDITORS),
	ROW(Inventory,     GetInventory,        ONE,    SLOW,  READERS),
	ROW(Inventory,     ListInventories,     PAGE,   READ,  READERS),
	ROW(Inventory,     SummarizeInventory,  LIST,   SLOW,  READERS),
	ROW(Inventory,     ListInventoryItems,  PAGE,   SLOW,  READERS),
	ROW(Inventory,     CloseInventory,      ONE,    SLOW,  PLANNERS),
	ROW(Key,           GetKeyset,           ONE,    READ,  READERS),
	ROW(Key,           ListKeysets,         PAGE,   READ,  READERS),
	ROW(Key,           CreateKeyset,        ONE,    WRITE, PLANNERS),
	ROW(Key,           UpdateKeyset,        ONE,    WRITE, PLANNERS),
	ROW(Key,           SupersedeKeyset,     ONE,    WRITE, PLANNERS),
	ROW(Key,           ReinstateKeyset,     ONE,    WRITE, PLANNERS),
	ROW(Key,           LoadKeyset,          LIST,   WRITE, BENCH),
	ROW(Key,           EraseKeys,           LIST,   WRITE, BENCH),
	ROW(Key,           ListKeyLoads,        PAGE,   SLOW,  READERS),
	ROW(Key,           SummarizeKeyHolders, LIST,   SLOW,  READERS),
	ROW(Component,     AttachAssets,        LIST,   WRITE, EDITORS),
	ROW(Component,     DetachAssets,        LIST,   WRITE, EDITORS),
	ROW(Component,     ListComponents,      PAGE,   READ,  READERS),
	ROW(Component,     ListBatteries,       PAGE,   SLOW,  READERS),
	ROW(Component,     SetDateCode,         ONE,    WRITE, EDITORS),
	ROW(Retirement,    RetireAssets,        LIST,   WRITE, EDITORS),
	ROW(Retirement,    DisposeAssets,       LIST,   WRITE, PLANNERS),
	ROW(Retirement,    GetRetirement,       ONE,    READ,  READERS),
	ROW(Retirement,    ListRetirements,     PAGE,   READ,  READERS),
	ROW(Retirement,    UpdateRetirement,    ONE,    WRITE, PLANNERS),
	ROW(Transfer,      OfferTransfer,       ONE,    WRITE, PLANNERS),
	ROW(Transfer,      AcceptTransfer,      ONE,    WRITE, PLANNERS),
	ROW(Transfer,      DeclineTransfer,     ONE,    WRITE, PLANNERS),
	ROW(Transfer,      WithdrawTransfer,    ONE,    WRITE, PLANNERS),
	ROW(Transfer,      GetTransfer,         ONE,    READ,  READERS),
	ROW(Transfer,      ListTransfers,       PAGE,   READ,  READERS),
	ROW(ShopCalendar,  GetShopCalendar,     ONE,    READ,  READERS),
	ROW(ShopCalendar,  UpdateShopCalendar,  ONE,    WRITE, ADMINS),
	ROW(ShopCalendar,  AddShopHoliday,      ONE,    WRITE, ADMINS),
	ROW(ShopCalendar,  RemoveShopHoliday,   ONE,    WRITE, ADMINS),
	ROW(Alert,         EmitAlerts,          LIST,   WRITE, ALERTERS),
	ROW(Alert,         ListAlerts,          PAGE,   READ,  EVERYONE),
	ROW(Alert,         AckAlert,            ONE,    WRITE, EDITORS),
	ROW(Agreement,     GetAgreement,        ONE,    READ,  READERS),
	ROW(Agreement,     ListAgreements,      PAGE,   READ,  READERS),
	ROW(Agreement,     SetAgreement,        ONE,    WRITE, ADMINS),
	ROW(LabourRate,    GetLabourRate,       ONE,    READ,  READERS),
	ROW(LabourRate,    ListLabourRates,     PAGE,   READ,  READERS),
	ROW(LabourRate,    SetLabourRate,       ONE,    WRITE, ADMINS),
	ROW(Alert,         SnoozeAlert,         ONE,    WRITE, EDITORS),
	ROW(Alert,         GetAlertRules,       LIST,   READ,  READERS),
	ROW(Alert,         SetAlertRule,        ONE,    WRITE, PLANNERS),
	ROW(Alert,         SummarizeAlerts,     LIST,   SLOW,  EVERYONE),
	ROW(AlertRoute,    GetAlertRoute,       ONE,    READ,  READERS),
	ROW(AlertRoute,    ListAlertRoutes,     PAGE,   READ,  READERS),
	ROW(AlertRoute,    CreateAlertRoute,    ONE,    WRITE, PLANNERS),
	ROW(AlertRoute,    UpdateAlertRoute,    ONE,    WRITE, PLANNERS),
	ROW(AlertRoute,    ClaimDeliveries,     LIST,   WRITE, ALERTERS),
	ROW(AlertRoute,    ConfirmDelivery,     ONE,    WRITE, ALERTERS),
	ROW(AlertRoute,    ListDeliveries,      PAGE,   READ,  EVERYONE),
	ROW(Statement,     PreviewMonth,        ONE,    SLOW,  ADMINS),
	ROW(Statement,     PreviewStatement,    LIST,   SLOW,  ADMINS),
	ROW(Statement,     CloseMonth,          ONE,    SLOW,  ADMINS),
	ROW(Statement,     SummarizeMonth,      ONE,    READ,  READERS),
	ROW(Statement,     GetStatement,        ONE,    READ,  READERS),
	ROW(Statement,     ListStatements,      PAGE,   READ,  READERS),
	ROW(Statement,     ListStatementLines,  PAGE,   READ,  READERS),
	ROW(Statement,     AddCorrection,       ONE,    WRITE, ADMINS),
	ROW(Fund,          AddFundMovement,     ONE,    WRITE, ADMINS),
	ROW(Fund,          ListFundMovements,   PAGE,   READ,  READERS),
	ROW(Event,         ListEvents,          PAGE,   SLOW,  READERS),
	ROW(Report,        SummarizeCompliance, LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeDueWeeks,   LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeTurnaround, LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeAgeing,     LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeRepeats,    LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeCosts,      LIST,   SLOW,  READERS),
	ROW(Report,        SummarizeFailures,   LIST,   SLOW,  READERS),
	ROW(Replacement,   SummarizeReplacements, LIST, SLOW,  READERS),
	ROW(Replacement,   ListReplacements,    PAGE,   SLOW,  READERS),
	ROW(Replacement,   ListReplacementTerms, PAGE,  READ,  READERS),
	ROW(Replacement,   SetReplacementTerms, ONE,    WRITE, ADMINS),
	ROW(Principal,     GetCaller,           ONE,    READ,  EVERYONE),
	ROW(Principal,     GetPrincipal,        ONE,    READ,  ADMINS),
	ROW(Principal,     ListPrincipals,      PAGE,   READ,  ADMINS),
	ROW(Principal,     CreatePrincipal,     ONE,    WRITE, ADMINS),
	ROW(Principal,     UpdatePrincipal,     ONE,    WRITE, ADMINS),
	ROW(Principal,     GrantRole,           ONE,    WRITE, ADMINS),
	ROW(Principal,     RevokeRole,          ONE,    WRITE, ADMINS),
};
/* clang-format on */
enum { METHOD_COUNT = sizeof rows / sizeof *rows, NAME_MAX_BYTES = 64 };
_Static_assert(METHOD_COUNT == 249, "a method was added or lost: say so here and in the tests of tenancy");

/* Texts that a row leads to. */
struct method_names {
	char sql[NAME_MAX_BYTES], dotted[2 * NAME_MAX_BYTES];
};

static struct method methods[METHOD_COUNT];
static struct method_names names[METHOD_COUNT];
static struct statement *statements[METHOD_COUNT];
static size_t joined;

bool method_sql_name(const char *name, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		bool upper = isupper((unsigned char)*p) != 0;

		if (n + 3 > size)
			return false;
		if (upper && p != name)
			out[n++] = '_';
		out[n++] = (char)tolower((unsigned char)*p);
	}
	out[n] = '\0';
	return n > 0;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *d, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(d, name);
}

/* ROWS_PAGE needs what pages are asked and answered with; nothing else may look paged. */
static bool row_check_paging(const struct method_row *row, const struct catalog_method *contract, struct error *err)
{
	bool page = row->rows == ROWS_PAGE;

	if ((field_of(contract->input, "page_size") != NULL) == page &&
		(field_of(contract->input, "page_token") != NULL) == page &&
		(field_of(contract->output, "next_page_token") != NULL) == page)
		return true;
	return error_set(err, STATUS_INTERNAL, NULL,
		"%s.%s: rows %s PAGE, but page_size, page_token and next_page_token %s", row->service, row->name,
		page ? "are" : "are not", page ? "are not all in the proto" : "stand in the proto");
}

/* A list of rows goes into one repeated message field of the reply. */
static bool row_check_list(const struct method_row *row, const struct catalog_method *contract, struct error *err)
{
	const ProtobufCMessageDescriptor *d = contract->output;
	unsigned lists = 0;

	if (row->rows != ROWS_LIST && row->rows != ROWS_PAGE)
		return true;
	for (unsigned i = 0; i < d->n_fields; i++)
		if (field_is_repeated(&d->fields[i]) && field_message(&d->fields[i]))
			lists++;
	if (lists == 1)
		return true;
	return error_set(err, STATUS_INTERNAL, NULL, "%s.%s: rows are a list, but %s has %u repeated message fields",
		row->service, row->name, d->name, lists);
}

bool method_row_check(const struct method_row *row, const struct catalog_method *contract, struct error *err)
{
	const ProtobufCFieldDescriptor *id = field_of(contract->input, "request_id");
	bool stream = row->rows == ROWS_STREAM;

	if (contract->client_streaming)
		return error_set(err, STATUS_INTERNAL, NULL, "%s.%s: a statement cannot answer a stream of requests",
			row->service, row->name);
	if (stream != contract->server_streaming)
		return error_set(err, STATUS_INTERNAL, NULL, "%s.%s: rows %s STREAM, but the proto %s", row->service,
			row->name, stream ? "are" : "are not", stream ? "is unary" : "returns a stream");
	if (id && (id->type != PROTOBUF_C_TYPE_STRING || field_is_repeated(id)))
		return error_set(
			err, STATUS_INTERNAL, NULL, "%s.%s: request_id is not a string", row->service, row->name);
	if (row->class == BACKEND_WRITE && !id)
		return error_set(err, STATUS_INTERNAL, NULL, "%s.%s: a write without a request_id in the proto",
			row->service, row->name);
	if (row->class == BACKEND_READ && id)
		return error_set(err, STATUS_INTERNAL, NULL, "%s.%s: a read with a request_id in the proto",
			row->service, row->name);
	if (id && contract->no_side_effects)
		return error_set(err, STATUS_INTERNAL, NULL,
			"%s.%s: a write with NO_SIDE_EFFECTS in the proto could be called by GET", row->service,
			row->name);
	if (!id && !contract->no_side_effects)
		return error_set(err, STATUS_INTERNAL, NULL,
			"%s.%s: a read without option idempotency_level = NO_SIDE_EFFECTS in the proto", row->service,
			row->name);
	return row_check_paging(row, contract, err) && row_check_list(row, contract, err);
}

static bool method_join(size_t i, struct error *err)
{
	const struct method_row *row = &rows[i];
	struct statement *statement = &methods[i].statement;
	const struct catalog_method *contract;
	char path[160];

	snprintf(path, sizeof path, "/radioshop.v1.%s/%s", row->service, row->name);
	contract = catalog_method_by_path(path, strlen(path));
	if (!contract)
		return error_set(err, STATUS_INTERNAL, NULL,
			"method.c has a row %s.%s, but the proto has no such method", row->service, row->name);
	if (!method_row_check(row, contract, err))
		return false;
	if (!method_sql_name(row->name, names[i].sql, sizeof names[i].sql) || !embedded_sql_find(names[i].sql))
		return error_set(err, STATUS_INTERNAL, NULL,
			"method.c has a row %s.%s, but there is no daemon/sql/%s.sql", row->service, row->name,
			names[i].sql);
	snprintf(names[i].dotted, sizeof names[i].dotted, "%s.%s", row->service, row->name);
	methods[i].contract = contract;
	statement->name = names[i].sql;
	statement->rows = row->rows;
	statement->class = row->class;
	statement->roles = row->roles;
	statement->method = names[i].dotted;
	statement->request = contract->input;
	statement->reply = contract->output;
	return true;
}

static int method_compare(const void *a, const void *b)
{
	const struct method *x = a, *y = b;

	return strcmp(x->contract->path, y->contract->path);
}

/* The other direction: everything in the proto and every .sql file is used by exactly one row. */
static bool table_check_complete(struct error *err)
{
	size_t count;
	const struct catalog_method *const contracts = catalog_methods(&count);

	for (size_t i = 1; i < METHOD_COUNT; i++)
		if (methods[i].contract == methods[i - 1].contract)
			return error_set(err, STATUS_INTERNAL, NULL, "method.c has two rows for %s",
				methods[i].statement.method);
	for (size_t i = 0; i < count; i++)
		if (strncmp(contracts[i].service, "radioshop.v1.", 13) == 0 &&
			!method_by_path(contracts[i].path, strlen(contracts[i].path)))
			return error_set(err, STATUS_INTERNAL, NULL, "the proto has %s, but method.c has no row for it",
				contracts[i].path);
	for (size_t i = 0; i < embedded_sql_count; i++) {
		size_t m = 0;

		while (m < METHOD_COUNT && strcmp(methods[m].statement.name, embedded_sql[i].name) != 0)
			m++;
		if (m == METHOD_COUNT)
			return error_set(err, STATUS_INTERNAL, NULL, "no row of method.c uses daemon/sql/%s.sql",
				embedded_sql[i].name);
	}
	return true;
}

bool method_table_init(struct error *err)
{
	if (joined == METHOD_COUNT)
		return true;
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (!method_join(i, err))
			return false;
	qsort(methods, METHOD_COUNT, sizeof *methods, method_compare);
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		methods[i].index = i;
		statements[i] = &methods[i].statement;
	}
	joined = METHOD_COUNT;
	if (table_check_complete(err))
		return true;
	joined = 0;
	return false;
}

const struct method *method_table(size_t *ret_count)
{
	*ret_count = joined;
	return methods;
}

const struct method_row *method_rows(size_t *ret_count)
{
	*ret_count = METHOD_COUNT;
	return rows;
}

const struct method *method_by_path(const char *path, size_t len)
{
	size_t low = 0, high = joined;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *at = methods[mid].contract->path;
		size_t at_len = strlen(at);
		int order = memcmp(path, at, len < at_len ? len : at_len);

		if (order == 0)
			order = (len > at_len) - (len < at_len);
		if (order == 0)
			return &methods[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct statement *const *method_statements(size_t *ret_count)
{
	*ret_count = joined;
	return statements;
}
