/*
 * outbox.c: the queue of reply bytes of one call, used by call.c.
 * Owns its blocks; a block is freed as soon as its last byte is taken.
 */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 4096 };

struct outbox_block {
	struct outbox_block *next;
	size_t taken, len, cap;
	uint8_t data[];
};

static struct outbox_block *block_new(size_t cap)
{
	struct outbox_block *b;
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

uint8_t *outbox_append(struct outbox *o, size_t len)
{
	struct outbox_block *b = o->last;
	uint8_t *at;

	if (!b || b->cap - b->len < len) {
		b = block_new(len > BLOCK_MIN ? len : BLOCK_MIN);
		if (!b)
			return NULL;
		if (o->last)
			o->last->next = b;
		else
			o->first = b;
		o->last = b;
	}
	at = b->data + b->len;
	b->len += len;
	o->bytes += len;
	return at;
}

static void outbox_drop_first(struct outbox *o)
{
	struct outbox_block *b = o->first;

	o->first = b->next;
	if (!o->first)
		o->last = NULL;
	free(b);
}

size_t outbox_take(struct outbox *o, uint8_t *out, size_t room)
{
	size_t done = 0;

	while (o->first && done < room) {
		struct outbox_block *b = o->first;
		size_t n = b->len - b->taken;

		if (n > room - done)
			n = room - done;
		memcpy(out + done, b->data + b->taken, n);
		b->taken += n;
		done += n;
		if (b->taken == b->len)
			outbox_drop_first(o);
	}
	o->bytes -= done;
	return done;
}

void outbox_release(struct outbox *o)
{
	while (o->first)
		outbox_drop_first(o);
	o->bytes = 0;
}
