/*
 * sqlstate.h: what the server's error means to the caller. No text of the database reaches a client.
 */
#ifndef RADIOSHOP_SQLSTATE_H
#define RADIOSHOP_SQLSTATE_H

#include "constraint.h"
#include "error.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* What to do about an error besides telling the caller. */
enum sqlstate_remedy {
	REMEDY_NONE,
	REMEDY_RETRY,     /* serialization failure, deadlock: the same again may work */
	REMEDY_PREPARE,   /* the schema moved under prepared statements: connect again, then retry */
	REMEDY_REPLAY,    /* RS200: the request was answered before */
	REMEDY_CANCELLED, /* somebody had it cancelled, or statement_timeout: the same again if it was a mistake */
	REMEDY_SKIPPED,   /* another one of its batch failed: the same again */
	REMEDY_LOST,      /* the server is ending this connection */
};
enum sqlstate_remedy sqlstate_remedy(const PGresult *result);

/*
 * Fills ret_error from a failed result: status, and field and sentence where the violated constraint has a
 * comment. What is not the caller's doing becomes INTERNAL with the id, and the log gets SQLSTATE and message.
 */
void sqlstate_explain(const PGresult *result, const struct constraint_table *constraints, const char *statement,
	const char *call_id, struct error *ret_error);

/* INTERNAL with the id; detail goes to the log. */
void sqlstate_internal(const char *statement, const char *call_id, const char *detail, struct error *ret_error);

/* The status of an SQLSTATE by the longest prefix in the table. Pure, for tests. */
enum status sqlstate_status(const char *sqlstate);

#endif
