/*
 * byte_queue.c: the queues of a call, of reply bytes and of request bytes. Used by reply.c and talk.c.
 * Owns its blocks; a block is freed as soon as its last byte is taken.
 */
#include "byte_queue.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 4096 };

struct byte_block {
	struct byte_block *next;
	size_t taken, len, cap;
	uint8_t data[];
};

static struct byte_block *block_new(size_t cap)
{
	struct byte_block *b;
	size_t size;

	if (__builtin_add_overflow(sizeof *b, cap, &size))
		return NULL;
	b = malloc(size);
	if (!b)
		return NULL;
	b->next = NULL;
	b->taken = b->len = 0;
	b->cap = cap;
	return b;
}

uint8_t *byte_queue_append(struct byte_queue *q, size_t len)
{
	struct byte_block *b = q->last;
	uint8_t *at;

	if (!b || b->cap - b->len < len) {
		b = block_new(len > BLOCK_MIN ? len : BLOCK_MIN);
		if (!b)
			return NULL;
		if (q->last)
			q->last->next = b;
		else
			q->first = b;
		q->last = b;
	}
	at = b->data + b->len;
	b->len += len;
	q->bytes += len;
	return at;
}

static void byte_queue_drop_first(struct byte_queue *q)
{
	struct byte_block *b = q->first;

	q->first = b->next;
	if (!q->first)
		q->last = NULL;
	free(b);
}

const uint8_t *byte_queue_front(const struct byte_queue *q, size_t *ret_len)
{
	const struct byte_block *b = q->first;

	*ret_len = b ? b->len - b->taken : 0;
	return b ? b->data + b->taken : NULL;
}

void byte_queue_drop(struct byte_queue *q, size_t len)
{
	struct byte_block *b = q->first;

	if (!b)
		return;
	b->taken += len;
	q->bytes -= len;
	if (b->taken == b->len)
		byte_queue_drop_first(q);
}

size_t byte_queue_take(struct byte_queue *q, uint8_t *out, size_t room)
{
	size_t done = 0;

	while (q->first && done < room) {
		size_t n;
		const uint8_t *front = byte_queue_front(q, &n);

		if (n > room - done)
			n = room - done;
		memcpy(out + done, front, n);
		done += n;
		byte_queue_drop(q, n);
	}
	return done;
}

void byte_queue_release(struct byte_queue *q)
{
	while (q->first)
		byte_queue_drop_first(q);
	q->bytes = 0;
}
