/*
 * statement_test.c: the embedded SQL, the check of a statement against the contract, and SQLSTATEs.
 *
 * The server's part is played by struct statement_shape; that every real statement passes against the real
 * schema is proved by `radioshopd --check` in the service tests.
 */
#include "pgtype.h"
#include "plan.h"
#include "sqlstate.h"

#include "radioshop/v1/agency.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/model.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct shape_column agency_columns[] = {
	{"code", PGTYPE_TEXT, false},
	{"revision", PGTYPE_INT8, false},
	{"created_at", PGTYPE_TIMESTAMPTZ, true},
	{"page_key", PGTYPE_TEXT_ARRAY, false},
};

static struct statement list_agencies(void)
{
	return (struct statement){.name = "list_agencies",
		.rows = ROWS_PAGE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "AgencyService.ListAgencies",
		.request = &radioshop__v1__list_agencies_request__descriptor,
		.reply = &radioshop__v1__list_agencies_response__descriptor};
}

/* Types for the parameters of a file by their names: paging ones as they must be, others as given. */
static size_t types_for(const char *name, uint32_t other, uint32_t types[16])
{
	const struct embedded_sql *sql = embedded_sql_find(name);
	size_t n = 0;

	assert_non_null(sql);
	for (; sql->parameters[n]; n++) {
		assert_true(n < 16);
		types[n] = other;
		if (strcmp(sql->parameters[n], "page_key") == 0)
			types[n] = PGTYPE_TEXT_ARRAY;
		if (strcmp(sql->parameters[n], "page_limit") == 0)
			types[n] = PGTYPE_INT4;
	}
	return n;
}

/* Checks s with these columns; the number of faults. The first fault's text in *ret_first. */
static unsigned check(
	struct statement *s, uint32_t other, const struct shape_column *columns, size_t count, struct error *ret_first)
{
	uint32_t types[16];
	struct statement_shape shape = {.param_types = types, .columns = columns, .column_count = count};
	struct faults faults = {0};
	bool good;

	shape.param_count = types_for(s->name, other, types);
	good = statement_check(s, &shape, &faults);
	assert_int_equal(good, faults.count == 0);
	assert_int_equal(good, s->plan != NULL);
	*ret_first = faults.first;
	return faults.count;
}

static void a_fitting_statement_gets_a_plan(void **state)
{
	struct statement s = list_agencies();
	struct error first;

	(void)state;
	assert_int_equal(check(&s, 0, agency_columns, 4, &first), 0);
	assert_int_equal(s.plan->page_key_column, 3);
	assert_int_equal(s.plan->refusal_column, -1);
	assert_ptr_equal(s.plan->row_message, &radioshop__v1__agency__descriptor);
	assert_false(statement_is_write(&s));
	statement_forget(&s);
	assert_null(s.plan);
	statement_forget(&s);
}

/* Replaces one column and expects exactly one fault that says all of these. */
static void one_fault(size_t at, struct shape_column column, const char *say1, const char *say2)
{
	struct shape_column columns[4];
	struct statement s = list_agencies();
	struct error first;

	memcpy(columns, agency_columns, sizeof(columns));
	columns[at] = column;
	assert_int_equal(check(&s, 0, columns, 4, &first), 1);
	assert_non_null(strstr(first.text, "sql/list_agencies.sql"));
	assert_non_null(strstr(first.text, say1));
	assert_non_null(strstr(first.text, say2));
}

static void columns_that_do_not_fit_are_named(void **state)
{
	(void)state;
	one_fault(0, (struct shape_column){"codes", PGTYPE_TEXT, false}, "codes", "Agency");
	one_fault(0, (struct shape_column){"code", PGTYPE_INT4, false}, "code", "int4");
	one_fault(0, (struct shape_column){"code", PGTYPE_TEXT, true}, "code", "coalesce");
	one_fault(1, (struct shape_column){"revision", PGTYPE_TEXT, false}, "revision", "int64");
	one_fault(2, (struct shape_column){"created_at", PGTYPE_DATE, false}, "created_at", "Timestamp");
	one_fault(3, (struct shape_column){"page_key", PGTYPE_TEXT, false}, "page_key", "text[]");
	one_fault(1, (struct shape_column){"code", PGTYPE_TEXT, false}, "code", "two columns");
	one_fault(3, (struct shape_column){"name", PGTYPE_TEXT, false}, "page_key", "paged");
}

