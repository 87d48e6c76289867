/*
 * principal_uri_test.c: which URI in a certificate names a principal, byte for byte.
 */
#include "tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])
#define SCHEME       "radioshop://principal/"

static bool parse(const char *uri, char name[PRINCIPAL_NAME_MAX])
{
	return principal_from_uri(uri, strlen(uri), name);
}

static void names_are_read(void **state)
{
	static const char *const good[] = {"a", "alice", "Alice.B-C_d@city-1", "0", "cron@host.example"};
	char name[PRINCIPAL_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char uri[256] = SCHEME;

		strncat(uri, good[i], sizeof uri - sizeof SCHEME);
		assert_true(parse(uri, name));
		assert_string_equal(name, good[i]);
	}
}

static void others_are_refused(void **state)
{
	static const char *const bad[] = {"", "alice", SCHEME, "radioshop://principal", "radioshop:principal/alice",
		"RADIOSHOP://principal/alice", "radioshop://Principal/alice", "https://principal/alice",
		" " SCHEME "alice", SCHEME "alice ", SCHEME "a/b", SCHEME "a?b", SCHEME "a#b", SCHEME "a%20b",
		SCHEME "a:b", SCHEME "a\nb", SCHEME "\xc3\xa9", SCHEME "a\x7f", SCHEME "a\\", SCHEME "{a}", SCHEME "a`",
		SCHEME "a["};
	char name[PRINCIPAL_NAME_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(parse(bad[i], name));
	assert_string_equal(name, "untouched");
}

/* The length counts, not a NUL: alice\0.evil must not be alice. */
static void a_nul_is_no_end(void **state)
{
	static const char uri[] = SCHEME "alice\0.evil";
	char name[PRINCIPAL_NAME_MAX];

	(void)state;
	assert_false(principal_from_uri(uri, sizeof uri - 1, name));
	assert_false(principal_from_uri(uri, strlen(uri) + 1, name));
	assert_true(principal_from_uri(uri, strlen(uri), name));
}

static void the_longest_name_has_127_bytes(void **state)
{
	char uri[sizeof SCHEME + PRINCIPAL_NAME_MAX + 1] = SCHEME, name[PRINCIPAL_NAME_MAX];
	const size_t skip = strlen(SCHEME);

	(void)state;
	memset(uri + skip, 'x', PRINCIPAL_NAME_MAX);
	assert_true(principal_from_uri(uri, skip + 127, name));
	assert_int_equal(strlen(name), 127);
	assert_false(principal_from_uri(uri, skip + 128, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(the_longest_name_has_127_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
