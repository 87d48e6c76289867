/*
 * flags_test.c: the table of commands against the catalog, and requests made from what people type.
 */
#include "actions.h"
#include "catalog.h"
#include "command.h"
#include "failure.h"
#include "field_text.h"
#include "flags.h"
#include "message_json.h"
#include "money.h"
#include "output.h"
#include "request.h"
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int begin(void **state)
{
	static struct session s;

	catalog_init();
	session_init(&s);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	session_release(*state);
	catalog_release();
	return 0;
}

/* Splits a line as a shell would: blanks, single quotes. Returns the number of words. */
static int split(TALLOC_CTX *ctx, const char *line, char *argv[64])
{
	int n = 0;

	while (*(line += strspn(line, " ")) != '\0') {
		char *word = talloc_strdup(ctx, "");

		for (; *line != '\0' && *line != ' '; line++) {
			if (*line != '\'') {
				word = talloc_strndup_append(word, line, 1);
				continue;
			}
			for (line++; *line != '\''; line++)
				word = talloc_strndup_append(word, line, 1);
		}
		assert_true(n < 64);
		argv[n++] = word;
	}
	return n;
}

/* Prepares a command line that begins with "radioshop". */
static bool try_line(struct session *s, const char *line, struct prepared *ret, struct error *err)
{
	char *argv[64];
	int argc = split(s->mem, line, argv), words = 2;
	const struct command *c;

	s->options = (struct options){0};
	c = argc > 2 && argv[2][0] != '-' ? command_find(argv[1], argv[2]) : NULL;
	if (c != NULL)
		words = 3;
	else
		c = command_find(argv[1], NULL);
	assert_non_null(c);
	return prepare(s, c, catalog_method_by_name(c->method), argc - words, argv + words, ret, err);
}

static void assert_json(struct session *s, const char *line, const char *expected)
{
	struct prepared p = {0};
	struct error err = {0};
	json_t *json, *wanted;
	char *text;

	if (!try_line(s, line, &p, &err))
		fail_msg("%s: %s", line, err.text);
	json = message_to_json(p.request, JSON_PROTO);
	json_object_del(json, "requestId");
	wanted = json_loads(expected, 0, NULL);
	assert_non_null(wanted);
	text = json_dumps(json, JSON_COMPACT);
	if (!json_equal(json, wanted))
		fail_msg("%s: %s, expected %s", line, text, expected);
	free(text);
	json_decref(json);
	json_decref(wanted);
}

static void assert_refused(struct session *s, const char *line, const char *part)
{
	struct prepared p = {0};
	struct error err = {0};

	if (try_line(s, line, &p, &err))
		fail_msg("%s was taken", line);
	if (strstr(err.text, part) == NULL)
		fail_msg("%s: '%s' does not say '%s'", line, err.text, part);
	assert_int_equal(exit_code_of(&err), EXIT_USAGE);
}

/* ---- the table ---- */

/* Every word of a list is a field of one of the messages. */
static void assert_fields(
	const char *list, const ProtobufCMessageDescriptor *a, const ProtobufCMessageDescriptor *b, const char *where)
{
	char word[128];

	if (list != NULL && *list == '-')
		list++;
	while (word_next(&list, word, sizeof word)) {
		for (char *save, *one = strtok_r(word, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save)) {
			struct field_path path;

			one[strcspn(one, "?=+")] = '\0';
			if (!field_path_find(a, one, &path) && (b == NULL || !field_path_find(b, one, &path)))
				fail_msg("%s: %s has no field %s", where, a->name, one);
		}
	}
}

static void rows_agree_with_the_protos(void **state)
{
	size_t checked = 0;

	(void)state;
	for (const struct command *c = commands; c->noun != NULL; c++) {
		const struct catalog_method *m, *fetch;
		const ProtobufCFieldDescriptor *field;
		const ProtobufCMessageDescriptor *row;
		char where[128];

		assert_non_null(noun_find(c->noun));
		assert_non_null(c->example);
		snprintf(where, sizeof where, "%s %s", c->noun, c->verb);
		if (c->method == NULL) {
			assert_non_null(c->run);
			assert_non_null(c->help);
			continue;
		}
		m = catalog_method_by_name(c->method);
		fetch = c->fetch != NULL ? catalog_method_by_name(c->fetch) : NULL;
		if (m == NULL || (c->fetch != NULL && fetch == NULL))
			fail_msg("%s: there is no method %s", where, m == NULL ? c->method : c->fetch);
		row = reply_row(m->output, &field);
		assert_fields(c->positional, m->input, fetch != NULL ? fetch->input : NULL, where);
		assert_fields(c->fields, m->input, NULL, where);
		assert_fields(c->need, m->input, NULL, where);
		assert_fields(c->preset, m->input, NULL, where);
		assert_fields(c->take, m->input, NULL, where);
		assert_fields(c->columns, row, NULL, where);
		assert_fields(c->wide, row, NULL, where);
		checked++;
	}
	assert_true(checked > 40);
}

