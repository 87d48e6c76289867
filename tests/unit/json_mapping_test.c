/*
 * json_mapping_test.c: the corners of the proto3 JSON mapping, one row each: a text in, and the text that comes out
 * again or why it is refused. message_json_test.c has the rest of the codec.
 */
#include "message.h"
#include "message_json.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/service_record.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MEMORY = 4 * 1024 * 1024 };

struct row {
	const char *in;
	const char *out; /* NULL: refused */
	const char *why; /* what the refusal says, the field first */
};

static void check(const ProtobufCMessageDescriptor *d, const struct row *row)
{
	struct error err = {.code = STATUS_OK};
	struct arena a;
	ProtobufCMessage *m;
	json_t *json;
	char *text;

	arena_init(&a, NULL, MEMORY);
	m = message_from_json_text(d, row->in, strlen(row->in), &a, &err);
	if ((m != NULL) != (row->out != NULL))
		fail_msg("%s: %s", row->in, m ? "was read" : err.text);
	if (m == NULL) {
		assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
		if (strstr(err.text, row->why) == NULL)
			fail_msg("%s: \"%s\" and not \"%s\"", row->in, err.text, row->why);
	} else {
		json = message_to_json(m, JSON_PROTO);
		text = json_dumps(json, JSON_COMPACT);
		assert_string_equal(text, row->out);
		free(text);
		json_decref(json);
	}
	arena_release(&a);
}

static void check_all(const ProtobufCMessageDescriptor *d, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(d, &rows[i]);
}

static void whole_numbers(void **state)
{
	static const struct row rows[] = {
		{"{\"quantity\":1e3}", "{\"quantity\":1000}"},
		{"{\"quantity\":1.0}", "{\"quantity\":1}"},
		{"{\"quantity\":-0}", "{}"},
		{"{\"quantity\":-0.0}", "{}"},
		{"{\"quantity\":\"12\"}", "{\"quantity\":12}"},
		{"{\"quantity\":2147483647}", "{\"quantity\":2147483647}"},
		{"{\"quantity\":-2147483648}", "{\"quantity\":-2147483648}"},
		{"{\"quantity\":2147483648}", NULL, "quantity must be from"},
		{"{\"quantity\":1e10}", NULL, "quantity must be from"},
		{"{\"quantity\":0.5}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":1e-1}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":\"0x10\"}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":\"1 \"}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":[1]}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":{}}", NULL, "quantity must be a whole number"},
		{"{\"quantity\":01}", NULL, "this is not JSON"},
		{"{\"quantity\":+1}", NULL, "this is not JSON"},
		{"{\"quantity\":1.}", NULL, "this is not JSON"},
		{"{\"quantity\":.5}", NULL, "this is not JSON"},
		{"{\"quantity\":NaN}", NULL, "this is not JSON"},
		{"{\"quantity\":0x10}", NULL, "this is not JSON"},
		{"{\"revision\":\"9223372036854775807\"}", "{\"revision\":\"9223372036854775807\"}"},
		{"{\"revision\":9223372036854775807}", "{\"revision\":\"9223372036854775807\"}"},
		{"{\"revision\":-9223372036854775808}", "{\"revision\":\"-9223372036854775808\"}"},
		{"{\"revision\":\"-9223372036854775808\"}", "{\"revision\":\"-9223372036854775808\"}"},
		{"{\"revision\":1e15}", "{\"revision\":\"1000000000000000\"}"},
		{"{\"revision\":9223372036854775808}", NULL, "a number is out of every range"},
		{"{\"revision\":\"9223372036854775808\"}", NULL, "revision must be from"},
		/* A double no longer tells neighbours apart up there. */
		{"{\"revision\":9223372036854775807.0}", NULL, "revision must be a whole number"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
}

