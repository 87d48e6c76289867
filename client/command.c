/*
 * command.c: THE table of commands. Read by main, run, help and completion.
 * Owns nothing; everything is constant.
 */
#include "command.h"

#include "actions.h"
#include "reopen.h"

#include <stdlib.h>
#include <string.h>

#define AGENCY_COLUMNS     "code name time_zone class"
#define AGENCY_WIDE        "revision created_at updated_at"
#define MODEL_COLUMNS      "number manufacturer family tier band class"
#define MODEL_WIDE         "end_of_support_on revision"
#define LIMIT_COLUMNS      "test family band mode kind text valid_from version source"
#define LIMIT_WIDE         "from_mhz to_mhz withdrawn set_by set_at id"
#define ASSET_COLUMNS      "agency tag serial model class status assigned_to location"
#define ASSET_RADIO        "system unit_id alias firmware codeplug flashcode"
#define ASSET_WIDE         ASSET_RADIO " purchased_on warranty_until cost_cents quantity description fields"
#define PLAN_COLUMNS       "agency code name interval_count interval_unit class model assets stopped"
#define PLAN_WIDE          "rule basis first_due_on grace_days escalate_days early_days " PLAN_LIMITS
#define PLAN_LIMITS        "blackout_from blackout_until defer_limit_days meter meter_every"
#define DUE_COLUMNS        "due_on days_overdue agency tag plan model assigned_to status"
#define DUE_WIDE           "serial class last_done_on deferred_from by_meter meter_left"
#define DUE_CHANGE_COLUMNS "asked_at agency tag plan kind due_on deferred_to state asked_by reason id"
#define DUE_CHANGE_WIDE    "decided_by decided_at note next_due_on"
#define METER_COLUMNS      "read_on agency tag meter value total replaced recorded_by"
#define METER_WIDE         "note recorded_at id"
#define CAMPAIGN_COLUMNS   "code name kind target starts_on due_on state agencies assets"
#define CAMPAIGN_WIDE      "instructions reason ended_by ended_at created_by created_at revision"
#define ITEM_COLUMNS       "agency tag serial model firmware assigned_to location state ticked_at ticked_by note"
#define ITEM_WIDE          "campaign codeplug status undone_at undone_by undo_reason asset_id"
#define TICKED_COLUMNS     "campaign agency tag serial assigned_to state ticked_at ticked_by already note"
#define TICKED_WIDE        "model firmware codeplug status location undone_at undone_by undo_reason asset_id"
#define PROGRESS_COLUMNS                                                                                               \
	"campaign agency total done failed not_applicable left missing gone percent due_on days_overdue"
#define SELECTION_FIELDS                                                                                               \
	"selection.agency selection.class selection.model selection.family selection.status selection.system "         \
	"selection.firmware_other_than selection.codeplug_other_than"
#define SYSTEM_COLUMNS    "name wacn system_id"
#define SYSTEM_WIDE       "notes revision id"
#define BLOCK_COLUMNS     "agency system first last"
#define BLOCK_WIDE        "granted_by granted_at"
#define SERVICE_COLUMNS   "done_on agency tag plan result next_due_on recorded_by notes"
#define RECORDED_COLUMNS  "done_on agency tag plan result readings ticket next_due_on"
#define SERVICE_WIDE      "procedure procedure_version readings answers analyser analyser_out_of_date ticket recorded_at id"
#define SHEET_COLUMNS     "step kind title unit mode limit_text may_skip passing failing"
#define PROCEDURE_COLUMNS "code name version post_repair class family model stopped plans"
#define TREND_COLUMNS     "agency tag test last_value unit per_year fit limit_text leaves_on due_on"
#define ANALYSER_COLUMNS  "serial manufacturer model calibrated_on calibration_due_on out_of_date retired"
#define TICKET_COLUMNS    "number tag state priority problem opened_at"
#define TICKET_WIDE                                                                                                    \
	"agency problem_code cause cause_code action action_code outcome returns_ticket parent opened_by closed_at "   \
	"labour_minutes cost_cents estimate_cents approved_cents sla_due_at sla_remaining_minutes"
#define RMA_WIDE                                                                                                       \
	"agency ticket_state outcome goodwill accessories carrier tracking serial_sent serial_back "                   \
	"firmware_sent firmware_back codeplug_due cost_cents note opened_by opened_at id"
#define OPENED_COLUMNS   TICKET_COLUMNS " returns_ticket loaner"
#define JOINED_COLUMNS   TICKET_COLUMNS " parent"
#define MOVED_COLUMNS    "number tag state priority problem loaner loaner_due_on moves"
#define ASKED_COLUMNS    "number tag state estimate_cents approved_cents write_off_approved"
#define CODE_COLUMNS     "kind code name retired"
#define TERMS_COLUMNS                                                                                                  \
	"agency approval_above_cents return_days urgent_hours high_hours normal_hours low_hours budget_month"
#define CALENDAR_COLUMNS "time_zone hours revision"
#define ENTRY_COLUMNS    "number tag state labour_minutes cost_cents"
#define PART_COLUMNS     "number name manufacturer maker_number on_hand unit reorder_point"
#define PART_WIDE        "reorder_quantity class models obsolete revision"
#define USE_COLUMNS      "at agency ticket tag part name quantity unit cost_cents principal"
#define LOCATION_COLUMNS "code name kind closed"
#define CHANGE_COLUMNS   "part name quantity unit location cost_cents on_hand"
#define CHANGE_WIDE      "kind ticket to_location lots at id"
#define RMA_COLUMNS      "number vendor kind state ticket tag shipped_on expected_on received_on turnaround_days days_late"
#define LOAN_COLUMNS     "agency tag borrower borrower_agency purpose ticket out_on due_on days_out days_late condition"
#define LOAN_MORE        "badge unit model serial latest_on reason note out_by in_at in_by return_note revision id"
#define LOAN_WIDE        LOAN_MORE " damage_ticket"
#define LOANER_COLUMNS                                                                                                 \
	"agency tag model family band status free borrower borrower_agency out_on due_on days_out days_late"
#define LOANER_WIDE       "class ticket note loan"
#define ALERT_COLUMNS     "emitted_at kind agency tag plan subject due_on days_overdue assigned_to id"
#define ALERT_WIDE        "what step acked_at acked_by ack_note snoozed_until snoozed_by snooze_note settled_at"
#define RULE_COLUMNS      "agency kind days percent stopped revision"
#define ROUTE_COLUMNS     "agency code channel address principal kinds from_step quiet stopped queued"
#define ROUTE_WIDE        "secret each_alone time_zone storm_limit revision"
#define PRINCIPAL_COLUMNS "name display_name disabled grants"
#define PRINCIPAL_WIDE    "revision created_at"
#define AGREEMENT_COLUMNS "from_month until_month split fees fixed_costs members"
#define AGREEMENT_WIDE                                                                                                 \
	"time_zone counted_statuses warranty_work stock_work parts_handling_bp outside_handling_bp "                   \
	"fund_monthly_cents "                                                                                          \
	"fund_floor_cents fund_ceiling_cents revision"
#define RATE_COLUMNS "technician from_day hourly_cents revision"
#define STATEMENT_COLUMNS                                                                                              \
	"month agency subscriber_cents share_cents labour_cents parts_cents outside_cents handling_cents "             \
	"insurance_cents correction_cents total_cents"
#define STATEMENT_WIDE   "agency_name lines closed_at closed_by"
#define LINE_COLUMNS     "line_no kind ticket description quantity unit_cents amount_cents"
#define LINE_WIDE        "class whole rounding_millicents reference"
#define MONTH_COLUMNS    "month closed_at closed_by total_cents fund_cents"
#define MOVEMENT_COLUMNS "at month kind agency amount_cents text reference"
#define MOVEMENT_WIDE    "principal id"
#define EVENT_COLUMNS    "at principal agency resource resource_id action"
#define EVENT_WIDE       "method before after request_id"

#define INVENTORY_COLUMNS                                                                                              \
	"number agency location class state expected found wrong_place missing accounted unexpected percent "          \
	"started_at closed_at"
#define INVENTORY_WIDE "note started_by closed_by close_note set_missing set_location"
#define INV_ITEM_COLUMNS                                                                                               \
	"verdict tag serial model assigned_to location scanned_location code scanned_by scanned_at reason owner"
#define INV_ITEM_WIDE   "inventory agency status asset_id"
#define SCANNED_COLUMNS "code verdict tag assigned_to location scanned_location already scanned_by reason owner refused"
#define SCANNED_WIDE    "inventory agency serial model status scanned_at asset_id"
#define IMPORT_COLUMNS                                                                                                 \
	"started_at agency file_name state rows rows_done created changed unchanged refused started_by id"
#define IMPORT_WIDE "last_rows_at ended_at ended_by"

#define ATTACHMENT_COLUMNS "added_at agency tag ticket name media_type size_bytes added_by note"
#define ATTACHMENT_WIDE    "sha256 state stored_at removed_at removed_by reason id"
#define ATTACHED_COLUMNS   "agency tag ticket name media_type size_bytes sha256"

#define CUSTODIAN_COLUMNS "agency code kind name inactive note"
#define CUSTODY_COLUMNS   "agency tag serial model custodian kind name out_at due_on days_late note"
#define CUSTODY_WIDE      "class status out_by in_at in_by returned_to return_note id"
#define HISTORY_COLUMNS   "from until agency assigned_to custodian kind lent_to location status changed_by"
#define RETIREMENT_COLUMNS                                                                                             \
	"agency tag serial model state reason retired_on method disposed_on recipient proceeds_cents certificate"
#define RETIREMENT_WIDE                                                                                                \
	"class status note retired_by disposal_note disposed_by system unit_id ended_at ended_by revision id"
#define TRANSFER_COLUMNS "number agency receiver state price_cents note offered_by decided_by"
#define TRANSFER_WIDE    "items offered_at decided_at decision_note id"
#define KEYSET_COLUMNS "agency code name number algorithm ckrs classes state superseded_by holders"
#define KEYSET_WIDE    "note old_at old_by reason created_by created_at revision"
#define LOAD_COLUMNS   "agency tag serial assigned_to status keyset ckrs state loaded_on means loader not_allowed"
#define LOAD_WIDE                                                                                                      \
	"name number algorithm superseded_by model note exception recorded_by recorded_at ended_as ended_on "          \
	"ended_note ended_by id"
#define HOLDER_COLUMNS "keyset state superseded_by agency class radios missing gone not_allowed exceptions"
#define COMPONENT_COLUMNS "agency tag serial class status parent parent_model from_at until_at note"
#define COMPONENT_WIDE    "model from_by until_by until_note id"
#define BATTERY_COLUMNS                                                                                                \
	"agency tag serial model status parent assigned_to date_code made_on age_months capacity_percent measured_on"
#define HISTORY_COLUMNS "from until agency assigned_to custodian kind lent_to location status changed_by"

#define FIELD_COLUMNS "agency name label class type required place retired"
#define FIELD_WIDE    "max_length minimum maximum choices revision id"

#define NEW_ASSET_FIELDS "-asset.id asset.revision asset.created_at asset.updated_at"
#define OLD_ASSET_FIELDS "-asset.id asset.agency asset.created_at asset.updated_at"
#define TICKET_FIELDS                                                                                                  \
	"ticket.priority ticket.problem ticket.cause ticket.action ticket.problem_code ticket.cause_code "             \
	"ticket.action_code ticket.estimate_cents ticket.returns_ticket ticket.parent ticket.revision"

#define OF_ASSET  .fetch = "AssetService.GetAsset", .take = "asset.id asset.revision"
#define OF_TICKET .fetch = "TicketService.GetTicket"
#define MOVE(word, to, text)                                                                                           \
	{                                                                                                              \
		.noun = "ticket", .verb = word, .method = "TicketService.MoveTicket", .positional = "ticket",          \
		.columns = MOVED_COLUMNS, .wide = TICKET_WIDE, .preset = "state=" to, OF_TICKET,                       \
		.take = "revision=ticket.revision", .help = text,                                                      \
		.example = "radioshop ticket " word " IND-2026-00042 --note 'no receive audio'"                        \
	}

