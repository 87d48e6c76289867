/*
 * inspection.h: what is asked of a database before it is served, and made of a fresh connection.
 *
 * One pipeline: session settings; server, role and tables (DESIGN §7: a database that cannot keep the promise is
 * refused); schema version; the sentences of constraints; then every statement is prepared, and the first time
 * described and checked against the contract. The caller sends and receives; this interprets.
 */
#ifndef RADIOSHOP_INSPECTION_H
#define RADIOSHOP_INSPECTION_H

#include "constraint.h"
#include "plan.h"

#include <libpq-fe.h>

/* The version of migrations/ that this daemon is made for. */
enum { SCHEMA_VERSION = 49 };

/* Statements of the pool itself, prepared beside those of the methods. */
#define STATEMENT_ENTER             "radioshop.enter"
#define STATEMENT_KEEP              "radioshop.keep_reply"
#define STATEMENT_REPLAY            "radioshop.replay"
#define STATEMENT_ROLLBACK          "radioshop.rollback"
#define STATEMENT_LOCKED_OUT        "radioshop.locked_out"
#define STATEMENT_ALERT_TIMES       "radioshop.alert_times"
#define STATEMENT_NOTE_CERTIFICATES "radioshop.note_certificates"

struct inspection {
	/* set by the caller */
	PGconn *conn; /* connected, in pipeline mode */
	struct statement *const *statements;
	size_t statement_count;
	int lock_timeout_ms;
	bool read_only;                       /* connections that only read */
	bool describe;                        /* check the mapping of every statement */
	struct constraint_table *constraints; /* loaded anew */

	/* result */
	struct faults faults;
	uint32_t timeline; /* of the server: grows when one takes over from another; 0 on a standby */

	/* its own */
	unsigned step;
	size_t at;          /* statement that the next results are about */
	bool prepared;      /* that statement's PREPARE succeeded */
	uint64_t *nullable; /* sorted table << 16 | column */
	size_t nullable_count;
};

enum inspection_verdict { INSPECTION_GOES_ON, INSPECTION_PASSED, INSPECTION_FAILED };

/* Sends the first questions. False when the connection is broken. */
bool inspection_begin(struct inspection *i) MUST_CHECK;
/*
 * Takes the next result (never NULL). FAILED: faults says why, or, with none counted, the connection broke.
 * Call no more after another verdict than GOES_ON, then release.
 */
enum inspection_verdict inspection_take(struct inspection *i, const PGresult *result);
/* Frees what the inspection owns; the connection and the constraints stay. Fine on a zeroed one. */
void inspection_release(struct inspection *i);

#endif
