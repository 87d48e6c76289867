/*
 * outbox.h: reply bytes of one stream that HTTP/2 has not taken yet.
 *
 * A list of blocks; small messages share one. It has no limit of its own: who fills it looks at
 * `bytes` first and stops (a page of a stream at a time, one reply otherwise).
 */
#ifndef RADIOSHOP_OUTBOX_H
#define RADIOSHOP_OUTBOX_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

struct outbox_block;

struct outbox {
	struct outbox_block *first, *last;
	size_t bytes; /* waiting to be taken */
};

/* Room for len more bytes at the end, to be filled by the caller at once; NULL when memory is short. */
uint8_t *outbox_append(struct outbox *o, size_t len) MUST_CHECK;
/* Moves up to room bytes from the front into out; returns how many. */
size_t outbox_take(struct outbox *o, uint8_t *out, size_t room);
/* Forgets everything. Fine on a zeroed outbox. */
void outbox_release(struct outbox *o);

#endif
