/*
 * flood_test.c: the budget of frames that carry nothing: floods end, working clients are left alone.
 */
#include "flood.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, UNKNOWN = 0x40 };

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void begin(struct flood *f)
{
	flood_init(f, 1000);
	assert_true(flood_received(f, (const uint8_t *)preface, 24, 1000));
}

static size_t frame(uint8_t *out, uint8_t type, uint8_t flags, uint8_t len)
{
	memset(out, 0, 9U + len);
	out[2] = len;
	out[3] = type;
	out[4] = flags;
	return 9U + len;
}

/* How many frames of a kind pass at one moment, at most 10000. */
static unsigned pass(struct flood *f, uint8_t type, uint8_t flags, uint8_t len, int64_t now)
{
	uint8_t bytes[64];
	size_t size = frame(bytes, type, flags, len);
	unsigned n = 0;

	while (n < 10000 && flood_received(f, bytes, size, now))
		n++;
	return n;
}

static void floods_end_at_the_budget(void **state)
{
	static const uint8_t types[] = {PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, UNKNOWN};
	struct flood f;

	(void)state;
	for (size_t i = 0; i < sizeof types; i++) {
		begin(&f);
		assert_int_equal(pass(&f, types[i], 0, 8, 1000), FLOOD_BUDGET);
	}
	begin(&f);
	assert_int_equal(pass(&f, DATA, 0, 0, 1000), FLOOD_BUDGET);
}

static void frames_that_carry_something_cost_nothing(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	assert_int_equal(pass(&f, DATA, 0, 8, 1000), 10000);
	assert_int_equal(pass(&f, DATA, 1, 0, 1000), 10000);
	assert_int_equal(pass(&f, HEADERS, 4, 8, 1000), 10000);
	/* Requests have added to the budget, up to its most. */
	assert_int_equal(pass(&f, WINDOW_UPDATE, 0, 4, 1000), FLOOD_BUDGET_MAX);
}

/* Fields of the payload stand where a real frame has them: the first byte of padded DATA is the padding's length. */
static unsigned pass_padded(struct flood *f, uint8_t len, uint8_t padding)
{
	uint8_t bytes[64];
	size_t size = frame(bytes, DATA, 8, len);
	unsigned n = 0;

	bytes[9] = padding;
	while (n < 10000 && flood_received(f, bytes, size, 1000))
		n++;
	return n;
}

static void padding_is_nothing(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	assert_int_equal(pass_padded(&f, 1, 0), FLOOD_BUDGET);
	begin(&f);
	assert_int_equal(pass_padded(&f, 40, 39), FLOOD_BUDGET);
	begin(&f);
	assert_int_equal(pass_padded(&f, 40, 38), 10000);
}

static void each_entry_of_settings_costs(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	assert_int_equal(pass(&f, SETTINGS, 0, 48, 1000), FLOOD_BUDGET / 8);
}

static void one_frame_of_settings_has_its_size(void **state)
{
	uint8_t bytes[9 + 255];
	struct flood f;

	(void)state;
	begin(&f);
	assert_true(flood_received(&f, bytes, frame(bytes, SETTINGS, 0, FLOOD_SETTINGS_MAX * 6), 1000));
	assert_false(flood_received(&f, bytes, frame(bytes, SETTINGS, 0, FLOOD_SETTINGS_MAX * 6 + 6), 1000));
	assert_string_equal(flood_why(&f), "too_many_settings");
}

static void header_blocks_have_a_size(void **state)
{
	uint8_t bytes[9 + 255];
	unsigned n = 0;
	struct flood f;

	(void)state;
	begin(&f);
	assert_true(flood_received(&f, bytes, frame(bytes, HEADERS, 0, 255), 1000));
	while (n < 10000 && flood_received(&f, bytes, frame(bytes, CONTINUATION, 0, 255), 1000))
		n++;
	assert_int_equal(n, FLOOD_HEADER_BLOCK_MAX / 255 - 1);
	assert_string_equal(flood_why(&f), "headers_too_large");
	/* A block is not the one before. */
	begin(&f);
	for (n = 0; n < 1000; n++)
		assert_true(flood_received(&f, bytes, frame(bytes, HEADERS, 4, 255), 1000));
}

static void cancelled_calls_have_a_budget(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	for (int i = 0; i < FLOOD_RESETS; i++)
		assert_true(flood_peer_reset(&f, 1000));
	assert_false(flood_peer_reset(&f, 1000));
	assert_true(flood_peer_reset(&f, 1100));
}

static void replies_and_time_add_to_it(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	assert_int_equal(pass(&f, PING, 0, 8, 1000), FLOOD_BUDGET);
	assert_int_equal(pass(&f, PING, 0, 8, 2000), FLOOD_REFILL_PER_S - 1); /* one was owed */
	flood_replied(&f);
	assert_int_equal(pass(&f, PING, 0, 8, 2000), FLOOD_CREDIT - 1);
	assert_int_equal(pass(&f, PING, 0, 8, 1000000), FLOOD_BUDGET);
}

static void the_cut_of_the_bytes_does_not_matter(void **state)
{
	uint8_t bytes[24 + 4 * 64];
	size_t len = 24;

	(void)state;
	memcpy(bytes, preface, 24);
	len += frame(bytes + len, SETTINGS, 0, 18);
	len += frame(bytes + len, DATA, 0, 40);
	len += frame(bytes + len, PING, 0, 8);
	len += frame(bytes + len, DATA, 8, 9);
	bytes[len - 9] = 8; /* all of it is padding */
	for (size_t piece = 1; piece <= len; piece++) {
		struct flood f;

		flood_init(&f, 1000);
		for (size_t at = 0; at < len; at += piece)
			assert_true(flood_received(&f, bytes + at, len - at < piece ? len - at : piece, 1000));
		assert_int_equal(f.tokens, FLOOD_BUDGET - 3 - 2);
	}
}

static void pings_too_often_are_strikes(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	for (int i = 0; i <= FLOOD_PING_STRIKES; i++)
		assert_true(flood_ping(&f, 1000 + i));
	assert_false(flood_ping(&f, 1010));

	begin(&f);
	for (int i = 0; i < 100; i++)
		assert_true(flood_ping(&f, 1000 + (int64_t)i * FLOOD_PING_INTERVAL_MS));

	begin(&f);
	for (int i = 0; i < 100; i++) {
		assert_true(flood_ping(&f, 1000 + i));
		flood_replied(&f);
	}
}

static void own_resets_are_counted_by_the_second(void **state)
{
	struct flood f;

	(void)state;
	begin(&f);
	for (int i = 0; i < FLOOD_OWN_RESETS_PER_S; i++)
		assert_true(flood_own_reset(&f, 1500));
	assert_false(flood_own_reset(&f, 1999));
	assert_true(flood_own_reset(&f, 2000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floods_end_at_the_budget),
		cmocka_unit_test(frames_that_carry_something_cost_nothing),
		cmocka_unit_test(padding_is_nothing),
		cmocka_unit_test(each_entry_of_settings_costs),
		cmocka_unit_test(one_frame_of_settings_has_its_size),
		cmocka_unit_test(header_blocks_have_a_size),
		cmocka_unit_test(cancelled_calls_have_a_budget),
		cmocka_unit_test(replies_and_time_add_to_it),
		cmocka_unit_test(the_cut_of_the_bytes_does_not_matter),
		cmocka_unit_test(pings_too_often_are_strikes),
		cmocka_unit_test(own_resets_are_counted_by_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
