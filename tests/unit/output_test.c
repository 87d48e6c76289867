/*
 * output_test.c: what reaches a terminal, a spreadsheet and a program.
 */
#include "catalog.h"
#include "clear_mark.h"
#include "failure.h"
#include "message_json.h"
#include "output.h"
#include "profile.h"
#include "terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int begin(void **state)
{
	setenv("TZ", "America/Chicago", 1);
	catalog_init();
	arena_init(&arena, NULL, 4 << 20);
	*state = talloc_new(NULL);
	return 0;
}

static int end(void **state)
{
	talloc_free(*state);
	arena_release(&arena);
	catalog_release();
	return 0;
}

static const ProtobufCMessageDescriptor *row_of(const char *method)
{
	const ProtobufCFieldDescriptor *field;

	return reply_row(catalog_method_by_name(method)->output, &field);
}

/* Writes the JSON messages through a writer and returns the text, owned by ctx. */
static char *write_all(TALLOC_CTX *ctx, struct output_options o, const char *method, const char *const *rows)
{
	struct error err = {0};
	char *text = NULL, *copy;
	size_t len = 0;
	struct writer *w;

	o.out = open_memstream(&text, &len);
	assert_non_null(o.out);
	w = writer_new(ctx, &o, row_of(method), &err);
	if (w == NULL)
		fail_msg("%s", err.text);
	for (; *rows != NULL; rows++) {
		ProtobufCMessage *m = message_from_json_text(row_of(method), *rows, strlen(*rows), &arena, &err);

		if (m == NULL)
			fail_msg("%s", err.text);
		assert_true(writer_row(w, m, &err));
	}
	assert_true(writer_finish(w, &err));
	writer_free(w);
	fclose(o.out);
	copy = talloc_strdup(ctx, text);
	free(text);
	return copy;
}

static const char asset[] =
	"{\"agency\":\"IND\",\"tag\":\"1042\",\"status\":\"ASSET_STATUS_IN_SERVICE\",\"costCents\":\"325050\","
	"\"notes\":\"a,\\\"b\\\"\\né\",\"createdAt\":\"2026-01-31T18:30:00Z\",\"revision\":\"9007199254740993\"}";

static void tables_are_for_people(void **state)
{
	const char *rows[] = {asset, NULL};
	struct output_options o = {
		.format = OUTPUT_TABLE, .header = true, .columns = "tag status cost_cents created_at notes"};
	char *text = write_all(*state, o, "AssetService.ListAssets", rows);

	assert_non_null(strstr(text, "TAG"));
	assert_non_null(strstr(text, "COST"));
	assert_non_null(strstr(text, "CREATED AT"));
	assert_non_null(strstr(text, "in_service"));
	assert_non_null(strstr(text, "3250.50"));
	assert_non_null(strstr(text, "2026-01-31 12:30"));
	assert_non_null(strstr(text, "a,\"b\"\\né"));
}

static void csv_is_for_spreadsheets(void **state)
{
	const char *rows[] = {asset, NULL};
	struct output_options o = {.format = OUTPUT_CSV,
		.header = true,
		.formula_guard = true,
		.user_columns = "tag,status,cost,created_at,notes,unit_id"};

	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", rows),
		"tag,status,cost,created_at,notes,unit_id\n1042,in_service,3250.50,2026-01-31T18:30:00Z,\"a,"
		"\"\"b\"\"\né\",\n");
}

static void formulas_are_guarded_and_numbers_are_not(void **state)
{
	const char *rows[] = {
		"{\"tag\":\"=cmd|' /C "
		"calc'!A0\",\"serial\":\"-12\",\"alias\":\"@x\",\"costCents\":\"-500\",\"notes\":\" +1\"}",
		"{\"tag\":\"'=x\",\"serial\":\"'plain\",\"alias\":\"a=b\",\"costCents\":\"5\",\"notes\":\"\\tx\"}",
		NULL};
	struct output_options o = {
		.format = OUTPUT_CSV, .formula_guard = true, .user_columns = "tag,serial,alias,cost,notes"};

	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", rows),
		"'=cmd|' /C calc'!A0,'-12,'@x,-5.00,\"' +1\"\n''=x,'plain,a=b,0.05,\"'\tx\"\n");
	o.formula_guard = false;
	rows[1] = NULL;
	assert_string_equal(
		write_all(*state, o, "AssetService.ListAssets", rows), "=cmd|' /C calc'!A0,-12,@x,-5.00,\" +1\"\n");
}

