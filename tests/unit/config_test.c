/* The configuration: the reader's complaints, the printed form, what a reload takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parses text over the defaults; the complaint, or "" when there is none. */
static const char *complaint(const char *text, size_t len)
{
	static struct error err;
	struct config c;
	bool ok;

	config_init(&c);
	err.text[0] = '\0';
	ok = config_parse(&c, "x.conf", text, len, &err);
	config_release(&c);
	assert_true(ok == (err.text[0] == '\0'));
	return err.text;
}

static const char *complaint_about(const char *text)
{
	return complaint(text, strlen(text));
}

static void test_reads_over_the_defaults(void **state)
{
	const char text[] =
		"# first\n\n  listen\t= [::1]:9000  \nread_connections=7\nmetrics_listen =\nlog_level = debug\n"
		"database = dbname=a password=x#y host=/run";
	struct config c;
	struct error err;

	(void)state;
	config_init(&c);
	assert_true(config_parse(&c, "x", text, strlen(text), &err));
	assert_string_equal(c.listen, "[::1]:9000");
	assert_int_equal(c.read_connections, 7);
	assert_string_equal(c.metrics_listen, "");
	assert_string_equal(c.log_level, "debug");
	assert_string_equal(c.database, "dbname=a password=x#y host=/run");
	assert_int_equal(c.write_connections, 8);
	assert_string_equal(c.tls_client_crl, "/etc/radioshop/crl.pem");
	assert_true(config_validate(&c, &err));
	config_release(&c);
}

static void test_complains_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{"\n#\nlistne = 1\n", "x.conf:3: unknown key \"listne\"; did you mean \"listen\"?"},
		{"max_conections = 1", "x.conf:1: unknown key \"max_conections\"; did you mean \"max_connections\"?"},
		{"colour = blue", "x.conf:1: unknown key \"colour\"; radioshopd --print-config shows every key"},
		{"listen", "x.conf:1: a line must be KEY = VALUE, or begin with # for a comment"},
		{"= 3", "x.conf:1: a line must be KEY = VALUE, or begin with # for a comment"},
		{"max_streams = 1\nlisten = 1.2.3.4:5\nmax_streams = 1",
			"x.conf:3: max_streams was set already in line 1; keep one"},
		{"max_streams = 0", "x.conf:1: max_streams must be a whole number from 1 to 10000, not \"0\""},
		{"max_streams = 10001", "x.conf:1: max_streams must be a whole number from 1 to 10000, not \"10001\""},
		{"max_streams = 1x", "x.conf:1: max_streams must be a whole number from 1 to 10000, not \"1x\""},
		{"max_streams = +1", "x.conf:1: max_streams must be a whole number from 1 to 10000, not \"+1\""},
		{"max_streams = 99999999999999999999",
			"x.conf:1: max_streams must be a whole number from 1 to 10000, not \"99999999999999999999\""},
		{"max_streams =", "x.conf:1: max_streams must be a whole number from 1 to 10000, not \"\""},
		{"log_level = loud", "x.conf:1: log_level must be error, warning, info or debug, not \"loud\""},
		{"listen_shared = maybe", "x.conf:1: listen_shared must be no or yes, not \"maybe\""},
		{"listen_shared =", "x.conf:1: listen_shared must be no or yes, not \"\""},
		{"listen_shared = ye", "x.conf:1: listen_shared must be no or yes, not \"ye\""},
		{"listen_shared = no yes", "x.conf:1: listen_shared must be no or yes, not \"no yes\""},
		{"tls_minimum = 1.1", "x.conf:1: tls_minimum must be 1.3 or 1.2, not \"1.1\""},
		{"tls_key = key.pem", "x.conf:1: tls_key must be an absolute path, beginning with /, not \"key.pem\""},
		{"tls_key =", "x.conf:1: tls_key must be an absolute path, beginning with /, not \"\""},
		{"database =", "x.conf:1: database must not be empty, not \"\""},
		{"listen = 1.2.3.4:5\r\n",
			"x.conf:1: the line ends with CR LF or holds a CR; save the file with Unix line ends"},
		{"#\ndatabase = a\x01z", "x.conf:2: control byte 0x01 at column 13; take it out"},
		{"# a\x7f", "x.conf:1: control byte 0x7f at column 4; take it out"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(complaint_about(rows[i].text), rows[i].complaint);
	assert_string_equal(complaint("#\0\n", 3), "x.conf:1: control byte 0x00 at column 2; take it out");
}

static void test_addresses(void **state)
{
	static const char *const good[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::]:1", "[fe80::1]:8443"};
	static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "localhost:1", "::1:1",
		"[::1]", "[]:1", "[127.0.0.1]:1", "1.2.3.4:1:1", ":1", "[::1:1", "256.1.1.1:1"};
	char line[80];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(line, sizeof(line), "listen = %s", good[i]);
		assert_string_equal(complaint_about(line), "");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "listen = %s", bad[i]);
		assert_non_null(strstr(complaint_about(line), "x.conf:1: listen must be ADDRESS:PORT"));
	}
}

