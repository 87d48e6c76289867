/*
 * bind_row_test.c: requests as parameters, and rows as replies, by the plans of real statements.
 *
 * Results are libpq's own PGresult, filled by hand in binary format.
 */
#include "bind.h"
#include "message_json.h"
#include "pgtype.h"
#include "plan.h"
#include "row.h"

#include "radioshop/v1/agency.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/schedule.pb-c.h"
#include "radioshop/v1/service_record.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct named_type {
	const char *name;
	uint32_t type;
};

static struct arena arena;
static struct bound bound;
static struct page page;
static struct error err;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	memset(&err, 0, sizeof(err));
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* Makes the plan; parameters that are not in types[] are text. */
static void plan(struct statement *s, const struct named_type *types, const struct shape_column *columns, size_t count)
{
	static const struct named_type always[] = {{"page_key", PGTYPE_TEXT_ARRAY}, {"page_limit", PGTYPE_INT4},
		{"update_mask.paths", PGTYPE_TEXT_ARRAY}, {NULL, 0}};
	const struct embedded_sql *sql = embedded_sql_find(s->name);
	uint32_t found[64];
	struct statement_shape shape = {.param_types = found, .columns = columns, .column_count = count};
	struct faults faults = {0};

	assert_non_null(sql);
	for (; sql->parameters[shape.param_count]; shape.param_count++) {
		uint32_t *type = &found[shape.param_count];

		*type = PGTYPE_TEXT;
		for (const struct named_type *t = always; t->name; t++)
			*type = strcmp(t->name, sql->parameters[shape.param_count]) == 0 ? t->type : *type;
		for (const struct named_type *t = types; t && t->name; t++)
			*type = strcmp(t->name, sql->parameters[shape.param_count]) == 0 ? t->type : *type;
	}
	assert_true(statement_check(s, &shape, &faults));
}

/* Number of the parameter called name. */
static int at(const struct statement *s, const char *name)
{
	for (size_t i = 0; i < s->plan->param_count; i++) {
		if (strcmp(s->plan->params[i].name, name) == 0)
			return (int)i;
	}
	fail_msg("no parameter %s", name);
	return -1;
}

static ProtobufCMessage *request(const struct statement *s, const char *json)
{
	ProtobufCMessage *m = message_from_json_text(s->request, json, strlen(json), &arena, &err);

	if (!m)
		fail_msg("%s: %s", err.field, err.text);
	return m;
}

static bool bind(const struct statement *s, const char *json)
{
	return bind_request(s, request(s, json), NULL, 100, &arena, &bound, &page, &err);
}

static void assert_text(const struct statement *s, const char *name, const char *value)
{
	int i = at(s, name);

	assert_non_null(bound.values[i]);
	assert_int_equal(bound.lengths[i], strlen(value));
	assert_memory_equal(bound.values[i], value, strlen(value));
	assert_int_equal(bound.formats[i], 1);
}

static void assert_null_param(const struct statement *s, const char *name)
{
	assert_null(bound.values[at(s, name)]);
}

/* ------------------------------------------------------------------ binding */

static const struct named_type asset_types[] = {{"asset.unit_id", PGTYPE_INT4}, {"asset.cost_cents", PGTYPE_INT8},
	{"asset.purchased_on", PGTYPE_DATE}, {"asset.warranty_until", PGTYPE_DATE}, {"asset.quantity", PGTYPE_INT4},
	{"asset.id", PGTYPE_UUID}, {"asset.revision", PGTYPE_INT8}, {"asset.fields.name", PGTYPE_TEXT_ARRAY},
	{"asset.fields.value", PGTYPE_TEXT_ARRAY}, {NULL, 0}};
