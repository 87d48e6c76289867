/*
 * frame_test.c: gRPC framing, however the bytes are cut.
 */
#include "frame.h"
#include "gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void message_arrives_byte_by_byte(void **state)
{
	static const uint8_t wire[] = {0, 0, 0, 0, 3, 'a', 'b', 'c'};
	struct frame_reader r;
	struct error err;
	size_t used;

	(void)state;
	frame_reader_init(&r, 16);
	assert_true(frame_reader_at_boundary(&r));
	for (size_t i = 0; i < sizeof(wire); i++) {
		assert_false(r.complete);
		assert_true(frame_reader_feed(&r, wire + i, 1, &used, &err));
		assert_int_equal(used, 1);
		assert_int_equal(frame_reader_at_boundary(&r), i + 1 == sizeof(wire));
	}
	assert_true(r.complete);
	assert_int_equal(r.body_len, 3);
	assert_memory_equal(r.body, "abc", 3);
	frame_reader_release(&r);
}

static void two_messages_in_one_buffer(void **state)
{
	static const uint8_t wire[] = {0, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 1, '!'};
	struct frame_reader r;
	struct error err;
	size_t used, rest;

	(void)state;
	frame_reader_init(&r, 16);
	assert_true(frame_reader_feed(&r, wire, sizeof(wire), &used, &err));
	assert_int_equal(used, 7);
	assert_true(r.complete);
	assert_memory_equal(r.body, "hi", 2);
	/* A complete message takes nothing more until it is taken. */
	assert_true(frame_reader_feed(&r, wire + used, sizeof(wire) - used, &rest, &err));
	assert_int_equal(rest, 0);
	frame_reader_next(&r);
	assert_true(frame_reader_at_boundary(&r));
	assert_true(frame_reader_feed(&r, wire + used, sizeof(wire) - used, &rest, &err));
	assert_int_equal(used + rest, sizeof(wire));
	assert_true(r.complete);
	assert_int_equal(r.body_len, 1);
	assert_memory_equal(r.body, "!", 1);
	frame_reader_release(&r);
}

static void empty_message_is_a_message(void **state)
{
	static const uint8_t wire[] = {0, 0, 0, 0, 0};
	struct frame_reader r;
	struct error err;
	size_t used;

	(void)state;
	frame_reader_init(&r, 0);
	assert_true(frame_reader_feed(&r, wire, sizeof(wire), &used, &err));
	assert_int_equal(used, 5);
	assert_true(r.complete);
	assert_int_equal(r.body_len, 0);
	frame_reader_release(&r);
}