/* Whatever a cell holds, what comes back from the file is what went in. */
static void a_guard_comes_off_again(void **state)
{
	static const char *const texts[] = {
		"", "=", "'", "'=", "''=", "'x", "-1", " =1", "' =1", "\t", "'\t", "a", "+", "@", "' "};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		char *body;

		csv_cell(out, texts[i], true);
		fclose(out);
		body = text;
		if (*body == '"') {
			body[len - 1] = '\0';
			body++;
		}
		assert_string_equal(csv_unguard(body), texts[i]);
		free(text);
	}
}

/* The mark that empties a field is never what is exported: its text has one more \, and loses it again. */
static void text_is_no_mark(void **state)
{
	static const char *const marks[] = {"\\clear", " \\Clear\r\n", "\xc2\xa0\\CLEAR\xc2\xa0"};
	static const char *const texts[] = {"\\clear", "\\\\clear", " \\Clear\n", "\xc2\xa0\\clear ", "clear",
		"\\clears", "\\ clear", "x\\clear", "\\", "\\clear \\clear", "\xc2", ""};
	const char *rows[] = {
		"{\"alias\":\"\\\\clear\",\"location\":\"=\\\\clear\",\"notes\":\"\\\\\\\\clear\"}", NULL};
	struct output_options o = {
		.format = OUTPUT_CSV, .user_columns = "alias,location,notes", .header = false, .formula_guard = true};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		assert_true(clear_mark_is(marks[i]));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const char *cell = clear_mark_guard(*state, texts[i]);

		assert_false(clear_mark_is(cell));
		assert_string_equal(
			clear_mark_unguard(cell), texts[i] + (cell != texts[i] ? strcspn(texts[i], "\\") : 0));
	}
	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", rows), "\\\\clear,'=\\clear,\\\\\\clear\n");
	o.formula_guard = false;
	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", rows), "\\\\clear,=\\clear,\\\\\\clear\n");
}

static void json_is_for_programs(void **state)
{
	const char *rows[] = {asset, "{\"tag\":\"\\u001b[2J\"}", NULL}, *none[] = {NULL}, *one[] = {asset, NULL};
	struct output_options o = {.format = OUTPUT_JSON};
	char *text = write_all(*state, o, "AssetService.ListAssets", one);
	json_t *json = json_loads(text, 0, NULL);

	assert_true(json_is_array(json));
	assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "status")), "in_service");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "cost_cents")), 325050);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "revision")), 9007199254740993);
	json_decref(json);
	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", none), "[]\n");
	o.shape = SHAPE_RECORD;
	text = write_all(*state, o, "AssetService.GetAsset", one);
	assert_int_equal(text[0], '{');
	o.shape = SHAPE_LIST;
	o.user_columns = "tag,cost";
	(void)rows;
	assert_string_equal(write_all(*state, o, "AssetService.ListAssets", one),
		"[\n {\"tag\":\"1042\",\"cost_cents\":325050}\n]\n");
}

static void records_show_what_is_set(void **state)
{
	const char *rows[] = {
		"{\"number\":\"IND-2026-00042\",\"problem\":\"one\\ntwo\",\"moves\":[\"TICKET_STATE_READY\",\"TICKET_"
		"STATE_CLOSED\"],"
		"\"entries\":[{\"kind\":\"TICKET_ENTRY_KIND_PART\",\"text\":\"spk\\u202e\",\"costCents\":\"1420\"}]}",
		NULL};
	struct output_options o = {.format = OUTPUT_TABLE, .shape = SHAPE_RECORD, .header = true};
	char *text = write_all(*state, o, "TicketService.GetTicket", rows);

	assert_non_null(strstr(text, "NUMBER                 IND-2026-00042\n"));
	assert_non_null(strstr(text, "PROBLEM                one\n                       two\n"));
	assert_non_null(strstr(text, "ready, closed"));
	assert_null(strstr(text, "CLOSED AT"));
	assert_non_null(strstr(text, "\nENTRIES\n"));
	assert_non_null(strstr(text, "14.20"));
	assert_non_null(strstr(text, "spk\\u202e"));
}