static const struct shape_column asset_columns[] = {{"id", PGTYPE_UUID, false}, {"tag", PGTYPE_TEXT, false},
	{"unit_id", PGTYPE_INT4, true}, {"cost_cents", PGTYPE_INT8, true}, {"status", PGTYPE_TEXT, false},
	{"purchased_on", PGTYPE_DATE, true}, {"created_at", PGTYPE_TIMESTAMPTZ, false},
	{"refusal", PGTYPE_TEXT, false}};

static struct statement create_asset(void)
{
	struct statement s = {.name = "create_asset",
		.rows = ROWS_ONE,
		.class = BACKEND_WRITE,
		.roles = "{admin}",
		.method = "AssetService.CreateAsset",
		.request = &radioshop__v1__create_asset_request__descriptor,
		.reply = &radioshop__v1__create_asset_response__descriptor};

	plan(&s, asset_types, asset_columns, 8);
	return s;
}

static void values_become_parameters(void **state)
{
	struct statement s = create_asset();

	(void)state;
	assert_true(bind(&s, "{\"asset\": {\"agency\": \"IND\", \"tag\": \"\", \"class\": \"portable\", \"unitId\": 0,"
			     "\"costCents\": -5, \"purchasedOn\": \"2000-01-02\", \"quantity\": 3,"
			     "\"fields\": [{\"name\": \"fund\", \"value\": \"grant\"}, {\"name\": \"rack\"}]}}"));
	assert_text(&s, "asset.agency", "IND");
	assert_text(&s, "asset.tag", ""); /* empty text stays empty text */
	assert_text(&s, "asset.class", "portable");
	assert_null_param(&s, "asset.status");         /* UNSPECIFIED */
	assert_null_param(&s, "asset.warranty_until"); /* empty date */
	assert_int_equal(pg_get_u32((const uint8_t *)bound.values[at(&s, "asset.purchased_on")]), 1);
	assert_int_equal(pg_get_u32((const uint8_t *)bound.values[at(&s, "asset.quantity")]), 3);
	/* A unit ID of 0 that was given is 0, not NULL. */
	assert_non_null(bound.values[at(&s, "asset.unit_id")]);
	assert_int_equal((int64_t)pg_get_u64((const uint8_t *)bound.values[at(&s, "asset.cost_cents")]), -5);
	/* A repeated message within a message: an array of each of its fields. */
	assert_int_equal(s.plan->params[at(&s, "asset.fields.name")].source, PARAM_EACH);
	assert_int_equal(pg_get_u32((const uint8_t *)bound.values[at(&s, "asset.fields.name")] + 12), 2);
	assert_int_equal(bound.lengths[at(&s, "asset.fields.name")], 20 + 4 + 4 + 4 + 4);
	assert_memory_equal(bound.values[at(&s, "asset.fields.name")] + 24, "fund", 4);
	assert_int_equal(bound.lengths[at(&s, "asset.fields.value")], 20 + 4 + 5 + 4);
	assert_memory_equal(bound.values[at(&s, "asset.fields.value")] + 24, "grant", 5);
	statement_forget(&s);
}

static void what_is_unset_becomes_null(void **state)
{
	struct statement s = create_asset();

	(void)state;
	assert_true(bind(&s, "{\"asset\": {}}"));
	assert_null_param(&s, "asset.unit_id");
	assert_null_param(&s, "asset.cost_cents");
	assert_text(&s, "asset.agency", "");
	assert_true(bind(&s, "{}")); /* no asset at all */
	assert_null_param(&s, "asset.agency");
	assert_null_param(&s, "asset.quantity");
	assert_int_equal(bound.lengths[at(&s, "asset.fields.name")], 12); /* none is an empty array */
	statement_forget(&s);
}

static void a_bad_value_names_its_field(void **state)
{
	struct statement s = create_asset();

	(void)state;
	assert_false(bind(&s, "{\"asset\": {\"purchasedOn\": \"2026-02-30\"}}"));
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(err.field, "asset.purchased_on");
	assert_non_null(strstr(err.text, "'2026-02-30' is not a date (YYYY-MM-DD)"));
	/* Forty bytes are shown, and no half of a character. */
	assert_false(bind(&s, "{\"asset\": {\"purchasedOn\": \"xéééééééééééééééééééééééé\"}}"));
	assert_non_null(strstr(err.text, "'xééééééééééééééééééé' is"));
	statement_forget(&s);
}

