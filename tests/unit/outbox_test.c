/*
 * outbox_test.c: the queue of reply bytes gives back what was put in, whatever the sizes.
 */
#include "outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void bytes_come_back_in_order(void **state)
{
	struct outbox o = {.first = NULL};
	uint8_t out[997], next_in = 0, next_out = 0;
	size_t total = 0, taken = 0;

	(void)state;
	for (size_t len = 0; len < 9000; len += 37) {
		uint8_t *at = outbox_append(&o, len);

		assert_non_null(at);
		for (size_t i = 0; i < len; i++)
			at[i] = next_in++;
		total += len;
		assert_int_equal(o.bytes, total - taken);
		if (len % 2) {
			size_t n = outbox_take(&o, out, sizeof out);

			taken += n;
			for (size_t i = 0; i < n; i++)
				assert_int_equal(out[i], next_out++);
		}
	}
	while (o.bytes > 0) {
		size_t n = outbox_take(&o, out, sizeof out);

		assert_true(n > 0);
		taken += n;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(out[i], next_out++);
	}
	assert_int_equal(taken, total);
	assert_int_equal(outbox_take(&o, out, sizeof out), 0);
	outbox_release(&o);
}

static void release_forgets(void **state)
{
	struct outbox o = {.first = NULL};
	uint8_t out[8];

	(void)state;
	outbox_release(&o);
	assert_non_null(outbox_append(&o, 100));
	assert_non_null(outbox_append(&o, 100000));
	outbox_release(&o);
	assert_int_equal(o.bytes, 0);
	assert_int_equal(outbox_take(&o, out, sizeof out), 0);
}

static void a_size_beyond_reason_is_refused(void **state)
{
	struct outbox o = {.first = NULL};

	(void)state;
	assert_null(outbox_append(&o, SIZE_MAX));
	assert_int_equal(o.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_back_in_order),
		cmocka_unit_test(release_forgets),
		cmocka_unit_test(a_size_beyond_reason_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
