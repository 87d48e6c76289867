/*
 * arena.h: memory of one call, counted and capped.
 *
 * protobuf-c amplifies what it unpacks up to 48 times, so everything a peer can
 * make us allocate comes from here: talloc pools with a limit, released at once.
 */
#ifndef RADIOSHOP_ARENA_H
#define RADIOSHOP_ARENA_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

struct arena {
	TALLOC_CTX *mem;              /* owns every allocation */
	TALLOC_CTX *pool;             /* mem or a child of it: what is small comes from here */
	size_t pool_size, room;       /* bytes of it, and how many are left */
	size_t used, limit;           /* bytes asked for, talloc's overhead estimated in */
	size_t held;                  /* bytes of the pools, and of what did not fit in them */
	bool exhausted;               /* an allocation was refused */
	ProtobufCAllocator allocator; /* for protobuf_c_*; frees nothing before release */
};

/*
 * parent may be NULL. limit in bytes; there is no room at all when memory is out already.
 * The arena must not be moved afterwards: its allocator points to it.
 */
void arena_init(struct arena *a, TALLOC_CTX *parent, size_t limit);
/* Frees everything that came from the arena. Fine on a zeroed or released arena. */
void arena_release(struct arena *a);

/* What it takes of the process's memory; 0 when released. */
size_t arena_bytes(const struct arena *a);

/* Zeroed memory, or NULL (and a->exhausted) over the limit. Aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
/* count * size with overflow checked. */
void *arena_alloc_array(struct arena *a, size_t count, size_t size) MUST_CHECK;
/* A copy of len bytes with a NUL after them, or NULL. */
char *arena_strndup(struct arena *a, const char *bytes, size_t len) MUST_CHECK;

#endif
