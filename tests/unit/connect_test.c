/*
 * connect_test.c: the words of the Connect protocol: codes, error bodies, time-outs, queries.
 */
#include "connect.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The table of the protocol's document, written down a second time on purpose. */
static void codes_and_their_http_status(void **state)
{
	static const struct {
		enum status code;
		const char *name;
		int http;
	} rows[] = {
		{STATUS_CANCELLED, "canceled", 499},
		{STATUS_UNKNOWN, "unknown", 500},
		{STATUS_INVALID_ARGUMENT, "invalid_argument", 400},
		{STATUS_DEADLINE_EXCEEDED, "deadline_exceeded", 504},
		{STATUS_NOT_FOUND, "not_found", 404},
		{STATUS_ALREADY_EXISTS, "already_exists", 409},
		{STATUS_PERMISSION_DENIED, "permission_denied", 403},
		{STATUS_RESOURCE_EXHAUSTED, "resource_exhausted", 429},
		{STATUS_FAILED_PRECONDITION, "failed_precondition", 400},
		{STATUS_ABORTED, "aborted", 409},
		{STATUS_OUT_OF_RANGE, "out_of_range", 400},
		{STATUS_UNIMPLEMENTED, "unimplemented", 501},
		{STATUS_INTERNAL, "internal", 500},
		{STATUS_UNAVAILABLE, "unavailable", 503},
		{STATUS_DATA_LOSS, "data_loss", 500},
		{STATUS_UNAUTHENTICATED, "unauthenticated", 401},
	};

	(void)state;
	assert_int_equal(COUNT(rows), STATUS_COUNT - 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(connect_code(rows[i].code), rows[i].name);
		assert_int_equal(connect_http_status(rows[i].code), rows[i].http);
	}
}

static void timeouts(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* 0: refused */
	} rows[] = {
		{"1", 1},
		{"5000", 5000},
		{"0", 1},
		{"0000000001", 1},
		{"2147483647", INT32_MAX},
		{"9999999999", INT32_MAX},
		{"12345678901", 0},
		{"", 0},
		{"-1", 0},
		{"+1", 0},
		{"1.5", 0},
		{"1S", 0},
		{" 1", 0},
		{"0x1", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms = 0;

		if (connect_timeout_parse(rows[i].text, strlen(rows[i].text), &ms) != (rows[i].ms > 0) ||
			ms != rows[i].ms)
			fail_msg("\"%s\": %lld", rows[i].text, (long long)ms);
	}
}

static void assert_body(const struct error *err, const char *expected)
{
	size_t len = 0;
	char *body = connect_error_text(err, &len);

	assert_non_null(body);
	assert_int_equal(len, strlen(body));
	assert_string_equal(body, expected);
	free(body);
}

static void error_bodies(void **state)
{
	struct error err = {.code = STATUS_NOT_FOUND, .text = "no asset \"x\""};

	(void)state;
	assert_body(&err, "{\"code\":\"not_found\",\"message\":\"no asset \\\"x\\\"\"}");
	/* Bytes of a peer that are no text must not make the body something else than JSON. */
	memcpy(err.text, "a\xff\x01", 4);
	assert_body(&err, "{\"code\":\"not_found\",\"message\":\"a?\?\"}");
	err = (struct error){.code = STATUS_UNAVAILABLE, .text = "later", .retry_after_ms = 1500};
	/* The value is 0a 07 (delay) 08 01 (seconds) 10 80 ca b5 ee 01 (nanos). */
	assert_body(&err,
		"{\"code\":\"unavailable\",\"message\":\"later\",\"details\":[{\"type\":\"google.rpc.RetryInfo\","
		"\"value\":\"CggIARCAyrXuAQ\",\"debug\":{\"retryDelay\":\"1.500s\"}}]}");
}

static void a_field_and_a_reason(void **state)
{
	const struct error err = {
		.code = STATUS_ABORTED, .text = "stale", .field = "asset.revision", .reason = "STALE_REVISION"};
	size_t len;
	char *body = connect_error_text(&err, &len);
	json_t *json = json_loads(body, 0, NULL), *details = json_object_get(json, "details");
	const char *type, *debug, *reason, *field;

	(void)state;
	assert_int_equal(json_array_size(details), 2);
	assert_int_equal(
		json_unpack(json_array_get(details, 0), "{s:s,s:{s:s}}", "type", &type, "debug", "reason", &reason), 0);
	assert_string_equal(type, "google.rpc.ErrorInfo");
	assert_string_equal(reason, "STALE_REVISION");
	assert_int_equal(json_unpack(json_array_get(details, 1), "{s:s,s:{s:[{s:s,s:s}]}}", "type", &type, "debug",
				 "fieldViolations", "field", &field, "description", &debug),
		0);
	assert_string_equal(type, "google.rpc.BadRequest");
	assert_string_equal(field, "asset.revision");
	assert_string_equal(debug, "stale");
	json_decref(json);
	free(body);
}

struct query_row {
	const char *query;
	const char *message; /* NULL: refused */
	bool json, gzip;
	enum status code;
	int http;
};

static void queries(void **state)
{
	static const struct query_row rows[] = {
		{"connect=v1&encoding=json&message=%7B%22a%22%3A1%7D", "{\"a\":1}", true, false, 0, 0},
		{"message={}&encoding=json", "{}", true, false, 0, 0},
		{"message=a+b%2Bc&encoding=json", "a b+c", true, false, 0, 0},
		{"x=1&&y&message=&encoding=proto&base64=1", "", false, false, 0, 0},
		{"encoding=proto&base64=1&message=aGk", "hi", false, false, 0, 0},
		{"encoding=proto&base64=1&message=aGk%3D", "hi", false, false, 0, 0},
		{"encoding=json&base64=0&message=aGk", "aGk", true, false, 0, 0},
		{"encoding=json&message=a&message=b&encoding=proto", "a", true, false, 0, 0},
		{"encoding=json&compression=gzip&message=x", "x", true, true, 0, 0},
		{"encoding=json&compression=identity&message=x", "x", true, false, 0, 0},
		{"encoding=json&message=%26encoding%3Dproto", "&encoding=proto", true, false, 0, 0},
		{"", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=json", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"message={}", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"connect=v2&encoding=json&message={}", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"connect=&encoding=json&message={}", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=json&message=%7", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=json&message=%zz", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=proto&base64=1&message=a+b", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=proto&base64=1&message=_", NULL, false, false, STATUS_INVALID_ARGUMENT, 0},
		{"encoding=xml&message={}", NULL, false, false, STATUS_UNIMPLEMENTED, 415},
		{"encoding=json&compression=br&message={}", NULL, false, false, STATUS_UNIMPLEMENTED, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct query_row *row = &rows[i];
		char *query = strdup(row->query);
		struct connect_query got = {false};
		struct error err = {.code = STATUS_OK};
		int http = -1;
		bool good = connect_query_parse(query, strlen(query), &got, &http, &err);

		if (good != (row->message != NULL) || err.code != row->code || http != row->http)
			fail_msg("%s: %s, HTTP %d", row->query, status_name((int)err.code), http);
		if (good) {
			assert_int_equal(got.message_len, strlen(row->message));
			assert_memory_equal(got.message, row->message, got.message_len);
			assert_int_equal(got.json, row->json);
			assert_int_equal(got.gzip, row->gzip);
		}
		free(query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_and_their_http_status),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(error_bodies),
		cmocka_unit_test(a_field_and_a_reason),
		cmocka_unit_test(queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
