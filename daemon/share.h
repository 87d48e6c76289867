/*
 * share.h: what one principal has in use of what all clients share, so that nobody takes it all.
 *
 * There is one object a principal, however many connections it has. call.c counts memory in it, pool.c calls.
 */
#ifndef RADIOSHOP_SHARE_H
#define RADIOSHOP_SHARE_H

#include "error.h"
#include "statement.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct share {
	LIST_ENTRY(share) link;
	unsigned references;
	char *principal;
	size_t bytes; /* memory of its calls */
	/* what was read for it took so long in that turn of the loop; conn_set.c's */
	int64_t turn_us;
	uint64_t turn;
	/* its calls that wait for a connection to the database, and those that have one */
	unsigned waiting[BACKEND_CLASSES], running[BACKEND_CLASSES];
};

/* The share of a principal, made when it is the first to ask: a reference. NULL when memory is short. */
struct share *share_of(const char *principal) MUST_CHECK;
struct share *share_ref(struct share *share);
/* Fine with NULL. */
void share_unref(struct share *share);

#endif
