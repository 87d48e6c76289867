/*
 * statement.c: the names and types of a statement against a contract, as statement_check() sees them when the daemon
 * starts: the :named.parameters of a .sql file, the columns that the server says it returns, and the constraints that
 * the server says it has.
 *
 * First line: the method. Second: rows and class, as two letters (olps, rws). Then lines ":parameter type",
 * "column type", with a third word where the column may be NULL, and "!table constraint field: sentence".
 */
#include "chosen.h"
#include "constraint.h"
#include "log.h"
#include "pgtype.h"
#include "plan.h"
#include "target.h"

#include <libpq-fe.h>

enum { NAMES_MAX = 32 };

/* In place of the embedded files of the daemon: one file, whose parameters are the input's. */
static const char *parameters[NAMES_MAX + 1];
const struct embedded_sql embedded_sql[] = {{"fuzz", "", parameters}};
const size_t embedded_sql_count = 1;

struct names {
	uint32_t param_types[NAMES_MAX];
	struct shape_column columns[NAMES_MAX];
	size_t params, column_count;
	PGresult *constraints;
};

static uint32_t type_named(const char *name)
{
	static const uint32_t types[] = {PGTYPE_BOOL, PGTYPE_BYTEA, PGTYPE_INT8, PGTYPE_INT2, PGTYPE_INT4, PGTYPE_TEXT,
		PGTYPE_JSON, PGTYPE_FLOAT8, PGTYPE_BOOL_ARRAY, PGTYPE_INT4_ARRAY, PGTYPE_TEXT_ARRAY, PGTYPE_INT8_ARRAY,
		PGTYPE_FLOAT8_ARRAY, PGTYPE_VARCHAR, PGTYPE_DATE, PGTYPE_TIMESTAMPTZ, PGTYPE_UUID, PGTYPE_JSONB};

	for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
		if (strcmp(pgtype_name(types[i]), name) == 0)
			return types[i];
	return 600; /* point, which no field is */
}

static void add_constraint(PGresult *result, char *line)
{
	char *save, *words[3] = {strtok_r(line, " ", &save), strtok_r(NULL, " ", &save), save};
	int row = PQntuples(result);

	for (int i = 0; words[1] && i < 3; i++)
		expect(PQsetvalue(result, row, i, words[i], (int)strlen(words[i])));
}

static void add_line(struct names *n, char *line)
{
	char *save, *name, *type;

	if (*line == '!') {
		add_constraint(n->constraints, line + 1);
		return;
	}
	name = strtok_r(line, " ", &save);
	type = strtok_r(NULL, " ", &save);
	if (!name)
		return;
	if (*name == ':' && n->params < NAMES_MAX) {
		parameters[n->params] = name + 1;
		n->param_types[n->params++] = type_named(type);
	} else if (*name != ':' && n->column_count < NAMES_MAX) {
		n->columns[n->column_count++] =
			(struct shape_column){name, type_named(type), strtok_r(NULL, " ", &save) != NULL};
	}
}

static void check_plan(const struct statement *s)
{
	const struct statement_plan *plan = s->plan;

	for (size_t i = 0; i < plan->param_count; i++)
		if (plan->params[i].source == PARAM_FIELD || plan->params[i].source == PARAM_EACH)
			expect(field_path_leaf(&plan->params[i].path));
	for (size_t i = 0; i < plan->column_count; i++)
		if (plan->columns[i].target == COLUMN_ROW || plan->columns[i].target == COLUMN_REPLY)
			expect(field_path_leaf(&plan->columns[i].path));
	if (s->rows == ROWS_PAGE)
		expect(plan->page_key_column >= 0 && plan->page_size && plan->page_token && plan->next_page_token);
}

static void check_constraints(const PGresult *result)
{
	struct constraint_table table = {0};

	constraint_table_load(&table, result);
	expect(table.count == (size_t)PQntuples(result));
	for (size_t i = 0; i < table.count; i++) {
		const struct constraint *c = constraint_find(&table, table.rows[i].table, table.rows[i].name);

		expect(c && strcmp(c->name, table.rows[i].name) == 0 && !strchr(c->field, ' '));
	}
	expect(!constraint_find(&table, "no such table", "no such name"));
	constraint_table_release(&table);
}

static enum statement_rows rows_of(char letter)
{
	return letter == 'l' ? ROWS_LIST : letter == 'p' ? ROWS_PAGE : letter == 's' ? ROWS_STREAM : ROWS_ONE;
}

static enum backend_class class_of(char letter)
{
	return letter == 'w' ? BACKEND_WRITE : letter == 's' ? BACKEND_SLOW : BACKEND_READ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGresAttDesc three[3] = {{.name = (char[]){"table"}}, {.name = (char[]){"name"}}, {.name = (char[]){"comment"}}};
	struct input in = {data, data + size};
	const struct catalog_method *method = chosen_method(&in);
	struct names n = {.constraints = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK)};
	struct statement s = {.name = "fuzz",
		.rows = rows_of((char)take(&in)),
		.class = class_of((char)take(&in)),
		.method = method->name,
		.request = method->input,
		.reply = method->output};
	char *text = text_of(in.at, input_left(&in)), *save;
	struct faults faults = {0};

	memset(parameters, 0, sizeof parameters);
	expect(PQsetResultAttrs(n.constraints, 3, three));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_line(&n, line);
	if (statement_check(&s,
		    &(struct statement_shape){n.params, n.column_count, n.param_types, n.columns}, &faults)) {
		expect(faults.count == 0);
		check_plan(&s);
	} else {
		expect(faults.count > 0 && faults.first.text[0] && !s.plan);
	}
	statement_forget(&s);
	check_constraints(n.constraints);
	PQclear(n.constraints);
	free(text);
	return 0;
}
