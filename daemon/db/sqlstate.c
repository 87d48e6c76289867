/*
 * sqlstate.c: SQLSTATE → gRPC status, one table, longest prefix first (DESIGN §7).
 *
 * Called by transaction.c with failed results. Owns nothing.
 * Source of the codes: PostgreSQL 15, appendix A; RSxxx are raised by radioshop.enter(), RS412 by triggers of the shop.
 */
#include "sqlstate.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

static const struct sqlstate_row {
	const char *prefix;
	enum status status;
	const char *sentence; /* NULL: INTERNAL with an id */
	const char *reason;
} rows[] = {
	{"RS401", STATUS_UNAUTHENTICATED, "the shop does not know this principal, or has locked it out",
		"UNKNOWN_PRINCIPAL"},
	{"RS403", STATUS_PERMISSION_DENIED, "none of your roles allows this", "ROLE_TOO_LOW"},
	{"RS409", STATUS_ALREADY_EXISTS,
		"this request_id was used for another request; make a new one for a new intent", "REQUEST_ID_REUSED"},
	{"RS412", STATUS_FAILED_PRECONDITION, "the shop is in no state for it", ""},
	{"23502", STATUS_INVALID_ARGUMENT, "a value that is needed is missing", ""},
	{"23503", STATUS_FAILED_PRECONDITION, "it refers to something that does not exist, or is still referred to",
		""},
	{"23505", STATUS_ALREADY_EXISTS, "something with the same key exists already", ""},
	{"23514", STATUS_INVALID_ARGUMENT, "a value is not one that the shop accepts", ""},
	{"25006", STATUS_UNAVAILABLE, "the database does not take changes just now; try again", "DATABASE_READ_ONLY"},
	{"22012", STATUS_INTERNAL, NULL, ""},
	{"22021", STATUS_INVALID_ARGUMENT, "a text holds bytes that are not UTF-8", ""},
	{"40001", STATUS_ABORTED, "others changed the same records at the same time; try again", "CONFLICT"},
	{"40P01", STATUS_ABORTED, "others changed the same records at the same time; try again", "CONFLICT"},
	{"42501", STATUS_PERMISSION_DENIED, "you may not do this here", ""},
	{"54001", STATUS_INTERNAL, NULL, ""},
	{"55P03", STATUS_ABORTED, "busy: somebody else is changing the same record; try again", "BUSY"},
	{"57014", STATUS_DEADLINE_EXCEEDED, "it took longer than the deadline allows, and nothing was changed", ""},
	{"57P", STATUS_UNAVAILABLE, "the database is going away; try again", "DATABASE_AWAY"},
	{"08", STATUS_UNAVAILABLE, "the database cannot be reached; try again", "DATABASE_AWAY"},
	{"22", STATUS_INVALID_ARGUMENT, "a value is malformed or out of range", ""},
	{"23", STATUS_FAILED_PRECONDITION, "it contradicts what is on record", ""},
	{"40", STATUS_ABORTED, "others changed the same records at the same time; try again", "CONFLICT"},
	{"53", STATUS_UNAVAILABLE, "the database is short of resources; try again later", "DATABASE_FULL"},
	{"53100", STATUS_RESOURCE_EXHAUSTED, "the disk of the database is full, and nothing was changed",
		"DATABASE_FULL"},
	{"58", STATUS_UNAVAILABLE, "the machine of the database fails; try again later", "DATABASE_BROKEN"},
	{"54", STATUS_INVALID_ARGUMENT, "a value is too long", ""},
};

static const struct sqlstate_row *find(const char *sqlstate)
{
	const struct sqlstate_row *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].prefix);

		if (len > best_len && strncmp(sqlstate, rows[i].prefix, len) == 0) {
			best = &rows[i];
			best_len = len;
		}
	}
	return best;
}

enum status sqlstate_status(const char *sqlstate)
{
	const struct sqlstate_row *row = find(sqlstate);

	return row ? row->status : STATUS_INTERNAL;
}