static void a_write_needs_a_uuid(void **state)
{
	struct statement s = create_asset();
	uint8_t uuid[16];

	(void)state;
	assert_true(bind_request_id(
		&s, request(&s, "{\"requestId\": \"0190AAAA-0000-7000-8000-00000000000f\"}"), uuid, &err));
	assert_int_equal(uuid[0], 0x01);
	assert_int_equal(uuid[2], 0xaa);
	assert_int_equal(uuid[15], 0x0f);
	assert_false(bind_request_id(&s, request(&s, "{}"), uuid, &err));
	assert_string_equal(err.field, "request_id");
	assert_false(bind_request_id(&s, request(&s, "{\"requestId\": \"0190aaaa\"}"), uuid, &err));
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
	statement_forget(&s);
}

static void repeated_messages_become_arrays(void **state)
{
	static const struct named_type types[] = {{"readings.name", PGTYPE_TEXT_ARRAY},
		{"readings.value", PGTYPE_FLOAT8_ARRAY}, {"readings.unit", PGTYPE_TEXT_ARRAY}, {"done_on", PGTYPE_DATE},
		{"readings.frequency_mhz", PGTYPE_FLOAT8_ARRAY}, {"readings.limit", PGTYPE_TEXT_ARRAY},
		{"answers.step", PGTYPE_TEXT_ARRAY}, {"answers.answer", PGTYPE_TEXT_ARRAY},
		{"open_ticket", PGTYPE_BOOL}, {"procedure_version", PGTYPE_INT4}, {NULL, 0}};
	static const struct shape_column columns[] = {{"id", PGTYPE_UUID, false}};
	struct statement s = {.name = "create_service_record",
		.rows = ROWS_ONE,
		.class = BACKEND_WRITE,
		.roles = "{admin}",
		.method = "ServiceRecordService.CreateServiceRecord",
		.request = &radioshop__v1__create_service_record_request__descriptor,
		.reply = &radioshop__v1__create_service_record_response__descriptor};
	struct pg_array a;
	const uint8_t *bytes;
	size_t len;
	double value;
	uint64_t bits;
	int i;

	(void)state;
	plan(&s, types, columns, 1);
	assert_true(bind(
		&s, "{\"readings\": [{\"name\": \"TX power\", \"value\": 5.25}, {\"name\": \"\", \"unit\": \"Hz\"}]}"));
	i = at(&s, "readings.name");
	assert_true(pg_array_open(&a, PGTYPE_TEXT, (const uint8_t *)bound.values[i], (size_t)bound.lengths[i]));
	assert_int_equal(a.count, 2);
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_memory_equal(bytes, "TX power", len);
	i = at(&s, "readings.value");
	assert_true(pg_array_open(&a, PGTYPE_FLOAT8, (const uint8_t *)bound.values[i], (size_t)bound.lengths[i]));
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_int_equal(len, 8);
	bits = pg_get_u64(bytes);
	memcpy(&value, &bits, sizeof(value));
	assert_true(value > 5.24 && value < 5.26);
	assert_true(bind(&s, "{}"));
	assert_true(pg_array_open(&a, PGTYPE_FLOAT8, (const uint8_t *)bound.values[i], (size_t)bound.lengths[i]));
	assert_int_equal(a.count, 0);
	statement_forget(&s);
}