static void unsigned_numbers_and_bytes(void **state)
{
	static const struct row rows[] = {
		{"{\"positiveIntValue\":\"18446744073709551615\"}", "{\"positiveIntValue\":\"18446744073709551615\"}"},
		{"{\"positiveIntValue\":7}", "{\"positiveIntValue\":\"7\"}"},
		{"{\"positiveIntValue\":-1}", NULL, "positive_int_value must be from 0"},
		{"{\"positiveIntValue\":\"-1\"}", NULL, "positive_int_value must be from 0"},
		{"{\"positiveIntValue\":\"18446744073709551616\"}", NULL, "positive_int_value must be a whole number"},
		{"{\"stringValue\":\"Zg==\"}", "{\"stringValue\":\"Zg==\"}"},
		{"{\"stringValue\":\"Zg\"}", "{\"stringValue\":\"Zg==\"}"},
		{"{\"stringValue\":\"+/+/\"}", "{\"stringValue\":\"+/+/\"}"},
		{"{\"stringValue\":\"-_-_\"}", "{\"stringValue\":\"+/+/\"}"},
		{"{\"stringValue\":\"-_8=\"}", "{\"stringValue\":\"+/8=\"}"},
		{"{\"stringValue\":\"\"}", "{\"stringValue\":\"\"}"},
		{"{\"stringValue\":\"Zg=\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Z\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Z===\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Zg==Zg==\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Z g=\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Zh==\"}", NULL, "string_value must be a string in base64"},
		{"{\"stringValue\":\"Zg\\u0000=\"}", NULL, "string_value contains a NUL"},
		{"{\"stringValue\":7}", NULL, "string_value must be a string in base64"},
	};

	(void)state;
	check_all(&google__protobuf__uninterpreted_option__descriptor, rows, COUNT(rows));
}

static void fractions(void **state)
{
	static const struct row rows[] = {
		{"{\"value\":1}", "{\"value\":1.0}"},
		{"{\"value\":-1.5e-3}", "{\"value\":-0.0015}"},
		{"{\"value\":\"2.5\"}", "{\"value\":2.5}"},
		{"{\"value\":\"1e3\"}", "{\"value\":1000.0}"},
		{"{\"value\":\"NaN\"}", "{\"value\":\"NaN\"}"},
		{"{\"value\":\"Infinity\"}", "{\"value\":\"Infinity\"}"},
		{"{\"value\":\"-Infinity\"}", "{\"value\":\"-Infinity\"}"},
		{"{\"value\":1.7976931348623157e308}", "{\"value\":1.7976931348623157e308}"},
		{"{\"value\":5e-324}", "{\"value\":4.9406564584124654e-324}"},
		{"{\"value\":1e309}", NULL, "a number is out of every range"},
		{"{\"value\":\"1e309\"}", NULL, "value must be a number"},
		{"{\"value\":\"inf\"}", NULL, "value must be a number"},
		{"{\"value\":\"nan\"}", NULL, "value must be a number"},
		{"{\"value\":\"0x1p3\"}", NULL, "value must be a number"},
		{"{\"value\":\" 1\"}", NULL, "value must be a number"},
		{"{\"value\":\"\"}", NULL, "value must be a number"},
		{"{\"value\":true}", NULL, "value must be a number"},
	};

	(void)state;
	check_all(&radioshop__v1__reading__descriptor, rows, COUNT(rows));
}

