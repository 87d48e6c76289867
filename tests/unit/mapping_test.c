/*
 * mapping_test.c: which columns make up which fields, and equal rows that must not become one.
 */
#include "catalog.h"
#include "csv_rows.h"
#include "field_text.h"
#include "mapping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const ProtobufCMessageDescriptor *asset_row(void)
{
	const struct catalog_method *m = catalog_method_by_name("AssetService.ImportAssets");
	struct field_path path;

	assert_non_null(m);
	assert_true(field_path_find(m->input, "rows", &path));
	return field_message(field_path_leaf(&path));
}

static int begin(void **state)
{
	catalog_init();
	*state = talloc_new(NULL);
	return 0;
}

static int end(void **state)
{
	talloc_free(*state);
	catalog_release();
	return 0;
}

static struct csv_file *read_csv(TALLOC_CTX *ctx, const char *text)
{
	struct error err = {0};
	struct csv_file *f;

	if (!csv_rows_read(ctx, "t.csv", text, strlen(text), &f, &err))
		fail_msg("%s", err.text);
	return f;
}

static struct mapping *parse(TALLOC_CTX *ctx, const struct csv_file *f, const char *text)
{
	struct error err = {0};
	struct mapping *m = mapping_parse(ctx, "t.map", text, strlen(text), f, asset_row(), &err);

	if (m == NULL)
		fail_msg("%s", err.text);
	return m;
}

static void assert_value(TALLOC_CTX *ctx, struct mapping *m, const struct csv_file *f, size_t row, const char *expected)
{
	assert_string_equal(mapping_value(ctx, m, 0, &f->rows[row], NULL), expected);
}

static void templates_are_filled(void **state)
{
	struct csv_file *f = read_csv(*state, "NSN,item name,qty\n5820,RADIO SET,2\n");
	struct mapping *m = parse(*state, f,
		"# a comment\n\ndescription = {Item_Name} (NSN {nsn}) {{x}}\r\nclass = other\n quantity={qty}");

	assert_int_equal(mapping_count(m), 3);
	assert_string_equal(mapping_field(m, 1), "class");
	assert_value(*state, m, f, 0, "RADIO SET (NSN 5820) {x}");
	assert_string_equal(mapping_value(*state, m, 1, &f->rows[0], NULL), "other");
	assert_string_equal(mapping_value(*state, m, 2, &f->rows[0], NULL), "2");
	assert_string_equal(mapping_column(m, "quantity"), "qty");
	assert_string_equal(mapping_column(m, "description"), "description");
	assert_true(mapping_uses(m, 0) && mapping_uses(m, 1) && mapping_uses(m, 2));
}

static void equal_rows_stay_apart(void **state)
{
	struct csv_file *f = read_csv(*state, "a,b\nx,1\nx,1\ny,1\nx,2\nx,1\n");
	struct mapping *m = parse(*state, f, "tag = {a}-{b}#{#}\n");
	struct mapping *again = parse(*state, f, "tag = {a}-{b}#{#}\n");
	static const char *const tags[] = {"x-1#1", "x-1#2", "y-1#1", "x-2#1", "x-1#3"};
	long ordinal = 0;

	for (size_t i = 0; i < 5; i++)
		assert_value(*state, m, f, i, tags[i]);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(mapping_value(*state, again, 0, &f->rows[i], &ordinal), tags[i]);
	assert_int_equal(ordinal, 3);
}

static void each_field_counts_for_itself(void **state)
{
	struct csv_file *f = read_csv(*state, "a\nx\nx\n");
	struct mapping *m = parse(*state, f, "tag = {a}#{#}\nserial = {a}#{#}\n");

	assert_string_equal(mapping_value(*state, m, 0, &f->rows[0], NULL), "x#1");
	assert_string_equal(mapping_value(*state, m, 1, &f->rows[0], NULL), "x#1");
	assert_string_equal(mapping_value(*state, m, 0, &f->rows[1], NULL), "x#2");
	assert_string_equal(mapping_value(*state, m, 1, &f->rows[1], NULL), "x#2");
}

static void a_rejects_file_keeps_its_ordinals(void **state)
{
	struct csv_file *f = read_csv(*state, "a,#,reason\nx,7,no\nx,,no\n");
	struct mapping *m = parse(*state, f, "tag = {a}#{#}\n");

	assert_value(*state, m, f, 0, "x#7");
	assert_value(*state, m, f, 1, "x#1");
}

