/*
 * message_json_test.c: messages as JSON and back, in both styles, and every refusal by its path.
 */
#include "duration.h"
#include "message.h"
#include "message_json.h"
#include "timestamp.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MEMORY = 1024 * 1024 };

static int make_arena(void **state)
{
	static struct arena arena;

	arena_init(&arena, NULL, MEMORY);
	*state = &arena;
	return 0;
}

static int drop_arena(void **state)
{
	arena_release(*state);
	return 0;
}

static ProtobufCMessage *read_text(const ProtobufCMessageDescriptor *d, const char *text, struct arena *a)
{
	struct error err = {.code = STATUS_OK};
	ProtobufCMessage *m = message_from_json_text(d, text, strlen(text), a, &err);

	if (m == NULL)
		fail_msg("%s: %s", text, err.text);
	return m;
}

/* message_to_json gives exactly this text. */
static void assert_json(const ProtobufCMessage *m, enum json_style style, const char *expected)
{
	json_t *json = message_to_json(m, style);
	char *text;

	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static void the_proto_mapping(void **state)
{
	static const char text[] = "{\"tag\":\"1042\",\"class\":\"EQUIPMENT_CLASS_PORTABLE\",\"assignedTo\":\"Unit 7\","
				   "\"unitId\":0,\"costCents\":\"9007199254740993\",\"quantity\":1,\"revision\":\"3\","
				   "\"createdAt\":\"2026-01-31T12:00:00.250Z\"}";
	ProtobufCMessage *m = read_text(&radioshop__v1__asset__descriptor, text, *state);
	const Radioshop__V1__Asset *asset = (const Radioshop__V1__Asset *)m;

	assert_int_equal(asset->optional_unit_id_case, RADIOSHOP__V1__ASSET__OPTIONAL_UNIT_ID_UNIT_ID);
	assert_int_equal(asset->unit_id, 0);
	assert_true(asset->cost_cents == INT64_C(9007199254740993));
	assert_int_equal(asset->created_at->nanos, 250000000);
	assert_json(m, JSON_PROTO, text);
}

static void what_people_see(void **state)
{
	ProtobufCMessage *m = read_text(&radioshop__v1__ticket__descriptor,
		"{\"number\":\"IND-2026-00042\",\"state\":\"at-depot\",\"cost_cents\":12,\"moves\":[7,\"ready\"],"
		"\"opened_at\":\"2026-01-31T06:00:00-06:00\",\"entries\":[{\"kind\":\"NOTE\",\"text\":\"a\\tb\\u00e9\"}"
		"]}",
		*state);

	assert_json(m, JSON_FIELDS,
		"{\"id\":\"\",\"number\":\"IND-2026-00042\",\"agency\":\"\",\"tag\":\"\",\"state\":\"at_depot\","
		"\"priority\":\"\","
		"\"problem\":\"\",\"cause\":\"\",\"action\":\"\",\"opened_by\":\"\",\"opened_at\":\"2026-01-31T12:00:"
		"00Z\","
		"\"labour_minutes\":0,\"cost_cents\":12,\"moves\":[\"repairing\",\"ready\"],\"entries\":[{"
		"\"principal\":\"\","
		"\"kind\":\"note\",\"text\":\"a\\tb\xc3\xa9\",\"minutes\":0,\"cost_cents\":0,\"state\":\"\"}],"
		"\"revision\":0,\"problem_code\":\"\",\"cause_code\":\"\",\"action_code\":\"\",\"outcome\":\"\","
		"\"returns_ticket\":\"\",\"estimate_cents\":0,\"write_off_approved\":false,\"approvals\":[],"
		"\"sla_breached\":false,\"checklist\":[],\"parent\":\"\",\"children\":0,\"open_children\":0,\"loaner\":"
		"\"\",\"loaner_due_on\":\"\","
		"\"watchers\":[]}");
	assert_json(message_new(&radioshop__v1__ticket__descriptor, *state), JSON_PROTO, "{}");
	/* A value of a newer daemon has no name here. */
	m = read_text(&radioshop__v1__move_ticket_request__descriptor, "{}", *state);
	((Radioshop__V1__MoveTicketRequest *)m)->state = 99;
	assert_json(m, JSON_PROTO, "{\"state\":99}");
}

static void masks_are_text(void **state)
{
	ProtobufCMessage *m = read_text(&radioshop__v1__update_asset_request__descriptor,
		"{\"updateMask\":\"costCents,assigned_to,status\"}", *state);
	const Radioshop__V1__UpdateAssetRequest *r = (const Radioshop__V1__UpdateAssetRequest *)m;

	assert_int_equal(r->update_mask->n_paths, 3);
	assert_string_equal(r->update_mask->paths[0], "cost_cents");
	assert_string_equal(r->update_mask->paths[1], "assigned_to");
	assert_json(m, JSON_PROTO, "{\"updateMask\":\"costCents,assignedTo,status\"}");
	assert_json(&r->update_mask->base, JSON_FIELDS, "\"cost_cents,assigned_to,status\"");
	m = read_text(&radioshop__v1__update_asset_request__descriptor, "{\"update_mask\":\"\"}", *state);
	assert_json(m, JSON_PROTO, "{\"updateMask\":\"\"}");
}

static void bytes_are_base64(void **state)
{
	ProtobufCMessage *m = read_text(
		&google__rpc__status__descriptor, "{\"details\":[{\"value\":\"-_8=\"},{\"value\":\"Zg\"}]}", *state);
	const Google__Rpc__Status *s = (const Google__Rpc__Status *)m;

	assert_int_equal(s->details[0]->value.len, 2);
	assert_memory_equal(s->details[0]->value.data, "\xfb\xff", 2);
	assert_json(m, JSON_PROTO, "{\"details\":[{\"value\":\"+/8=\"},{\"value\":\"Zg==\"}]}");
}

static void doubles_and_wide_numbers(void **state)
{
	ProtobufCMessage *m = read_text(&google__protobuf__uninterpreted_option__descriptor,
		"{\"positiveIntValue\":\"18446744073709551615\",\"negativeIntValue\":-9223372036854775808,"
		"\"doubleValue\":\"-Infinity\"}",
		*state);

	assert_json(m, JSON_PROTO,
		"{\"positiveIntValue\":\"18446744073709551615\",\"negativeIntValue\":\"-9223372036854775808\","
		"\"doubleValue\":\"-Infinity\"}");
	assert_json(m, JSON_FIELDS,
		"{\"name\":[],\"positive_int_value\":\"18446744073709551615\",\"negative_int_value\":-"
		"9223372036854775808,"
		"\"double_value\":\"-Infinity\"}");
	m = read_text(&google__protobuf__uninterpreted_option__descriptor,
		"{\"positiveIntValue\":2.0,\"negativeIntValue\":-1e3,\"doubleValue\":\"1.5e2\"}", *state);
	assert_json(m, JSON_PROTO, "{\"positiveIntValue\":\"2\",\"negativeIntValue\":\"-1000\",\"doubleValue\":150.0}");
}

static void null_unsets(void **state)
{
	ProtobufCMessage *m = read_text(&radioshop__v1__asset__descriptor,
		"{\"tag\":null,\"unit_id\":null,\"created_at\":null,\"quantity\":null}", *state);

	assert_int_equal(message_packed_size(m), 0);
}

static void merging_keeps_the_rest(void **state)
{
	ProtobufCMessage *m = read_text(&radioshop__v1__create_asset_request__descriptor,
		"{\"request_id\":\"r\",\"asset\":{\"tag\":\"1042\",\"notes\":\"old\",\"unit_id\":7,\"cost_cents\":5}}",
		*state);
	json_t *json = json_pack("{s:{s:s,s:n}}", "asset", "notes", "new", "unitId");
	struct error err;

	assert_true(message_merge_json(m, json, *state, &err));
	json_decref(json);
	assert_json(m, JSON_PROTO,
		"{\"requestId\":\"r\",\"asset\":{\"tag\":\"1042\",\"costCents\":\"5\",\"notes\":\"new\"}}");

	/* A list that is named is replaced. */
	m = read_text(&radioshop__v1__ticket__descriptor, "{\"moves\":[1,2,3]}", *state);
	json = json_pack("{s:[i]}", "moves", 4);
	assert_true(message_merge_json(m, json, *state, &err));
	json_decref(json);
	assert_json(m, JSON_PROTO, "{\"moves\":[\"TICKET_STATE_AWAITING_PARTS\"]}");
}

static void refusals_name_the_path(void **state)
{
	static const struct {
		const char *json, *field, *why;
	} cases[] = {
		{"[]", "", "the message must be a JSON object"},
		{"{\"assset\":1}", "assset", "is not a field of CreateAssetRequest"},
		{"{\"asset\":{\"colour\":\"red\"}}", "asset.colour", "is not a field of Asset"},
		{"{\"asset\":[]}", "asset", "must be a JSON object"},
		{"{\"request_id\":5}", "request_id", "must be a string"},
		{"{\"request_id\":\"a\",\"requestId\":\"b\"}", "request_id", "is given twice"},
		{"{\"asset\":{\"tag\":\"a\\rb\"}}", "asset.tag", "control character"},
		{"{\"asset\":{\"quantity\":1.5}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":\"1.0\"}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":\" 1\"}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":\"+1\"}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":\"-\"}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":\"\"}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":true}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"quantity\":2147483648}}", "asset.quantity", "from -2147483648 to 2147483647"},
		{"{\"asset\":{\"quantity\":\"-2147483649\"}}", "asset.quantity", "from -2147483648 to 2147483647"},
		{"{\"asset\":{\"quantity\":1e300}}", "asset.quantity", "must be a whole number"},
		{"{\"asset\":{\"cost_cents\":\"9223372036854775808\"}}", "asset.cost_cents",
			"from -9223372036854775808 to"},
		{"{\"asset\":{\"cost_cents\":\"99999999999999999999\"}}", "asset.cost_cents", "must be a whole number"},
		{"{\"asset\":{\"status\":\"broken\"}}", "asset.status",
			"must be one of in_service, spare, in_shop, at_depot, missing, retired, disposed"},
		{"{\"asset\":{\"status\":2147483648}}", "asset.status", "must be one of"},
		{"{\"asset\":{\"tag\":\"a\\u0000b\"}}", "asset.tag", "NUL"},
		{"{\"asset\":{\"status\":true}}", "asset.status", "must be one of"},
		{"{\"asset\":{\"created_at\":\"2026-02-29T00:00:00Z\"}}", "asset.created_at", "must be a time such as"},
		{"{\"asset\":{\"created_at\":{\"seconds\":1}}}", "asset.created_at", "must be a time such as"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {.code = STATUS_OK};

		if (message_from_json_text(&radioshop__v1__create_asset_request__descriptor, cases[i].json,
			    strlen(cases[i].json), *state, &err) != NULL)
			fail_msg("%s was read", cases[i].json);
		assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
		if (strcmp(err.field, cases[i].field) != 0 || strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: field \"%s\", \"%s\"", cases[i].json, err.field, err.text);
	}
}

static void refuse(const ProtobufCMessageDescriptor *d, const char *json, const char *field, struct arena *a)
{
	struct error err = {.code = STATUS_OK};

	if (message_from_json_text(d, json, strlen(json), a, &err) != NULL)
		fail_msg("%s was read", json);
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(err.field, field);
}

static void refusals_of_lists_and_the_rest(void **state)
{
	const ProtobufCMessageDescriptor *import = &radioshop__v1__import_assets_request__descriptor;
	struct error err;

	refuse(import, "{\"rows\":[{\"line\":1},{\"line\":2},{\"tag\":3}]}", "rows[2].tag", *state);
	refuse(import, "{\"rows\":[null]}", "rows[0]", *state);
	refuse(import, "{\"rows\":{}}", "rows", *state);
	refuse(import, "{\"dry_run\":\"true\"}", "dry_run", *state);
	refuse(&radioshop__v1__update_asset_request__descriptor, "{\"update_mask\":\"a,,b\"}", "update_mask", *state);
	refuse(&radioshop__v1__update_asset_request__descriptor, "{\"update_mask\":\"a,\"}", "update_mask", *state);
	refuse(&radioshop__v1__update_asset_request__descriptor, "{\"update_mask\":\"a b\"}", "update_mask", *state);
	refuse(&radioshop__v1__update_asset_request__descriptor, "{\"update_mask\":\"a_1\"}", "update_mask", *state);
	refuse(&google__rpc__status__descriptor, "{\"details\":[{\"value\":\"Z\"}]}", "details[0].value", *state);
	refuse(&google__protobuf__uninterpreted_option__descriptor, "{\"positiveIntValue\":-1}", "positive_int_value",
		*state);
	refuse(&google__protobuf__uninterpreted_option__descriptor, "{\"doubleValue\":\"0x1\"}", "double_value",
		*state);
	refuse(&google__protobuf__uninterpreted_option__descriptor, "{\"doubleValue\":\"1e999\"}", "double_value",
		*state);
	refuse(&google__protobuf__uninterpreted_option__descriptor, "{\"doubleValue\":\"\"}", "double_value", *state);
	/* The text itself. */
	refuse(import, "", "", *state);
	refuse(import, "{\"agency\":\"a\",\"agency\":\"b\"}", "", *state);
	refuse(import, "{\"agency\":\"a\\u0000b\"}", "agency", *state);
	refuse(import, "{\"a\\u0000b\":1}", "", *state);
	refuse(import, "{} {}", "", *state);
	assert_null(message_from_json_text(import, "{\n \"a\" 1}", 9, *state, &err));
	assert_non_null(strstr(err.text, "line 2"));
}

static void rivals_of_a_oneof(void **state)
{
	refuse(&google__protobuf__descriptor_proto__descriptor, "{\"field\":[{\"nothing\":1}]}", "field[0].nothing",
		*state);
	/* protobuf-c refuses proto3 optional, so our oneofs have one member; reflection's has five. */
	refuse(&grpc__reflection__v1__server_reflection_request__descriptor,
		"{\"fileByFilename\":\"a\",\"listServices\":\"b\"}", "file_by_filename", *state);
	read_text(&grpc__reflection__v1__server_reflection_request__descriptor,
		"{\"fileByFilename\":null,\"listServices\":\"b\"}", *state);
}

static void memory_is_limited(void **state)
{
	struct arena small;
	struct error err;
	static const char text[] = "{\"rows\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}";

	(void)state;
	arena_init(&small, NULL, 2048);
	assert_null(message_from_json_text(
		&radioshop__v1__import_assets_request__descriptor, text, sizeof(text) - 1, &small, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	arena_release(&small);
}

static void times_are_rfc_3339(void **state)
{
	static const struct {
		const char *text, *written; /* NULL: refused */
	} cases[] = {
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
		{"2000-02-29T23:30:00-00:45", "2000-03-01T00:15:00Z"},
		{"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"},
		{"2026-01-31T12:00:00.000250Z", "2026-01-31T12:00:00.000250Z"},
		{"2026-01-31t12:00:00Z", NULL},
		{"2026-01-31T12:00:00z", NULL},
		{"2026-01-31T12:00:00.1234567+05:30", "2026-01-31T06:30:00.123456700Z"},
		{"1900-02-29T00:00:00Z", NULL},
		{"2026-13-01T00:00:00Z", NULL},
		{"2026-00-01T00:00:00Z", NULL},
		{"2026-01-32T00:00:00Z", NULL},
		{"2026-01-31T24:00:00Z", NULL},
		{"2026-01-31T12:60:00Z", NULL},
		{"2026-01-31T12:00:60Z", NULL},
		{"2026-01-31T12:00:00", NULL},
		{"2026-01-31 12:00:00Z", NULL},
		{"2026-01-31T12:00Z", NULL},
		{"2026-01-31T12:00:00.Z", NULL},
		{"2026-01-31T12:00:00.1234567890Z", NULL},
		{"2026-01-31T12:00:00+24:00", NULL},
		{"2026-01-31T12:00:00+0100", NULL},
		{"2026-01-31T12:00:00Zx", NULL},
		{"0001-01-01T00:00:00+00:01", NULL},
		{"9999-12-31T23:59:59-00:01", NULL},
		{"0000-01-01T00:00:00Z", NULL},
		{"", NULL},
		{"2026", NULL},
	};
	char out[TIMESTAMP_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = 0;
		int32_t nanos = 0;
		bool good = timestamp_parse(cases[i].text, strlen(cases[i].text), &seconds, &nanos);

		if (good != (cases[i].written != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (good) {
			assert_true(timestamp_format(seconds, nanos, out));
			assert_string_equal(out, cases[i].written);
		}
	}
	assert_true(timestamp_format(1769860800, 0, out));
	assert_string_equal(out, "2026-01-31T12:00:00Z");
	assert_false(timestamp_format(INT64_C(-62135596801), 0, out));
	assert_false(timestamp_format(INT64_C(253402300800), 0, out));
	assert_false(timestamp_format(0, 1000000000, out));
	assert_false(timestamp_format(0, -1, out));
}

static void spans_are_seconds(void **state)
{
	static const struct {
		const char *text, *written; /* NULL: refused */
	} cases[] = {
		{"0s", "0s"},
		{"1.5s", "1.500s"},
		{"-1.000000001s", "-1.000000001s"},
		{"-0.5s", "-0.500s"},
		{"315576000000.999999999s", "315576000000.999999999s"},
		{"315576000001s", NULL},
		{"-315576000001s", NULL},
		{"99999999999999999999s", NULL},
		{"1.0000000001s", NULL},
		{"1.s", NULL},
		{".5s", NULL},
		{"1", NULL},
		{"1 s", NULL},
		{"+1s", NULL},
		{"-s", NULL},
		{"1ss", NULL},
		{"", NULL},
	};
	char out[DURATION_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = 0;
		int32_t nanos = 0;
		bool good = duration_parse(cases[i].text, strlen(cases[i].text), &seconds, &nanos);

		if (good != (cases[i].written != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (good) {
			assert_true(duration_format(seconds, nanos, out));
			assert_string_equal(out, cases[i].written);
		}
	}
	assert_false(duration_format(INT64_C(315576000001), 0, out));
	assert_false(duration_format(1, -1, out));
	assert_false(duration_format(-1, 1, out));
	assert_false(duration_format(0, 1000000000, out));
}

/* The mapping has no text for them: programs are told, people see null. */
static void what_json_cannot_say(void **state)
{
	ProtobufCMessage *m = read_text(&radioshop__v1__update_asset_request__descriptor,
		"{\"asset\":{\"createdAt\":\"9999-12-31T23:59:59Z\"},\"updateMask\":\"a\"}", *state);
	Radioshop__V1__UpdateAssetRequest *r = (Radioshop__V1__UpdateAssetRequest *)m;
	static char once[] = "foo_3", capitals[] = "fooBar",
		    twice[] = "foo__bar", *const paths[] = {once, capitals, twice};

	r->asset->created_at->seconds++;
	assert_null(message_to_json(m, JSON_PROTO));
	assert_json(&r->asset->created_at->base, JSON_FIELDS, "null");
	r->asset->created_at->seconds--;
	for (size_t i = 0; i < COUNT(paths); i++) {
		r->update_mask->paths[0] = paths[i];
		assert_null(message_to_json(m, JSON_PROTO));
	}
}

/* A text of digits and commas becomes a tree many times its size: the limit is on the tree. */
/* Wherever the memory ends, in the middle of a string too, the answer is an error. jansson 2.14 by itself writes wild.
 */
static void memory_ends_anywhere(void **state)
{
	static char text[6000];
	struct arena arena;
	struct error err;
	size_t len = (size_t)sprintf(text, "{\"asset\": \"");

	(void)state;
	while (len < sizeof text - 4)
		text[len++] = 's';
	len += (size_t)sprintf(text + len, "\"}");
	for (size_t limit = 0; limit < 4 * sizeof text; limit += 61) {
		err.code = STATUS_OK;
		arena_init(&arena, NULL, limit);
		if (!message_from_json_text(&radioshop__v1__get_asset_request__descriptor, text, len, &arena, &err))
			assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
		else
			assert_int_equal(err.code, STATUS_OK);
		arena_release(&arena);
	}
	assert_int_equal(err.code, STATUS_OK);
}

static void the_tree_is_limited(void **state)
{
	enum { ELEMENTS = 400000, LIMIT = 1024 * 1024 };
	static char text[2 * ELEMENTS + 16];
	struct arena arena;
	struct error err;
	size_t len = 0;

	(void)state;
	len += (size_t)sprintf(text, "{\"x\":[0");
	for (size_t i = 0; i < ELEMENTS; i++)
		len += (size_t)sprintf(text + len, ",1");
	len += (size_t)sprintf(text + len, "]}");
	arena_init(&arena, NULL, LIMIT);
	assert_null(message_from_json_text(&radioshop__v1__get_asset_request__descriptor, text, len, &arena, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	/* And only on that one. */
	assert_non_null(message_from_json_text(&radioshop__v1__get_asset_request__descriptor, "{}", 2, &arena, &err));
	arena_release(&arena);
}

static void names_in_camel_case(void **state)
{
	char out[16];

	(void)state;
	assert_true(json_field_name("page_size", out, sizeof(out)));
	assert_string_equal(out, "pageSize");
	assert_true(json_field_name("tag", out, 4));
	assert_string_equal(out, "tag");
	assert_false(json_field_name("tags", out, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_proto_mapping, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(what_people_see, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(masks_are_text, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(bytes_are_base64, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(doubles_and_wide_numbers, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(null_unsets, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(merging_keeps_the_rest, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(refusals_name_the_path, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(refusals_of_lists_and_the_rest, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(rivals_of_a_oneof, make_arena, drop_arena),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(times_are_rfc_3339),
		cmocka_unit_test(spans_are_seconds),
		cmocka_unit_test_setup_teardown(what_json_cannot_say, make_arena, drop_arena),
		cmocka_unit_test(the_tree_is_limited),
		cmocka_unit_test(memory_ends_anywhere),
		cmocka_unit_test(names_in_camel_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
