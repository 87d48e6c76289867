/*
 * row.h: the rows of a result as reply messages.
 */
#ifndef RADIOSHOP_ROW_H
#define RADIOSHOP_ROW_H

#include "bind.h"
#include "plan.h"

#include <libpq-fe.h>

struct rows {
	ProtobufCMessage *reply;     /* ONE, LIST, PAGE */
	ProtobufCMessage **messages; /* STREAM: one reply a row */
	size_t count;
	const char *next_page_key; /* STREAM; NULL after the last page */
};

/* True when the statement refused the call: *ret_error then says why. */
bool row_refused(const struct statement *s, const PGresult *result, struct error *ret_error);

/*
 * Maps every row into the arena. Fails with NOT_FOUND (ROWS_ONE without a row), RESOURCE_EXHAUSTED (the
 * arena), or INTERNAL: the text of that is for the log only. The request lends names for NOT_FOUND; it
 * may be NULL.
 */
bool rows_map(const struct statement *s, const PGresult *result, const ProtobufCMessage *request,
	const struct page *page, struct arena *a, struct rows *ret_rows, struct error *err) MUST_CHECK;

#endif