static void a_mask_must_name_real_fields(void **state)
{
	static const struct named_type types[] = {{"agency.revision", PGTYPE_INT8}, {NULL, 0}};
	static const struct shape_column columns[] = {{"code", PGTYPE_TEXT, false}};
	struct statement s = {.name = "update_agency",
		.rows = ROWS_ONE,
		.class = BACKEND_WRITE,
		.roles = "{admin}",
		.method = "AgencyService.UpdateAgency",
		.request = &radioshop__v1__update_agency_request__descriptor,
		.reply = &radioshop__v1__update_agency_response__descriptor};

	(void)state;
	plan(&s, types, columns, 1);
	assert_true(bind(&s, "{\"agency\": {\"code\": \"IND\"}, \"updateMask\": \"name,timeZone\"}"));
	assert_false(bind(&s, "{\"agency\": {\"code\": \"IND\"}, \"updateMask\": \"nmae\"}"));
	assert_string_equal(err.field, "update_mask");
	assert_non_null(strstr(err.text, "nmae"));
	assert_false(bind(&s, "{\"agency\": {\"code\": \"IND\"}}"));
	assert_string_equal(err.field, "update_mask");
	statement_forget(&s);
}

static struct statement list_due(void)
{
	static const struct named_type types[] = {
		{"from", PGTYPE_DATE}, {"until", PGTYPE_DATE}, {"overdue", PGTYPE_BOOL}, {NULL, 0}};
	static const struct shape_column columns[] = {{"tag", PGTYPE_TEXT, false}, {"days_overdue", PGTYPE_INT4, false},
		{"page_key", PGTYPE_TEXT_ARRAY, false}};
	struct statement s = {.name = "list_due",
		.rows = ROWS_PAGE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "ScheduleService.ListDue",
		.request = &radioshop__v1__list_due_request__descriptor,
		.reply = &radioshop__v1__list_due_response__descriptor};

	plan(&s, types, columns, 3);
	return s;
}

static void page_size_has_bounds(void **state)
{
	struct statement s = list_due();
	int i = at(&s, "page_limit");

	(void)state;
	assert_true(bind(&s, "{}"));
	assert_int_equal(page.size, 50);
	assert_int_equal(pg_get_u32((const uint8_t *)bound.values[i]), 51);
	assert_null_param(&s, "page_key");
	assert_true(bind(&s, "{\"pageSize\": 1000}"));
	assert_int_equal(pg_get_u32((const uint8_t *)bound.values[i]), 1001);
	assert_false(bind(&s, "{\"pageSize\": 1001}"));
	assert_string_equal(err.field, "page_size");
	assert_false(bind(&s, "{\"pageSize\": -1}"));
	statement_forget(&s);
}

/* ------------------------------------------------------------------ rows */

struct value {
	const char *bytes; /* NULL for NULL */
	int len;
};
#define TEXT(s) ((struct value){s, (int)sizeof(s) - 1})
#define NOTHING ((struct value){NULL, -1})

static PGresult *result_of(const struct statement *s, const uint32_t *types, const struct value *values, int rows)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	int columns = (int)s->plan->column_count;
	PGresAttDesc attributes[16];

	assert_non_null(result);
	memset(attributes, 0, sizeof(attributes));
	for (int i = 0; i < columns; i++) {
		attributes[i].name = s->plan->columns[i].name;
		attributes[i].typid = types[i];
		attributes[i].format = 1;
	}
	assert_true(PQsetResultAttrs(result, columns, attributes));
	for (int i = 0; i < rows * columns; i++) {
		char copy[256];

		assert_true(values[i].len < (int)sizeof(copy));
		if (values[i].bytes)
			memcpy(copy, values[i].bytes, (size_t)values[i].len);
		assert_true(PQsetvalue(result, i / columns, i % columns, values[i].bytes ? copy : NULL, values[i].len));
	}
	return result;
}

static const uint32_t asset_row_types[] = {
	PGTYPE_UUID, PGTYPE_TEXT, PGTYPE_INT4, PGTYPE_INT8, PGTYPE_TEXT, PGTYPE_DATE, PGTYPE_TIMESTAMPTZ, PGTYPE_TEXT};
