/*
 * byte_queue.h: bytes of one stream that wait: for HTTP/2 to take them, or for the call to.
 *
 * A list of blocks; small messages share one. It has no limit of its own: who fills it looks at
 * `bytes` first and stops (a page of a stream at a time, one reply otherwise), or is held up by the stream's window.
 */
#ifndef RADIOSHOP_BYTE_QUEUE_H
#define RADIOSHOP_BYTE_QUEUE_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

struct byte_block;

struct byte_queue {
	struct byte_block *first, *last;
	size_t bytes; /* waiting to be taken */
};

/* Room for len more bytes at the end, to be filled by the caller at once; NULL when memory is short. */
uint8_t *byte_queue_append(struct byte_queue *q, size_t len) MUST_CHECK;
/* Moves up to room bytes from the front into out; returns how many. */
size_t byte_queue_take(struct byte_queue *q, uint8_t *out, size_t room);
/* The bytes at the front that lie in one piece; NULL when there are none. Valid until the next change. */
const uint8_t *byte_queue_front(const struct byte_queue *q, size_t *ret_len);
/* Drops len bytes from the front, at most as many as byte_queue_front() gave. */
void byte_queue_drop(struct byte_queue *q, size_t len);
/* Forgets everything. Fine on a zeroed queue. */
void byte_queue_release(struct byte_queue *q);

#endif
