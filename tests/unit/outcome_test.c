/*
 * outcome_test.c: how calls end: every row of the tables, and which of them wins.
 */
#include "outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char server[] = "shop.example.org:7443";

static void http_statuses(void **state)
{
	static const struct {
		unsigned http;
		enum status status;
	} rows[] = {
		{400, STATUS_INTERNAL},
		{401, STATUS_UNAUTHENTICATED},
		{403, STATUS_PERMISSION_DENIED},
		{404, STATUS_UNIMPLEMENTED},
		{429, STATUS_UNAVAILABLE},
		{502, STATUS_UNAVAILABLE},
		{503, STATUS_UNAVAILABLE},
		{504, STATUS_UNAVAILABLE},
	};
	size_t at = 0;

	(void)state;
	for (unsigned http = 0; http < 1000; http++) {
		bool listed = at < sizeof rows / sizeof rows[0] && rows[at].http == http;

		assert_int_equal(status_of_http(http), listed ? rows[at].status : STATUS_UNKNOWN);
		at += listed;
	}
	assert_int_equal(at, sizeof rows / sizeof rows[0]);
}

static void reset_codes(void **state)
{
	static const enum status rows[] = {
		STATUS_INTERNAL,           /* NO_ERROR */
		STATUS_INTERNAL,           /* PROTOCOL_ERROR */
		STATUS_INTERNAL,           /* INTERNAL_ERROR */
		STATUS_INTERNAL,           /* FLOW_CONTROL_ERROR */
		STATUS_INTERNAL,           /* SETTINGS_TIMEOUT */
		STATUS_INTERNAL,           /* STREAM_CLOSED */
		STATUS_INTERNAL,           /* FRAME_SIZE_ERROR */
		STATUS_UNAVAILABLE,        /* REFUSED_STREAM */
		STATUS_CANCELLED,          /* CANCEL */
		STATUS_INTERNAL,           /* COMPRESSION_ERROR */
		STATUS_INTERNAL,           /* CONNECT_ERROR */
		STATUS_RESOURCE_EXHAUSTED, /* ENHANCE_YOUR_CALM */
		STATUS_PERMISSION_DENIED,  /* INADEQUATE_SECURITY */
		STATUS_INTERNAL,           /* HTTP_1_1_REQUIRED */
		STATUS_UNKNOWN,
	};
	struct error err;

	(void)state;
	for (uint32_t code = 0; code < sizeof rows / sizeof rows[0]; code++) {
		struct ending e = {.reset = true, .reset_code = code};

		assert_int_equal(status_of_reset(code), rows[code]);
		assert_false(outcome(&e, server, &err));
		assert_int_equal(err.code, rows[code]);
		assert_int_equal(strncmp(err.text, server, sizeof server - 1), 0);
	}
	assert_int_equal(status_of_reset(UINT32_MAX), STATUS_UNKNOWN);
}

static void status_texts(void **state)
{
	static const char *const wrong[] = {
		"", "17", "99", "00", "01", "007", "-1", "+1", " 1", "1 ", "a", "1.0", "\xff"};

	(void)state;
	for (int code = 0; code < STATUS_COUNT; code++) {
		char text[16];

		assert_int_equal(status_of_text(text, (size_t)snprintf(text, sizeof text, "%d", code)), code);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(status_of_text(wrong[i], strlen(wrong[i])), STATUS_UNKNOWN);
}

static void check(struct ending e, enum status code, const char *says)
{
	struct error err = {0};

	assert_false(outcome(&e, server, &err));
	assert_int_equal(err.code, code);
	if (strstr(err.text, says) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, says);
}

static void what_wins(void **state)
{
	struct ending e = {.http_status = 503, .has_status = true, .reset = true, .reset_code = 8};
	struct error untouched = {.code = STATUS_DATA_LOSS};

	(void)state;
	/* grpc-status, whatever else came */
	assert_true(outcome(&e, server, &untouched));
	assert_int_equal(untouched.code, STATUS_DATA_LOSS);
	e.status = (struct error){.code = STATUS_ABORTED, .text = "moved on", .reason = "STALE"};
	check(e, STATUS_ABORTED, "moved on");
	/* then the HTTP status */
	e.has_status = false;
	check(e, STATUS_UNAVAILABLE, "HTTP status 503");
	e.http_status = 302;
	check(e, STATUS_UNKNOWN, "HTTP status 302; is this");
	/* then the content-type */
	e.http_status = 200;
	check(e, STATUS_UNKNOWN, "no content-type");
	snprintf(e.content_type, sizeof e.content_type, "text/html");
	check(e, STATUS_UNKNOWN, "text/html");
	/* then the reset */
	snprintf(e.content_type, sizeof e.content_type, "application/grpc+proto");
	check(e, STATUS_CANCELLED, "gave the call up");
	e.reset_code = 0;
	check(e, STATUS_INTERNAL, "without a status");
	/* and 200 with nothing else */
	e.reset = false;
	check(e, STATUS_UNKNOWN, "without a status");
}

static void foreign_answers(void **state)
{
	struct ending e = {.http_status = 0};

	(void)state;
	assert_false(outcome_is_foreign(&e)); /* nothing is known yet */
	e.http_status = 200;
	assert_true(outcome_is_foreign(&e));
	snprintf(e.content_type, sizeof e.content_type, "application/grpc");
	assert_false(outcome_is_foreign(&e));
	e.http_status = 404;
	assert_true(outcome_is_foreign(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_statuses),
		cmocka_unit_test(reset_codes),
		cmocka_unit_test(status_texts),
		cmocka_unit_test(what_wins),
		cmocka_unit_test(foreign_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
