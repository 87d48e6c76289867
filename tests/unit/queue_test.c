/*
 * queue_test.c: who of those that wait goes first, and what a principal's share knows of its calls.
 */
#include "queue.h"
#include "share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct statement slow = {.class = BACKEND_SLOW};

static struct transaction waiting(struct share *share)
{
	return (struct transaction){.share = share, .statement = &slow};
}

static void one_share_a_principal(void **state)
{
	struct share *ada = share_of("ada"), *again = share_of("ada"), *tina = share_of("tina");

	(void)state;
	assert_ptr_equal(ada, again);
	assert_ptr_not_equal(ada, tina);
	share_unref(ada);
	again->bytes = 7;
	ada = share_of("ada");
	assert_int_equal(ada->bytes, 7);
	share_unref(again);
	share_unref(ada);
	ada = share_of("ada");
	assert_int_equal(ada->bytes, 0);
	share_unref(ada);
	share_unref(tina);
	share_unref(NULL);
}

static void first_come_among_equals(void **state)
{
	struct share *ada = share_of("ada"), *tina = share_of("tina");
	struct transaction a = waiting(ada), b = waiting(ada), c = waiting(tina);
	struct queue q = {0};

	(void)state;
	assert_null(queue_fairest(&q));
	queue_push(&q, &a);
	queue_push(&q, &b);
	queue_push(&q, &c);
	assert_ptr_equal(queue_fairest(&q), &a);
	queue_push_front(&q, &(struct transaction){.share = tina, .statement = &slow});
	assert_ptr_equal(queue_fairest(&q), q.first);
	while (q.first)
		queue_remove(&q, q.first);
	share_unref(ada);
	share_unref(tina);
}

static void those_with_less_at_work_go_first(void **state)
{
	struct share *ada = share_of("ada"), *tina = share_of("tina");
	struct transaction runs = waiting(ada), a = waiting(ada), b = waiting(ada), c = waiting(tina),
			   d = waiting(tina);
	struct queue q = {0};

	(void)state;
	transaction_count(&runs, PLACE_RUNNING);
	queue_push(&q, &a);
	queue_push(&q, &b);
	queue_push(&q, &c);
	queue_push(&q, &d);
	assert_int_equal(ada->waiting[BACKEND_SLOW], 2);
	assert_int_equal(ada->running[BACKEND_SLOW], 1);
	assert_int_equal(ada->running[BACKEND_WRITE], 0);
	assert_ptr_equal(queue_fairest(&q), &c);
	queue_remove(&q, &c);
	assert_int_equal(tina->waiting[BACKEND_SLOW], 1);
	transaction_count(&c, PLACE_RUNNING);
	/* One each: the oldest. */
	assert_ptr_equal(queue_fairest(&q), &a);
	transaction_count(&runs, PLACE_NONE);
	transaction_count(&c, PLACE_NONE);
	while (q.first)
		queue_remove(&q, q.first);
	assert_int_equal(ada->waiting[BACKEND_SLOW] + ada->running[BACKEND_SLOW], 0);
	assert_int_equal(tina->waiting[BACKEND_SLOW] + tina->running[BACKEND_SLOW], 0);
	share_unref(ada);
	share_unref(tina);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_share_a_principal),
		cmocka_unit_test(first_come_among_equals),
		cmocka_unit_test(those_with_less_at_work_go_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