static void texts(void **state)
{
	static const struct row rows[] = {
		{"{\"tag\":\"\\ud83d\\ude00\"}", "{\"tag\":\"\xf0\x9f\x98\x80\"}"},
		{"{\"tag\":\"\xf0\x9f\x98\x80\"}", "{\"tag\":\"\xf0\x9f\x98\x80\"}"},
		{"{\"tag\":\"a\\tb\\nc\\/\\\\\\\"\"}", "{\"tag\":\"a\\tb\\nc/\\\\\\\"\"}"},
		{"{\"tag\":\"\\uFFFD\\ue000\"}", "{\"tag\":\"\xef\xbf\xbd\xee\x80\x80\"}"},
		{"{\"tag\":\"\\ud83d\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\\ude00\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\\ud83dx\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\\ude00\\ud83d\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\\u12\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\\x41\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"a\nb\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\xed\xa0\x80\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\xff\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"\xc0\xaf\"}", NULL, "this is not JSON"},
		{"{\"tag\":\"a\\u0000b\"}", NULL, "tag contains a NUL"},
		{"{\"tag\":\"\\u0000\"}", NULL, "tag contains a NUL"},
		{"{\"tag\":\"\\u001b[2J\"}", NULL, "tag contains a control character"},
		{"{\"tag\":\"\\u0085\"}", NULL, "tag contains a control character"},
		{"{\"tag\":'a'}", NULL, "this is not JSON"},
		{"{\"tag\":1}", NULL, "tag must be a string"},
		{"{\"tag\":false}", NULL, "tag must be a string"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
}

static void nothing_at_all(void **state)
{
	static const struct row rows[] = {
		{"{\"tag\":null,\"quantity\":null,\"unitId\":null,\"costCents\":null,\"status\":null,\"createdAt\":"
		 "null}",
			"{}"},
		{"{}", "{}"},
		{" {\r\n\t} ", "{}"},
		{"null", NULL, "this is not JSON"},
		{"[]", NULL, "the message must be a JSON object"},
		{"\"\"", NULL, "this is not JSON"},
		{"", NULL, "this is not JSON"},
		{"{} x", NULL, "this is not JSON"},
		{"{}{}", NULL, "this is not JSON"},
		{"{\"tag\":\"a\",}", NULL, "this is not JSON"},
		{"{\"tag\":\"a\"", NULL, "this is not JSON"},
		{"{tag:1}", NULL, "this is not JSON"},
		{"/**/{}", NULL, "this is not JSON"},
		{"\xef\xbb\xbf{}", NULL, "this is not JSON"},
	};
	static const struct row lists[] = {
		{"{\"moves\":null,\"entries\":null}", "{}"},
		{"{\"moves\":[]}", "{}"},
		{"{\"moves\":[null]}", NULL, "moves[0] must be one of"},
		{"{\"entries\":[null]}", NULL, "entries[0] must be a JSON object"},
		{"{\"entries\":[[]]}", NULL, "entries[0] must be a JSON object"},
		{"{\"moves\":1}", NULL, "moves must be a list"},
		{"{\"moves\":\"1\"}", NULL, "moves must be a list"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
	check_all(&radioshop__v1__ticket__descriptor, lists, COUNT(lists));
}

static void names(void **state)
{
	static const struct row rows[] = {
		{"{\"assignedTo\":\"x\"}", "{\"assignedTo\":\"x\"}"},
		{"{\"assigned_to\":\"x\"}", "{\"assignedTo\":\"x\"}"},
		{"{\"assigned_to\":\"x\",\"assignedTo\":\"y\"}", NULL, "assigned_to is given twice"},
		{"{\"assigned_to\":null,\"assignedTo\":\"y\"}", NULL, "assigned_to is given twice"},
		{"{\"tag\":\"x\",\"tag\":\"y\"}", NULL, "this is not JSON"},
		{"{\"t\\u0061g\":\"x\"}", "{\"tag\":\"x\"}"},
		{"{\"Tag\":\"x\"}", NULL, "Tag is not a field of Asset"},
		{"{\"AssignedTo\":\"x\"}", NULL, "AssignedTo is not a field of Asset"},
		{"{\"\":\"x\"}", NULL, "is not a field of Asset"},
		{"{\"constructor\":1}", NULL, "constructor is not a field of Asset"},
		{"{\"tag\":\"x\",\"colour\":{\"deep\":[[[]]]}}", NULL, "colour is not a field of Asset"},
		{"{\"ta\\u0000g\":\"x\"}", NULL, "this is not JSON"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
}

static void enums(void **state)
{
	static const struct row rows[] = {
		{"{\"status\":\"ASSET_STATUS_SPARE\"}", "{\"status\":\"ASSET_STATUS_SPARE\"}"},
		{"{\"status\":\"spare\"}", "{\"status\":\"ASSET_STATUS_SPARE\"}"},
		{"{\"status\":2}", "{\"status\":\"ASSET_STATUS_SPARE\"}"},
		{"{\"status\":0}", "{}"},
		{"{\"status\":\"ASSET_STATUS_UNSPECIFIED\"}", "{}"},
		/* A number without a name passes, as on the wire; the database mapper then refuses it. */
		{"{\"status\":77}", "{\"status\":77}"},
		{"{\"status\":-1}", "{\"status\":-1}"},
		{"{\"status\":2147483648}", NULL, "status must be one of in_service, spare"},
		{"{\"status\":\"2\"}", NULL, "status must be one of"},
		{"{\"status\":2.0}", NULL, "status must be one of"},
		{"{\"status\":\"BROKEN\"}", NULL, "status must be one of"},
		{"{\"status\":\"spare\\u0000\"}", NULL, "status contains a NUL"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
}

static void presence(void **state)
{
	static const struct row rows[] = {
		/* A member of a oneof is said although it is zero. */
		{"{\"unitId\":0}", "{\"unitId\":0}"},
		{"{\"costCents\":\"0\"}", "{\"costCents\":\"0\"}"},
		{"{\"quantity\":0,\"tag\":\"\",\"revision\":\"0\"}", "{}"},
	};
	static const struct row oneofs[] = {
		{"{\"fileByFilename\":\"a\",\"listServices\":\"b\"}", NULL, "excludes another field"},
		{"{\"fileByFilename\":\"a\",\"listServices\":null}", "{\"fileByFilename\":\"a\"}"},
		{"{\"listServices\":\"\"}", "{\"listServices\":\"\"}"},
	};

	(void)state;
	check_all(&radioshop__v1__asset__descriptor, rows, COUNT(rows));
	check_all(&grpc__reflection__v1__server_reflection_request__descriptor, oneofs, COUNT(oneofs));
}

static void well_known_types(void **state)
{
	static const struct row rows[] = {
		{"{\"asset\":{\"createdAt\":\"2026-01-31T06:00:00-06:00\"}}",
			"{\"asset\":{\"createdAt\":\"2026-01-31T12:00:00Z\"}}"},
		{"{\"asset\":{\"createdAt\":\"0001-01-01T00:00:00Z\"}}",
			"{\"asset\":{\"createdAt\":\"0001-01-01T00:00:00Z\"}}"},
		{"{\"asset\":{\"createdAt\":\"9999-12-31T23:59:59.999999999Z\"}}",
			"{\"asset\":{\"createdAt\":\"9999-12-31T23:59:59.999999999Z\"}}"},
		{"{\"asset\":{\"createdAt\":\"10000-01-01T00:00:00Z\"}}", NULL, "asset.created_at must be a time"},
		{"{\"asset\":{\"createdAt\":\"2026-01-31T12:00:00Z\\u0000\"}}", NULL,
			"asset.created_at contains a NUL"},
		{"{\"asset\":{\"createdAt\":1}}", NULL, "asset.created_at must be a time"},
		{"{\"updateMask\":\"costCents,tag\"}", "{\"updateMask\":\"costCents,tag\"}"},
		{"{\"updateMask\":\"asset.cost_cents\"}", "{\"updateMask\":\"asset.costCents\"}"},
		{"{\"updateMask\":\"\"}", "{\"updateMask\":\"\"}"},
		{"{\"updateMask\":\"a,\"}", NULL, "update_mask must be field names"},
		{"{\"updateMask\":\"a,,b\"}", NULL, "update_mask must be field names"},
		{"{\"updateMask\":\"a\\u0000,b\"}", NULL, "update_mask contains a NUL"},
		{"{\"updateMask\":[\"a\"]}", NULL, "update_mask must be field names"},
		{"{\"updateMask\":{\"paths\":[\"a\"]}}", NULL, "update_mask must be field names"},
	};
	static const struct row spans[] = {
		{"{\"retryDelay\":\"1.5s\"}", "{\"retryDelay\":\"1.500s\"}"},
		{"{\"retryDelay\":\"315576000001s\"}", NULL, "retry_delay must be seconds"},
		{"{\"retryDelay\":1.5}", NULL, "retry_delay must be seconds"},
	};

	(void)state;
	check_all(&radioshop__v1__update_asset_request__descriptor, rows, COUNT(rows));
	check_all(&google__rpc__retry_info__descriptor, spans, COUNT(spans));
}

/* depth times the same opening, and as many closings. */
static void nest(const char *open, const char *core, const char *close, unsigned depth, char *out)
{
	*out = '\0';
	for (unsigned i = 0; i < depth; i++)
		out = stpcpy(out, open);
	out = stpcpy(out, core);
	for (unsigned i = 0; i < depth; i++)
		out = stpcpy(out, close);
}

static void depth_is_limited(void **state)
{
	static char text[64 * 1024];
	const struct row row = {text, NULL, "is nested too deep"}, arrays = {text, NULL, "must be a JSON object"},
			 deep = {text, NULL, "this is not JSON"};

	(void)state;
	/* DescriptorProto is the one message of all files that holds itself. */
	nest("{\"nestedType\":[", "{}", "]}", 17, text);
	check(&google__protobuf__descriptor_proto__descriptor, &row);
	nest("[", "", "]", 2000, text);
	check(&google__protobuf__descriptor_proto__descriptor, &arrays);
	nest("[", "", "]", 5000, text);
	check(&google__protobuf__descriptor_proto__descriptor, &deep);
}

static void long_lists(void **state)
{
	enum { ELEMENTS = 20000 };
	static char text[ELEMENTS * 2 + 16];
	struct error err;
	struct arena a;
	ProtobufCMessage *m;
	char *at = stpcpy(text, "{\"path\":[7");

	(void)state;
	for (unsigned i = 1; i < ELEMENTS; i++)
		at = stpcpy(at, ",7");
	at = stpcpy(at, "]}");
	arena_init(&a, NULL, MEMORY);
	m = message_from_json_text(
		&google__protobuf__source_code_info__location__descriptor, text, (size_t)(at - text), &a, &err);
	assert_non_null(m);
	assert_int_equal(((const Google__Protobuf__SourceCodeInfo__Location *)m)->n_path, ELEMENTS);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(unsigned_numbers_and_bytes),
		cmocka_unit_test(fractions),
		cmocka_unit_test(texts),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(names),
		cmocka_unit_test(enums),
		cmocka_unit_test(presence),
		cmocka_unit_test(well_known_types),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(long_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