static void all_faults_of_a_statement_are_counted(void **state)
{
	struct shape_column columns[4];
	struct statement s = list_agencies();
	struct error first;

	(void)state;
	memcpy(columns, agency_columns, sizeof(columns));
	columns[0].name = "codes";
	columns[1].type = PGTYPE_BOOL;
	assert_int_equal(check(&s, 0, columns, 4, &first), 2);
	assert_non_null(strstr(first.text, "codes"));
}

static struct statement get_agency(void)
{
	return (struct statement){.name = "get_agency",
		.rows = ROWS_ONE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "AgencyService.GetAgency",
		.request = &radioshop__v1__get_agency_request__descriptor,
		.reply = &radioshop__v1__get_agency_response__descriptor};
}

static void parameters_that_do_not_fit_are_named(void **state)
{
	struct statement s = get_agency();
	struct error first;

	(void)state;
	assert_int_equal(check(&s, PGTYPE_TEXT, agency_columns, 3, &first), 0);
	assert_int_equal(check(&s, PGTYPE_INT4, agency_columns, 3, &first), 1);
	assert_non_null(strstr(first.text, ":agency"));
	assert_non_null(strstr(first.text, "int4"));
	assert_non_null(strstr(first.text, "string"));
	s.request = &radioshop__v1__get_model_request__descriptor;
	assert_int_equal(check(&s, PGTYPE_TEXT, agency_columns, 3, &first), 1);
	assert_non_null(strstr(first.text, "GetModelRequest has no field agency"));
	statement_forget(&s);
}

static void a_statement_must_have_its_file(void **state)
{
	struct statement s = get_agency();
	struct statement_shape shape = {0};
	struct faults faults = {0};

	(void)state;
	s.name = "get_nothing";
	assert_false(statement_check(&s, &shape, &faults));
	assert_non_null(strstr(faults.first.text, "sql/get_nothing.sql"));
}

static void rows_must_agree_with_the_reply(void **state)
{
	struct statement s = get_agency();
	struct error first;

	(void)state;
	s.rows = ROWS_LIST;
	assert_int_equal(check(&s, PGTYPE_TEXT, agency_columns, 3, &first), 1);
	assert_non_null(strstr(first.text, "no repeated message"));
	s.rows = ROWS_PAGE;
	assert_int_not_equal(check(&s, PGTYPE_TEXT, agency_columns, 4, &first), 0);
	s = list_agencies();
	s.rows = ROWS_ONE;
	assert_int_not_equal(check(&s, 0, agency_columns, 4, &first), 0);
	assert_non_null(strstr(first.text, "page"));
	statement_forget(&s);
}

static void a_write_is_not_for_connections_that_read(void **state)
{
	static const struct shape_column columns[] = {{"created", PGTYPE_INT4, false}, {"refusal", PGTYPE_TEXT, true}};
	struct statement s = {.name = "import_models",
		.rows = ROWS_ONE,
		.class = BACKEND_WRITE,
		.roles = "{admin}",
		.method = "ModelService.ImportModels",
		.request = &radioshop__v1__import_models_request__descriptor,
		.reply = &radioshop__v1__import_models_response__descriptor};
	struct error first;

	(void)state;
	assert_int_equal(check(&s, PGTYPE_TEXT_ARRAY, columns, 2, &first), 0);
	assert_true(statement_is_write(&s));
	assert_null(s.plan->row_field);
	assert_int_equal(s.plan->params[0].source, PARAM_EACH);
	s.class = BACKEND_READ;
	assert_int_equal(check(&s, PGTYPE_TEXT_ARRAY, columns, 2, &first), 1);
	assert_non_null(strstr(first.text, "request_id"));
}

static void null_is_welcome_where_unset_has_a_meaning(void **state)
{
	static const struct shape_column columns[] = {
		{"id", PGTYPE_UUID, true},
		{"purchased_on", PGTYPE_DATE, true},
		{"unit_id", PGTYPE_INT4, true},
		{"class", PGTYPE_TEXT, true},
		{"updated_at", PGTYPE_TIMESTAMPTZ, true},
	};
	static const struct shape_column quantity[] = {{"quantity", PGTYPE_INT4, true}};
	struct statement s = {.name = "get_asset",
		.rows = ROWS_ONE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "AssetService.GetAsset",
		.request = &radioshop__v1__get_asset_request__descriptor,
		.reply = &radioshop__v1__get_asset_response__descriptor};
	struct error first;

	(void)state;
	assert_int_equal(check(&s, PGTYPE_TEXT, columns, 5, &first), 0);
	assert_int_equal(check(&s, PGTYPE_TEXT, quantity, 1, &first), 1);
	assert_non_null(strstr(first.text, "quantity"));
}

