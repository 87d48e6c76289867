/* The log: no text makes a line or a field, lines have a limit, levels hold back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_escapes(void **state)
{
	static const char *const rows[][2] = {
		{"plain-1.2/3:4", "plain-1.2/3:4"},
		{"", "\"\""},
		{"two words", "\"two words\""},
		{"a=b", "\"a=b\""},
		{"say \"x\"", "\"say \\\"x\\\"\""},
		{"back\\slash", "\"back\\\\slash\""},
		{"line\nevent=call", "\"line\\nevent=call\""},
		{"\t\r\x1b[2J\x7f", "\"\\t\\x0d\\x1b[2J\\x7f\""},
		{"\xc2\x9b\xe2\x80\xae", "\"\\xc2\\x9b\\xe2\\x80\\xae\""},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(log_escape(rows[i][0], out, sizeof(out)), strlen(rows[i][1]));
		assert_string_equal(out, rows[i][1]);
	}
}

/* Whatever the room, the result is whole: closed quotes, no half escape, NUL inside the buffer. */
static void test_escape_is_cut_to_fit(void **state)
{
	char out[16];

	(void)state;
	for (size_t size = 0; size <= sizeof(out); size++) {
		size_t len;

		memset(out, 'X', sizeof(out));
		len = log_escape("a\x01\"b c d", out, size);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], 'X');
		if (size == 0)
			continue;
		assert_int_equal(strlen(out), len);
		if (len > 0)
			assert_true(len >= 2 && out[0] == '"' && out[len - 1] == '"');
	}
	log_escape("a\x01", out, 7);
	assert_string_equal(out, "\"a\"");
	log_escape("a\x01", out, 8);
	assert_string_equal(out, "\"a\\x01\"");
	assert_int_equal(log_escape("plain", out, 4), 3);
	assert_string_equal(out, "pla");
}

/* Runs log_event with standard error in a pipe; what it wrote, in a static buffer. */
static int pipe_fds[2], real_stderr;

static void capture(void)
{
	assert_int_equal(pipe(pipe_fds), 0);
	real_stderr = dup(STDERR_FILENO);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	close(pipe_fds[1]);
}

static const char *captured(void)
{
	static char text[8192];
	ssize_t n;
	size_t len = 0;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	while ((n = read(pipe_fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(pipe_fds[0]);
	text[len] = '\0';
	return text;
}

static void test_one_event_one_line(void **state)
{
	const char *text, *rest;

	(void)state;
	capture();
	log_event(LOG_LEVEL_WARNING, "call", "id", "7", "left_out", NULL, "note", "a\nb", NULL);
	text = captured();
	assert_int_equal(strncmp(text, "time=", 5), 0);
	rest = strchr(text, ' ');
	assert_non_null(rest);
	assert_string_equal(rest, " level=warning event=call id=7 note=\"a\\nb\"\n");
}

static void test_a_long_line_is_cut(void **state)
{
	char big[4000];
	const char *text;

	(void)state;
	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture();
	log_event(LOG_LEVEL_ERROR, "call", "a", big, "b", "lost", NULL);
	text = captured();
	assert_in_range(strlen(text), 1900, 2048);
	assert_string_equal(text + strlen(text) - 10, "\" cut=yes\n");
	assert_null(strstr(text, "lost"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	/* The last pair being the long one, too. */
	capture();
	log_event(LOG_LEVEL_ERROR, "call", "a", big, NULL);
	text = captured();
	assert_string_equal(text + strlen(text) - 10, "\" cut=yes\n");
}

/* Every number of pairs up to more than fit: never more than a line, never a broken one. */
static void test_many_pairs(void **state)
{
	char value[600];

	(void)state;
	for (size_t len = 480; len < 560; len++) {
		const char *text;

		memset(value, 'v', len);
		value[len] = '\0';
		capture();
		log_event(LOG_LEVEL_ERROR, "e", "a", value, "b", value, "c", value, "d", value, "e", value, NULL);
		text = captured();
		assert_true(strlen(text) <= 2048);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

static void test_levels(void **state)
{
	(void)state;
	assert_int_equal(log_get_level(), LOG_LEVEL_INFO);
	capture();
	log_event(LOG_LEVEL_DEBUG, "quiet", NULL);
	assert_string_equal(captured(), "");
	log_set_level(LOG_LEVEL_ERROR);
	capture();
	log_event(LOG_LEVEL_WARNING, "quiet", NULL);
	log_event(LOG_LEVEL_ERROR, "loud", NULL);
	assert_non_null(strstr(captured(), " level=error event=loud\n"));
	log_set_level(LOG_LEVEL_INFO);
}

static void test_no_key_is_quoted(void **state)
{
	static const char *const keys[] = {"no asset has the code 0123456789abcdef", "01 23-45:67.89_AB,CD\tEF",
		"0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef", "\\x01\\x23\\x45\\x67\\x89\\xab\\xcd\\xef",
		"\uff10\uff11\uff12\uff13\uff21\uff26\uff41\uff46 01234567",
		"'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' is not a date",
		"MDEyMzQ1Njc4OWFiY2RlZg==", "q83vASNFZ4mrze8BI0VniavN7wEjRWeJ",
		"0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f-01", "0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f and 0123456789abcdef",
		"0190f0d27a1b7c3d8e4f5a6b7c8d9e0f"};
	static const char *const others[] = {"", "0", "0x", "\\",
		"no asset has the code 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "123456789012345",
		"ticket IND-2026-00042 has moved on to revision 12; read it again",
		"'2026-02-30' is not a date (YYYY-MM-DD)",
		"0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f, 0190f0d2-7a1b-7c3d-8e4f-5a6b7c8d9e0f", "Z\xc3\xbcrich \xef\xbc"};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (!log_quotes_key(keys[i]))
			fail_msg("taken for no key: %s", keys[i]);
		assert_null(strstr(log_sentence(keys[i]), keys[i]));
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (log_quotes_key(others[i]))
			fail_msg("taken for a key: %s", others[i]);
		assert_ptr_equal(log_sentence(others[i]), others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_escape_is_cut_to_fit),
		cmocka_unit_test(test_one_event_one_line),
		cmocka_unit_test(test_a_long_line_is_cut),
		cmocka_unit_test(test_many_pairs),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_no_key_is_quoted),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
