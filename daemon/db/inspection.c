/*
 * inspection.c: the questions to a database before it is served, and the judgement of the answers.
 *
 * backend.c runs it on every new connection, pool_check() once and blocking. Owns the list of nullable columns
 * while it lasts.
 */
#include "inspection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

/* Dates and times as text occur in page keys: every connection must write them alike. */
static const char settings_query[] =
	"SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),\n"
	"  set_config('IntervalStyle', 'postgres', false), set_config('extra_float_digits', '1', false),\n"
	"  set_config('search_path', 'radioshop, pg_temp', false), set_config('client_min_messages', 'warning', "
	"false),\n"
	"  set_config('default_transaction_isolation', 'read committed', false), set_config('jit', 'off', false),\n"
	"  set_config('statement_timeout', '60000', false), set_config('lock_timeout', $1, false),\n"
	"  set_config('default_transaction_read_only', $2, false),\n"
	/* When we are gone without a word, the server soon lets go of what it holds for us: s, s, a number, ms. */
	"  set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),\n"
	"  set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '8000', false)";

static const char server_query[] =
	"SELECT current_setting('server_version_num')::int, r.rolname, r.rolsuper, r.rolbypassrls,\n"
	"  current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),\n"
	"  pg_catalog.pg_backend_pid(), CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN\n"
	"    substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END\n"
	"FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

static const char version_query[] = "SELECT version FROM radioshop.schema_version";

/* Tables that the role may do anything to, or that show every agency's rows to everybody. */
static const char tables_query[] =
	"SELECT c.relname, pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER')\n"
	"FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
	"WHERE n.nspname = 'radioshop' AND c.relkind IN ('r', 'p')\n"
	"  AND (pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER')\n"
	"    OR (NOT (c.relrowsecurity AND c.relforcerowsecurity) AND EXISTS (SELECT FROM pg_catalog.pg_attribute a\n"
	"      WHERE a.attrelid = c.oid AND a.attname = 'agency_id' AND NOT a.attisdropped)))\n"
	"ORDER BY 1";

static const char nullable_query[] =
	"SELECT (c.oid::int8 << 16) | a.attnum\n"
	"FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
	"JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid\n"
	"WHERE n.nspname = 'radioshop' AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attnotnull\n"
	"  AND NOT a.attisdropped\n"
	"ORDER BY 1";

/* Questions in the order they are sent; their number is inspection.step. */
enum { STEP_SETTINGS, STEP_SERVER, STEP_VERSION, STEP_TABLES, STEP_CONSTRAINTS, STEP_NULLABLE, STEP_STATEMENTS };

static const struct own_statement {
	const char *name, *text;
} own_statements[] = {
	/* A question has an argument; this one looks at none of it. */
	{STATEMENT_ALERT_TIMES, "SELECT t FROM radioshop.alert_times() a,\n"
				"  unnest(ARRAY[a.decided, a.claimed, a.sent, a.oldest_waiting])\n"
				"  WITH ORDINALITY u (at, n), LATERAL (SELECT coalesce(u.at, 0)::int8::text) s (t)\n"
				"WHERE $1::text[] IS NOT NULL ORDER BY u.n"},
	{STATEMENT_NOTE_CERTIFICATES, "SELECT n FROM radioshop.note_certificates($1::text[]) AS n"},
	{STATEMENT_ENTER,
		"SELECT radioshop.enter($1::text, $2::text[], $3::text, $4::text, $5::int4, $6::int4, $7::uuid, "
		"$8::bytea)"},
	{STATEMENT_KEEP, "SELECT radioshop.keep_reply($1::bytea)"},
	/*
	 * The policy of the table shows a principal its own requests only; said again for the index.
	 * The message makes this a transaction that writes, so that its commit waits for the standby too: the one that
	 * kept the reply may have been told to wait no more, and then its reply lies on this server's disk only.
	 */
	{STATEMENT_REPLAY, "SELECT reply, pg_catalog.pg_logical_emit_message(true, 'radioshop', 'replay')\n"
			   "FROM radioshop.request WHERE request_id = $1::uuid\n"
			   "  AND principal_id = nullif(current_setting('radioshop.principal_id', true), '')::uuid"},
	{STATEMENT_ROLLBACK, "ROLLBACK"},
	{STATEMENT_LOCKED_OUT, "SELECT n FROM radioshop.locked_out($1::text[]) AS n"},
};
enum { OWN_STATEMENTS = sizeof(own_statements) / sizeof(own_statements[0]) };

/* Each question ends with its own Sync, so that one that fails leaves the others alone. */
static bool ask(struct inspection *i, const char *query, int count, const char *const *values)
{
	return PQsendQueryParams(i->conn, query, count, NULL, values, NULL, NULL, 0) && PQpipelineSync(i->conn);
}