static void children_come_as_json(void **state)
{
	static const struct shape_column columns[] = {
		{"entries", PGTYPE_JSONB, true}, {"moves", PGTYPE_TEXT_ARRAY, false}, {"refusal", PGTYPE_TEXT, true}};
	static const struct shape_column through[] = {{"entries.text", PGTYPE_TEXT, false}};
	struct statement s = {.name = "get_ticket",
		.rows = ROWS_ONE,
		.class = BACKEND_READ,
		.roles = "{viewer}",
		.method = "TicketService.GetTicket",
		.request = &radioshop__v1__get_ticket_request__descriptor,
		.reply = &radioshop__v1__get_ticket_response__descriptor};
	struct error first;

	(void)state;
	assert_int_equal(check(&s, PGTYPE_TEXT, columns, 3, &first), 0);
	assert_int_equal(check(&s, PGTYPE_TEXT, through, 1, &first), 1);
	assert_non_null(strstr(first.text, "jsonb"));
}

/* What embed.py made of the real files: sorted, found by name, and every name a $n of its text. */
static void the_embedded_sql_is_in_order(void **state)
{
	(void)state;
	assert_true(embedded_sql_count > 0);
	for (size_t i = 0; i < embedded_sql_count; i++) {
		const struct embedded_sql *sql = &embedded_sql[i];
		char position[24];
		size_t n = 0;

		assert_ptr_equal(embedded_sql_find(sql->name), sql);
		assert_true(i == 0 || strcmp(embedded_sql[i - 1].name, sql->name) < 0);
		assert_memory_equal(sql->text, "--", 2);
		for (; sql->parameters[n]; n++) {
			snprintf(position, sizeof(position), "$%zu", n + 1);
			assert_non_null(strstr(sql->text, position));
		}
		snprintf(position, sizeof(position), "$%zu", n + 1);
		assert_null(strstr(sql->text, position));
	}
	assert_null(embedded_sql_find("no_such_statement"));
	assert_null(embedded_sql_find(""));
}

static void sqlstates_mean_what_the_design_says(void **state)
{
	static const struct {
		const char *sqlstate;
		enum status status;
	} table[] = {{"23505", STATUS_ALREADY_EXISTS}, {"23514", STATUS_INVALID_ARGUMENT},
		{"23502", STATUS_INVALID_ARGUMENT}, {"23503", STATUS_FAILED_PRECONDITION},
		{"23P01", STATUS_FAILED_PRECONDITION}, {"22P02", STATUS_INVALID_ARGUMENT}, {"22012", STATUS_INTERNAL},
		{"40001", STATUS_ABORTED}, {"40P01", STATUS_ABORTED}, {"55P03", STATUS_ABORTED},
		{"57014", STATUS_DEADLINE_EXCEEDED}, {"57P01", STATUS_UNAVAILABLE}, {"08006", STATUS_UNAVAILABLE},
		{"53300", STATUS_UNAVAILABLE}, {"53100", STATUS_RESOURCE_EXHAUSTED}, {"58030", STATUS_UNAVAILABLE},
		{"42501", STATUS_PERMISSION_DENIED}, {"42P01", STATUS_INTERNAL}, {"XX000", STATUS_INTERNAL},
		{"0A000", STATUS_INTERNAL}, {"RS401", STATUS_UNAUTHENTICATED}, {"RS403", STATUS_PERMISSION_DENIED},
		{"RS409", STATUS_ALREADY_EXISTS}, {"RS999", STATUS_INTERNAL}, {"P0001", STATUS_INTERNAL},
		{"", STATUS_INTERNAL}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(sqlstate_status(table[i].sqlstate), table[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fitting_statement_gets_a_plan),
		cmocka_unit_test(columns_that_do_not_fit_are_named),
		cmocka_unit_test(all_faults_of_a_statement_are_counted),
		cmocka_unit_test(parameters_that_do_not_fit_are_named),
		cmocka_unit_test(a_statement_must_have_its_file),
		cmocka_unit_test(rows_must_agree_with_the_reply),
		cmocka_unit_test(a_write_is_not_for_connections_that_read),
		cmocka_unit_test(null_is_welcome_where_unset_has_a_meaning),
		cmocka_unit_test(children_come_as_json),
		cmocka_unit_test(the_embedded_sql_is_in_order),
		cmocka_unit_test(sqlstates_mean_what_the_design_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
