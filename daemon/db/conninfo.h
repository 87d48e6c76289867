/*
 * conninfo.h: how the setting `database` becomes a connection. Private to db/.
 */
#ifndef RADIOSHOP_CONNINFO_H
#define RADIOSHOP_CONNINFO_H

#include "error.h"

#include <libpq-fe.h>

/*
 * Begins an asynchronous connection, with defaults of ours for what the string leaves open. Of several hosts the one
 * at `turn` (counted round) is tried first: libpq asks the next only when one refuses, so a machine that does not
 * answer at all would use up the time of every try. NULL when memory is short; a malformed string gives a bad
 * connection.
 */
PGconn *conninfo_open(const char *conninfo, unsigned turn) MUST_CHECK;

/* Moves the first `turn` items (counted round) of a list with commas to its end, in place. Pure, for tests. */
void conninfo_rotate(char *list, unsigned turn);

#endif
