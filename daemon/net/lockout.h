/*
 * lockout.h: ends the connections of principals that were locked out, or taken away, while they are connected.
 *
 * Each call asks the database anyway; this is for those that need not call again: a Watch that is open, a long export.
 * Every other second one question names all principals that are connected, whatever their number of connections, and
 * the answer names those that may not stay. While the database is away nothing is asked, and the next second is early
 * enough; while an answer is out, no second question follows.
 */
#ifndef RADIOSHOP_LOCKOUT_H
#define RADIOSHOP_LOCKOUT_H

#include "arena.h"
#include "pool.h"

#include <event2/event_struct.h>
#include <stdbool.h>

struct conn_set;

struct lockout {
	struct conn_set *set;
	struct event timer;
	struct db_call call; /* while asking */
	struct arena arena;
	bool asking;
	bool failed; /* the last question; the log has it */
};

/* Begins to ask; set outlives it. */
void lockout_init(struct lockout *l, struct conn_set *set);
/* Before the pool goes away. */
void lockout_release(struct lockout *l);

#endif