bool inspection_begin(struct inspection *i)
{
	char lock_timeout[16];
	const char *values[2] = {lock_timeout, i->read_only ? "on" : "off"};

	snprintf(lock_timeout, sizeof(lock_timeout), "%d", i->lock_timeout_ms);
	i->step = STEP_SETTINGS;
	i->at = 0;
	return ask(i, settings_query, 2, values) && ask(i, server_query, 0, NULL) && ask(i, version_query, 0, NULL) &&
	       ask(i, tables_query, 0, NULL) && ask(i, constraint_query, 0, NULL) && ask(i, nullable_query, 0, NULL);
}

void inspection_release(struct inspection *i)
{
	talloc_free(i->nullable);
	i->nullable = NULL;
	i->nullable_count = 0;
}

static bool is_on(const PGresult *result, int column)
{
	return strcmp(PQgetvalue(result, 0, column), "on") == 0 || strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

static void judge_server(struct inspection *i, const PGresult *result)
{
	const char *role;

	if (PQntuples(result) != 1) {
		fault_add(&i->faults, "the database does not say which role this is");
		return;
	}
	role = PQgetvalue(result, 0, 1);
	if (strtol(PQgetvalue(result, 0, 0), NULL, 10) < 150000)
		fault_add(&i->faults, "the server is older than PostgreSQL 15: upgrade it");
	if (is_on(result, 2))
		fault_add(&i->faults,
			"the role %s is a superuser and would see every agency's rows: connect as radioshop_app", role);
	else if (is_on(result, 3))
		fault_add(&i->faults, "the role %s may bypass row level security: connect as radioshop_app", role);
	if (!is_on(result, 4) || !is_on(result, 5))
		fault_add(&i->faults, "the server runs with fsync or full_page_writes off and may lose what it has "
				      "confirmed: set both to on");
	if (strcmp(PQgetvalue(result, 0, 6), "off") == 0)
		fault_add(&i->faults,
			"synchronous_commit is off for this role or server, so confirmed changes may be lost: "
			"set it to on");
	i->timeline = (uint32_t)strtoul(PQgetvalue(result, 0, 8), NULL, 16);
	/* A pooler answers with a process number of its own, and identity and prepared statements would get mixed. */
	if (strtol(PQgetvalue(result, 0, 7), NULL, 10) != PQbackendPID(i->conn))
		fault_add(&i->faults,
			"there is a connection pooler between radioshopd and PostgreSQL: connect to the server "
			"itself");
}

static void judge_version(struct inspection *i, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	long version;

	if (PQresultStatus(result) != PGRES_TUPLES_OK && sqlstate && strcmp(sqlstate, "42501") == 0) {
		fault_add(&i->faults,
			"the role %s may not read the radioshop schema: connect as radioshop_app, or run "
			"migrations/roles.sql and the migrations (sqitch deploy)",
			PQuser(i->conn));
		return;
	}
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
		fault_add(&i->faults, "the database %s has no radioshop schema: run the migrations (sqitch deploy)",
			PQdb(i->conn));
		return;
	}
	version = strtol(PQgetvalue(result, 0, 0), NULL, 10);
	if (version < SCHEMA_VERSION)
		fault_add(&i->faults,
			"the database has version %ld of the schema and this radioshopd needs %d: run the "
			"migrations (sqitch deploy)",
			version, SCHEMA_VERSION);
	if (version > SCHEMA_VERSION)
		fault_add(&i->faults,
			"the database has version %ld of the schema, newer than the %d of this radioshopd: "
			"install the radioshopd that belongs to it",
			version, SCHEMA_VERSION);
}

static void judge_tables(struct inspection *i, const PGresult *result)
{
	bool owner_said = false;

	/* A superuser is a member of every role; that fault has been told. */
	if (i->faults.count > 0)
		return;
	for (int row = 0; row < PQntuples(result); row++) {
		bool owned = PQgetvalue(result, row, 1)[0] == 't';

		if (owned && owner_said)
			continue;
		owner_said = owner_said || owned;
		if (owned)
			fault_add(&i->faults,
				"the role %s owns the table radioshop.%s or is a member of its owner: connect as "
				"radioshop_app",
				PQuser(i->conn), PQgetvalue(result, row, 0));
		else
			fault_add(&i->faults,
				"the table radioshop.%s has agency_id but no forced row level security: run the "
				"migrations (sqitch deploy), or ALTER TABLE … FORCE ROW LEVEL SECURITY",
				PQgetvalue(result, row, 0));
	}
}

