/*
 * metadata_test.c: the small grammars of gRPC headers and trailers, and struct error.
 */
#include "metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void timeout_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* 0: refused */
	} cases[] = {
		{"1S", 1000},
		{"10m", 10},
		{"2M", 120000},
		{"1H", 3600000},
		{"1n", 1},
		{"0n", 1},
		{"0S", 1},
		{"1000000n", 1},
		{"1000001n", 2},
		{"1500u", 2},
		{"99999999m", 99999999},
		{"99999999H", INT32_MAX},
		{"00000001S", 1000},
		{"000000001S", 0},
		{"", 0},
		{"S", 0},
		{"1", 0},
		{"1s", 0},
		{"-1S", 0},
		{"1.5S", 0},
		{" 1S", 0},
		{"1S ", 0},
		{"+1S", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ms = -7;
		bool good = grpc_timeout_parse(cases[i].text, strlen(cases[i].text), &ms);

		if (good != (cases[i].ms != 0) || ms != (good ? cases[i].ms : -7))
			fail_msg("\"%s\": %d, %ld ms", cases[i].text, good, (long)ms);
	}
}

static void timeout_is_written(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{1, "1m"},
		{0, "1m"},
		{-5, "1m"},
		{99999999, "99999999m"},
		{100000000, "100000S"},
		{100000001, "100001S"},
		{INT64_C(99999999000), "99999999S"},
		{INT64_C(99999999001), "1666667M"},
		{INT64_MAX, "99999999H"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[16];

		grpc_timeout_format(cases[i].ms, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void message_is_percent_encoded(void **state)
{
	char out[64], back[64];

	(void)state;
	assert_int_equal(grpc_message_encode("a b~", out, sizeof(out)), 4);
	assert_string_equal(out, "a b~");
	assert_int_equal(grpc_message_encode("50%\n\x7f\xc3\xa9", out, sizeof(out)), 17);
	assert_string_equal(out, "50%25%0A%7F%C3%A9");
	assert_int_equal(grpc_message_decode(out, strlen(out), back, sizeof(back)), 7);
	assert_string_equal(back, "50%\n\x7f\xc3\xa9");
	/* Broken escapes stay; both cases of hexadecimal are read. */
	grpc_message_decode("%c3%A9 %zz % %4", 15, back, sizeof(back));
	assert_string_equal(back, "\xc3\xa9 %zz % %4");
}

static void message_is_cut_between_characters(void **state)
{
	char out[8];

	(void)state;
	memset(out, 'X', sizeof(out));
	assert_int_equal(grpc_message_encode("ab\xc3\xa9", out, 8), 2); /* 2 + 6 + NUL is 9 */
	assert_string_equal(out, "ab");
	assert_int_equal(grpc_message_encode("abc", out, 3), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(grpc_message_encode("abc", out, 1), 0);
	assert_string_equal(out, "");
	out[0] = 'X';
	assert_int_equal(grpc_message_encode("abc", out, 0), 0);
	assert_int_equal(out[0], 'X');
	assert_int_equal(grpc_message_decode("abcdef", 6, out, 4), 3);
	assert_string_equal(out, "abc");
}

static void base64_of_rfc_4648(void **state)
{
	static const struct {
		const char *bytes, *plain, *padded;
	} cases[] = {
		{"", "", ""},
		{"f", "Zg", "Zg=="},
		{"fo", "Zm8", "Zm8="},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg", "Zm9vYg=="},
		{"fooba", "Zm9vYmE", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+", "+//+"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].bytes), got;
		uint8_t bytes[8];
		char text[16];

		assert_int_equal(base64_encode((const uint8_t *)cases[i].bytes, len, text, sizeof(text)),
			strlen(cases[i].plain));
		assert_string_equal(text, cases[i].plain);
		assert_true(base64_decode(cases[i].plain, strlen(cases[i].plain), bytes, len, &got));
		assert_int_equal(got, len);
		assert_memory_equal(bytes, cases[i].bytes, len);
		assert_true(base64_decode(cases[i].padded, strlen(cases[i].padded), bytes, len, &got));
		assert_int_equal(got, len);
	}
}

static void base64_refuses_the_rest(void **state)
{
	static const char *const bad[] = {"Z", "Zg=", "Zg===", "=", "==", "====", "Zh", "Zm9", "Zm9v=", "Z g", "Zm-v",
		"Zm_v", "Zg==Zg==", "\xc3\xa9zz"};
	uint8_t bytes[8];
	char text[8];
	size_t got = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (base64_decode(bad[i], strlen(bad[i]), bytes, sizeof(bytes), &got))
			fail_msg("\"%s\" was read", bad[i]);
	}
	assert_false(base64_decode("Zm9v", 4, bytes, 2, &got));
	assert_int_equal(got, 77);
	/* The URL alphabet is another one. */
	assert_int_equal(base64url_encode((const uint8_t *)"\xfb\xff\xfe", 3, text, sizeof(text)), 4);
	assert_string_equal(text, "-__-");
	assert_true(base64url_decode("-__-", 4, bytes, 3, &got));
	assert_memory_equal(bytes, "\xfb\xff\xfe", 3);
	assert_false(base64url_decode("+//+", 4, bytes, 3, &got));
	/* No room: nothing but the NUL is written. */
	assert_int_equal(base64_encode((const uint8_t *)"foo", 3, text, 4), 0);
	assert_string_equal(text, "");
	assert_int_equal(base64_encode((const uint8_t *)"foo", 3, text, 5), 4);
}

static void content_type_is_recognised(void **state)
{
	(void)state;
	assert_true(content_type_is_grpc("application/grpc", 16));
	assert_true(content_type_is_grpc("application/grpc+proto", 22));
	assert_true(content_type_is_grpc("application/grpc;charset=utf-8", 30));
	assert_false(content_type_is_grpc("application/grpc-web", 20));
	assert_false(content_type_is_grpc("application/grp", 15));
	assert_false(content_type_is_grpc("application/json", 16));
	assert_false(content_type_is_grpc("", 0));
}

static void uuid_is_canonical(void **state)
{
	static const char good[] = "0189f7d0-1c2b-7abc-8def-0123456789ab";
	static const char *const bad[] = {"", "0189f7d0-1c2b-7abc-8def-0123456789a",
		"0189f7d0-1c2b-7abc-8def-0123456789abc", "0189F7d0-1c2b-7abc-8def-0123456789ab",
		"0189f7d01-c2b-7abc-8def-0123456789ab", "{189f7d0-1c2b-7abc-8def-0123456789ab",
		"0189f7d0-1c2b-7abc-8def-0123456789ag"};
	uint8_t uuid[16], other[16];
	char text[37];

	(void)state;
	assert_true(uuid_parse(good, 36, uuid));
	assert_int_equal(uuid[0], 0x01);
	assert_int_equal(uuid[15], 0xab);
	uuid_format(uuid, text);
	assert_string_equal(text, good);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(uuid_parse(bad[i], strlen(bad[i]), uuid));

	uuid_random(uuid);
	uuid_random(other);
	assert_memory_not_equal(uuid, other, 16);
	uuid_format(uuid, text);
	assert_int_equal(text[14], '4');
	assert_non_null(strchr("89ab", text[19]));
	assert_true(uuid_parse(text, 36, other));
	assert_memory_equal(uuid, other, 16);
}

static void details_make_the_round(void **state)
{
	struct error err = {STATUS_UNAVAILABLE, "asset.serial", "STALE_REVISION", "try again", 1500}, back = {0};
	char text[1024];
	size_t len;

	(void)state;
	len = status_details_encode(&err, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(len, strlen(text));
	assert_true(status_details_decode(text, len, &back));
	assert_string_equal(back.field, "asset.serial");
	assert_string_equal(back.reason, "STALE_REVISION");
	assert_int_equal(back.retry_after_ms, 1500);
	assert_int_equal(status_details_encode(&err, text, 40), 0);
}

/* The expected bytes are what `protoc --encode=google.rpc.Status` makes: other programs must understand ours. */
static void details_are_the_standard_ones(void **state)
{
	static const char expected[] =
		"CAMSA2JhZBo5Cil0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBIMCgoKA3RhZxIDYmFk";
	struct error err = {.code = STATUS_INVALID_ARGUMENT, .field = "tag", .text = "bad"}, back = {0};
	char text[1024];

	(void)state;
	assert_true(status_details_encode(&err, text, sizeof(text)) > 0);
	assert_true(status_details_decode(text, strlen(text), &back));
	assert_string_equal(back.field, "tag");
	assert_string_equal(text, expected);
}

static void details_say_nothing_about_nothing(void **state)
{
	struct error err = {.code = STATUS_NOT_FOUND, .text = "no such asset"}, back = {.retry_after_ms = 7};
	char text[64];

	(void)state;
	assert_int_equal(status_details_encode(&err, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_false(status_details_decode("!!", 2, &back));
	assert_false(status_details_decode("gICA", 4, &back)); /* no message */
	assert_int_equal(back.retry_after_ms, 7);
	assert_true(status_details_decode("", 0, &back));
}

/* A sentence that quotes broken bytes must not make the status unreadable. */
static void details_are_always_text(void **state)
{
	struct error err = {.code = STATUS_INVALID_ARGUMENT, .field = "t\xff", .text = "bad \xc3\x01 value"},
		     back = {0};
	char text[1024];

	(void)state;
	assert_true(status_details_encode(&err, text, sizeof(text)) > 0);
	assert_true(status_details_decode(text, strlen(text), &back));
	assert_string_equal(back.field, "t?");
}

static void error_is_cut_to_fit(void **state)
{
	struct error err;
	char long_text[1200];
	enum status code = STATUS_OK;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_false(error_set(&err, STATUS_ABORTED, long_text, "%s", long_text));
	assert_int_equal(strlen(err.field), sizeof(err.field) - 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	/* The é that would be cut in two goes as a whole. */
	memcpy(long_text + sizeof(err.text) - 2, "\xc3\xa9", 2);
	assert_false(error_set(&err, STATUS_ABORTED, NULL, "%s", long_text));
	assert_int_equal(strlen(err.text), sizeof(err.text) - 2);
	assert_string_equal(err.field, "");
	assert_false(error_set(NULL, STATUS_ABORTED, NULL, "x"));

	assert_string_equal(status_name(STATUS_NOT_FOUND), "NOT_FOUND");
	assert_string_equal(status_name(17), "UNKNOWN");
	assert_string_equal(status_name(-1), "UNKNOWN");
	assert_true(status_from_name("UNAUTHENTICATED", &code));
	assert_int_equal(code, STATUS_UNAUTHENTICATED);
	assert_false(status_from_name("unauthenticated", &code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeout_is_read),
		cmocka_unit_test(timeout_is_written),
		cmocka_unit_test(message_is_percent_encoded),
		cmocka_unit_test(message_is_cut_between_characters),
		cmocka_unit_test(base64_of_rfc_4648),
		cmocka_unit_test(base64_refuses_the_rest),
		cmocka_unit_test(content_type_is_recognised),
		cmocka_unit_test(uuid_is_canonical),
		cmocka_unit_test(details_make_the_round),
		cmocka_unit_test(details_are_the_standard_ones),
		cmocka_unit_test(details_say_nothing_about_nothing),
		cmocka_unit_test(details_are_always_text),
		cmocka_unit_test(error_is_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