static void hashes_depend_on_their_cells(void **state)
{
	struct csv_file *f = read_csv(*state, "a,b\nx,1\nx,2\ny,1\nab,c\na,bc\n");
	struct mapping *one = parse(*state, f, "tag = {hash:a}\n"), *both = parse(*state, f, "tag = {hash:a,b}\n");
	char *first = mapping_value(*state, one, 0, &f->rows[0], NULL);

	assert_int_equal(strlen(first), 10);
	assert_value(*state, one, f, 1, first);
	assert_string_not_equal(mapping_value(*state, one, 0, &f->rows[2], NULL), first);
	assert_string_not_equal(
		mapping_value(*state, both, 0, &f->rows[0], NULL), mapping_value(*state, both, 0, &f->rows[1], NULL));
	assert_string_not_equal(
		mapping_value(*state, both, 0, &f->rows[3], NULL), mapping_value(*state, both, 0, &f->rows[4], NULL));
	/* It is part of tags in databases: it must never change. */
	assert_string_equal(first, "553f121d1e");
}

static void headers_are_known_by_their_usual_names(void **state)
{
	static const struct column_alias aliases[] = {{"serial", "serialnumber sn"}, {"tag", "assettag"}, {NULL, NULL}};
	struct csv_file *f = read_csv(*state, "Asset Tag,S/N,Unit_ID,colour,Purchased On\n1,2,3,4,5\n");
	struct error err = {0};
	struct mapping *m = mapping_from_header(*state, f, asset_row(), aliases, &err);

	assert_non_null(m);
	assert_int_equal(mapping_count(m), 4);
	assert_string_equal(mapping_field(m, 0), "tag");
	assert_string_equal(mapping_field(m, 1), "serial");
	assert_string_equal(mapping_field(m, 2), "unit_id");
	assert_string_equal(mapping_field(m, 3), "purchased_on");
	assert_false(mapping_uses(m, 3));
	assert_null(mapping_from_header(*state, read_csv(*state, "tag,Asset Tag\n1,2\n"), asset_row(), aliases, &err));
	assert_non_null(strstr(err.text, "'tag' and 'Asset Tag' both mean tag"));
	assert_null(mapping_from_header(*state, read_csv(*state, "x,line\n1,2\n"), asset_row(), aliases, &err));
	assert_non_null(strstr(err.text, "no column has a known name"));
}

static void mistakes_are_named_by_line(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"tag = {a}\nfoo = x\n", "t.map line 2: there is no field 'foo'"},
		{"tag = {nope}\n", "t.map line 1: the file has no column 'nope'"},
		{"tag = {a\n", "a brace without its other one"},
		{"tag = a}\n", "a brace without its other one"},
		{"tag {a}\n", "expected 'field = template'"},
		{"tag = {a}\ntag = {a}\n", "there is a line already for 'tag'"},
		{"tag = {#}{#}\n", "one is enough"},
		{"tag = {hash:a,zz}\n", "no column 'zz'"},
		{"line = {a}\n", "there is no field 'line'"},
		{"# nothing\n", "maps nothing"},
	};
	struct csv_file *f = read_csv(*state, "a,b\n1,2\n");

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error err = {0};

		if (mapping_parse(*state, "t.map", cases[i].text, strlen(cases[i].text), f, asset_row(), &err) != NULL)
			fail_msg("%s was taken", cases[i].text);
		if (strstr(err.text, cases[i].part) == NULL)
			fail_msg("'%s' does not say '%s'", err.text, cases[i].part);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(templates_are_filled, begin, end),
		cmocka_unit_test_setup_teardown(equal_rows_stay_apart, begin, end),
		cmocka_unit_test_setup_teardown(each_field_counts_for_itself, begin, end),
		cmocka_unit_test_setup_teardown(a_rejects_file_keeps_its_ordinals, begin, end),
		cmocka_unit_test_setup_teardown(hashes_depend_on_their_cells, begin, end),
		cmocka_unit_test_setup_teardown(headers_are_known_by_their_usual_names, begin, end),
		cmocka_unit_test_setup_teardown(mistakes_are_named_by_line, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