static void unknown_columns_are_named(void **state)
{
	struct output_options o = {.format = OUTPUT_CSV, .user_columns = "tag,colour", .out = stdout};
	struct error err = {0};

	assert_null(writer_new(*state, &o, row_of("AssetService.ListAssets"), &err));
	assert_non_null(strstr(err.text, "no column 'colour'; there are id, agency, tag"));
	assert_int_equal(exit_code_of(&err), EXIT_USAGE);
}

static void lost_output_is_an_error(void **state)
{
	struct output_options o = {.format = OUTPUT_JSON, .out = fopen("/dev/full", "w")};
	struct error err = {0};
	struct writer *w;

	assert_non_null(o.out);
	w = writer_new(*state, &o, row_of("AssetService.ListAssets"), &err);
	assert_non_null(w);
	assert_false(writer_finish(w, &err));
	assert_int_equal(exit_code_of(&err), EXIT_OUTPUT);
	writer_free(w);
	fclose(o.out);
}

static void terminals_are_not_driven(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain \xc3\xa9", "plain \xc3\xa9"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\rb", "a\\x0db"},
		{"a\nb\tc", "a\\nb c"},
		{"\x7f", "\\x7f"},
		{"\xc2\x9b"
		 "31m",
			"\\u009b31m"},
		{"\xe2\x80\xae"
		 "abc",
			"\\u202eabc"},
		{"\xe2\x81\xa6", "\\u2066"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\x80", "\\xc0\\x80"},
		{"\xf3\xa0\x80\x81", "\\U000e0001"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(terminal_clean(*state, cases[i].in, false), cases[i].out);
	assert_string_equal(terminal_clean(*state, "a\nb", true), "a\nb");
}

static void profiles_are_read(void **state)
{
	static const char text[] =
		"# mine\nserver = shop.example.org:8443\r\n  cert=me.pem\nkey = /etc/k.pem\ncacert = ca/ca.pem";
	struct profile p = {0};
	struct error err = {0};

	assert_true(profile_parse(*state, "x.conf", "/home/pat/.config", text, strlen(text), &p, &err));
	assert_string_equal(p.server, "shop.example.org:8443");
	assert_string_equal(p.cert, "/home/pat/.config/me.pem");
	assert_string_equal(p.key, "/etc/k.pem");
	assert_string_equal(p.cacert, "/home/pat/.config/ca/ca.pem");
	assert_false(profile_parse(*state, "x.conf", "/", "a\n", 2, &p, &err));
	assert_non_null(strstr(err.text, "x.conf line 1"));
	assert_false(profile_parse(*state, "x.conf", "/", "server=a:1\nsrever=b:2\n", 22, &p, &err));
	assert_non_null(strstr(err.text, "x.conf line 2: unknown key 'srever'"));
	assert_int_equal(exit_code_of(&err), EXIT_CONFIG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables_are_for_people, begin, end),
		cmocka_unit_test_setup_teardown(csv_is_for_spreadsheets, begin, end),
		cmocka_unit_test_setup_teardown(formulas_are_guarded_and_numbers_are_not, begin, end),
		cmocka_unit_test(a_guard_comes_off_again),
		cmocka_unit_test_setup_teardown(text_is_no_mark, begin, end),
		cmocka_unit_test_setup_teardown(json_is_for_programs, begin, end),
		cmocka_unit_test_setup_teardown(records_show_what_is_set, begin, end),
		cmocka_unit_test_setup_teardown(unknown_columns_are_named, begin, end),
		cmocka_unit_test_setup_teardown(lost_output_is_an_error, begin, end),
		cmocka_unit_test_setup_teardown(terminals_are_not_driven, begin, end),
		cmocka_unit_test_setup_teardown(profiles_are_read, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
