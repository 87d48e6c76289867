/* How fast one address may come: the bucket, its filling, and what counts as one address. */
#include "admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PER_S = 50, BURST = 200, NOW = 1000000 };

static struct admission *fresh(void)
{
	struct admission *a = malloc(sizeof *a);

	assert_non_null(a);
	admission_init(a, 7);
	return a;
}

/* How many of `tries` get in at one moment. */
static int let_in(struct admission *a, uint64_t origin, int tries, int64_t now_ms)
{
	int in = 0;

	for (int i = 0; i < tries; i++)
		in += admission_take(a, origin, PER_S, BURST, now_ms);
	return in;
}

static void a_burst_and_no_more(void **state)
{
	struct admission *a = fresh();

	(void)state;
	assert_int_equal(let_in(a, 1, BURST, NOW), BURST);
	assert_int_equal(let_in(a, 1, 1000, NOW), 0);
	free(a);
}

static void it_fills_up_again(void **state)
{
	struct admission *a = fresh();

	(void)state;
	assert_int_equal(let_in(a, 1, 1000, NOW), BURST);
	assert_int_equal(let_in(a, 1, 1000, NOW + 19), 0);
	assert_int_equal(let_in(a, 1, 1000, NOW + 1000), PER_S);
	assert_int_equal(let_in(a, 1, 1000, NOW + 2000), PER_S);
	assert_int_equal(let_in(a, 1, 1000, NOW + 3600000), BURST);
	/* A clock that went back harms nobody. */
	assert_int_equal(let_in(a, 1, 1000, NOW), BURST);
	free(a);
}

/* Asking in vain costs nothing: whoever hammers still gets what is due. */
static void refusals_are_free(void **state)
{
	struct admission *a = fresh();
	int in = 0;

	(void)state;
	for (int ms = 0; ms < 10000; ms++)
		in += let_in(a, 1, 3, NOW + ms);
	assert_in_range(in, BURST + 10 * PER_S - 1, BURST + 10 * PER_S + 1);
	free(a);
}

static void others_are_not_harmed(void **state)
{
	struct admission *a = fresh();
	int harmed = 0;

	(void)state;
	assert_int_equal(let_in(a, 1, 1000, NOW), BURST);
	for (uint64_t origin = 2; origin < 1002; origin++)
		harmed += let_in(a, origin, 1, NOW) == 0;
	/* They share a slot with it, or not: one in 4096 does. */
	assert_in_range(harmed, 0, 3);
	free(a);
}

static uint64_t origin_of(const char *text)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)rand())};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)rand())};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_origin((const struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return address_origin((const struct sockaddr *)&six);
}

static void one_address(void **state)
{
	(void)state;
	assert_true(origin_of("192.0.2.1") == origin_of("192.0.2.1"));
	assert_true(origin_of("192.0.2.1") == origin_of("::ffff:192.0.2.1"));
	assert_true(origin_of("192.0.2.1") != origin_of("192.0.2.2"));
	assert_true(origin_of("::ffff:192.0.2.1") != origin_of("::ffff:192.0.2.2"));
	assert_true(origin_of("2001:db8:1:2::1") == origin_of("2001:db8:1:2:3:4:5:6"));
	assert_true(origin_of("2001:db8:1:2::1") != origin_of("2001:db8:1:3::1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_and_no_more),
		cmocka_unit_test(it_fills_up_again),
		cmocka_unit_test(refusals_are_free),
		cmocka_unit_test(others_are_not_harmed),
		cmocka_unit_test(one_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
