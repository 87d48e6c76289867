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
	uint8_t bytes[24 + 3 * 64];
	size_t len = 24;

	(void)state;
	memcpy(bytes, preface, 24);
	len += frame(bytes + len, SETTINGS, 0, 18);
	len += frame(bytes + len, DATA, 0, 40);
	len += frame(bytes + len, PING, 0, 8);
	for (size_t piece = 1; piece <= len; piece++) {
		struct flood f;

		flood_init(&f, 1000);
		for (size_t at = 0; at < len; at += piece)
			assert_true(flood_received(&f, bytes + at, len - at < piece ? len - at : piece, 1000));
		assert_int_equal(f.tokens, FLOOD_BUDGET - 2);
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
		cmocka_unit_test(replies_and_time_add_to_it),
		cmocka_unit_test(the_cut_of_the_bytes_does_not_matter),
		cmocka_unit_test(pings_too_often_are_strikes),
		cmocka_unit_test(own_resets_are_counted_by_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
