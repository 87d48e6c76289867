/*
 * method_test.c: the table of methods against the proto and the SQL files, and the rules between them.
 */
#include "method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof(a)[0])

static int begin(void **state)
{
	(void)state;
	catalog_init();
	return 0;
}

static int end(void **state)
{
	(void)state;
	catalog_release();
	return 0;
}

static const struct catalog_method *contract_of(const struct method_row *row)
{
	char path[160];

	snprintf(path, sizeof path, "/radioshop.v1.%s/%s", row->service, row->name);
	return catalog_method_by_path(path, strlen(path));
}

static const struct method_row *row_of(const char *name)
{
	size_t count;
	const struct method_row *rows = method_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void every_row_agrees_with_the_proto(void **state)
{
	size_t count;
	const struct method_row *rows = method_rows(&count);
	struct error err;

	(void)state;
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct catalog_method *contract = contract_of(&rows[i]);

		assert_non_null(contract);
		if (!method_row_check(&rows[i], contract, &err))
			fail_msg("%s", err.text);
	}
}

static void every_rpc_has_one_row(void **state)
{
	size_t row_count, contract_count, found = 0;
	const struct method_row *rows = method_rows(&row_count);
	const struct catalog_method *contracts = catalog_methods(&contract_count);

	(void)state;
	for (size_t i = 0; i < contract_count; i++) {
		size_t n = 0;

		if (strncmp(contracts[i].service, "radioshop.v1.", 13) != 0)
			continue;
		for (size_t r = 0; r < row_count; r++)
			n += contract_of(&rows[r]) == &contracts[i];
		if (n != 1)
			fail_msg("%s has %zu rows", contracts[i].path, n);
		found++;
	}
	assert_int_equal(found, row_count);
}

/* Who may do what is policy: a change of the table must be a change here too. */
static void roles_are_as_decided(void **state)
{
	static const struct {
		const char *name, *roles;
	} decided[] = {
		{"GetCaller", "{viewer,technician,fleet_manager,alerter,admin}"},
		{"GetAsset", "{viewer,technician,fleet_manager,admin}"},
		{"CreateAsset", "{technician,fleet_manager,admin}"},
		{"CreatePlan", "{fleet_manager,admin}"},
		{"LogRepair", "{technician,admin}"},
		{"CreateServiceRecord", "{technician,admin}"},
		{"EmitAlerts", "{alerter,admin}"},
		{"AckAlert", "{technician,fleet_manager,admin}"},
		{"GrantRole", "{admin}"},
		{"ListPrincipals", "{admin}"},
	};
	size_t count;
	const struct method_row *rows = method_rows(&count);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(decided); i++)
		assert_string_equal(row_of(decided[i].name)->roles, decided[i].roles);
	/* A viewer changes nothing but what the viewer is told of, and nobody is let in without a role. */
	for (size_t i = 0; i < count; i++) {
		bool own = strcmp(rows[i].name, "WatchTicket") == 0 || strcmp(rows[i].name, "UnwatchTicket") == 0;

		assert_true(strlen(rows[i].roles) > 2);
		if (rows[i].class == BACKEND_WRITE)
			assert_true(own == (strstr(rows[i].roles, "viewer") != NULL));
	}
}

static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *name;
		enum statement_rows rows;
		enum backend_class class;
		const char *says;
	} wrong[] = {
		{"GetAsset", ROWS_STREAM, BACKEND_READ,
			"AssetService.GetAsset: rows are STREAM, but the proto is unary"},
		{"ExportAssets", ROWS_LIST, BACKEND_SLOW, "rows are not STREAM, but the proto returns a stream"},
		{"GetAsset", ROWS_ONE, BACKEND_WRITE, "a write without a request_id"},
		{"CreateAsset", ROWS_ONE, BACKEND_READ, "a read with a request_id"},
		{"ListAssets", ROWS_LIST, BACKEND_READ, "rows are not PAGE"},
		{"LookupAssets", ROWS_PAGE, BACKEND_READ, "rows are PAGE"},
		{"GetAsset", ROWS_LIST, BACKEND_READ, "0 repeated message fields"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct method_row row = *row_of(wrong[i].name);
		struct error err = {.code = STATUS_OK};

		row.rows = wrong[i].rows;
		row.class = wrong[i].class;
		assert_false(method_row_check(&row, contract_of(&row), &err));
		if (!strstr(err.text, wrong[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, wrong[i].says);
	}
}

/* What a GET may do is said in the proto, and the table holds the proto to it. */
static void only_reads_have_no_side_effects(void **state)
{
	static const char *const names[] = {"GetAsset", "LogRepair"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct method_row *row = row_of(names[i]);
		struct catalog_method contract = *contract_of(row);
		struct error err = {.code = STATUS_OK};

		contract.no_side_effects = !contract.no_side_effects;
		assert_false(method_row_check(row, &contract, &err));
		assert_non_null(strstr(err.text, "NO_SIDE_EFFECTS"));
	}
}

static void sql_names_are_snake_case(void **state)
{
	char out[16];

	(void)state;
	assert_true(method_sql_name("GetAsset", out, sizeof out));
	assert_string_equal(out, "get_asset");
	assert_true(method_sql_name("ListDue", out, sizeof out));
	assert_string_equal(out, "list_due");
	assert_false(method_sql_name("CreateServiceRecord", out, sizeof out));
	assert_false(method_sql_name("", out, sizeof out));
}

static void the_table_joins(void **state)
{
	static const char path[] = "/radioshop.v1.AssetService/GetAsset";
	struct error err;
	size_t count, statement_count;
	const struct method *table;
	const struct method *found;

	(void)state;
	if (!method_table_init(&err))
		fail_msg("%s", err.text);
	table = method_table(&count);
	(void)method_statements(&statement_count);
	assert_int_equal(count, statement_count);
	for (size_t i = 0; i < count; i++) {
		const char *p = table[i].contract->path;

		assert_int_equal(table[i].index, i);
		assert_ptr_equal(method_by_path(p, strlen(p)), &table[i]);
		assert_null(method_by_path(p, strlen(p) - 1));
	}
	found = method_by_path(path, strlen(path));
	assert_non_null(found);
	assert_string_equal(found->statement.name, "get_asset");
	assert_string_equal(found->statement.method, "AssetService.GetAsset");
	/* Exact bytes, neither shorter nor longer, nor up to a NUL. */
	assert_null(method_by_path("/radioshop.v1.AssetService/GetAssetX", strlen(path) + 1));
	assert_null(method_by_path(path, sizeof path));
	assert_null(method_by_path("/radioshop.v1.assetservice/GetAsset", strlen(path)));
	assert_null(method_by_path("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_agrees_with_the_proto),
		cmocka_unit_test(every_rpc_has_one_row),
		cmocka_unit_test(roles_are_as_decided),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(only_reads_have_no_side_effects),
		cmocka_unit_test(sql_names_are_snake_case),
		cmocka_unit_test(the_table_joins),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
