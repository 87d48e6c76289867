/*
 * array.h: arrays that grow, with their size checked. Memory for a command is either there or there is no going on.
 */
#ifndef RADIOSHOP_ARRAY_H
#define RADIOSHOP_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

/* array (may be NULL) with room for count elements of size bytes, owned by ctx. New room is not zeroed. Never NULL. */
static inline void *array_room(TALLOC_CTX *ctx, void *array, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	array = talloc_realloc_size(ctx, array, bytes > 0 ? bytes : 1);
	if (array == NULL)
		abort();
	return array;
}

/* A new array of zeroed elements. Never NULL. */
static inline void *array_zeroed(TALLOC_CTX *ctx, size_t count, size_t size)
{
	void *array = array_room(ctx, NULL, count, size);

	memset(array, 0, count * size);
	return array;
}

#endif
