/*
 * pgtype_test.c: PostgreSQL's binary formats, and page tokens, which are bytes from outside as well.
 */
#include "page_token.h"
#include "pgtype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Day numbers are PostgreSQL's: SELECT date '…' - date '2000-01-01'. */
static void dates_are_postgresqls(void **state)
{
	static const struct {
		const char *text;
		int32_t days;
	} known[] = {{"2000-01-01", 0}, {"1999-12-31", -1}, {"1970-01-01", -10957}, {"2024-02-29", 8825},
		{"2026-11-23", 9823}, {"0001-01-01", -730119}, {"9999-12-31", 2921939}, {"1900-03-01", -36465}};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int32_t days;
		char text[11];

		assert_true(pg_date_parse(known[i].text, 10, &days));
		assert_int_equal(days, known[i].days);
		assert_true(pg_date_format(days, text));
		assert_string_equal(text, known[i].text);
	}
}

static void every_day_survives_the_round_trip(void **state)
{
	char before[11] = "";

	(void)state;
	for (int32_t day = -730119; day <= 2921939; day++) {
		char text[11];
		int32_t back;

		assert_true(pg_date_format(day, text));
		assert_true(strcmp(before, text) < 0);
		assert_true(pg_date_parse(text, 10, &back));
		assert_int_equal(back, day);
		memcpy(before, text, sizeof(before));
	}
}

static void days_that_do_not_exist_are_refused(void **state)
{
	static const char *const wrong[] = {"2026-02-29", "2026-02-30", "1900-02-29", "2026-13-01", "2026-00-10",
		"2026-01-00", "2026-04-31", "0000-01-01", "2026-1-01", "2026/01/01", "26-01-01", "2026-01-01 ",
		" 2026-01-01", "", "2026-01-0a", "+026-01-01", "2026-01-1:"};
	int32_t days = 77;
	char text[11];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(pg_date_parse(wrong[i], strlen(wrong[i]), &days));
	assert_int_equal(days, 77);
	assert_false(pg_date_format(INT32_MAX, text)); /* infinity */
	assert_false(pg_date_format(INT32_MIN, text));
	assert_false(pg_date_format(2921940, text));
	assert_false(pg_date_format(-730120, text));
}

static void times_keep_microseconds(void **state)
{
	int64_t micros, seconds;
	int32_t nanos;

	(void)state;
	assert_true(pg_timestamp_from_unix(946684800, 0, &micros));
	assert_int_equal(micros, 0);
	assert_true(pg_timestamp_from_unix(946684799, 999999000, &micros));
	assert_int_equal(micros, -1);
	assert_true(pg_timestamp_to_unix(-1, &seconds, &nanos));
	assert_int_equal(seconds, 946684799);
	assert_int_equal(nanos, 999999000);
	assert_true(pg_timestamp_from_unix(INT64_C(-62135596800), 0, &micros));
	assert_true(pg_timestamp_to_unix(micros, &seconds, &nanos));
	assert_int_equal(seconds, INT64_C(-62135596800));
	assert_false(pg_timestamp_from_unix(INT64_C(253402300800), 0, &micros));
	assert_false(pg_timestamp_from_unix(0, 1000000000, &micros));
	assert_false(pg_timestamp_from_unix(0, -1, &micros));
	assert_false(pg_timestamp_to_unix(INT64_MAX, &seconds, &nanos));
	assert_false(pg_timestamp_to_unix(INT64_MIN, &seconds, &nanos));
}

static void arrays_survive_the_round_trip(void **state)
{
	struct arena arena;
	struct pg_bytes b = {.arena = &arena};
	struct pg_array a;
	const uint8_t *bytes;
	size_t len;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	pg_array_begin(&b, PGTYPE_TEXT, 4);
	pg_array_element(&b, "one", 3);
	pg_array_element(&b, NULL, 0);
	pg_array_element(&b, "", 0);
	pg_array_element(&b, "a last one that can be cut", 26);
	assert_false(b.failed);
	assert_true(pg_array_open(&a, PGTYPE_TEXT, b.bytes, b.len));
	assert_int_equal(a.count, 4);
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "one", 3);
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_null(bytes);
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_non_null(bytes);
	assert_int_equal(len, 0);
	assert_true(pg_array_next(&a, &bytes, &len));
	assert_int_equal(len, 26);
	assert_false(pg_array_next(&a, &bytes, &len));
	assert_false(pg_array_open(&a, PGTYPE_INT4, b.bytes, b.len));
	/* Cut anywhere, it opens or not, but never reads past its end. */
	for (size_t cut = 0; cut < b.len; cut++) {
		uint8_t *exact = test_malloc(cut + 1);

		memcpy(exact, b.bytes, cut);
		if (pg_array_open(&a, PGTYPE_TEXT, exact, cut)) {
			while (pg_array_next(&a, &bytes, &len))
				assert_true(!bytes || bytes + len <= exact + cut);
			assert_true(a.count > 0 || a.at == a.end);
		}
		test_free(exact);
	}
	arena_release(&arena);
}