static const char uuid_bytes[16] = {
	0x01, (char)0x90, (char)0xaa, (char)0xbb, 0, 0, 0x70, 0, (char)0x80, 0, 0, 0, 0, 0, 0, 0x0f};

static void a_row_becomes_a_reply(void **state)
{
	struct statement s = create_asset();
	const struct value values[] = {{uuid_bytes, 16}, TEXT("1042"), NOTHING, TEXT("\0\0\0\0\0\0\0\0"),
		TEXT("in_service"), TEXT("\0\0\0\1"), TEXT("\0\0\0\0\0\x0f\x42\x41"), NOTHING};
	PGresult *result = result_of(&s, asset_row_types, values, 1);
	const Radioshop__V1__Asset *asset;
	struct rows rows;

	(void)state;
	assert_false(row_refused(&s, result, &err));
	assert_true(rows_map(&s, result, NULL, &page, &arena, &rows, &err));
	assert_int_equal(rows.count, 1);
	asset = ((Radioshop__V1__CreateAssetResponse *)rows.reply)->asset;
	assert_string_equal(asset->id, "0190aabb-0000-7000-8000-00000000000f");
	assert_string_equal(asset->tag, "1042");
	assert_int_equal(asset->status, RADIOSHOP__V1__ASSET_STATUS__ASSET_STATUS_IN_SERVICE);
	assert_string_equal(asset->purchased_on, "2000-01-02");
	assert_int_equal(asset->optional_unit_id_case, 0);     /* NULL: not set */
	assert_int_equal(asset->optional_cost_cents_case, 17); /* 0: set to nothing */
	assert_int_equal(asset->cost_cents, 0);
	assert_int_equal(asset->created_at->seconds, 946684801);
	assert_int_equal(asset->created_at->nanos, 1000);
	PQclear(result);
	statement_forget(&s);
}

