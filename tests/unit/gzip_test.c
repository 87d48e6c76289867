/*
 * gzip_test.c: compression of messages, and what a peer may try with it.
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

enum { LARGE = 1024 * 1024 };

struct packed {
	uint8_t *bytes;
	size_t len;
};

static struct packed deflated(const uint8_t *bytes, size_t len)
{
	struct packed packed;
	struct error err;

	assert_true(gzip_deflate(bytes, len, &packed.bytes, &packed.len, &err));
	return packed;
}

static void comes_back_as_it_was(void **state)
{
	static const size_t sizes[] = {1, 2, 4095, 4096, 4097, 70000, LARGE};
	uint8_t *text = malloc(LARGE), *back;
	struct error err;
	size_t len;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (uint8_t)(i * i >> 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct packed packed = deflated(text, sizes[i]);

		/* The limit is what comes out, to the byte. */
		assert_true(gzip_inflate(packed.bytes, packed.len, sizes[i], &back, &len, &err));
		assert_int_equal(len, sizes[i]);
		assert_memory_equal(back, text, len);
		free(back);
		assert_false(gzip_inflate(packed.bytes, packed.len, sizes[i] - 1, &back, &len, &err));
		assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
		assert_null(back);
		free(packed.bytes);
	}
	free(text);
}

static void nothing_is_an_empty_message(void **state)
{
	struct packed packed = deflated((const uint8_t *)"", 0);
	struct error err;
	uint8_t *back;
	size_t len = 1;

	(void)state;
	assert_true(gzip_inflate(NULL, 0, 10, &back, &len, &err));
	assert_null(back);
	assert_int_equal(len, 0);
	assert_true(gzip_inflate(packed.bytes, packed.len, 0, &back, &len, &err));
	assert_null(back);
	assert_int_equal(len, 0);
	free(packed.bytes);
}

static void bomb_is_refused(void **state)
{
	uint8_t *zeros = calloc(64, LARGE), *back;
	struct packed packed = deflated(zeros, (size_t)64 * LARGE);
	struct error err;
	size_t len;

	(void)state;
	assert_true(packed.len < LARGE);
	assert_false(gzip_inflate(packed.bytes, packed.len, LARGE, &back, &len, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	free(packed.bytes);
	free(zeros);
}

static void what_is_no_gzip_is_refused(void **state)
{
	static const uint8_t text[] = "the same text again, the same text again, the same text again";
	struct packed packed = deflated(text, sizeof(text));
	uint8_t *two = malloc(2 * packed.len), *back;
	struct error err;
	size_t len;

	(void)state;
	for (size_t cut = 1; cut < packed.len; cut++) {
		assert_false(gzip_inflate(packed.bytes, cut, LARGE, &back, &len, &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
	}
	for (size_t i = 0; i < packed.len; i++) {
		packed.bytes[i] ^= 0xff;
		/* The header has bytes that mean nothing (a time, a system); whatever comes out must be the text. */
		if (gzip_inflate(packed.bytes, packed.len, LARGE, &back, &len, &err)) {
			assert_int_equal(len, sizeof(text));
			assert_memory_equal(back, text, len);
			free(back);
		}
		packed.bytes[i] ^= 0xff;
	}
	memcpy(two, packed.bytes, packed.len);
	memcpy(two + packed.len, packed.bytes, packed.len);
	assert_false(gzip_inflate(two, 2 * packed.len, LARGE, &back, &len, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	free(two);
	free(packed.bytes);
}

/* Whatever the pieces, a reader gives the message as it was; the next one may be uncompressed. */
static void reader_expands(void **state)
{
	static const uint8_t text[] = "unit 7012 unit 7012 unit 7012 unit 7012 unit 7012 unit 7012 unit 7012";
	struct packed packed = deflated(text, sizeof(text));
	uint8_t wire[256];
	struct frame_reader r;
	struct error err;
	size_t used, len = FRAME_PREFIX + packed.len;

	(void)state;
	assert_true(packed.len < sizeof(text));
	frame_prefix(wire, (uint32_t)packed.len, true);
	memcpy(wire + FRAME_PREFIX, packed.bytes, packed.len);
	frame_reader_init(&r, sizeof(text));
	r.gzip = true;
	for (size_t i = 0; i < len; i++) {
		assert_false(r.complete);
		assert_true(frame_reader_feed(&r, wire + i, 1, &used, &err));
		assert_int_equal(used, 1);
	}
	assert_true(r.complete);
	assert_int_equal(r.body_len, sizeof(text));
	assert_memory_equal(r.body, text, sizeof(text));
	/* It holds still until the message is taken. */
	assert_true(frame_reader_feed(&r, wire, len, &used, &err));
	assert_int_equal(used, 0);
	frame_reader_next(&r);
	frame_prefix(wire, sizeof(text), false);
	memcpy(wire + FRAME_PREFIX, text, sizeof(text));
	assert_true(frame_reader_feed(&r, wire, FRAME_PREFIX + sizeof(text), &used, &err));
	assert_true(r.complete);
	assert_memory_equal(r.body, text, sizeof(text));
	frame_reader_release(&r);
	free(packed.bytes);
}

static void reader_refuses_a_bomb_and_what_is_no_gzip(void **state)
{
	uint8_t *zeros = calloc(1, LARGE), wire[8192];
	struct packed packed = deflated(zeros, LARGE);
	struct frame_reader r;
	struct error err;
	size_t used;

	(void)state;
	assert_true(packed.len < sizeof(wire) - FRAME_PREFIX);
	frame_prefix(wire, (uint32_t)packed.len, true);
	memcpy(wire + FRAME_PREFIX, packed.bytes, packed.len);
	frame_reader_init(&r, 8192);
	r.gzip = true;
	assert_false(frame_reader_feed(&r, wire, FRAME_PREFIX + packed.len, &used, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	frame_reader_release(&r);
	frame_reader_init(&r, LARGE);
	r.gzip = true;
	memset(wire + FRAME_PREFIX, 'x', 20);
	assert_false(frame_reader_feed(&r, wire, FRAME_PREFIX + packed.len, &used, &err));
	assert_int_equal(err.code, STATUS_INTERNAL);
	frame_reader_release(&r);
	free(packed.bytes);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(nothing_is_an_empty_message),
		cmocka_unit_test(bomb_is_refused),
		cmocka_unit_test(what_is_no_gzip_is_refused),
		cmocka_unit_test(reader_expands),
		cmocka_unit_test(reader_refuses_a_bomb_and_what_is_no_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