static bool is_exempt(const char *path)
{
	for (const char *const *p = methods_without_row; *p != NULL; p++)
		if (strcmp(*p, path) == 0)
			return true;
	return false;
}

static void every_method_has_a_row(void **state)
{
	size_t count;
	const struct catalog_method *methods = catalog_methods(&count);

	(void)state;
	assert_true(count > 30);
	for (size_t i = 0; i < count; i++) {
		bool found = is_exempt(methods[i].path);

		for (const struct command *c = commands; c->noun != NULL && !found; c++)
			found = c->method != NULL && catalog_method_by_name(c->method) == &methods[i];
		if (!found)
			fail_msg("%s has no row in client/command.c", methods[i].path);
	}
	for (const char *const *p = methods_without_row; *p != NULL; p++)
		assert_non_null(catalog_method_by_path(*p, strlen(*p)));
}

/* The examples of the help are typed by people who trust them. */
static void examples_are_right(void **state)
{
	struct session *s = *state;

	for (const struct command *c = commands; c->noun != NULL; c++) {
		struct prepared p = {0};
		struct error err = {0};

		if (c->method == NULL || (c->run != NULL && c->run != action_emit && c->run != action_health))
			continue;
		if (!try_line(s, c->example, &p, &err))
			fail_msg("%s: %s", c->example, err.text);
		assert_ptr_equal(p.command, c);
	}
}

static void no_flag_hides_a_common_option(void **state)
{
	struct session *s = *state;

	for (const struct command *c = commands; c->noun != NULL; c++) {
		const struct flag_set *set;

		if (c->method == NULL)
			continue;
		set = flag_set_new(s->mem, c, catalog_method_by_name(c->method)->input);
		for (size_t i = 0; i < set->count; i++) {
			assert_null(option_find(set->flags[i].name));
			for (size_t j = i + 1; j < set->count; j++)
				assert_string_not_equal(set->flags[i].name, set->flags[j].name);
		}
	}
}

/* ---- requests ---- */

static void flags_make_requests(void **state)
{
	struct session *s = *state;

	assert_json(s, "radioshop asset show 1042", "{\"asset\":\"1042\"}");
	assert_json(s, "radioshop asset list --agency IND --status in-service --class portable",
		"{\"agency\":\"IND\",\"status\":\"ASSET_STATUS_IN_SERVICE\",\"class\":\"EQUIPMENT_CLASS_PORTABLE\"}");
	assert_json(s, "radioshop asset list --agency=IND -o json --status=SPARE",
		"{\"agency\":\"IND\",\"status\":\"ASSET_STATUS_SPARE\"}");
	assert_json(s, "radioshop due --overdue", "{\"overdue\":true}");
	assert_json(s, "radioshop due list --no-overdue --asset -- ", "{\"asset\":\"--\"}");
	assert_json(s, "radioshop asset create IND 1042 --class portable --cost 3250.5 --unit-id 7",
		"{\"asset\":{\"agency\":\"IND\",\"tag\":\"1042\",\"class\":\"EQUIPMENT_CLASS_PORTABLE\",\"costCents\":"
		"\"325050\","
		"\"unitId\":7}}");
	assert_json(s, "radioshop asset create IND 1042 --class portable --cost-cents 12",
		"{\"asset\":{\"agency\":\"IND\",\"tag\":\"1042\",\"class\":\"EQUIPMENT_CLASS_PORTABLE\",\"costCents\":"
		"\"12\"}}");
	assert_json(s, "radioshop ticket note IND-2026-00001 'a b'",
		"{\"ticket\":\"IND-2026-00001\",\"kind\":\"TICKET_ENTRY_KIND_NOTE\",\"text\":\"a b\"}");
	assert_json(s, "radioshop ticket labour IND-2026-00001 25",
		"{\"ticket\":\"IND-2026-00001\",\"kind\":\"TICKET_ENTRY_KIND_LABOUR\",\"minutes\":25}");
	assert_json(s, "radioshop ticket log 7 --problem p --action x --part-cost '$1,014.20'",
		"{\"asset\":\"7\",\"problem\":\"p\",\"action\":\"x\",\"partCostCents\":\"101420\"}");
	assert_json(s, "radioshop service record 7 --result passed --reading 'TX power=4.9 W' --reading 'BER=0.5'",
		"{\"asset\":\"7\",\"result\":\"SERVICE_RESULT_PASSED\",\"readings\":[{\"name\":\"TX "
		"power\",\"value\":4.9,\"unit\":\"W\"},"
		"{\"name\":\"BER\",\"value\":0.5}]}");
}

