/*
 * conninfo_test.c: which host of a connection string is tried first, and what the string leaves to us.
 */
#include "db/conninfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void lists_turn_round(void **state)
{
	static const struct {
		const char *list;
		unsigned turn;
		const char *turned;
	} table[] = {{"a,b,c", 0, "a,b,c"}, {"a,b,c", 1, "b,c,a"}, {"a,b,c", 2, "c,a,b"}, {"a,b,c", 3, "a,b,c"},
		{"a,b,c", 4000000000u, "b,c,a"}, {"one", 7, "one"}, {"", 1, ""}, {",", 1, ","}, {"a,", 1, ",a"},
		{"10.0.0.1,::1", 1, "::1,10.0.0.1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char list[32];

		strcpy(list, table[i].list);
		conninfo_rotate(list, table[i].turn);
		assert_string_equal(list, table[i].turned);
	}
}

/* Names that resolve to nothing: the attempt fails, the connection keeps what it was told. */
static void expect(const char *conninfo, unsigned turn, const char *key, const char *value)
{
	PGconn *conn = conninfo_open(conninfo, turn);
	PQconninfoOption *options = PQconninfo(conn), *o = options;

	assert_non_null(options);
	while (strcmp(o->keyword, key) != 0)
		o++;
	assert_non_null(o->val);
	assert_string_equal(o->val, value);
	PQconninfoFree(options);
	PQfinish(conn);
}

static void hosts_and_ports_turn_together(void **state)
{
	static const char two[] = "hostaddr=127.0.0.1,127.0.0.2 port=1,2 dbname=radioshop";

	(void)state;
	expect(two, 1, "hostaddr", "127.0.0.2,127.0.0.1");
	expect(two, 1, "port", "2,1");
	expect(two, 2, "port", "1,2");
	expect("postgresql://app@127.0.0.1:1,127.0.0.2:2/radioshop", 1, "host", "127.0.0.2,127.0.0.1");
	expect("hostaddr=127.0.0.1,127.0.0.2 port=1", 1, "port", "1");
}

static void the_string_has_the_last_word(void **state)
{
	static const char plain[] = "hostaddr=127.0.0.1 port=1",
			  own[] = "hostaddr=127.0.0.1 port=1 keepalives_idle=60 "
				  "target_session_attrs=any client_encoding=LATIN1";

	(void)state;
	expect(plain, 0, "target_session_attrs", "read-write");
	expect(plain, 0, "keepalives_idle", "5");
	expect(own, 0, "target_session_attrs", "any");
	expect(own, 0, "keepalives_idle", "60");
	/* But for the encoding: every text of ours is UTF-8. */
	expect(own, 0, "client_encoding", "UTF8");
}

static void a_malformed_string_is_a_bad_connection(void **state)
{
	PGconn *conn = conninfo_open("host=a nonsense", 0);

	(void)state;
	assert_int_equal(PQstatus(conn), CONNECTION_BAD);
	assert_non_null(strstr(PQerrorMessage(conn), "nonsense"));
	PQfinish(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_turn_round),
		cmocka_unit_test(hosts_and_ports_turn_together),
		cmocka_unit_test(the_string_has_the_last_word),
		cmocka_unit_test(a_malformed_string_is_a_bad_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