static void limit_is_told_from_the_prefix(void **state)
{
	static const uint8_t at_limit[] = {0, 0, 0, 1, 0}, over[] = {0, 0, 0, 1, 1},
			     huge[] = {0, 0xFF, 0xFF, 0xFF, 0xFF};
	struct frame_reader r;
	struct error err = {.code = STATUS_OK};
	size_t used = 99;

	(void)state;
	frame_reader_init(&r, 256);
	assert_true(frame_reader_feed(&r, at_limit, 5, &used, &err));
	assert_int_equal(err.code, STATUS_OK);
	assert_false(frame_reader_at_boundary(&r));
	frame_reader_release(&r);

	frame_reader_init(&r, 256);
	used = 99;
	assert_false(frame_reader_feed(&r, over, 5, &used, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(err.text, "257"));
	assert_int_equal(used, 99);
	frame_reader_release(&r);

	frame_reader_init(&r, 256);
	assert_false(frame_reader_feed(&r, huge, 5, &used, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	frame_reader_release(&r);
}

static void flags_are_refused(void **state)
{
	static const uint8_t compressed[] = {1, 0, 0, 0, 0}, strange[] = {2, 0, 0, 0, 0};
	struct frame_reader r;
	struct error err;
	size_t used;

	(void)state;
	frame_reader_init(&r, 16);
	assert_false(frame_reader_feed(&r, compressed, 5, &used, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	frame_reader_release(&r);
	frame_reader_init(&r, 16);
	assert_false(frame_reader_feed(&r, strange, 5, &used, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	frame_reader_release(&r);
}

static void memory_follows_what_arrives(void **state)
{
	static uint8_t bytes[5000];
	uint8_t prefix[FRAME_PREFIX];
	struct frame_reader r;
	struct error err;
	size_t used;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	frame_prefix(prefix, 4 * 1024 * 1024, false);
	assert_memory_equal(prefix, "\0\0\x40\0\0", 5);
	frame_reader_init(&r, 4 * 1024 * 1024);
	assert_true(frame_reader_feed(&r, prefix, sizeof(prefix), &used, &err));
	assert_true(frame_reader_feed(&r, bytes, sizeof(bytes), &used, &err));
	assert_int_equal(used, sizeof(bytes));
	assert_int_equal(r.body_len, sizeof(bytes));
	assert_true(r.body_cap >= sizeof(bytes) && r.body_cap < 4 * sizeof(bytes));
	frame_reader_release(&r);
}

static void a_bare_message_ends_with_its_stream(void **state)
{
	struct frame_reader r;
	struct error err = {.code = STATUS_OK};
	size_t used;

	(void)state;
	frame_reader_init_bare(&r, 8);
	assert_false(frame_reader_at_boundary(&r));
	assert_true(frame_reader_feed(&r, (const uint8_t *)"{\"a\"", 4, &used, &err));
	assert_true(frame_reader_feed(&r, (const uint8_t *)":12}", 4, &used, &err));
	assert_int_equal(used, 4);
	assert_false(r.complete);
	assert_true(frame_reader_end(&r, &err));
	assert_true(r.complete);
	assert_int_equal(r.body_len, 8);
	assert_memory_equal(r.body, "{\"a\":12}", 8);
	frame_reader_release(&r);
}

static void a_bare_message_has_a_limit_and_may_be_empty(void **state)
{
	static const uint8_t nine[9];
	struct frame_reader r;
	struct error err = {.code = STATUS_OK};
	size_t used;

	(void)state;
	frame_reader_init_bare(&r, 8);
	assert_false(frame_reader_feed(&r, nine, 9, &used, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	frame_reader_release(&r);
	frame_reader_init_bare(&r, 8);
	assert_true(frame_reader_feed(&r, nine, 8, &used, &err));
	assert_false(frame_reader_feed(&r, nine, 1, &used, &err));
	frame_reader_release(&r);
	/* No bytes are never decompressed. */
	frame_reader_init_bare(&r, 8);
	r.gzip = true;
	assert_true(frame_reader_end(&r, &err));
	assert_true(r.complete);
	assert_int_equal(r.body_len, 0);
	frame_reader_release(&r);
}

static void a_bare_message_is_expanded(void **state)
{
	static const uint8_t zeros[5000];
	struct frame_reader r;
	struct error err = {.code = STATUS_OK};
	uint8_t *small;
	size_t len, used;

	(void)state;
	assert_true(gzip_deflate(zeros, sizeof(zeros), &small, &len, &err));
	frame_reader_init_bare(&r, sizeof(zeros));
	r.gzip = true;
	assert_true(frame_reader_feed(&r, small, len, &used, &err));
	assert_true(frame_reader_end(&r, &err));
	assert_int_equal(r.body_len, sizeof(zeros));
	frame_reader_release(&r);
	/* A bomb is refused by what it would become. */
	frame_reader_init_bare(&r, sizeof(zeros) - 1);
	r.gzip = true;
	assert_true(frame_reader_feed(&r, small, len, &used, &err));
	assert_false(frame_reader_end(&r, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	frame_reader_release(&r);
	free(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_arrives_byte_by_byte),
		cmocka_unit_test(two_messages_in_one_buffer),
		cmocka_unit_test(empty_message_is_a_message),
		cmocka_unit_test(limit_is_told_from_the_prefix),
		cmocka_unit_test(flags_are_refused),
		cmocka_unit_test(memory_follows_what_arrives),
		cmocka_unit_test(a_bare_message_ends_with_its_stream),
		cmocka_unit_test(a_bare_message_has_a_limit_and_may_be_empty),
		cmocka_unit_test(a_bare_message_is_expanded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
