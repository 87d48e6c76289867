/*
 * csv_rows_test.c: csv as it comes from spreadsheets, old databases and people's hands.
 */
#include "csv_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct csv_file *read_text(TALLOC_CTX *ctx, const char *text, size_t len)
{
	struct error err = {0};
	struct csv_file *f;

	if (!csv_rows_read(ctx, "t.csv", text, len, &f, &err))
		fail_msg("%s", err.text);
	return f;
}

static void assert_row(const struct csv_file *f, size_t i, unsigned line, const char *a, const char *b)
{
	assert_true(i < f->count);
	assert_int_equal(f->rows[i].line, line);
	assert_null(f->rows[i].fault);
	assert_int_equal(f->rows[i].count, 2);
	assert_string_equal(f->rows[i].cells[0], a);
	assert_string_equal(f->rows[i].cells[1], b);
}

static void every_line_end_is_read(void **state)
{
	static const char *const texts[] = {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4", "a,b\r1,2\r3,4\r",
		"\357\273\277a,b\n1,2\n3,4", "a;b\n1;2\n3;4", "a\tb\n1\t2\n3\t4\n"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		struct csv_file *f = read_text(ctx, texts[i], strlen(texts[i]));

		assert_int_equal(f->count, 2);
		assert_string_equal(f->header.cells[0], "a");
		assert_row(f, 0, 2, "1", "2");
		assert_row(f, 1, 3, "3", "4");
		talloc_free(ctx);
	}
}

static void quoted_cells_keep_commas_quotes_and_lines(void **state)
{
	static const char text[] =
		"a,b\r\n\"TRUCK,UTILITY\",\"5\"\" \"\"antenna\"\"\"\r\n\"one\r\ntwo\",x\r\n\r\nlast,y\r\n";
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct csv_file *f = read_text(ctx, text, strlen(text));

	(void)state;
	assert_row(f, 0, 2, "TRUCK,UTILITY", "5\" \"antenna\"");
	assert_row(f, 1, 3, "one\ntwo", "x");
	assert_int_equal(f->rows[1].last_line, 4);
	assert_row(f, 2, 6, "last", "y");
	talloc_free(ctx);
}

static void long_lines_are_one_line(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text = talloc_array(ctx, char, 30 * 1024);
	struct csv_file *f;

	(void)state;
	memset(text, 'x', 30 * 1024);
	memcpy(text, "a,b\n", 4);
	memcpy(text + 30 * 1024 - 6, ",1\n2,3", 6);
	f = read_text(ctx, text, 30 * 1024);
	assert_row(f, 1, 3, "2", "3");
	talloc_free(ctx);
}

static void legacy_bytes_are_read_as_windows_1252(void **state)
{
	static const char text[] = "a,b\nCaf\xe9,\x80 5\nCaf\xc3\xa9,x\n";
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct csv_file *f = read_text(ctx, text, strlen(text));

	(void)state;
	assert_row(f, 0, 2, "Caf\xc3\xa9", "\xe2\x82\xac 5");
	assert_row(f, 1, 3, "Caf\xc3\xa9", "x");
	assert_int_equal(f->legacy_cells, 2);
	talloc_free(ctx);
}

static void faulty_rows_stay_with_their_fault(void **state)
{
	static const char text[] = "a,b\n1\n1,2,3\nx,\x01\nok,ok\n\"p\nq\"\n";
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct csv_file *f = read_text(ctx, text, strlen(text));

	(void)state;
	assert_int_equal(f->count, 5);
	assert_non_null(strstr(f->rows[0].fault, "has 1 cells where the header has 2"));
	assert_int_equal(f->rows[0].line, 2);
	assert_non_null(strstr(f->rows[1].fault, "has 3 cells"));
	assert_string_equal(f->rows[1].cells[2], "3");
	assert_non_null(strstr(f->rows[2].fault, "control character"));
	assert_int_equal(f->rows[2].fault_column, 1);
	assert_row(f, 3, 5, "ok", "ok");
	assert_non_null(strstr(f->rows[4].fault, "from line 6 to line 7: is a quote missing"));
	talloc_free(ctx);
}

static void assert_refused(const char *text, size_t len, const char *part)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct error err = {0};
	struct csv_file *f;

	if (csv_rows_read(ctx, "t.csv", text, len, &f, &err))
		fail_msg("'%s' was taken", text);
	if (strstr(err.text, part) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, part);
	talloc_free(ctx);
}

static void broken_files_are_refused_by_line(void **state)
{
	char *big = malloc(100 * 1024);

	(void)state;
	assert_non_null(big);
	assert_refused("a,b\n1,2\n3,\"open\n5,6\n", strlen("a,b\n1,2\n3,\"open\n5,6\n"), "line 3: a quote is opened");
	assert_refused("", 0, "is empty");
	assert_refused("\n\n", 2, "is empty");
	assert_refused("a,A \n1,2\n", 9, "line 1: there are two columns 'A'");
	assert_refused("\xff\xfe"
		       "a\0",
		4, "UTF-16");
	assert_refused("a,b\n1,\0\n", 8, "is no text");
	memset(big, 'x', 100 * 1024);
	memcpy(big, "a,b\n1,2\n3,", 10);
	assert_refused(big, 100 * 1024, "line 3: a cell is longer");
	free(big);
}

static void formula_guards_come_off(void **state)
{
	static const char text[] = "a,b\n'=1+1,'plain\n''=x,-5\n";
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct csv_file *f = read_text(ctx, text, strlen(text));

	(void)state;
	assert_row(f, 0, 2, "=1+1", "'plain");
	assert_row(f, 1, 3, "'=x", "-5");
	talloc_free(ctx);
}

static void columns_are_found_however_they_are_written(void **state)
{
	static const char text[] = "Serial Number,ASSET_TAG,S/N #\n1,2,3\n";
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct csv_file *f = read_text(ctx, text, strlen(text));

	(void)state;
	assert_int_equal(csv_column(f, "serial_number"), 0);
	assert_int_equal(csv_column(f, "asset tag"), 1);
	assert_int_equal(csv_column(f, "s/n#"), 2);
	assert_int_equal(csv_column(f, "tag"), 3);
	talloc_free(ctx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_end_is_read),
		cmocka_unit_test(quoted_cells_keep_commas_quotes_and_lines),
		cmocka_unit_test(long_lines_are_one_line),
		cmocka_unit_test(legacy_bytes_are_read_as_windows_1252),
		cmocka_unit_test(faulty_rows_stay_with_their_fault),
		cmocka_unit_test(broken_files_are_refused_by_line),
		cmocka_unit_test(formula_guards_come_off),
		cmocka_unit_test(columns_are_found_however_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