static void an_array_that_lies_about_its_size_is_refused(void **state)
{
	uint8_t bytes[20] = {0};
	struct pg_array a;

	(void)state;
	pg_put_u32(bytes, 1);
	pg_put_u32(bytes + 8, PGTYPE_TEXT);
	pg_put_u32(bytes + 12, 0x7fffffff);
	assert_false(pg_array_open(&a, PGTYPE_TEXT, bytes, sizeof(bytes)));
	pg_put_u32(bytes, 2);
	pg_put_u32(bytes + 12, 0);
	assert_false(pg_array_open(&a, PGTYPE_TEXT, bytes, sizeof(bytes)));
}

static void parameters_stop_at_the_arenas_limit(void **state)
{
	struct arena arena;
	struct pg_bytes b = {.arena = &arena};
	char block[1000] = {0};

	(void)state;
	arena_init(&arena, NULL, 5000);
	for (int i = 0; i < 20; i++)
		pg_bytes_append(&b, block, sizeof(block));
	assert_true(b.failed);
	arena_release(&arena);
}

static struct page_fingerprint fingerprint(const char *name, const char *filter)
{
	struct page_fingerprint f;

	page_fingerprint_init(&f);
	page_fingerprint_add(&f, name, strlen(name));
	page_fingerprint_add(&f, filter, filter ? strlen(filter) : 0);
	return f;
}

static void a_token_comes_back_to_its_own_list_only(void **state)
{
	struct page_fingerprint f = fingerprint("list_due", "IND"), other_list = fingerprint("list_assets", "IND");
	struct page_fingerprint other_filter = fingerprint("list_due", "BLS"),
				no_filter = fingerprint("list_due", NULL);
	struct page_fingerprint empty_filter = fingerprint("list_due", "");
	struct page_key key = {
		.count = 3, .item = {(const uint8_t *)"2026-11-23", NULL, (const uint8_t *)""}, .len = {10, 0, 0}};
	struct page_key back;
	struct arena arena;
	struct error err = {0};
	const char *token;

	(void)state;
	arena_init(&arena, NULL, 1 << 16);
	token = page_token_encode(&key, &f, &arena);
	assert_non_null(token);
	assert_true(page_token_decode(token, &f, &arena, &back, &err));
	assert_int_equal(back.count, 3);
	assert_int_equal(back.len[0], 10);
	assert_memory_equal(back.item[0], "2026-11-23", 10);
	assert_null(back.item[1]);
	assert_non_null(back.item[2]);
	assert_false(page_token_decode(token, &other_list, &arena, &back, &err));
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(err.field, "page_token");
	assert_false(page_token_decode(token, &other_filter, &arena, &back, &err));
	assert_false(page_token_decode(token, &no_filter, &arena, &back, &err));
	assert_true(no_filter.hash != empty_filter.hash);
	arena_release(&arena);
}

static void a_changed_token_is_refused(void **state)
{
	struct page_fingerprint f = fingerprint("list_due", "IND");
	struct page_key key = {.count = 1, .item = {(const uint8_t *)"2026-11-23"}, .len = {10}}, back;
	struct arena arena;
	struct error err;
	const char *token;
	char changed[128];

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	token = page_token_encode(&key, &f, &arena);
	assert_non_null(token);
	for (size_t i = 0; i < strlen(token); i++) {
		memcpy(changed, token, strlen(token) + 1);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		if (page_token_decode(changed, &f, &arena, &back, &err)) /* only bits that are padding */
			assert_memory_equal(back.item[0], "2026-11-23", 10);
		memcpy(changed, token, i);
		changed[i] = '\0';
		assert_false(page_token_decode(changed, &f, &arena, &back, &err));
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_postgresqls),
		cmocka_unit_test(every_day_survives_the_round_trip),
		cmocka_unit_test(days_that_do_not_exist_are_refused),
		cmocka_unit_test(times_keep_microseconds),
		cmocka_unit_test(arrays_survive_the_round_trip),
		cmocka_unit_test(an_array_that_lies_about_its_size_is_refused),
		cmocka_unit_test(parameters_stop_at_the_arenas_limit),
		cmocka_unit_test(a_token_comes_back_to_its_own_list_only),
		cmocka_unit_test(a_changed_token_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