const struct noun nouns[] = {
	{"due", "What is due, and what is overdue"},
	{"asset", "The register of radio equipment"},
	{"field", "What an agency keeps of its assets beside what every asset has"},
	{"capability", "Which radios can do what, and of which nobody knows"},
	{"firmware", "Which firmware is approved, and which radios are off it"},
	{"flashcode", "What the bits of Motorola's FLASHcodes mean"},
	{"ticket", "Repairs, from the report of a fault to the return of the radio"},
	{"code", "The shop's codes of problems, causes and actions"},
	{"synonym", "Words that mean the same when tickets are looked for"},
	{"terms", "What an agency and the shop have agreed about repairs"},
	{"calendar", "When the shop works, by which agreed working time is counted"},
	{"service", "Preventive maintenance that was done"},
	{"plan", "What is to be done to which equipment, and how often"},
	{"part", "Spare parts, and their use on tickets"},
	{"attachment", "Photos, reports and forms on an asset or a ticket"},
	{"rma", "Radios sent to the depot, or in under warranty"},
	{"component", "What is attached to which radio, and what was"},
	{"battery", "How old the batteries are, and what is left of their capacity"},
	{"custodian", "The people, vehicles and sites that have an agency's radios"},
	{"custody", "Who has what, and what should be back"},
	{"retirement", "What was retired and why, and how it was disposed of"},
	{"transfer", "What goes from one agency to another for good"},
	{"loan", "Who has what for a time, and what should be back"},
	{"loaner", "The pools of loaners, and what is free now"},
	{"stock", "How many of which part lie where"},
	{"location", "The shelves, vans and depots where parts lie"},
	{"procedure", "What exactly is done at a service, step by step"},
	{"analyser", "The test sets that readings are taken with"},
	{"campaign", "Work that is done once on many radios: a rekey, a firmware, a recall"},
	{"inventory", "What is really there, scanned against the register"},
	{"key", "Which radio holds which keyset, by reference: keys are never kept here"},
	{"meter", "How much equipment was used, for plans that go by it"},
	{"trend", "Where the readings of a radio are heading"},
	{"alert", "What has become overdue, said once"},
	{"route", "Who is told of alerts, and how"},
	{"report", "What services, repairs and age add up to: kept plans, time, cost, failures, replacement"},
	{"replacement", "What is to be replaced, at what age and at what price"},
	{"model", "The catalogue of radio types"},
	{"system", "The radio systems that unit IDs are valid on"},
	{"block", "Which unit IDs an agency may use on a radio system"},
	{"limit", "Within which a measured reading passes"},
	{"agency", "The cities and districts that share the shop"},
	{"principal", "Who may call, and for which agencies"},
	{"agreement", "What the agencies have agreed to pay for the shop"},
	{"rate", "What an hour of work costs"},
	{"month", "A month of the shop, and its closing"},
	{"statement", "What each agency pays for a month"},
	{"fund", "The self-insurance fund of the members"},
	{"import", "Files that were imported, and how far they came"},
	{"mapping", "How tables of other programs are read at an import"},
	{"event", "Every change, as the database recorded it"},
	{"whoami", "Who you are to the shop, and what you may do"},
	{"health", "Whether the shop can serve"},
	{"call", "Call any method by its name"},
	{"unsent", "What could not be sent, kept to be sent later"},
	{"completion", "The completion script of a shell"},
	{"help", "Help for a command"},
	{NULL, NULL},
};