static void test_length_of_a_line(void **state)
{
	char text[4200];

	(void)state;
	memset(text, '#', sizeof(text));
	assert_string_equal(complaint(text, 4095), "");
	assert_string_equal(complaint(text, 4096), "x.conf:1: the line is longer than 4095 bytes");
	memset(text, 'a', sizeof(text));
	assert_string_equal(
		complaint(text, 4095), "x.conf:1: a line must be KEY = VALUE, or begin with # for a comment");
}

static void test_keys_that_must_agree(void **state)
{
	static const char *const rows[][2] = {
		{"default_deadline_ms = 120001",
			"default_deadline_ms (120001) must not be above max_deadline_ms (120000)"},
		{"max_connections = 100", "max_connections_per_address (200) must not be above max_connections (100)"},
		{"call_memory_bytes = 8388606",
			"call_memory_bytes (8388606) must be at least twice max_request_bytes (4194304)"},
		{"calls_memory_bytes = 33554430",
			"calls_memory_bytes (33554430) must be at least twice call_memory_bytes (16777216)"},
		{"stall_timeout_ms = 900001", "stall_timeout_ms (900001) must not be above idle_timeout_ms (900000)"},
		{"listen = 127.0.0.1:9443", "listen and metrics_listen are both 127.0.0.1:9443; give one another port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {.code = STATUS_OK};
		struct config c;

		config_init(&c);
		assert_true(config_validate(&c, &err));
		assert_true(config_parse(&c, "x", rows[i][0], strlen(rows[i][0]), &err));
		assert_false(config_validate(&c, &err));
		assert_string_equal(err.text, rows[i][1]);
		config_release(&c);
	}
}

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_print(c, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What is printed is a configuration that gives the same values again. */
static void test_printed_form(void **state)
{
	const char text[] = "max_streams = 17\ntls_client_crl =\nlog_level = error\n";
	struct config first, second;
	char *once, *twice;
	struct error err;

	(void)state;
	config_init(&first);
	assert_true(config_parse(&first, "x", text, strlen(text), &err));
	once = printed(&first);
	assert_non_null(strstr(once, "\nmax_streams = 17\n"));
	assert_non_null(strstr(once, "\ntls_client_crl =\n"));
	config_init(&second);
	assert_true(config_parse(&second, "printed", once, strlen(once), &err));
	twice = printed(&second);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	config_release(&first);
	config_release(&second);
}

static void test_a_password_is_not_printed(void **state)
{
	static const char *const rows[] = {
		"database = host=x password=sesame", "database = postgresql://me:sesame@host/db"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config c;
		struct error err;
		char *text;

		config_init(&c);
		assert_true(config_parse(&c, "x", rows[i], strlen(rows[i]), &err));
		text = printed(&c);
		assert_null(strstr(text, "sesame"));
		free(text);
		config_release(&c);
	}
}

static void test_reload_takes_what_it_may(void **state)
{
	const char text[] =
		"listen = 0.0.0.0:1\nread_connections = 9\nmax_streams = 5\ntls_key = /k\nlog_level = debug\n";
	struct config c, next;
	struct error err;
	char restart[64], little[8];

	(void)state;
	config_init(&c);
	config_init(&next);
	assert_true(config_parse(&next, "x", text, strlen(text), &err));
	config_reload(&c, &next, restart, sizeof(restart));
	assert_string_equal(restart, "listen,read_connections");
	assert_string_equal(c.listen, "127.0.0.1:8443");
	assert_int_equal(c.read_connections, 3);
	assert_int_equal(c.max_streams, 5);
	assert_string_equal(c.tls_key, "/k");
	assert_string_equal(c.log_level, "debug");
	config_release(&next);
	assert_string_equal(c.tls_key, "/k");
	config_init(&next);
	assert_true(config_parse(&next, "x", text, strlen(text), &err));
	config_reload(&c, &next, little, sizeof(little));
	assert_string_equal(little, "listen,");
	config_release(&next);
	config_release(&c);
}

static void test_files(void **state)
{
	char path[] = "/tmp/config_test.XXXXXX";
	int fd = mkstemp(path);
	struct config c;
	struct error err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "max_streams = 3\nx\n", 18), 18);
	close(fd);
	config_init(&c);
	assert_false(config_read(&c, path, &err));
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, ":2: "));
	assert_int_equal(truncate(path, 16), 0);
	assert_true(config_read(&c, path, &err));
	assert_int_equal(c.max_streams, 3);
	assert_int_equal(truncate(path, 2 * 1024 * 1024), 0);
	assert_false(config_read(&c, path, &err));
	assert_non_null(strstr(err.text, "larger than 1 MiB"));
	unlink(path);
	assert_false(config_read(&c, path, &err));
	assert_non_null(strstr(err.text, "No such file"));
	assert_false(config_read(&c, "/", &err));
	config_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_over_the_defaults),
		cmocka_unit_test(test_complains_with_file_and_line),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_length_of_a_line),
		cmocka_unit_test(test_keys_that_must_agree),
		cmocka_unit_test(test_printed_form),
		cmocka_unit_test(test_a_password_is_not_printed),
		cmocka_unit_test(test_reload_takes_what_it_may),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