static void keep_nullable(struct inspection *i, const PGresult *result)
{
	int count = PQntuples(result);

	inspection_release(i);
	i->nullable = talloc_array(NULL, uint64_t, (unsigned)count + 1);
	for (int row = 0; i->nullable && row < count; row++)
		i->nullable[i->nullable_count++] = strtoull(PQgetvalue(result, row, 0), NULL, 10);
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool is_nullable(const struct inspection *i, const PGresult *result, int column)
{
	uint64_t key = (uint64_t)PQftable(result, column) << 16 | (uint64_t)PQftablecol(result, column);

	return i->nullable && bsearch(&key, i->nullable, i->nullable_count, sizeof(key), compare_u64);
}

/* Which statement the results of STEP_STATEMENTS are about; NULL for one of our own. */
static struct statement *current(const struct inspection *i)
{
	return i->at < OWN_STATEMENTS ? NULL : i->statements[i->at - OWN_STATEMENTS];
}

/* Line of the .sql file that an error's position (in characters) lies in. */
static int error_line(const char *text, const PGresult *result)
{
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	long left = position ? strtol(position, NULL, 10) - 1 : 0;
	int line = 1;

	for (; *text && left > 0; text++) {
		line += *text == '\n';
		left -= ((unsigned char)*text & 0xc0) != 0x80;
	}
	return line;
}

static void fault_prepare(struct inspection *i, const PGresult *result)
{
	const struct statement *s = current(i);
	const struct embedded_sql *sql = s ? embedded_sql_find(s->name) : NULL;
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!message)
		return; /* the connection broke: no fault of the statement */
	if (sql)
		fault_add(&i->faults, "sql/%s.sql:%d: %s", s->name, error_line(sql->text, result), message);
	else
		fault_add(
			&i->faults, "%s: %s: run the migrations (sqitch deploy)", own_statements[i->at].name, message);
}

static void judge_description(struct inspection *i, const PGresult *result)
{
	int params = PQnparams(result), columns = PQnfields(result);
	uint32_t *types = talloc_array(NULL, uint32_t, (unsigned)params + 1);
	struct shape_column *shapes = talloc_array(NULL, struct shape_column, (unsigned)columns + 1);
	struct statement_shape shape = {(size_t)params, (size_t)columns, types, shapes};

	for (int n = 0; types && n < params; n++)
		types[n] = PQparamtype(result, n);
	for (int n = 0; shapes && n < columns; n++)
		shapes[n] = (struct shape_column){PQfname(result, n), PQftype(result, n), is_nullable(i, result, n)};
	if (!types || !shapes)
		fault_add(&i->faults, "not enough memory to check the statements");
	else if (!statement_check(current(i), &shape, &i->faults))
		i->prepared = false;
	talloc_free(types);
	talloc_free(shapes);
}

static bool send_statements(struct inspection *i)
{
	for (size_t n = 0; n < OWN_STATEMENTS; n++) {
		if (!PQsendPrepare(i->conn, own_statements[n].name, own_statements[n].text, 0, NULL) ||
			!PQpipelineSync(i->conn))
			return false;
	}
	for (size_t n = 0; n < i->statement_count; n++) {
		const struct statement *s = i->statements[n];
		const struct embedded_sql *sql = embedded_sql_find(s->name);

		/* A missing file is said by statement_check(); until then a statement that fits nothing stands in. */
		if (!PQsendPrepare(i->conn, s->name, sql ? sql->text : "SELECT", 0, NULL) ||
			(i->describe && !PQsendDescribePrepared(i->conn, s->name)) || !PQpipelineSync(i->conn))
			return false;
	}
	return true;
}

static void judge_answer(struct inspection *i, const PGresult *result)
{
	if (i->step == STEP_VERSION) {
		judge_version(i, result);
		return;
	}
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

		if (message)
			fault_add(&i->faults, "the database could not be looked at: %s", message);
		return;
	}
	switch (i->step) {
	case STEP_SERVER:
		judge_server(i, result);
		break;
	case STEP_TABLES:
		judge_tables(i, result);
		break;
	case STEP_CONSTRAINTS:
		constraint_table_load(i->constraints, result);
		break;
	case STEP_NULLABLE:
		keep_nullable(i, result);
		break;
	default:
		break;
	}
}

static enum inspection_verdict take_statement(struct inspection *i, const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
		/* PREPARE first; then, when asked for, the description. */
		if (i->prepared && i->describe && current(i))
			judge_description(i, result);
		i->prepared = true;
		return INSPECTION_GOES_ON;
	case PGRES_PIPELINE_SYNC:
		i->prepared = false;
		i->at++;
		if (i->at < OWN_STATEMENTS + i->statement_count)
			return INSPECTION_GOES_ON;
		return i->faults.count ? INSPECTION_FAILED : INSPECTION_PASSED;
	case PGRES_FATAL_ERROR:
		fault_prepare(i, result);
		return INSPECTION_GOES_ON;
	default:
		return INSPECTION_GOES_ON;
	}
}

enum inspection_verdict inspection_take(struct inspection *i, const PGresult *result)
{
	if (i->step == STEP_STATEMENTS)
		return take_statement(i, result);
	if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
		judge_answer(i, result);
		return INSPECTION_GOES_ON;
	}
	i->step++;
	if (i->step < STEP_STATEMENTS)
		return INSPECTION_GOES_ON;
	/* Statements would only repeat what is wrong with the database. */
	if (i->faults.count || !send_statements(i))
		return INSPECTION_FAILED;
	return INSPECTION_GOES_ON;
}