/* One row a command, not one line a field. */
/* clang-format off */
const struct command commands[] = {
	{.noun = "agency", .verb = "list", .method = "AgencyService.ListAgencies", .columns = AGENCY_COLUMNS,
		.wide = AGENCY_WIDE, .example = "radioshop agency list"},
	{.noun = "agency", .verb = "show", .method = "AgencyService.GetAgency", .positional = "agency",
		.example = "radioshop agency show IND"},
	{.noun = "agency", .verb = "create", .method = "AgencyService.CreateAgency",
		.positional = "agency.code agency.name", .columns = AGENCY_COLUMNS, .wide = AGENCY_WIDE,
		.fields = "agency.time_zone agency.class",
		.example = "radioshop agency create IND 'City of Independence' --time-zone America/Chicago"},
	{.noun = "agency", .verb = "update", .method = "AgencyService.UpdateAgency", .positional = "agency",
		.columns = AGENCY_COLUMNS, .wide = AGENCY_WIDE,
		.fields = "agency.name agency.time_zone agency.class agency.revision", .fetch = "AgencyService.GetAgency",
		.take = "agency.code agency.revision",
		.example = "radioshop agency update IND --name 'City of Independence, Missouri'"},

	{.noun = "model", .verb = "list", .method = "ModelService.ListModels", .columns = MODEL_COLUMNS,
		.wide = MODEL_WIDE, .example = "radioshop model list --family 'APX 6000'"},
	{.noun = "model", .verb = "show", .method = "ModelService.GetModel", .positional = "model",
		.example = "radioshop model show H98UCF9PW6BN"},
	{.noun = "model", .verb = "create", .method = "ModelService.CreateModel", .positional = "model.number",
		.columns = MODEL_COLUMNS, .wide = MODEL_WIDE, .fields = "-model.revision",
		.need = "model.manufacturer model.class",
		.example = "radioshop model create H98UCF9PW6BN --manufacturer 'Motorola Solutions' --class portable"},
	{.noun = "model", .verb = "update", .method = "ModelService.UpdateModel", .positional = "model",
		.columns = MODEL_COLUMNS, .wide = MODEL_WIDE, .fields = "-model.number",
		.fetch = "ModelService.GetModel", .take = "model.number model.revision",
		.example = "radioshop model update H98UCF9PW6BN --end-of-support-on 2030-12-31"},
	{.noun = "model", .verb = "import", .method = "ModelService.ImportModels", .fields = "",
		.example = "radioshop model import models.csv", .run = action_model_import},

	{.noun = "system", .verb = "list", .method = "RadioSystemService.ListRadioSystems", .columns = SYSTEM_COLUMNS,
		.wide = SYSTEM_WIDE, .example = "radioshop system list"},
	{.noun = "system", .verb = "show", .method = "RadioSystemService.GetRadioSystem", .positional = "system",
		.example = "radioshop system show MARRS"},
	{.noun = "system", .verb = "add", .method = "RadioSystemService.CreateRadioSystem", .positional = "system.name",
		.columns = SYSTEM_COLUMNS, .wide = SYSTEM_WIDE, .fields = "-system.id system.revision",
		.example = "radioshop system add MARRS --wacn BEE00 --system-id 1A4"},
	{.noun = "system", .verb = "set", .method = "RadioSystemService.UpdateRadioSystem", .positional = "system",
		.columns = SYSTEM_COLUMNS, .wide = SYSTEM_WIDE, .fields = "-system.id",
		.fetch = "RadioSystemService.GetRadioSystem", .take = "system.id system.revision",
		.example = "radioshop system set MARRS --notes 'core at Lee''s Summit, leased until 2031'"},

	{.noun = "block", .verb = "list", .method = "UnitBlockService.ListUnitBlocks", .columns = BLOCK_COLUMNS,
		.wide = BLOCK_WIDE, .example = "radioshop block list --system MARRS"},
	{.noun = "block", .verb = "next", .method = "UnitBlockService.LookupFreeUnitIds", .positional = "agency system",
		.columns = "unit_id first last", .example = "radioshop block next IND MARRS --count 5"},
	{.noun = "block", .verb = "grant", .method = "UnitBlockService.GrantUnitBlock",
		.positional = "agency system first last", .columns = BLOCK_COLUMNS, .wide = BLOCK_WIDE,
		.example = "radioshop block grant IND MARRS 2100000 2100999"},
	{.noun = "block", .verb = "revoke", .method = "UnitBlockService.RevokeUnitBlock",
		.positional = "agency system first last", .columns = BLOCK_COLUMNS, .wide = BLOCK_WIDE,
		.example = "radioshop block revoke IND MARRS 2100500 2100999"},

	{.noun = "limit", .verb = "list", .method = "LimitService.ListLimits", .columns = LIMIT_COLUMNS,
		.wide = LIMIT_WIDE, .alone = true, .example = "radioshop limit list --test tx_freq_error"},
	{.noun = "limit", .verb = "set", .method = "LimitService.SetLimit", .positional = "limit.test",
		.columns = LIMIT_COLUMNS, .wide = LIMIT_WIDE, .fields = "-limit.id limit.text limit.set_by limit.set_at",
		.need = "limit.direction limit.unit limit.source", .example =
		"radioshop limit set tx_freq_error --family 'APX 6000' --band 7/800 --direction max-abs --high 696 "
		"--unit Hz --source 'service manual p. 5-13' --limit-version 1"},

	{.noun = "asset", .verb = "list", .method = "AssetService.ListAssets", .columns = ASSET_COLUMNS,
		.wide = ASSET_WIDE, .example = "radioshop asset list --agency IND --status spare --where fund=grant"},
	{.noun = "asset", .verb = "show", .method = "AssetService.GetAsset", .positional = "asset",
		.example = "radioshop asset show 837CXK1234"},
	{.noun = "asset", .verb = "find", .method = "AssetService.LookupAssets", .positional = "code",
		.columns = ASSET_COLUMNS, .wide = ASSET_WIDE, .example = "radioshop asset find 837CX"},
	{.noun = "asset", .verb = "search", .method = "AssetService.LookupMatches", .positional = "query+",
		.columns = "found fields agency tag serial model status assigned_to unit_id alias", .wide = "class location id",
		.example = "radioshop asset search jonson engine --agency IND --status missing"},
	{.noun = "asset", .verb = "create", .method = "AssetService.CreateAsset",
		.positional = "asset.agency asset.tag", .columns = ASSET_COLUMNS, .wide = ASSET_WIDE,
		.fields = NEW_ASSET_FIELDS, .need = "asset.model|asset.class",
		.example = "radioshop asset create IND 1042 --model H98UCF9PW6BN --serial 837CXK1234 --cost 3250.00"},
	{.noun = "asset", .verb = "update", .method = "AssetService.UpdateAsset", .positional = "asset",
		.columns = ASSET_COLUMNS, .wide = ASSET_WIDE, .fields = OLD_ASSET_FIELDS, OF_ASSET,
		.example = "radioshop asset update 1042 --assigned-to 'Engine 4' --clear-location"},
	{.noun = "asset", .verb = "retire", .method = "RetirementService.RetireAssets", .positional = "assets+",
		.columns = "agency tag serial model state reason retired_on warnings", .wide = "class note retired_by id",
		.need = "reason", .help = "Take assets out of use for good: all of them, or none.",
		.example = "radioshop asset retire 1042 1043 --reason end-of-support --note 'budget 2027'"},
	{.noun = "asset", .verb = "dispose", .method = "RetirementService.DisposeAssets", .positional = "assets+",
		.columns = RETIREMENT_COLUMNS, .wide = RETIREMENT_WIDE, .need = "method",
		.help = "Say how retired assets were disposed of: all of them, or none.",
		.example = "radioshop asset dispose 1042 1043 --method sold --recipient 'GovDeals 4711' --proceeds 250.00"},
	{.noun = "asset", .verb = "checkout", .method = "CustodyService.CheckOutAssets", .positional = "assets+",
		.columns = CUSTODY_COLUMNS, .wide = CUSTODY_WIDE, .need = "to",
		.help = "Check assets out to a custodian of their agency: all of them, or none.",
		.example = "radioshop asset checkout 1042 1043 --to 4711 --due-on 2026-12-01"},
	{.noun = "asset", .verb = "checkin", .method = "CustodyService.CheckInAssets", .positional = "assets+",
		.columns = "agency tag serial model custodian name in_at returned_to days_late return_note",
		.wide = "class status kind out_at out_by due_on note in_by id",
		.example = "radioshop asset checkin 1042 1043 --location 'property room'"},
	{.noun = "asset", .verb = "history", .method = "CustodyService.ListAssetHistory", .positional = "asset",
		.columns = HISTORY_COLUMNS, .example = "radioshop asset history 1042 --on 2026-10-31"},
	{.noun = "asset", .verb = "attach", .method = "ComponentService.AttachAssets", .positional = "assets+",
		.columns = COMPONENT_COLUMNS, .wide = COMPONENT_WIDE, .need = "to",
		.help = "Attach batteries and other components to a radio: all of them, or none.",
		.example = "radioshop asset attach B-0417 M-12 --to 1042"},
	{.noun = "asset", .verb = "detach", .method = "ComponentService.DetachAssets", .positional = "assets+",
		.columns = COMPONENT_COLUMNS " until_note", .wide = "model from_by until_by id",
		.example = "radioshop asset detach B-0417 --note 'does not hold its charge'"},
	{.noun = "asset", .verb = "import", .method = "AssetService.ImportAssets", .fields = "agency dry_run",
		.example = "radioshop asset import radios.csv --agency IND --dry-run", .run = action_asset_import},
	{.noun = "asset", .verb = "export", .method = "AssetService.ExportAssets", .columns = ASSET_COLUMNS,
		.wide = ASSET_WIDE,
		.help = "Write every asset you may see, as csv that an import takes back; with -o json as one array, a line each.",
		.example = "radioshop asset export --agency IND > radios.csv", .run = action_export},

	{.noun = "field", .verb = "list", .method = "FieldService.ListFields", .columns = FIELD_COLUMNS, .wide = FIELD_WIDE,
		.example = "radioshop field list --agency IND"},
	{.noun = "field", .verb = "show", .method = "FieldService.GetField", .positional = "field",
		.example = "radioshop field show IND:fund"},
	{.noun = "field", .verb = "create", .method = "FieldService.CreateField", .positional = "field.agency field.name",
		.columns = FIELD_COLUMNS, .wide = FIELD_WIDE, .fields = "-field.id field.revision field.retired",
		.need = "field.type",
		.example = "radioshop field create IND fund --type choice --choices general --choices grant --required"},
	{.noun = "field", .verb = "update", .method = "FieldService.UpdateField", .positional = "field",
		.columns = FIELD_COLUMNS, .wide = FIELD_WIDE, .fields = "-field.id field.agency field.name",
		.fetch = "FieldService.GetField", .take = "field.id field.revision",
		.example = "radioshop field update IND:fund --label 'Paid from' --place 10"},
	{.noun = "field", .verb = "retire", .method = "FieldService.UpdateField", .positional = "field",
		.columns = FIELD_COLUMNS, .wide = FIELD_WIDE, .preset = "field.retired=true", .fields = "field.revision",
		.fetch = "FieldService.GetField", .take = "field.id field.revision",
		.help = "Retire a field: its values stay and are read, and none is written any more.",
		.example = "radioshop field retire IND:fund"},

	{.noun = "asset", .verb = "duplicates", .method = "AssetService.ListSharedSerials",
		.columns = "serial agency tag model status assigned_to", .wide = "class asset_id",
		.example = "radioshop asset duplicates --agency IND"},

	{.noun = "asset", .verb = "decode", .method = "FlashcodeService.GetDecoding", .positional = "asset?",
		.example = "radioshop asset decode 1042"},

	{.noun = "asset", .verb = "firmware", .method = "FirmwareService.ListFirmwareHistory", .positional = "asset",
		.columns = "since kind version was changed_by source", .wide = "method", .example = "radioshop asset firmware 1042"},

	{.noun = "firmware", .verb = "approved", .method = "FirmwareService.ListApprovedFirmware",
		.columns = "model version from_on until_on note", .wide = "approved_by revision",
		.example = "radioshop firmware approved --model H98UCF9PW6BN"},
	{.noun = "firmware", .verb = "approve", .method = "FirmwareService.SetApprovedFirmware",
		.positional = "firmware.model firmware.version", .columns = "model version from_on until_on note revision",
		.fields = "firmware.from_on firmware.until_on firmware.note firmware.revision",
		.example = "radioshop firmware approve H98UCF9PW6BN R32.10.00 --note 'passed the trial of March'"},
	{.noun = "firmware", .verb = "off", .method = "FirmwareService.ListOffFirmware",
		.columns = "agency tag serial model status assigned_to firmware standing", .wide = "class asset_id", .alone = true,
		.example = "radioshop firmware off --agency IND"},
	{.noun = "firmware", .verb = "summary", .method = "FirmwareService.SummarizeFirmware",
		.columns = "agency model radios approved not_approved ended not_yet not_known", .example = "radioshop firmware summary --agency IND"},

	{.noun = "capability", .verb = "list", .method = "FlashcodeService.ListCapability", .positional = "capability",
		.columns = "agency tag serial model class status assigned_to standing", .wide = "flashcode asset_id",
		.example = "radioshop capability list phase2_tdma --standing lacks --agency IND --class portable"},
	{.noun = "capability", .verb = "summary", .method = "FlashcodeService.SummarizeCapabilities",
		.columns = "agency class capability radios has lacks not_known", .alone = true,
		.example = "radioshop capability summary --agency IND --capability phase2_tdma"},

	{.noun = "flashcode", .verb = "options", .method = "FlashcodeService.ListFlashcodeOptions",
		.columns = "character lsb width value part name only_if capabilities", .alone = true,
		.example = "radioshop flashcode options --all"},
	{.noun = "flashcode", .verb = "show", .method = "FlashcodeService.GetDecoding", .positional = "flashcode", .fields = "model",
		.help = "Read a FLASHcode: its options, and what a radio with it can do.",
		.example = "radioshop flashcode show 000080-000000-3"},
	{.noun = "flashcode", .verb = "add", .method = "FlashcodeService.AddFlashcodeOption", .positional = "option.part option.name",
		.columns = "character lsb width value part name only_if capabilities",
		.example = "radioshop flashcode add QA10999 'Louder speaker' --character 15 --lsb 4"},
	{.noun = "flashcode", .verb = "remove", .method = "FlashcodeService.RemoveFlashcodeOption", .positional = "option.part",
		.columns = "character lsb width value part name", .fields = "option.character option.lsb option.width option.value",
		.example = "radioshop flashcode remove QA10999 --character 15 --lsb 4"},

	{.noun = "plan", .verb = "list", .method = "PlanService.ListPlans", .columns = PLAN_COLUMNS, .wide = PLAN_WIDE,
		.example = "radioshop plan list --agency IND"},
	{.noun = "plan", .verb = "show", .method = "PlanService.GetPlan", .positional = "agency plan",
		.example = "radioshop plan show IND PM12"},
	{.noun = "plan", .verb = "create", .method = "PlanService.CreatePlan", .positional = "plan.agency plan.code",
		.columns = PLAN_COLUMNS, .wide = PLAN_WIDE, .fields = "-plan.assets plan.revision plan.stopped",
		.need = "plan.name plan.interval_count|plan.rule|plan.meter_every", .example =
		"radioshop plan create IND PM12 --name 'Yearly PM' --interval-count 12 --interval-unit months "
		"--class portable --rule 'first Monday' --blackout-from 11-15 --blackout-until 01-05"},
	{.noun = "plan", .verb = "update", .method = "PlanService.UpdatePlan", .positional = "agency plan",
		.columns = PLAN_COLUMNS, .wide = PLAN_WIDE, .fields = "-plan.agency plan.code plan.assets",
		.fetch = "PlanService.GetPlan", .take = "plan.agency plan.code plan.revision",
		.example = "radioshop plan update IND PM12 --grace-days 30"},
	{.noun = "plan", .verb = "stop", .method = "PlanService.UpdatePlan", .positional = "agency plan",
		.columns = PLAN_COLUMNS, .wide = PLAN_WIDE, .preset = "plan.stopped=true", .fields = "plan.revision",
		.fetch = "PlanService.GetPlan", .take = "plan.agency plan.code plan.revision",
		.help = "Stop a plan: it makes nothing due any more.", .example = "radioshop plan stop IND PM12"},

	{.noun = "due", .verb = "list", .method = "ScheduleService.ListDue", .columns = DUE_COLUMNS, .wide = DUE_WIDE,
		.alone = true, .example = "radioshop due --agency IND --overdue"},
	{.noun = "due", .verb = "feed", .method = "ScheduleService.ListDue", .file = true, .run = action_feed,
		.help = "Write what is due as an iCalendar feed: an all-day event an item, 12 months ahead unless --until says.",
		.example = "radioshop due feed --agency IND --plan PM12 --output /var/www/due.ics"},
	{.noun = "due", .verb = "summary", .method = "ScheduleService.SummarizeDue",
		.columns = "agency plan name assets due overdue earliest_due_on", .example = "radioshop due summary --agency IND"},

	{.noun = "plan", .verb = "attach", .method = "ProcedureService.AttachProcedure",
		.positional = "agency plan procedure?", .columns = "agency plan procedure revision", .fields = "revision",
		.fetch = "PlanService.GetPlan", .take = "revision=plan.revision", .example = "radioshop plan attach IND PM12 APX-PM"},

	{.noun = "procedure", .verb = "list", .method = "ProcedureService.ListProcedures", .columns = PROCEDURE_COLUMNS,
		.wide = "steps revision", .example = "radioshop procedure list"},
	{.noun = "procedure", .verb = "show", .method = "ProcedureService.GetProcedure", .positional = "procedure",
		.example = "radioshop procedure show APX-PM"},
	{.noun = "procedure", .verb = "create", .method = "ProcedureService.CreateProcedure",
		.positional = "procedure.code procedure.name", .columns = PROCEDURE_COLUMNS, .wide = "steps revision",
		.fields = "-procedure.revision procedure.version procedure.plans procedure.stopped procedure.steps", .need = "steps", .example =
		"radioshop procedure create APX-PM 'Yearly check' --family 'APX 6000' --step housing=check "
		"--step 'knobs=choice good|worn|!missing' --step 'tx_power=reading W' --step 'remarks?=text'"},
	{.noun = "procedure", .verb = "update", .method = "ProcedureService.UpdateProcedure", .positional = "procedure",
		.columns = PROCEDURE_COLUMNS, .wide = "steps revision",
		.fields = "procedure.name procedure.post_repair procedure.class procedure.family procedure.model procedure.stopped "
			  "procedure.revision",
		.fetch = "ProcedureService.GetProcedure", .take = "procedure.code procedure.revision",
		.example = "radioshop procedure update APX-PM --post-repair"},
	{.noun = "procedure", .verb = "revise", .method = "ProcedureService.ReviseProcedure", .positional = "procedure",
		.columns = PROCEDURE_COLUMNS, .wide = "steps revision", .fetch = "ProcedureService.GetProcedure",
		.take = "revision=procedure.revision", .need = "steps",
		.example = "radioshop procedure revise APX-PM --step housing=check --step 'tx_power=reading W'"},

	{.noun = "analyser", .verb = "list", .method = "AnalyserService.ListAnalysers", .columns = ANALYSER_COLUMNS,
		.wide = "notes revision", .example = "radioshop analyser list"},
	{.noun = "analyser", .verb = "show", .method = "AnalyserService.GetAnalyser", .positional = "analyser",
		.example = "radioshop analyser show R8K10042"},
	{.noun = "analyser", .verb = "create", .method = "AnalyserService.CreateAnalyser", .positional = "analyser.serial",
		.columns = ANALYSER_COLUMNS, .wide = "notes revision",
		.fields = "-analyser.revision analyser.out_of_date analyser.retired", .need = "analyser.manufacturer analyser.model",
		.example = "radioshop analyser create R8K10042 --manufacturer Freedom --model R8000 --calibrated-on 2026-03-02 "
			   "--calibration-due-on 2027-03-01"},
	{.noun = "analyser", .verb = "update", .method = "AnalyserService.UpdateAnalyser", .positional = "analyser",
		.columns = ANALYSER_COLUMNS, .wide = "notes revision", .fields = "-analyser.serial analyser.out_of_date",
		.fetch = "AnalyserService.GetAnalyser", .take = "analyser.serial analyser.revision",
		.example = "radioshop analyser update R8K10042 --calibrated-on 2027-02-20 --calibration-due-on 2028-02-19"},

	{.noun = "trend", .verb = "show", .method = "TrendService.SummarizeTrends", .positional = "asset",
		.columns = TREND_COLUMNS, .wide = "band mode readings first_on last_on",
		.example = "radioshop trend show 1042"},
	{.noun = "trend", .verb = "early", .method = "TrendService.ListEarlyCalls", .columns = TREND_COLUMNS,
		.wide = "band mode readings first_on last_on", .alone = true, .example = "radioshop trend early --agency IND"},

	{.noun = "service", .verb = "sheet", .method = "ServiceRecordService.GetServiceSheet", .positional = "asset",
		.columns = SHEET_COLUMNS, .wide = "test band limit_source legal_limit_text limit",
		.example = "radioshop service sheet 1042"},
	{.noun = "due", .verb = "skip", .method = "ScheduleService.SkipDue", .positional = "asset due_on",
		.columns = DUE_CHANGE_COLUMNS, .wide = DUE_CHANGE_WIDE, .need = "reason",
		.example = "radioshop due skip 1042 2026-12-01 --reason 'replaced in January anyway'"},
	{.noun = "due", .verb = "defer", .method = "ScheduleService.DeferDue", .positional = "asset due_on deferred_to",
		.columns = DUE_CHANGE_COLUMNS, .wide = DUE_CHANGE_WIDE, .need = "reason",
		.example = "radioshop due defer 1042 2026-12-01 2027-01-15 --reason 'wildfire duty until the new year'"},
	{.noun = "due", .verb = "approve", .method = "ScheduleService.DecideDeferral", .positional = "change",
		.columns = DUE_CHANGE_COLUMNS, .wide = DUE_CHANGE_WIDE, .preset = "state=approved", .fields = "note",
		.help = "Approve a deferral: the due date moves.",
		.example = "radioshop due approve 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f"},
	{.noun = "due", .verb = "refuse", .method = "ScheduleService.DecideDeferral", .positional = "change",
		.columns = DUE_CHANGE_COLUMNS, .wide = DUE_CHANGE_WIDE, .preset = "state=refused", .fields = "note",
		.help = "Refuse a deferral: the due date stays.",
		.example = "radioshop due refuse 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f --note 'spares are there'"},
	{.noun = "due", .verb = "changes", .method = "ScheduleService.ListDueChanges", .columns = DUE_CHANGE_COLUMNS,
		.wide = DUE_CHANGE_WIDE, .example = "radioshop due changes --agency IND --open"},

	{.noun = "key", .verb = "list", .method = "KeyService.ListKeysets", .columns = KEYSET_COLUMNS, .wide = KEYSET_WIDE,
		.example = "radioshop key list --state current"},
	{.noun = "key", .verb = "show", .method = "KeyService.GetKeyset", .positional = "keyset",
		.example = "radioshop key show SHOP:MARRS-AES-26"},
	{.noun = "key", .verb = "create", .method = "KeyService.CreateKeyset",
		.positional = "keyset.agency keyset.code keyset.name", .columns = KEYSET_COLUMNS, .wide = KEYSET_WIDE,
		.fields = "keyset.number keyset.algorithm keyset.ckrs keyset.classes keyset.note",
		.need = "keyset.number keyset.algorithm keyset.ckrs", .example =
		"radioshop key create SHOP MARRS-AES-26 'MARRS regional, 2026' --number 1 --algorithm aes-256 --ckrs 1-4,20 "
		"--classes public-safety"},
	{.noun = "key", .verb = "update", .method = "KeyService.UpdateKeyset", .positional = "keyset",
		.columns = KEYSET_COLUMNS, .wide = KEYSET_WIDE,
		.fields = "keyset.name keyset.ckrs keyset.classes keyset.note keyset.revision",
		.fetch = "KeyService.GetKeyset", .take = "keyset.id keyset.revision",
		.example = "radioshop key update MARRS-AES-26 --ckrs 1-5,20"},
	{.noun = "key", .verb = "supersede", .method = "KeyService.SupersedeKeyset", .positional = "keyset superseded_by?",
		.columns = KEYSET_COLUMNS, .wide = KEYSET_WIDE, .fetch = "KeyService.GetKeyset",
		.take = "revision=keyset.revision", .example = "radioshop key supersede MARRS-AES-26 MARRS-AES-27"},
	{.noun = "key", .verb = "reinstate", .method = "KeyService.ReinstateKeyset", .positional = "keyset",
		.columns = KEYSET_COLUMNS, .wide = KEYSET_WIDE, .fetch = "KeyService.GetKeyset",
		.take = "revision=keyset.revision", .example = "radioshop key reinstate MARRS-AES-26"},
	{.noun = "key", .verb = "load", .method = "KeyService.LoadKeyset", .positional = "keyset assets+",
		.columns = LOAD_COLUMNS, .wide = LOAD_WIDE, .help =
		"Record that radios were loaded with a keyset: all of them, or none if one is refused; - reads codes from the scanner. "
		"Of a rekey campaign, tick them off with campaign tick too.",
		.example = "radioshop key load MARRS-AES-26 1042 1043 837CXK1234 --loader KVL-2"},
	{.noun = "key", .verb = "erase", .method = "KeyService.EraseKeys", .positional = "keyset assets+",
		.columns = LOAD_COLUMNS, .wide = LOAD_WIDE, .fields = "erased_on note",
		.help = "Record that a keyset was erased from radios; - reads their codes from the scanner.",
		.example = "radioshop key erase MARRS-AES-25 1042 1043"},
	{.noun = "key", .verb = "zeroize", .method = "KeyService.EraseKeys", .positional = "assets+",
		.columns = LOAD_COLUMNS, .wide = LOAD_WIDE, .preset = "zeroized=true", .fields = "erased_on note",
		.help = "Record that all keys of radios were erased; - reads their codes from the scanner.",
		.example = "radioshop key zeroize 1042 --note 'before disposal'"},
	{.noun = "key", .verb = "held", .method = "KeyService.ListKeyLoads", .columns = LOAD_COLUMNS, .wide = LOAD_WIDE,
		.example = "radioshop key held --old --agency IND"},
	{.noun = "key", .verb = "holders", .method = "KeyService.SummarizeKeyHolders", .columns = HOLDER_COLUMNS,
		.wide = "name first_loaded_on last_loaded_on", .alone = true, .example = "radioshop key holders --not-allowed"},

	{.noun = "meter", .verb = "record", .method = "MeterService.RecordMeter", .positional = "asset meter value",
		.columns = METER_COLUMNS, .wide = METER_WIDE, .example = "radioshop meter record 1042 hours 3120"},
	{.noun = "import", .verb = "list", .method = "ImportService.ListImports", .columns = IMPORT_COLUMNS,
		.wide = IMPORT_WIDE, .alone = true, .example = "radioshop import list --agency IND --state running"},
	{.noun = "import", .verb = "show", .method = "ImportService.GetImport", .positional = "run",
		.example = "radioshop import show 0190f000-0000-7000-8000-000000000001"},
	{.noun = "import", .verb = "abandon", .method = "ImportService.EndImport", .positional = "run",
		.columns = IMPORT_COLUMNS, .wide = IMPORT_WIDE, .preset = "state=abandoned",
		.help = "Give up an import that was broken off: what came is in, and the rest will not come.",
		.example = "radioshop import abandon 0190f000-0000-7000-8000-000000000001"},
	{.noun = "mapping", .verb = "list", .method = "MappingService.ListMappings",
		.columns = "agency name note saved_by saved_at revision", .alone = true, .example = "radioshop mapping list --agency IND"},
	{.noun = "mapping", .verb = "show", .method = "MappingService.GetMapping", .positional = "agency name",
		.example = "radioshop mapping show IND snipe-it"},
	{.noun = "mapping", .verb = "save", .method = "MappingService.SaveMapping",
		.positional = "mapping.agency mapping.name", .columns = "agency name note revision",
		.fields = "mapping.text mapping.note mapping.revision", .run = action_mapping_save,
		.example = "radioshop mapping save IND snipe-it --from snipe-it.map"},
	{.noun = "mapping", .verb = "remove", .method = "MappingService.RemoveMapping", .positional = "agency name",
		.columns = "agency name note revision", .example = "radioshop mapping remove IND snipe-it"},
	{.noun = "meter", .verb = "import", .method = "MeterService.ImportMeterReadings", .fields = "",
		.help = "Record the readings of a csv FILE with the columns asset, meter, value and read_on, each kept or refused by itself.",
		.example = "radioshop meter import readings.csv", .run = action_meter_import},
	{.noun = "meter", .verb = "list", .method = "MeterService.ListMeterReadings", .columns = METER_COLUMNS,
		.wide = METER_WIDE, .alone = true, .example = "radioshop meter list --asset 1042"},

	{.noun = "inventory", .verb = "start", .method = "InventoryService.StartInventory", .positional = "agency location?",
		.columns = INVENTORY_COLUMNS, .wide = INVENTORY_WIDE,
		.example = "radioshop inventory start IND 'Station 3' --class portable"},
	{.noun = "inventory", .verb = "scan", .method = "InventoryService.ScanInventory", .positional = "inventory",
		.columns = SCANNED_COLUMNS, .wide = SCANNED_WIDE, .run = action_scan,
		.help = "Say what is there: codes line by line from the scanner or a file on standard input, or with --code. "
			"Several people may scan at once; what was scanned before is told and not counted twice.",
		.example = "radioshop inventory scan IND-INV-2026-001 --location 'Station 3' < codes.txt"},
	{.noun = "inventory", .verb = "undo", .method = "InventoryService.UndoInventoryScan", .positional = "inventory code",
		.columns = SCANNED_COLUMNS, .wide = SCANNED_WIDE, .example = "radioshop inventory undo IND-INV-2026-001 1042"},
	{.noun = "inventory", .verb = "progress", .method = "InventoryService.SummarizeInventory",
		.positional = "inventory", .columns = "location expected found wrong_place missing accounted unexpected percent",
		.example = "radioshop inventory progress IND-INV-2026-001"},
	{.noun = "inventory", .verb = "items", .method = "InventoryService.ListInventoryItems", .positional = "inventory",
		.columns = INV_ITEM_COLUMNS, .wide = INV_ITEM_WIDE,
		.example = "radioshop inventory items IND-INV-2026-001 --verdict missing -o csv"},
	{.noun = "inventory", .verb = "show", .method = "InventoryService.GetInventory", .positional = "inventory",
		.example = "radioshop inventory show IND-INV-2026-001"},
	{.noun = "inventory", .verb = "list", .method = "InventoryService.ListInventories", .columns = INVENTORY_COLUMNS,
		.wide = INVENTORY_WIDE, .alone = true, .example = "radioshop inventory list --agency IND"},
	{.noun = "inventory", .verb = "close", .method = "InventoryService.CloseInventory", .positional = "inventory",
		.columns = INVENTORY_COLUMNS, .wide = INVENTORY_WIDE,
		.example = "radioshop inventory close IND-INV-2026-001 --set-missing --set-location"},

	{.noun = "campaign", .verb = "preview", .method = "CampaignService.PreviewCampaign",
		.example = "radioshop campaign preview --agency IND --agency LSU --class portable "
		"--firmware-other-than R32.10.00"},
	{.noun = "campaign", .verb = "create", .method = "CampaignService.CreateCampaign",
		.positional = "campaign.code campaign.name", .columns = CAMPAIGN_COLUMNS, .wide = CAMPAIGN_WIDE,
		.fields = "campaign.kind campaign.target campaign.instructions campaign.starts_on campaign.due_on "
		SELECTION_FIELDS, .need = "campaign.kind", .example =
		"radioshop campaign create FW-32 'Firmware R32' --kind firmware --target R32.10.00 --due-on 2027-03-31 "
		"--class portable --family 'APX 6000' --firmware-other-than R32.10.00"},
	{.noun = "campaign", .verb = "add", .method = "CampaignService.AddCampaignItem", .positional = "campaign asset",
		.columns = TICKED_COLUMNS, .wide = TICKED_WIDE, .example = "radioshop campaign add FW-32 1042"},
	{.noun = "campaign", .verb = "tick", .method = "CampaignService.TickCampaignItem", .positional = "campaign asset",
		.columns = TICKED_COLUMNS, .wide = TICKED_WIDE, .example = "radioshop campaign tick FW-32 837CXK1234"},
	{.noun = "campaign", .verb = "undo", .method = "CampaignService.UndoCampaignTick",
		.positional = "campaign asset reason", .columns = TICKED_COLUMNS, .wide = TICKED_WIDE,
		.example = "radioshop campaign undo FW-32 1042 'wrong radio'"},
	{.noun = "campaign", .verb = "left", .method = "CampaignService.ListCampaignItems", .positional = "campaign",
		.columns = "agency tag serial model firmware assigned_to location undo_reason", .wide = ITEM_WIDE,
		.preset = "state=left", .fields = "agency page_size page_token", .help = "List what is left to do.",
		.example = "radioshop campaign left FW-32 --agency IND"},
	{.noun = "campaign", .verb = "items", .method = "CampaignService.ListCampaignItems", .positional = "campaign",
		.columns = ITEM_COLUMNS, .wide = ITEM_WIDE, .example = "radioshop campaign items FW-32 --state failed"},
	{.noun = "campaign", .verb = "progress", .method = "CampaignService.SummarizeCampaigns",
		.positional = "campaign?", .columns = PROGRESS_COLUMNS, .wide = "last_tick_at",
		.example = "radioshop campaign progress FW-32"},
	{.noun = "campaign", .verb = "list", .method = "CampaignService.ListCampaigns", .columns = CAMPAIGN_COLUMNS,
		.wide = CAMPAIGN_WIDE, .alone = true, .example = "radioshop campaign list --agency IND"},
	{.noun = "campaign", .verb = "show", .method = "CampaignService.GetCampaign", .positional = "campaign",
		.example = "radioshop campaign show FW-32"},
	{.noun = "campaign", .verb = "update", .method = "CampaignService.UpdateCampaign", .positional = "campaign",
		.columns = CAMPAIGN_COLUMNS, .wide = CAMPAIGN_WIDE,
		.fields = "campaign.name campaign.instructions campaign.starts_on campaign.due_on campaign.revision",
		.fetch = "CampaignService.GetCampaign", .take = "campaign.code campaign.revision",
		.example = "radioshop campaign update FW-32 --due-on 2027-06-30"},
	{.noun = "campaign", .verb = "close", .method = "CampaignService.EndCampaign", .positional = "campaign",
		.columns = CAMPAIGN_COLUMNS, .wide = CAMPAIGN_WIDE, .preset = "state=closed", .fields = "reason revision",
		.fetch = "CampaignService.GetCampaign", .take = "revision=campaign.revision",
		.help = "Finish a campaign; with work left, say why.",
		.example = "radioshop campaign close FW-32 --reason 'two radios are missing'"},
	{.noun = "campaign", .verb = "cancel", .method = "CampaignService.EndCampaign", .positional = "campaign reason",
		.columns = CAMPAIGN_COLUMNS, .wide = CAMPAIGN_WIDE, .preset = "state=cancelled", .fields = "revision",
		.fetch = "CampaignService.GetCampaign", .take = "revision=campaign.revision", .help = "Give a campaign up.",
		.example = "radioshop campaign cancel FW-32 'the maker withdrew the version'"},

	{.noun = "service", .verb = "record", .method = "ServiceRecordService.CreateServiceRecord",
		.positional = "asset", .columns = RECORDED_COLUMNS, .wide = "recorded_by notes procedure procedure_version answers "
		"analyser analyser_out_of_date recorded_at id",
		.example = "radioshop service record 1042 --answer housing=yes --reading tx_freq_error=120Hz@851.0125 "
		"--reading 'tx_power=2.9 W' --analyser R8K10042 --open-ticket"},
	{.noun = "service", .verb = "import", .method = "ServiceRecordService.ImportResults",
		.fields = "plan procedure analyser open_ticket dry_run",
		.help = "Record services from a FILE of an analyser's results: a csv table, or the pass/fail log of an R8000.",
		.example = "radioshop service import autotune.log --plan PM12 --open-ticket --dry-run",
		.run = action_runs_import},
	{.noun = "service", .verb = "list", .method = "ServiceRecordService.ListServiceRecords",
		.columns = SERVICE_COLUMNS, .wide = SERVICE_WIDE, .example = "radioshop service list --asset 1042"},

	{.noun = "ticket", .verb = "open", .method = "TicketService.OpenTicket", .positional = "asset problem",
		.columns = OPENED_COLUMNS, .wide = TICKET_WIDE,
		.example = "radioshop ticket open 1042 'no receive audio' --priority urgent --received"},
	{.noun = "ticket", .verb = "log", .method = "TicketService.LogRepair", .positional = "asset",
		.columns = OPENED_COLUMNS, .wide = TICKET_WIDE, .need = "problem action",
		.example = "radioshop ticket log 1042 --problem 'no receive audio' --action 'new speaker' --minutes 15 "
		"--part 'speaker 5005156Z02' --part-cost 14.20"},
	{.noun = "ticket", .verb = "show", .method = "TicketService.GetTicket", .positional = "ticket",
		.example = "radioshop ticket show IND-2026-00042"},
	{.noun = "ticket", .verb = "list", .method = "TicketService.ListTickets", .columns = TICKET_COLUMNS,
		.wide = TICKET_WIDE, .example = "radioshop ticket list --state awaiting-parts"},
	{.noun = "ticket", .verb = "find", .method = "TicketService.LookupTickets", .positional = "query+",
		.columns = "number tag state opened_at excerpt", .wide = "agency priority problem closed_at rank id",
		.example = "radioshop ticket find 'no tx -battery' --open"},
	{.noun = "ticket", .verb = "note", .method = "TicketService.AddTicketEntry", .positional = "ticket text",
		.columns = ENTRY_COLUMNS, .wide = TICKET_WIDE, .preset = "kind=note", .fields = "",
		.help = "Add a note to a ticket.",
		.example = "radioshop ticket note IND-2026-00042 'owner called, wants it by Friday'"},
	{.noun = "ticket", .verb = "labour", .method = "TicketService.AddTicketEntry",
		.positional = "ticket minutes text?", .columns = ENTRY_COLUMNS, .wide = TICKET_WIDE,
		.preset = "kind=labour", .fields = "", .help = "Add minutes of work to a ticket.",
		.example = "radioshop ticket labour IND-2026-00042 25 'aligned'"},
	{.noun = "ticket", .verb = "part", .method = "TicketService.AddTicketEntry", .positional = "ticket text",
		.columns = ENTRY_COLUMNS, .wide = TICKET_WIDE, .preset = "kind=part", .fields = "cost_cents",
		.help = "Add a part to a ticket.",
		.example = "radioshop ticket part IND-2026-00042 'speaker 5005156Z02' --cost 14.20"},
	{.noun = "ticket", .verb = "outside", .method = "TicketService.AddTicketEntry", .positional = "ticket text",
		.columns = ENTRY_COLUMNS, .wide = TICKET_WIDE, .preset = "kind=outside", .fields = "cost_cents",
		.need = "cost_cents", .help = "Add a cost from outside, such as a depot's bill.",
		.example = "radioshop ticket outside IND-2026-00042 'depot RMA 77120' --cost 310"},
	{.noun = "ticket", .verb = "update", .method = "TicketService.UpdateTicket", .positional = "ticket",
		.columns = TICKET_COLUMNS, .wide = TICKET_WIDE, .fields = TICKET_FIELDS, OF_TICKET,
		.take = "ticket.id ticket.revision",
		.example = "radioshop ticket update IND-2026-00042 --priority high"},
	{.noun = "ticket", .verb = "move", .method = "TicketService.MoveTicket", .positional = "ticket state",
		.columns = MOVED_COLUMNS, .wide = TICKET_WIDE, OF_TICKET, .take = "revision=ticket.revision",
		.example = "radioshop ticket move IND-2026-00042 testing"},
	MOVE("receive", "received", "Check the radio in at the bench."),
	MOVE("diagnose", "diagnosing", "Begin to look for the fault."),
	MOVE("await-parts", "awaiting_parts", "Wait for parts."),
	MOVE("await-approval", "awaiting_approval", "Wait for the agency to approve the cost."),
	MOVE("depot", "at_depot", "Send the radio to the maker's depot."),
	MOVE("repair", "repairing", "Begin the repair."),
	MOVE("test", "testing", "Test the radio after the repair."),
	MOVE("ready", "ready", "Say that the radio can be picked up."),
	MOVE("return", "returned", "Give the radio back to its agency."),
	MOVE("close", "closed", "Finish the ticket."),
	MOVE("cancel", "cancelled", "Give the ticket up; nothing was done."),
	{.noun = "ticket", .verb = "reopen", .method = "TicketService.MoveTicket", .positional = "ticket",
		.columns = MOVED_COLUMNS, .wide = TICKET_WIDE, .fields = "-state", OF_TICKET,
		.take = "revision=ticket.revision", .adapt = reopen_to, .help = "Open a finished ticket again.",
		.example = "radioshop ticket reopen IND-2026-00042 --note 'same fault again'"},

	{.noun = "ticket", .verb = "watch", .method = "TicketService.WatchTicket", .positional = "ticket",
		.columns = "ticket watchers", .example = "radioshop ticket watch IND-2026-00042"},
	{.noun = "ticket", .verb = "unwatch", .method = "TicketService.UnwatchTicket", .positional = "ticket",
		.columns = "ticket watchers", .example = "radioshop ticket unwatch IND-2026-00042"},
	{.noun = "ticket", .verb = "ask", .method = "TicketService.RequestApproval",
		.positional = "ticket reason", .columns = ASKED_COLUMNS, .wide = TICKET_WIDE, OF_TICKET,
		.take = "revision=ticket.revision",
		.example = "radioshop ticket ask IND-2026-00042 'new main board' --estimate 412.50"},
	{.noun = "ticket", .verb = "approve", .method = "TicketService.ApproveTicket", .positional = "ticket",
		.columns = ASKED_COLUMNS, .wide = TICKET_WIDE, OF_TICKET, .take = "revision=ticket.revision",
		.example = "radioshop ticket approve IND-2026-00042 --amount 450"},
	{.noun = "ticket", .verb = "decline", .method = "TicketService.DeclineTicket", .positional = "ticket note",
		.columns = ASKED_COLUMNS, .wide = TICKET_WIDE, OF_TICKET, .take = "revision=ticket.revision",
		.example = "radioshop ticket decline IND-2026-00042 'we buy a new one in March'"},
	{.noun = "ticket", .verb = "link", .method = "TicketService.UpdateTicket",
		.positional = "ticket", .need = "ticket.returns_ticket", .columns = OPENED_COLUMNS, .wide = TICKET_WIDE,
		.fields = "ticket.returns_ticket ticket.revision", OF_TICKET, .take = "ticket.id ticket.revision",
		.help = "Say that a ticket is the return of an earlier one of the same asset.",
		.example = "radioshop ticket link IND-2026-00042 --returns-ticket IND-2026-00017"},
	{.noun = "ticket", .verb = "join", .method = "TicketService.UpdateTicket", .positional = "ticket",
		.need = "ticket.parent", .columns = JOINED_COLUMNS, .wide = TICKET_WIDE,
		.fields = "ticket.parent ticket.revision", OF_TICKET, .take = "ticket.id ticket.revision",
		.help = "Make a ticket a part of another one, such as a recall.",
		.example = "radioshop ticket join IND-2026-00042 --parent IND-2026-00040"},
	{.noun = "ticket", .verb = "leave", .method = "TicketService.UpdateTicket", .positional = "ticket",
		.columns = JOINED_COLUMNS, .wide = TICKET_WIDE, .preset = "ticket.parent=",
		.fields = "ticket.revision", OF_TICKET, .take = "ticket.id ticket.revision",
		.help = "Take a ticket out of the one it is a part of.", .example = "radioshop ticket leave IND-2026-00042"},

	{.noun = "synonym", .verb = "list", .method = "SynonymService.ListSynonyms", .columns = "word means", .alone = true,
		.example = "radioshop synonym list"},
	{.noun = "synonym", .verb = "add", .method = "SynonymService.AddSynonym", .positional = "synonym.word synonym.means",
		.columns = "word means", .fields = "", .example = "radioshop synonym add 'spkr mic' 'speaker microphone'"},
	{.noun = "synonym", .verb = "remove", .method = "SynonymService.RemoveSynonym", .positional = "word",
		.columns = "word means", .example = "radioshop synonym remove 'spkr mic'"},

	{.noun = "code", .verb = "list", .method = "TicketCodeService.ListTicketCodes", .columns = CODE_COLUMNS,
		.wide = "revision", .alone = true, .example = "radioshop code list --kind problem"},
	{.noun = "code", .verb = "show", .method = "TicketCodeService.GetTicketCode", .positional = "kind code",
		.example = "radioshop code show problem NO_TX"},
	{.noun = "code", .verb = "create", .method = "TicketCodeService.CreateTicketCode",
		.positional = "code.kind code.code code.name", .columns = CODE_COLUMNS, .wide = "revision", .fields = "",
		.example = "radioshop code create problem NO_ROAM 'Does not roam between sites'"},
	{.noun = "code", .verb = "update", .method = "TicketCodeService.UpdateTicketCode", .positional = "kind code",
		.columns = CODE_COLUMNS, .wide = "revision", .fields = "code.name code.retired code.revision",
		.fetch = "TicketCodeService.GetTicketCode", .take = "code.kind code.code code.revision",
		.example = "radioshop code update problem NO_ROAM --retired"},
	{.noun = "terms", .verb = "show", .method = "TicketTermsService.GetTicketTerms", .positional = "agency",
		.example = "radioshop terms show IND"},
	{.noun = "terms", .verb = "update", .method = "TicketTermsService.UpdateTicketTerms", .positional = "agency",
		.columns = TERMS_COLUMNS, .wide = "revision", .fields = "-terms.agency",
		.fetch = "TicketTermsService.GetTicketTerms", .take = "terms.agency terms.revision",
		.example = "radioshop terms update IND --approval-above 250 --return-days 90 --urgent-hours 8"},
	{.noun = "calendar", .verb = "show", .method = "ShopCalendarService.GetShopCalendar", .alone = true,
		.example = "radioshop calendar"},
	{.noun = "calendar", .verb = "update", .method = "ShopCalendarService.UpdateShopCalendar",
		.columns = CALENDAR_COLUMNS, .fields = "calendar.time_zone calendar.hours calendar.revision",
		.fetch = "ShopCalendarService.GetShopCalendar", .take = "calendar.revision",
		.example = "radioshop calendar update --hours 'mon-fri 07:30-16:00' --hours 'sat 08:00-12:00'"},
	{.noun = "calendar", .verb = "add", .method = "ShopCalendarService.AddShopHoliday", .positional = "day name",
		.columns = CALENDAR_COLUMNS, .fields = "", .example = "radioshop calendar add 2026-12-25 'Christmas Day'"},
	{.noun = "calendar", .verb = "remove", .method = "ShopCalendarService.RemoveShopHoliday", .positional = "day",
		.columns = CALENDAR_COLUMNS, .fields = "", .example = "radioshop calendar remove 2026-12-25"},

	{.noun = "part", .verb = "list", .method = "PartService.ListParts", .columns = PART_COLUMNS, .wide = PART_WIDE,
		.example = "radioshop part list --model H98UCF9PW6BN"},
	{.noun = "part", .verb = "show", .method = "PartService.GetPart", .positional = "part",
		.example = "radioshop part show SPK-28"},
	{.noun = "part", .verb = "create", .method = "PartService.CreatePart", .positional = "part.number part.name",
		.columns = PART_COLUMNS, .wide = PART_WIDE, .fields = "-part.on_hand part.places part.revision part.obsolete",
		.example = "radioshop part create SPK-28 'Speaker, 28 mm' --maker-number 5005156Z02 --reorder-point 5 "
		"--reorder-quantity 20"},
	{.noun = "part", .verb = "update", .method = "PartService.UpdatePart", .positional = "part",
		.columns = PART_COLUMNS, .wide = PART_WIDE, .fields = "-part.number part.on_hand part.places",
		.fetch = "PartService.GetPart", .take = "part.number part.revision",
		.example = "radioshop part update SPK-28 --reorder-point 10"},
	{.noun = "part", .verb = "use", .method = "StockService.UseParts", .positional = "ticket part quantity?",
		.columns = CHANGE_COLUMNS, .wide = CHANGE_WIDE, .example = "radioshop part use IND-2026-00042 SPK-28 2"},
	{.noun = "part", .verb = "return", .method = "StockService.ReturnParts", .positional = "ticket part quantity?",
		.columns = CHANGE_COLUMNS, .wide = CHANGE_WIDE, .example = "radioshop part return IND-2026-00042 SPK-28"},
	{.noun = "part", .verb = "uses", .method = "PartService.ListPartUses", .columns = USE_COLUMNS,
		.example = "radioshop part uses --ticket IND-2026-00042"},

	{.noun = "stock", .verb = "list", .method = "StockService.ListStock",
		.columns = "part name location quantity unit on_hand reorder_point",
		.wide = "reorder_quantity cost_cents obsolete", .alone = true,
		.example = "radioshop stock list --below-reorder"},
	{.noun = "stock", .verb = "receive", .method = "StockService.ReceiveParts",
		.positional = "part location quantity", .columns = CHANGE_COLUMNS, .wide = CHANGE_WIDE,
		.need = "unit_cost_cents",
		.example = "radioshop stock receive SPK-28 A1 20 --unit-cost 14.20 --supplier 'Parts Inc.' --reference PO-1177"},
	{.noun = "stock", .verb = "move", .method = "StockService.MoveParts",
		.positional = "part location to_location quantity?", .columns = "part name quantity unit location to_location on_hand",
		.wide = CHANGE_WIDE, .example = "radioshop stock move SPK-28 A1 VAN-2 5"},
	{.noun = "stock", .verb = "count", .method = "StockService.CountParts", .positional = "part location found",
		.columns = "part name location expected found quantity cost_cents on_hand", .wide = CHANGE_WIDE,
		.example = "radioshop stock count SPK-28 A1 17 --reason 'yearly count'"},
	{.noun = "stock", .verb = "scrap", .method = "StockService.ScrapParts", .positional = "part location quantity?",
		.columns = CHANGE_COLUMNS, .wide = CHANGE_WIDE, .need = "reason",
		.example = "radioshop stock scrap SPK-28 A1 1 --reason 'torn cone'"},
	{.noun = "stock", .verb = "moves", .method = "StockService.ListPartMoves",
		.columns = "at principal kind part lot location quantity ticket reason", .wide = "unit_cost_cents number change",
		.example = "radioshop stock moves --part SPK-28"},

	{.noun = "location", .verb = "list", .method = "StockService.ListStockLocations", .columns = LOCATION_COLUMNS,
		.example = "radioshop location list"},
	{.noun = "location", .verb = "show", .method = "StockService.GetStockLocation", .positional = "location",
		.example = "radioshop location show A1"},
	{.noun = "location", .verb = "create", .method = "StockService.CreateStockLocation",
		.positional = "location.code location.name", .columns = LOCATION_COLUMNS, .fields = "location.kind",
		.example = "radioshop location create VAN-2 'Van of bench 2' --kind van"},
	{.noun = "location", .verb = "update", .method = "StockService.UpdateStockLocation", .positional = "location",
		.columns = LOCATION_COLUMNS, .fields = "location.name location.kind location.closed location.revision",
		.fetch = "StockService.GetStockLocation", .take = "location.code location.revision",
		.example = "radioshop location update VAN-2 --name 'Van of bench 3'"},

	{.noun = "rma", .verb = "open", .method = "RmaService.OpenRma", .positional = "ticket number",
		.columns = RMA_COLUMNS, .wide = RMA_WIDE, .need = "kind",
		.example = "radioshop rma open IND-2026-00042 RMA-771204 --kind warranty --expected-days 4"},
	{.noun = "rma", .verb = "ship", .method = "RmaService.ShipRma", .positional = "rma", .columns = RMA_COLUMNS,
		.wide = RMA_WIDE, .fetch = "RmaService.GetRma", .take = "revision=rma.revision",
		.example = "radioshop rma ship RMA-771204 --carrier UPS --tracking 1Z999AA10123456784"},
	{.noun = "rma", .verb = "receive", .method = "RmaService.ReceiveRma", .positional = "rma",
		.columns = RMA_COLUMNS, .wide = RMA_WIDE, .fetch = "RmaService.GetRma", .take = "revision=rma.revision",
		.example = "radioshop rma receive RMA-771204 --serial 837CXK9999 --firmware R32.10.00 --cost 310"},
	{.noun = "rma", .verb = "codeplug", .method = "RmaService.ConfirmRmaCodeplug", .positional = "rma",
		.columns = RMA_COLUMNS, .wide = RMA_WIDE, .fetch = "RmaService.GetRma", .take = "revision=rma.revision",
		.example = "radioshop rma codeplug RMA-771204 --codeplug IND-PD-2026-1"},
	{.noun = "rma", .verb = "cancel", .method = "RmaService.CancelRma", .positional = "rma reason",
		.columns = RMA_COLUMNS, .wide = RMA_WIDE, .fetch = "RmaService.GetRma", .take = "revision=rma.revision",
		.example = "radioshop rma cancel RMA-771204 'fixed at the bench'"},
	{.noun = "rma", .verb = "list", .method = "RmaService.ListRmas", .columns = RMA_COLUMNS, .wide = RMA_WIDE,
		.alone = true, .example = "radioshop rma list --overdue"},
	{.noun = "rma", .verb = "show", .method = "RmaService.GetRma", .positional = "rma",
		.example = "radioshop rma show RMA-771204"},

	{.noun = "component", .verb = "list", .method = "ComponentService.ListComponents", .columns = COMPONENT_COLUMNS,
		.wide = COMPONENT_WIDE, .alone = true,
		.example = "radioshop component list --asset B-0417 --detached"},
	{.noun = "battery", .verb = "list", .method = "ComponentService.ListBatteries", .columns = BATTERY_COLUMNS,
		.wide = "per_year date_code_revision", .alone = true,
		.example = "radioshop battery list --agency IND --older-than-months 24 --capacity-below 80"},
	{.noun = "battery", .verb = "date", .method = "ComponentService.SetDateCode", .positional = "asset date_code",
		.columns = "agency tag serial date_code made_on age_months", .wide = "date_code_revision",
		.example = "radioshop battery date B-0417 2635"},
	{.noun = "custodian", .verb = "list", .method = "CustodianService.ListCustodians", .columns = CUSTODIAN_COLUMNS,
		.wide = "revision updated_at id", .alone = true,
		.example = "radioshop custodian list --agency IND --kind vehicle"},
	{.noun = "custodian", .verb = "show", .method = "CustodianService.GetCustodian", .positional = "custodian",
		.example = "radioshop custodian show 4711"},
	{.noun = "custodian", .verb = "create", .method = "CustodianService.CreateCustodian",
		.positional = "custodian.agency custodian.code custodian.name", .columns = CUSTODIAN_COLUMNS, .wide = "revision id",
		.fields = "custodian.kind custodian.note",
		.example = "radioshop custodian create IND 4711 'Officer A. Ruiz'"},
	{.noun = "custodian", .verb = "update", .method = "CustodianService.UpdateCustodian", .positional = "custodian",
		.columns = CUSTODIAN_COLUMNS, .wide = "revision id",
		.fields = "custodian.code custodian.kind custodian.name custodian.note custodian.inactive custodian.revision",
		.fetch = "CustodianService.GetCustodian", .take = "custodian.id custodian.revision",
		.example = "radioshop custodian update 4711 --inactive"},
	{.noun = "retirement", .verb = "list", .method = "RetirementService.ListRetirements",
		.columns = RETIREMENT_COLUMNS, .wide = RETIREMENT_WIDE, .alone = true,
		.example = "radioshop retirement list --agency IND --state retired"},
	{.noun = "retirement", .verb = "show", .method = "RetirementService.GetRetirement", .positional = "asset",
		.example = "radioshop retirement show 1042"},
	{.noun = "retirement", .verb = "update", .method = "RetirementService.UpdateRetirement", .positional = "asset",
		.columns = RETIREMENT_COLUMNS, .wide = RETIREMENT_WIDE,
		.fields = "retirement.reason retirement.note retirement.retired_on retirement.method retirement.disposed_on "
			  "retirement.recipient retirement.proceeds_cents retirement.certificate retirement.disposal_note "
			  "retirement.revision",
		.fetch = "RetirementService.GetRetirement", .take = "retirement.id retirement.revision",
		.example = "radioshop retirement update 1042 --certificate R2-88412 --proceeds 31.50"},

	{.noun = "transfer", .verb = "offer", .method = "TransferService.OfferTransfer", .positional = "assets+",
		.columns = TRANSFER_COLUMNS, .wide = TRANSFER_WIDE, .need = "to",
		.help = "Offer assets to another agency: all of them, or none.",
		.example = "radioshop transfer offer 1042 1043 --to LSM --price 1200.00"},
	{.noun = "transfer", .verb = "accept", .method = "TransferService.AcceptTransfer", .positional = "transfer",
		.columns = TRANSFER_COLUMNS, .wide = TRANSFER_WIDE,
		.help = "Accept what another agency has offered.",
		.example = "radioshop transfer accept IND-T-7 --tags 1042=L-77"},
	{.noun = "transfer", .verb = "decline", .method = "TransferService.DeclineTransfer", .positional = "transfer",
		.columns = TRANSFER_COLUMNS, .wide = TRANSFER_WIDE,
		.example = "radioshop transfer decline IND-T-7 --note 'no budget this year'"},
	{.noun = "transfer", .verb = "withdraw", .method = "TransferService.WithdrawTransfer", .positional = "transfer",
		.columns = TRANSFER_COLUMNS, .wide = TRANSFER_WIDE, .example = "radioshop transfer withdraw IND-T-7"},
	{.noun = "transfer", .verb = "show", .method = "TransferService.GetTransfer", .positional = "transfer",
		.example = "radioshop transfer show IND-T-7"},
	{.noun = "transfer", .verb = "list", .method = "TransferService.ListTransfers", .columns = TRANSFER_COLUMNS,
		.wide = TRANSFER_WIDE, .alone = true, .example = "radioshop transfer list --state offered"},

	{.noun = "custody", .verb = "list", .method = "CustodyService.ListCustody", .columns = CUSTODY_COLUMNS,
		.wide = CUSTODY_WIDE, .alone = true, .example = "radioshop custody list --overdue"},

	{.noun = "loan", .verb = "issue", .method = "LoanService.IssueLoan", .positional = "ticket asset",
		.columns = LOAN_COLUMNS, .wide = LOAN_WIDE, .fields = "-purpose borrower_agency",
		.help = "Lend a loaner for a radio that is in repair.",
		.example = "radioshop loan issue IND-2026-00042 L-12"},
	{.noun = "loan", .verb = "out", .method = "LoanService.IssueLoan", .positional = "asset borrower",
		.columns = LOAN_COLUMNS, .wide = LOAN_WIDE, .fields = "-ticket", .need = "due_on",
		.help = "Lend an asset for an event, a training, or something other.",
		.example = "radioshop loan out 1042 'A. Ruiz' --due-on 2026-12-01 --purpose training"},
	{.noun = "loan", .verb = "extend", .method = "LoanService.ExtendLoan", .positional = "loan due_on reason",
		.columns = LOAN_COLUMNS, .wide = LOAN_WIDE, .fetch = "LoanService.GetLoan",
		.take = "loan=loan.id revision=loan.revision",
		.example = "radioshop loan extend L-12 2027-01-15 'waits for a part'"},
	{.noun = "loan", .verb = "return", .method = "LoanService.ReturnLoan", .positional = "loan",
		.columns = LOAN_COLUMNS " damage_ticket", .wide = LOAN_MORE, .fetch = "LoanService.GetLoan",
		.take = "loan=loan.id revision=loan.revision",
		.example = "radioshop loan return L-12 --condition damaged --problem 'antenna broken'"},
	{.noun = "loan", .verb = "list", .method = "LoanService.ListLoans", .columns = LOAN_COLUMNS, .wide = LOAN_WIDE,
		.alone = true, .example = "radioshop loan list --overdue"},
	{.noun = "loan", .verb = "show", .method = "LoanService.GetLoan", .positional = "loan",
		.example = "radioshop loan show L-12"},
	{.noun = "loaner", .verb = "list", .method = "LoanService.ListLoaners", .columns = LOANER_COLUMNS,
		.wide = LOANER_WIDE, .alone = true, .example = "radioshop loaner list --free --band 7/800"},
	{.noun = "loaner", .verb = "add", .method = "LoanService.AddLoaner", .positional = "asset",
		.columns = LOANER_COLUMNS, .wide = LOANER_WIDE,
		.example = "radioshop loaner add L-12 --note 'regional codeplug'"},
	{.noun = "loaner", .verb = "remove", .method = "LoanService.RemoveLoaner", .positional = "asset",
		.columns = LOANER_COLUMNS, .wide = LOANER_WIDE, .example = "radioshop loaner remove L-12"},

	{.noun = "attachment", .verb = "add", .method = "AttachmentService.StartUpload", .positional = "record",
		.columns = ATTACHED_COLUMNS, .wide = "note state added_at stored_at id", .fields = "name note restart",
		.help = "Attach files to a ticket or an asset. Typed again after an interruption it goes on where it stopped.",
		.example = "radioshop attachment add IND-2026-00042 cracked-case.jpg report.pdf", .run = action_attachment_add},
	{.noun = "attachment", .verb = "list", .method = "AttachmentService.ListAttachments", .columns = ATTACHMENT_COLUMNS,
		.wide = ATTACHMENT_WIDE, .positional = "record?", .alone = true, .example = "radioshop attachment list IND-2026-00042"},
	{.noun = "attachment", .verb = "show", .method = "AttachmentService.GetAttachment", .positional = "record name?",
		.example = "radioshop attachment show IND-2026-00042 report.pdf"},
	{.noun = "attachment", .verb = "get", .method = "AttachmentService.ExportAttachment", .positional = "record name?",
		.fields = "", .fetch = "AttachmentService.GetAttachment", .take = "attachment=attachment.id", .file = true,
		.help = "Save an attachment as a file, whole or not at all.",
		.example = "radioshop attachment get IND-2026-00042 report.pdf", .run = action_attachment_get},
	{.noun = "attachment", .verb = "remove", .method = "AttachmentService.RemoveAttachment", .positional = "record name?",
		.columns = "agency tag ticket name state removed_by reason", .wide = ATTACHMENT_WIDE, .fields = "reason", .need = "reason",
		.fetch = "AttachmentService.GetAttachment", .take = "attachment=attachment.id",
		.example = "radioshop attachment remove IND-2026-00042 report.pdf --reason 'of another radio'"},
	{.noun = "attachment", .verb = "limits", .method = "AttachmentService.GetAttachmentLimits", .positional = "agency",
		.example = "radioshop attachment limits IND"},
	{.noun = "attachment", .verb = "limit", .method = "AttachmentService.UpdateAttachmentLimits", .positional = "agency",
		.columns = "agency file_bytes total_bytes record_files used_bytes", .wide = "revision",
		.fields = "limits.file_bytes limits.total_bytes limits.record_files limits.revision",
		.fetch = "AttachmentService.GetAttachmentLimits", .take = "limits.agency limits.revision",
		.example = "radioshop attachment limit IND --file-bytes 67108864"},

	{.noun = "alert", .verb = "emit", .method = "AlertService.EmitAlerts", .columns = ALERT_COLUMNS,
		.wide = ALERT_WIDE, .fields = "agency urgent", .example = "radioshop alert emit", .run = action_emit},
	{.noun = "alert", .verb = "list", .method = "AlertService.ListAlerts", .columns = ALERT_COLUMNS,
		.wide = ALERT_WIDE, .example = "radioshop alert list --open"},
	{.noun = "alert", .verb = "ack", .method = "AlertService.AckAlert", .positional = "alert",
		.columns = ALERT_COLUMNS, .wide = ALERT_WIDE,
		.example = "radioshop alert ack 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f --note 'radio is at the depot'"},
	{.noun = "alert", .verb = "snooze", .method = "AlertService.SnoozeAlert", .positional = "alert until",
		.columns = ALERT_COLUMNS, .wide = ALERT_WIDE,
		.example = "radioshop alert snooze 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f 2026-12-24 --note 'owner on leave'"},
	{.noun = "alert", .verb = "rules", .method = "AlertService.GetAlertRules", .columns = RULE_COLUMNS,
		.example = "radioshop alert rules --agency IND"},
	{.noun = "alert", .verb = "rule", .method = "AlertService.SetAlertRule", .positional = "agency kind",
		.columns = RULE_COLUMNS, .example = "radioshop alert rule IND due-soon --days 14"},
	{.noun = "alert", .verb = "status", .method = "AlertService.SummarizeAlerts",
		.columns = "agency decided_at claimed_at sent_at open queued waiting failed problem", .wide = "routes",
		.example = "radioshop alert status --max-age-hours 26", .run = action_alert_status},
	{.noun = "alert", .verb = "deliveries", .method = "AlertRouteService.ListDeliveries",
		.columns = "queued_at agency route address kind tag plan subject state reason", .wide = "ended_at tries alert delivery",
		.example = "radioshop alert deliveries --state failed"},
	{.noun = "alert", .verb = "send", .method = "AlertRouteService.ClaimDeliveries", .fields = "agency host",
		.help = "Send what is to be sent: by mail, webhook or file as send.conf says, or to standard output.",
		.example = "radioshop alert send", .run = action_send},
	{.noun = "alert", .verb = "confirm", .method = "AlertRouteService.ConfirmDelivery",
		.positional = "delivery generation outcome", .columns = "id generation agency route channel address state reply",
		.example = "radioshop alert confirm 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f 1 delivered --reply 'by hand'"},

	{.noun = "route", .verb = "list", .method = "AlertRouteService.ListAlertRoutes", .columns = ROUTE_COLUMNS,
		.wide = ROUTE_WIDE, .example = "radioshop route list --agency IND"},
	{.noun = "route", .verb = "show", .method = "AlertRouteService.GetAlertRoute", .positional = "agency route",
		.example = "radioshop route show IND FLEET"},
	{.noun = "route", .verb = "create", .method = "AlertRouteService.CreateAlertRoute",
		.positional = "route.agency route.code route.channel route.address?", .columns = ROUTE_COLUMNS,
		.wide = ROUTE_WIDE, .fields = "-route.id route.queued route.revision",
		.example = "radioshop route create IND FLEET email fleet@example.org --quiet 22:00-06:00"},
	{.noun = "route", .verb = "update", .method = "AlertRouteService.UpdateAlertRoute", .positional = "agency route",
		.columns = ROUTE_COLUMNS, .wide = ROUTE_WIDE, .fields = "-route.id route.agency route.code route.queued",
		.fetch = "AlertRouteService.GetAlertRoute", .take = "route.agency route.code route.revision",
		.example = "radioshop route update IND FLEET --address radios@example.org"},
	{.noun = "route", .verb = "stop", .method = "AlertRouteService.UpdateAlertRoute", .positional = "agency route",
		.columns = ROUTE_COLUMNS, .wide = ROUTE_WIDE, .preset = "route.stopped=true", .fields = "route.revision",
		.fetch = "AlertRouteService.GetAlertRoute", .take = "route.agency route.code route.revision",
		.help = "Stop a route: nothing goes there any more.", .example = "radioshop route stop IND FLEET"},

	{.noun = "principal", .verb = "list", .method = "PrincipalService.ListPrincipals", .columns = PRINCIPAL_COLUMNS,
		.wide = PRINCIPAL_WIDE, .example = "radioshop principal list"},
	{.noun = "principal", .verb = "show", .method = "PrincipalService.GetPrincipal", .positional = "principal",
		.example = "radioshop principal show pat"},
	{.noun = "principal", .verb = "create", .method = "PrincipalService.CreatePrincipal",
		.positional = "principal.name principal.display_name", .columns = PRINCIPAL_COLUMNS,
		.wide = PRINCIPAL_WIDE, .fields = "", .example = "radioshop principal create pat 'Pat Doe, bench 2'"},
	{.noun = "principal", .verb = "update", .method = "PrincipalService.UpdatePrincipal", .positional = "principal",
		.columns = PRINCIPAL_COLUMNS, .wide = PRINCIPAL_WIDE,
		.fields = "principal.display_name principal.disabled principal.revision",
		.fetch = "PrincipalService.GetPrincipal", .take = "principal.name principal.revision",
		.example = "radioshop principal update pat --display-name 'Pat Roe'"},
	{.noun = "principal", .verb = "disable", .method = "PrincipalService.UpdatePrincipal",
		.positional = "principal", .columns = PRINCIPAL_COLUMNS, .wide = PRINCIPAL_WIDE,
		.preset = "principal.disabled=true", .fields = "principal.revision",
		.fetch = "PrincipalService.GetPrincipal", .take = "principal.name principal.revision",
		.help = "Lock a principal out at once, whatever its certificate says.",
		.example = "radioshop principal disable pat"},
	{.noun = "principal", .verb = "enable", .method = "PrincipalService.UpdatePrincipal", .positional = "principal",
		.columns = PRINCIPAL_COLUMNS, .wide = PRINCIPAL_WIDE, .preset = "principal.disabled=false",
		.fields = "principal.revision", .fetch = "PrincipalService.GetPrincipal",
		.take = "principal.name principal.revision", .help = "Let a principal in again.",
		.example = "radioshop principal enable pat"},
	{.noun = "principal", .verb = "grant", .method = "PrincipalService.GrantRole", .positional = "principal role",
		.columns = PRINCIPAL_COLUMNS, .wide = PRINCIPAL_WIDE,
		.example = "radioshop principal grant pat fleet-manager --agency IND"},
	{.noun = "principal", .verb = "revoke", .method = "PrincipalService.RevokeRole", .positional = "principal role",
		.columns = PRINCIPAL_COLUMNS, .wide = PRINCIPAL_WIDE,
		.example = "radioshop principal revoke pat fleet-manager --agency IND"},

	{.noun = "agreement", .verb = "show", .method = "AgreementService.GetAgreement", .positional = "month?",
		.example = "radioshop agreement show 2026-10"},
	{.noun = "agreement", .verb = "list", .method = "AgreementService.ListAgreements",
		.columns = AGREEMENT_COLUMNS, .wide = AGREEMENT_WIDE, .example = "radioshop agreement list"},
	{.noun = "agreement", .verb = "set", .method = "AgreementService.SetAgreement", .positional = "from_month",
		.columns = AGREEMENT_COLUMNS, .wide = AGREEMENT_WIDE, .need = "split members",
		.example = "radioshop agreement set 2026-10 --split percent --fee portable=21.50 --fee mobile=18 "
		"--fixed-cost 'Bench rent=1200' --member IND=60 --member BSP=30 --member CJC=10"},
	{.noun = "rate", .verb = "show", .method = "LabourRateService.GetLabourRate", .positional = "technician?",
		.example = "radioshop rate show tina --day 2026-10-01"},
	{.noun = "rate", .verb = "list", .method = "LabourRateService.ListLabourRates", .columns = RATE_COLUMNS,
		.example = "radioshop rate list"},
	{.noun = "rate", .verb = "set", .method = "LabourRateService.SetLabourRate", .positional = "from_day",
		.columns = RATE_COLUMNS, .need = "hourly_cents",
		.example = "radioshop rate set 2026-10-01 --hourly 95 --technician tina"},
	{.noun = "report", .verb = "compliance", .method = "ReportService.SummarizeCompliance",
		.columns = "agency plan name due on_time late overdue percent_on_time",
		.example = "radioshop report compliance --agency IND --from 2026-01-01 --to 2026-06-30"},
	{.noun = "report", .verb = "due-weeks", .method = "ReportService.SummarizeDueWeeks",
		.columns = "agency week_on due", .example = "radioshop report due-weeks --agency IND --weeks 12"},
	{.noun = "report", .verb = "turnaround", .method = "ReportService.SummarizeTurnaround",
		.example = "radioshop report turnaround --by priority --from 2026-10-01"},
	{.noun = "report", .verb = "ageing", .method = "ReportService.SummarizeAgeing", .example = "radioshop report ageing"},
	{.noun = "report", .verb = "repeats", .method = "ReportService.SummarizeRepeats",
		.columns = "agency tag model problem repeats least_days last_ticket", .wide = "serial last_opened_at",
		.example = "radioshop report repeats --days 30"},
	{.noun = "report", .verb = "costs", .method = "ReportService.SummarizeCosts",
		.example = "radioshop report costs --by asset --top 20 --from 2026-01-01 -o csv"},
	{.noun = "report", .verb = "replacement", .method = "ReplacementService.SummarizeReplacements",
		.columns = "agency budget_year begins_on class model assets overdue unpriced cost_cents",
		.example = "radioshop report replacement --agency IND --by agency"},
	{.noun = "replacement", .verb = "list", .method = "ReplacementService.ListReplacements",
		.columns = "agency budget_year replace_on because tag model assigned_to location price_cents overdue",
		.wide = "serial class status quantity purchased_on end_of_support_on asset_id", .alone = true,
		.example = "radioshop replacement list --agency IND --budget-year 2028"},
	{.noun = "replacement", .verb = "terms", .method = "ReplacementService.ListReplacementTerms",
		.columns = "class model life_years price_cents revision", .example = "radioshop replacement terms"},
	{.noun = "replacement", .verb = "set", .method = "ReplacementService.SetReplacementTerms",
		.columns = "class model life_years price_cents revision", .need = "class|model",
		.example = "radioshop replacement set --class portable --life-years 8 --price 5200 --revision 1"},
	{.noun = "report", .verb = "page", .method = "ReportService.SummarizeCompliance", .fields = "agency from to",
		.file = true, .run = action_page,
		.help = "Write one page of HTML with charts: kept plans, what falls due, open tickets, time and cost of repairs, replacement.",
		.example = "radioshop report page --agency IND --output /var/www/radio/index.html"},
	{.noun = "report", .verb = "failures", .method = "ReportService.SummarizeFailures",
		.example = "radioshop report failures --model H98UCF9PW6BN"},

	{.noun = "month", .verb = "preview", .method = "StatementService.PreviewMonth", .positional = "month",
		.example = "radioshop month preview 2026-10"},
	{.noun = "month", .verb = "close", .method = "StatementService.CloseMonth", .positional = "month",
		.columns = MONTH_COLUMNS, .wide = "fingerprint", .example = "radioshop month close 2026-10"},
	{.noun = "month", .verb = "show", .method = "StatementService.SummarizeMonth", .positional = "month",
		.example = "radioshop month show 2026-10"},
	{.noun = "statement", .verb = "show", .method = "StatementService.GetStatement", .positional = "agency month",
		.example = "radioshop statement show IND 2026-10"},
	{.noun = "statement", .verb = "list", .method = "StatementService.ListStatements",
		.columns = STATEMENT_COLUMNS, .wide = STATEMENT_WIDE, .example = "radioshop statement list --month 2026-10"},
	{.noun = "statement", .verb = "lines", .method = "StatementService.ListStatementLines",
		.positional = "agency month", .columns = LINE_COLUMNS, .wide = LINE_WIDE,
		.example = "radioshop statement lines IND 2026-10 -o csv"},
	{.noun = "statement", .verb = "print", .method = "StatementService.ListStatements", .positional = "month",
		.fields = "agency", .run = action_print,
		.help = "Write the statements of a month as HTML to print, a sheet an agency.",
		.example = "radioshop statement print 2026-10 > statements.html"},
	{.noun = "statement", .verb = "preview", .method = "StatementService.PreviewStatement",
		.positional = "agency month", .columns = LINE_COLUMNS, .wide = LINE_WIDE,
		.example = "radioshop statement preview IND 2026-10"},
	{.noun = "statement", .verb = "correct", .method = "StatementService.AddCorrection",
		.positional = "agency text", .columns = "agency month amount_cents text for_month for_line",
		.wide = "principal at id", .need = "amount_cents",
		.example = "radioshop statement correct IND 'radio 1042 was counted twice' --amount=-21.50 --for-month "
		"2026-09 --for-line 1"},
	{.noun = "fund", .verb = "deposit", .method = "FundService.AddFundMovement", .positional = "text",
		.columns = MOVEMENT_COLUMNS, .wide = MOVEMENT_WIDE, .preset = "kind=deposit", .fields = "amount_cents month",
		.need = "amount_cents", .help = "Put money into the fund.",
		.example = "radioshop fund deposit 'first stock' --amount 20000"},
	{.noun = "fund", .verb = "withdraw", .method = "FundService.AddFundMovement", .positional = "text",
		.columns = MOVEMENT_COLUMNS, .wide = MOVEMENT_WIDE, .preset = "kind=withdrawal",
		.fields = "amount_cents month", .need = "amount_cents", .help = "Take money out of the fund.",
		.example = "radioshop fund withdraw 'paid back' --amount 500"},
	{.noun = "fund", .verb = "pay", .method = "FundService.AddFundMovement", .positional = "agency text",
		.columns = MOVEMENT_COLUMNS, .wide = MOVEMENT_WIDE, .preset = "kind=payout",
		.fields = "amount_cents month ticket", .need = "amount_cents",
		.help = "Pay a covered loss to an agency; its statement then says so.",
		.example = "radioshop fund pay IND 'radio 1042, lost in the river' --amount 2500 --ticket IND-2026-00042"},
	{.noun = "fund", .verb = "list", .method = "FundService.ListFundMovements", .columns = MOVEMENT_COLUMNS,
		.wide = MOVEMENT_WIDE, .example = "radioshop fund list"},

	{.noun = "event", .verb = "list", .method = "EventService.ListEvents", .columns = EVENT_COLUMNS,
		.wide = EVENT_WIDE, .alone = true, .example = "radioshop event list --resource ticket --agency IND"},

	{.noun = "whoami", .verb = "", .method = "PrincipalService.GetCaller", .alone = true,
		.example = "radioshop whoami"},
	{.noun = "health", .verb = "", .method = "grpc.health.v1.Health/Check", .alone = true,
		.example = "radioshop health", .run = action_health},
	{.noun = "health", .verb = "watch", .method = "grpc.health.v1.Health/Watch",
		.example = "radioshop health watch"},

	{.noun = "call", .verb = "", .alone = true, .run = action_call,
		.help = "Call any method: SERVICE.METHOD with -f FILE and the flags of its request.",
		.example = "radioshop call AssetService.GetAsset --asset 1042 -o json"},
	{.noun = "unsent", .verb = "list", .alone = true, .help = "List what could not be sent.",
		.example = "radioshop unsent list", .run = action_unsent_list},
	{.noun = "unsent", .verb = "send", .help = "Send it now, oldest first, or just the one with this id.",
		.example = "radioshop unsent send", .run = action_unsent_send},
	{.noun = "unsent", .verb = "drop", .help = "Forget the one with this id.",
		.example = "radioshop unsent drop 7b0f0b5e-4e0c-4d0e-9d8e-6d1c3f6a2b10", .run = action_unsent_drop},
	{.noun = "completion", .verb = "", .alone = true, .help = "Print the completion script for bash, zsh or fish.",
		.example = "radioshop completion bash > /etc/bash_completion.d/radioshop", .run = action_completion},
	{.noun = "help", .verb = "", .alone = true, .help = "Help for a command: help NOUN VERB.",
		.example = "radioshop help ticket log", .run = action_help},
	{.noun = NULL},
};
/* clang-format on */

const char *const methods_without_row[] = {
	/* `attachment add` makes these calls. */
	"/radioshop.v1.AttachmentService/PutChunk",
	"/radioshop.v1.AttachmentService/FinishUpload",
	/* `asset import` makes this one. */
	"/radioshop.v1.ImportService/StartImport",
	/* Reflection is for other people's tools. */
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	NULL,
};

const struct noun *noun_find(const char *name)
{
	for (const struct noun *n = nouns; n->name != NULL; n++)
		if (strcmp(n->name, name) == 0)
			return n;
	return NULL;
}

const struct command *command_find(const char *noun, const char *verb)
{
	for (const struct command *c = commands; c->noun != NULL; c++)
		if (strcmp(c->noun, noun) == 0 &&
			(verb == NULL ? c->alone : *c->verb != '\0' && strcmp(c->verb, verb) == 0))
			return c;
	return NULL;
}

bool word_next(const char **list, char *out, size_t out_size)
{
	size_t n;

	if (*list == NULL)
		return false;
	*list += strspn(*list, " ");
	n = strcspn(*list, " ");
	if (n == 0)
		return false;
	if (n >= out_size)
		abort();
	memcpy(out, *list, n);
	out[n] = '\0';
	*list += n;
	return true;
}