static const char *diagnostic(const PGresult *result, int code)
{
	const char *text = PQresultErrorField(result, code);

	return text ? text : "";
}

enum sqlstate_remedy sqlstate_remedy(const PGresult *result)
{
	const char *sqlstate = diagnostic(result, PG_DIAG_SQLSTATE);

	/* The message of "cached plan must not change result type" is translated; where it comes from is not. */
	if (strcmp(sqlstate, "0A000") == 0 &&
		strcmp(diagnostic(result, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0)
		return REMEDY_PREPARE;
	if (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0)
		return REMEDY_RETRY;
	if (strcmp(sqlstate, "RS200") == 0)
		return REMEDY_REPLAY;
	if (strcmp(sqlstate, "57014") == 0)
		return REMEDY_CANCELLED;
	/* No SQLSTATE: libpq made the error itself, since the connection broke. */
	if (sqlstate[0] == '\0' || strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0)
		return REMEDY_LOST;
	return REMEDY_NONE;
}

void sqlstate_internal(const char *statement, const char *call_id, const char *detail, struct error *ret_error)
{
	log_event(LOG_LEVEL_ERROR, "internal_error", "id", call_id, "statement", statement, "detail", log_sentence(detail),
		NULL);
	error_set(ret_error, STATUS_INTERNAL, NULL, "internal error, id %s: tell the shop's administrator", call_id);
}

/* Lets the constraint's own sentence take the place of the general one. */
static void name_field(const PGresult *result, const struct constraint_table *constraints, struct error *err)
{
	const struct constraint *c = constraint_find(constraints, PQresultErrorField(result, PG_DIAG_TABLE_NAME),
		PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));

	if (c)
		error_set(err, err->code, c->field, "%s", c->sentence);
	else if (strcmp(diagnostic(result, PG_DIAG_SQLSTATE), "23502") == 0)
		snprintf(err->field, sizeof(err->field), "%s", diagnostic(result, PG_DIAG_COLUMN_NAME));
}

/* A trigger's own words, "field: sentence" as in the comment of a constraint: they can name what a fixed sentence
 * cannot. */
static void name_words(const char *message, struct error *err)
{
	const char *colon = strstr(message, ": ");

	if (!colon || colon == message || (size_t)(colon - message) >= sizeof err->field)
		return;
	error_set(err, err->code, NULL, "%s", colon + 2);
	snprintf(err->field, sizeof err->field, "%.*s", (int)(colon - message), message);
}

void sqlstate_explain(const PGresult *result, const struct constraint_table *constraints, const char *statement,
	const char *call_id, struct error *ret_error)
{
	const char *sqlstate = diagnostic(result, PG_DIAG_SQLSTATE);
	const char *message = diagnostic(result, PG_DIAG_MESSAGE_PRIMARY);
	const struct sqlstate_row *row = find(sqlstate);
	bool is_violation = strncmp(sqlstate, "23", 2) == 0;
	char detail[512];

	snprintf(detail, sizeof(detail), "%s %s", sqlstate, message);
	if (!row || !row->sentence) {
		sqlstate_internal(statement, call_id, detail, ret_error);
		return;
	}
	error_set(ret_error, row->status, strcmp(row->prefix, "RS409") == 0 ? "request_id" : NULL, "%s", row->sentence);
	snprintf(ret_error->reason, sizeof(ret_error->reason), "%s", row->reason);
	if (row->status == STATUS_UNAVAILABLE)
		ret_error->retry_after_ms = 1000;
	if (is_violation)
		name_field(result, constraints, ret_error);
	if (strcmp(row->prefix, "RS412") == 0)
		name_words(message, ret_error);
	/* Without a field the caller cannot know which value it was: keep the server's words for the operator. */
	if (strncmp(sqlstate, "RS", 2) != 0 && ret_error->field[0] == '\0')
		log_event(LOG_LEVEL_WARNING, "refused_by_database", "id", call_id, "statement", statement, "detail",
			log_sentence(detail), NULL);
}