static void updates_fill_the_mask(void **state)
{
	struct session *s = *state;

	assert_json(s, "radioshop asset update 1042 --location 'Bay 2' --cost 5",
		"{\"asset\":{\"location\":\"Bay 2\",\"costCents\":\"500\"},\"updateMask\":\"location,costCents\"}");
	assert_json(s, "radioshop asset update 1042 --clear-unit-id --clear-location",
		"{\"updateMask\":\"unitId,location\"}");
	assert_json(s, "radioshop asset update 1042 --tag 9 --revision 4",
		"{\"asset\":{\"tag\":\"9\",\"revision\":\"4\"},\"updateMask\":\"tag\"}");
	assert_json(s, "radioshop principal enable pat", "{\"principal\":{},\"updateMask\":\"disabled\"}");
	assert_json(s, "radioshop plan stop IND PM12", "{\"plan\":{\"stopped\":true},\"updateMask\":\"stopped\"}");
}

static void a_file_is_merged_first(void **state)
{
	struct session *s = *state;
	char path[] = "/tmp/flags_test.XXXXXX", line[128];
	int fd = mkstemp(path);
	static const char text[] = "{\"asset\": {\"location\": \"Bay 1\", \"notes\": \"n\"}}";

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	snprintf(line, sizeof line, "radioshop asset update 1042 -f %s --location 'Bay 2'", path);
	assert_json(s, line, "{\"asset\":{\"location\":\"Bay 2\",\"notes\":\"n\"},\"updateMask\":\"location,notes\"}");
	unlink(path);
}

static void mistakes_are_named(void **state)
{
	struct session *s = *state;

	assert_refused(s, "radioshop asset list --agncy IND", "did you mean --agency?");
	assert_refused(s, "radioshop asset list --agen IND", "there is no flag --agen");
	assert_refused(s, "radioshop asset list --status broken", "in-service, spare");
	assert_refused(s, "radioshop asset list --status ''", "none of");
	assert_refused(s, "radioshop asset show", "ASSET is missing: radioshop asset show ASSET");
	assert_refused(s, "radioshop asset show 1 2", "'2' is one word too many");
	assert_refused(s, "radioshop asset create IND 1", "--model or --class is needed");
	assert_refused(
		s, "radioshop asset create IND 1 --class portable --unit-id x", "--unit-id: 'x' is no whole number");
	assert_refused(s, "radioshop asset create IND 1 --class portable --unit-id 99999999999", "out of range");
	assert_refused(s, "radioshop asset create IND 1 --class portable --cost 1.234",
		"--cost: '1.234' is no sum in dollars");
	assert_refused(s, "radioshop asset create IND 1 --class portable --notes", "--notes needs a value");
	assert_refused(s, "radioshop asset create IND \x01", "TAG: the text");
	assert_refused(s, "radioshop asset update 1", "nothing to change");
	assert_refused(s, "radioshop asset list --no-overdue", "there is no flag");
	assert_refused(s, "radioshop due --overdue=maybe", "neither yes nor no");
	assert_refused(s, "radioshop service record 1 --result passed --reading 4.9", "NAME=VALUE UNIT");
	assert_refused(s, "radioshop service record 1 --result passed --reading 'a=W'", "is no number");
	assert_refused(s, "radioshop ticket move X nowhere", "STATE: 'nowhere' is none of");
	assert_refused(s, "radioshop asset retire 1 --reason end-of-support --request-id 17", "is no UUID");
	assert_refused(s, "radioshop asset list --limit 0", "--limit");
	assert_refused(s, "radioshop asset list -o xml", "table, wide, json or csv");
}

static void a_missing_file_is_named(void **state)
{
	struct prepared p = {0};
	struct error err = {0};

	assert_false(try_line(*state, "radioshop asset list -f /nonexistent/x", &p, &err));
	assert_non_null(strstr(err.text, "/nonexistent/x"));
	assert_int_equal(exit_code_of(&err), EXIT_NOT_FOUND);
}

static void errors_find_their_flag(void **state)
{
	struct session *s = *state;
	const struct command *c = command_find("asset", "update");
	const struct flag_set *set = flag_set_new(s->mem, c, catalog_method_by_name(c->method)->input);

	assert_string_equal(flag_of_field(set, "serial")->name, "serial");
	assert_string_equal(flag_of_field(set, "asset.unit_id")->name, "unit-id");
	assert_null(flag_of_field(set, "erial"));
	assert_null(flag_of_field(set, ""));
}