static void a_refusal_says_why(void **state)
{
	struct statement s = create_asset();
	struct value values[] = {NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
		TEXT("ABORTED\x1frevision\x1fthe record has moved on to revision 7")};
	PGresult *result = result_of(&s, asset_row_types, values, 1);

	(void)state;
	assert_true(row_refused(&s, result, &err));
	assert_int_equal(err.code, STATUS_ABORTED);
	assert_string_equal(err.field, "revision");
	assert_string_equal(err.text, "the record has moved on to revision 7");
	PQclear(result);
	values[7] = TEXT("just text");
	result = result_of(&s, asset_row_types, values, 1);
	assert_true(row_refused(&s, result, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	PQclear(result);
	values[7] = TEXT("OK\x1f\x1fno"); /* a refusal that says OK is none of ours */
	result = result_of(&s, asset_row_types, values, 1);
	assert_true(row_refused(&s, result, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	PQclear(result);
	statement_forget(&s);
}

static void one_row_means_one(void **state)
{
	struct statement s = create_asset();
	const struct value values[16] = {NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING,
		NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING};
	PGresult *none = result_of(&s, asset_row_types, values, 0), *two = result_of(&s, asset_row_types, values, 2);
	struct rows rows;

	(void)state;
	assert_false(rows_map(&s, none, NULL, &page, &arena, &rows, &err));
	assert_int_equal(err.code, STATUS_NOT_FOUND);
	assert_false(rows_map(&s, two, NULL, &page, &arena, &rows, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	PQclear(none);
	PQclear(two);
	statement_forget(&s);
}

static void malformed_values_are_refused(void **state)
{
	struct statement s = create_asset();
	static const struct {
		int column;
		uint32_t type;
		struct value value;
	} bad[] = {{2, PGTYPE_INT4, {"\0\0", 2}}, {4, PGTYPE_TEXT, {"no_such_status", 14}},
		{5, PGTYPE_DATE, {"\x7f\xff\xff\xff", 4}}, {6, PGTYPE_TIMESTAMPTZ, {"\0", 1}},
		{3, PGTYPE_TEXT, {"12", 2}}, {5, PGTYPE_DATE, {"\0", 1}}, {1, PGTYPE_INT4, {"\0\0\0\1", 4}}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct value values[] = {NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING};
		uint32_t types[8];
		struct rows rows;
		PGresult *result;

		memcpy(types, asset_row_types, sizeof(types));
		types[bad[i].column] = bad[i].type;
		values[bad[i].column] = bad[i].value;
		result = result_of(&s, types, values, 1);
		assert_false(rows_map(&s, result, NULL, &page, &arena, &rows, &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
		assert_non_null(strstr(err.text, s.plan->columns[bad[i].column].name));
		PQclear(result);
	}
	statement_forget(&s);
}

static void a_page_ends_with_a_token_when_there_is_more(void **state)
{
	static const uint32_t types[] = {PGTYPE_TEXT, PGTYPE_INT4, PGTYPE_TEXT_ARRAY};
	static const struct value key1 = TEXT("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\2k1");
	static const struct value key2 = TEXT("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\2k2");
	const struct value values[] = {TEXT("A"), TEXT("\0\0\0\1"), key1, TEXT("B"), TEXT("\0\0\0\2"), key2, TEXT("C"),
		TEXT("\0\0\0\3"), key2};
	struct statement s = list_due();
	PGresult *three = result_of(&s, types, values, 3), *two = result_of(&s, types, values, 2);
	const Radioshop__V1__ListDueResponse *reply;
	char again[512];
	struct rows rows;

	(void)state;
	assert_true(bind(&s, "{\"pageSize\": 2, \"agency\": \"IND\"}"));
	assert_true(rows_map(&s, two, NULL, &page, &arena, &rows, &err));
	reply = (Radioshop__V1__ListDueResponse *)rows.reply;
	assert_int_equal(reply->n_items, 2);
	assert_string_equal(reply->next_page_token, "");
	assert_true(rows_map(&s, three, NULL, &page, &arena, &rows, &err));
	reply = (Radioshop__V1__ListDueResponse *)rows.reply;
	assert_int_equal(rows.count, 2);
	assert_int_equal(reply->n_items, 2);
	assert_string_equal(reply->items[1]->tag, "B");
	assert_int_equal(reply->items[1]->days_overdue, 2);
	/* The next page begins after the last row shown, and the token fits the same filters only. */
	snprintf(again, sizeof(again), "{\"pageSize\": 7, \"agency\": \"IND\", \"pageToken\": \"%s\"}",
		reply->next_page_token);
	assert_true(bind(&s, again));
	assert_int_equal(bound.lengths[at(&s, "page_key")], key2.len);
	assert_memory_equal(bound.values[at(&s, "page_key")] + 8, key2.bytes + 8, (size_t)key2.len - 8);
	snprintf(again, sizeof(again), "{\"agency\": \"BLS\", \"pageToken\": \"%s\"}", reply->next_page_token);
	assert_false(bind(&s, again));
	assert_string_equal(err.field, "page_token");
	PQclear(three);
	PQclear(two);
	statement_forget(&s);
}

static struct statement get_ticket(void)
{
	static const struct shape_column columns[] = {
		{"number", PGTYPE_TEXT, false}, {"entries", PGTYPE_JSONB, true}, {"moves", PGTYPE_TEXT_ARRAY, true}};
	struct statement s = {.name = "get_ticket",
		.rows = ROWS_ONE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "TicketService.GetTicket",
		.request = &radioshop__v1__get_ticket_request__descriptor,
		.reply = &radioshop__v1__get_ticket_response__descriptor};

	plan(&s, NULL, columns, 3);
	return s;
}

static const uint32_t ticket_types[] = {PGTYPE_TEXT, PGTYPE_JSONB, PGTYPE_TEXT_ARRAY};

static void children_and_labels_are_mapped(void **state)
{
	struct statement s = get_ticket();
	const struct value values[] = {TEXT("IND-2026-00042"),
		TEXT("\1[{\"kind\": \"labour\", \"text\": \"bench\", \"minutes\": 15, \"cost_cents\": 100}, {\"kind\": "
		     "\"note\"}]"),
		TEXT("\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\5ready\0\0\0\6closed")};
	PGresult *result = result_of(&s, ticket_types, values, 1);
	const Radioshop__V1__Ticket *ticket;
	struct rows rows;

	(void)state;
	if (!rows_map(&s, result, NULL, &page, &arena, &rows, &err))
		fail_msg("%s", err.text);
	ticket = ((Radioshop__V1__GetTicketResponse *)rows.reply)->ticket;
	assert_int_equal(ticket->n_entries, 2);
	assert_int_equal(ticket->entries[0]->kind, RADIOSHOP__V1__TICKET_ENTRY_KIND__TICKET_ENTRY_KIND_LABOUR);
	assert_int_equal(ticket->entries[0]->minutes, 15);
	assert_int_equal(ticket->entries[0]->cost_cents, 100);
	assert_int_equal(ticket->n_moves, 2);
	assert_int_equal(ticket->moves[1], RADIOSHOP__V1__TICKET_STATE__TICKET_STATE_CLOSED);
	PQclear(result);
	statement_forget(&s);
}

static void bad_children_are_internal(void **state)
{
	static const struct value bad[] = {{"\1[{\"nosuch\": 1}]", 16}, {"\2[]", 3}, {"\1{", 2}, {"", 0}, {"\1{}", 3}};
	struct statement s = get_ticket();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct value values[] = {TEXT("n"), bad[i], NOTHING};
		PGresult *result = result_of(&s, ticket_types, values, 1);
		struct rows rows;

		assert_false(rows_map(&s, result, NULL, &page, &arena, &rows, &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
		PQclear(result);
	}
	statement_forget(&s);
}

static void a_missing_row_is_named_by_what_was_asked(void **state)
{
	struct statement s = get_ticket();
	const struct value values[] = {NOTHING, NOTHING, NOTHING};
	PGresult *none = result_of(&s, ticket_types, values, 0);
	struct rows rows;

	(void)state;
	assert_false(rows_map(&s, none, request(&s, "{\"ticket\": \"IND-2026-9\"}"), &page, &arena, &rows, &err));
	assert_int_equal(err.code, STATUS_NOT_FOUND);
	assert_string_equal(err.field, "ticket");
	assert_non_null(strstr(err.text, "IND-2026-9"));
	PQclear(none);
	statement_forget(&s);
}

static void rows_stop_at_the_arenas_limit(void **state)
{
	struct statement s = get_ticket();
	const struct value values[] = {TEXT("IND-2026-00042"), NOTHING, NOTHING};
	PGresult *result = result_of(&s, ticket_types, values, 1);
	struct arena small;
	struct rows rows;

	(void)state;
	for (size_t limit = 0; limit < 400; limit += 16) {
		arena_init(&small, NULL, limit);
		assert_false(rows_map(&s, result, NULL, &page, &small, &rows, &err));
		assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
		arena_release(&small);
	}
	PQclear(result);
	statement_forget(&s);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_become_parameters),
		CASE(what_is_unset_becomes_null),
		CASE(a_bad_value_names_its_field),
		CASE(a_write_needs_a_uuid),
		CASE(repeated_messages_become_arrays),
		CASE(a_mask_must_name_real_fields),
		CASE(page_size_has_bounds),
		CASE(a_row_becomes_a_reply),
		CASE(a_refusal_says_why),
		CASE(one_row_means_one),
		CASE(malformed_values_are_refused),
		CASE(a_page_ends_with_a_token_when_there_is_more),
		CASE(children_and_labels_are_mapped),
		CASE(bad_children_are_internal),
		CASE(a_missing_row_is_named_by_what_was_asked),
		CASE(rows_stop_at_the_arenas_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
