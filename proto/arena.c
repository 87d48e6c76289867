/*
 * arena.c: memory of one call, counted and capped, on talloc.
 *
 * Called by everything that builds or unpacks messages. Owns talloc pools, each
 * a child of the first; single allocations are never freed, all goes as a whole.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	POOL_BYTES = 4096,          /* most calls never leave the first pool */
	POOL_BYTES_MAX = 64 * 1024, /* each further one is twice as large, up to this */
	CHUNK_OVERHEAD = 96,        /* talloc's header on 64-bit machines */
	CHUNK_ALIGN = 16,
};

#if defined(__SANITIZE_ADDRESS__)
#define PLAIN_CHUNKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLAIN_CHUNKS 1
#endif
#endif

static void *arena_protobuf_alloc(void *data, size_t size)
{
	return arena_alloc(data, size);
}

static void arena_protobuf_free(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

/* Makes the next pool the one in use. On failure the one before stays, and talloc goes beyond it chunk by chunk. */
static void add_pool(struct arena *a)
{
#ifdef PLAIN_CHUNKS
	/* AddressSanitizer sees an overrun only between blocks of their own. */
	(void)a;
#else
	size_t size = a->pool_size < POOL_BYTES_MAX ? a->pool_size * 2 : POOL_BYTES_MAX;
	TALLOC_CTX *pool = talloc_pool(a->mem, size);

	if (pool == NULL)
		return;
	a->pool = pool;
	a->pool_size = a->room = size;
	a->held += size;
#endif
}

void arena_init(struct arena *a, TALLOC_CTX *parent, size_t limit)
{
	memset(a, 0, sizeof(*a));
#ifdef PLAIN_CHUNKS
	a->mem = talloc_named_const(parent, 0, "arena");
#else
	a->mem = talloc_pool(parent, POOL_BYTES);
#endif
	a->pool = a->mem;
	a->pool_size = a->room = a->held = POOL_BYTES;
	/* Without memory it has no room: who allocates in it is told. */
	a->limit = a->mem ? limit : 0;
	a->allocator.alloc = arena_protobuf_alloc;
	a->allocator.free = arena_protobuf_free;
	a->allocator.allocator_data = a;
}

void arena_release(struct arena *a)
{
	talloc_free(a->mem);
	memset(a, 0, sizeof(*a));
}

size_t arena_bytes(const struct arena *a)
{
	return a->mem != NULL ? a->held : 0;
}

/* A chunk of the pool in use, of a new one if there is no room, or of its own if it is large. */
static void *take(struct arena *a, size_t size, size_t charge)
{
	if (charge > a->room && charge <= POOL_BYTES / 4)
		add_pool(a);
	if (charge <= a->room)
		a->room -= charge;
	else
		a->held += charge;
	return talloc_zero_size(a->pool, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t charge, used;
	void *p = NULL;

	if (!__builtin_add_overflow(size, CHUNK_OVERHEAD + CHUNK_ALIGN - 1, &charge)) {
		charge &= ~(size_t)(CHUNK_ALIGN - 1);
		if (!__builtin_add_overflow(a->used, charge, &used) && used <= a->limit) {
			p = take(a, size, charge);
			if (p != NULL)
				a->used = used;
		}
	}
	if (p == NULL)
		a->exhausted = true;
	return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		a->exhausted = true;
		return NULL;
	}
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *bytes, size_t len)
{
	size_t size;
	char *copy;

	if (__builtin_add_overflow(len, 1, &size)) {
		a->exhausted = true;
		return NULL;
	}
	copy = arena_alloc(a, size);
	if (copy != NULL && len > 0)
		memcpy(copy, bytes, len);
	return copy;
}
