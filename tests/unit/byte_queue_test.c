/*
 * byte_queue_test.c: a queue of bytes gives back what was put in, whatever the sizes.
 */
#include "byte_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void bytes_come_back_in_order(void **state)
{
	struct byte_queue o = {.first = NULL};
	uint8_t out[997], next_in = 0, next_out = 0;
	size_t total = 0, taken = 0;

	(void)state;
	for (size_t len = 0; len < 9000; len += 37) {
		uint8_t *at = byte_queue_append(&o, len);

		assert_non_null(at);
		for (size_t i = 0; i < len; i++)
			at[i] = next_in++;
		total += len;
		assert_int_equal(o.bytes, total - taken);
		if (len % 2) {
			size_t n = byte_queue_take(&o, out, sizeof out);

			taken += n;
			for (size_t i = 0; i < n; i++)
				assert_int_equal(out[i], next_out++);
		}
	}
	while (o.bytes > 0) {
		size_t n = byte_queue_take(&o, out, sizeof out);

		assert_true(n > 0);
		taken += n;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(out[i], next_out++);
	}
	assert_int_equal(taken, total);
	assert_int_equal(byte_queue_take(&o, out, sizeof out), 0);
	byte_queue_release(&o);
}

/* Looked at and dropped piece by piece, the bytes are the same. */
static void pieces_are_the_whole(void **state)
{
	struct byte_queue o = {.first = NULL};
	uint8_t next_in = 0, next_out = 0;
	const uint8_t *front;
	size_t len, left = 0;

	(void)state;
	assert_null(byte_queue_front(&o, &len));
	assert_int_equal(len, 0);
	for (size_t n = 1; n < 6000; n += 499) {
		uint8_t *at = byte_queue_append(&o, n);

		assert_non_null(at);
		for (size_t i = 0; i < n; i++)
			at[i] = next_in++;
		left += n;
	}
	while ((front = byte_queue_front(&o, &len))) {
		size_t n = len > 1000 ? 1000 : len;

		assert_int_equal(o.bytes, left);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(front[i], next_out++);
		byte_queue_drop(&o, n);
		left -= n;
	}
	assert_int_equal(o.bytes, 0);
	assert_int_equal(left, 0);
}

static void release_forgets(void **state)
{
	struct byte_queue o = {.first = NULL};
	uint8_t out[8];

	(void)state;
	byte_queue_release(&o);
	assert_non_null(byte_queue_append(&o, 100));
	assert_non_null(byte_queue_append(&o, 100000));
	byte_queue_release(&o);
	assert_int_equal(o.bytes, 0);
	assert_int_equal(byte_queue_take(&o, out, sizeof out), 0);
}

static void a_size_beyond_reason_is_refused(void **state)
{
	struct byte_queue o = {.first = NULL};

	(void)state;
	assert_null(byte_queue_append(&o, SIZE_MAX));
	assert_int_equal(o.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back_in_order),
		cmocka_unit_test(pieces_are_the_whole),
		cmocka_unit_test(release_forgets),
		cmocka_unit_test(a_size_beyond_reason_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