static void a_request_id_is_made_once_and_taken(void **state)
{
	struct session *s = *state;
	struct prepared p, q;
	struct error err = {0};

	assert_true(try_line(s, "radioshop ticket log 7 --problem p --action x", &p, &err));
	assert_true(try_line(s, "radioshop ticket log 7 --problem p --action x", &q, &err));
	assert_int_equal(strlen(p.request_id), 36);
	assert_string_not_equal(p.request_id, q.request_id);
	assert_true(try_line(s,
		"radioshop ticket log 7 --problem p --action x --request-id 7b0f0b5e-4e0c-4d0e-9d8e-6d1c3f6a2b10", &p,
		&err));
	assert_string_equal(p.request_id, "7b0f0b5e-4e0c-4d0e-9d8e-6d1c3f6a2b10");
}

static void take_copies_what_was_not_given(void **state)
{
	struct session *s = *state;
	struct prepared p;
	struct error err = {0};
	const struct catalog_method *get = catalog_method_by_name("TicketService.GetTicket");
	static const char text[] = "{\"ticket\":{\"number\":\"IND-2026-00001\",\"revision\":\"7\"}}";
	ProtobufCMessage *reply = message_from_json_text(get->output, text, strlen(text), &s->arena, &err);
	struct field_path path;

	assert_non_null(reply);
	assert_true(try_line(s, "radioshop ticket repair IND-2026-00001", &p, &err));
	assert_true(needs_fetch(&p));
	assert_true(take_fields(p.command->take, reply, p.request, &s->arena, &err));
	assert_false(needs_fetch(&p));
	assert_true(field_path_find(p.request->descriptor, "revision", &path));
	assert_int_equal(*(const int64_t *)message_value(p.request, field_path_leaf(&path), 0), 7);
	assert_true(try_line(s, "radioshop ticket repair IND-2026-00001 --revision 3", &p, &err));
	assert_false(needs_fetch(&p));
	assert_true(take_fields(p.command->take, reply, p.request, &s->arena, &err));
	assert_int_equal(*(const int64_t *)message_value(p.request, field_path_leaf(&path), 0), 3);
}

static void money_is_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t cents;
	} good[] = {{"0", 0}, {"12", 1200}, {"12.5", 1250}, {"12.50", 1250}, {"0.07", 7}, {"$371", 37100},
		{"62,627.50", 6262750}, {"-3", -300}, {"92233720368547758.07", INT64_MAX}, {"1,234,567", 123456700}};
	static const char *const bad[] = {"", "-", "$", ".", ".5", "1.", "1.234", "1,23", "1234,567", ",123", "1,,234",
		"1,23,456", "1,2345,678", "12a", "1e3", "92233720368547758.08", "0x10", " 1", "1 ", "+1", "--1",
		"1.2.3"};
	char text[MONEY_TEXT];
	int64_t cents;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(money_parse(good[i].text, &cents));
		assert_int_equal(cents, good[i].cents);
		money_format(cents, text);
		assert_true(money_parse(text, &cents));
		assert_int_equal(cents, good[i].cents);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (money_parse(bad[i], &cents))
			fail_msg("'%s' was taken as money", bad[i]);
	money_format(INT64_MIN, text);
	assert_string_equal(text, "-92233720368547758.08");
}

static void nearest_word_is_a_typing_error_away(void **state)
{
	static const char *const words[] = {"ticket", "asset", "alert", NULL};

	(void)state;
	assert_string_equal(nearest_word("tiket", words), "ticket");
	assert_string_equal(nearest_word("aset", words), "asset");
	assert_null(nearest_word("whatever", words));
	assert_null(nearest_word("--name", (const char *const[]){"--all", NULL}));
	assert_string_equal(nearest_word("--al", (const char *const[]){"--all", NULL}), "--all");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_agree_with_the_protos, begin, end),
		cmocka_unit_test_setup_teardown(every_method_has_a_row, begin, end),
		cmocka_unit_test_setup_teardown(examples_are_right, begin, end),
		cmocka_unit_test_setup_teardown(no_flag_hides_a_common_option, begin, end),
		cmocka_unit_test_setup_teardown(flags_make_requests, begin, end),
		cmocka_unit_test_setup_teardown(updates_fill_the_mask, begin, end),
		cmocka_unit_test_setup_teardown(a_file_is_merged_first, begin, end),
		cmocka_unit_test_setup_teardown(mistakes_are_named, begin, end),
		cmocka_unit_test_setup_teardown(a_missing_file_is_named, begin, end),
		cmocka_unit_test_setup_teardown(errors_find_their_flag, begin, end),
		cmocka_unit_test_setup_teardown(a_request_id_is_made_once_and_taken, begin, end),
		cmocka_unit_test_setup_teardown(take_copies_what_was_not_given, begin, end),
		cmocka_unit_test(money_is_exact),
		cmocka_unit_test(nearest_word_is_a_typing_error_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
