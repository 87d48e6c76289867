/*
 * json_budget.c: jansson's allocation functions, and the text given to it piece by piece. Called by the JSON reader.
 *
 * jansson has one set of allocation functions a process; ours are malloc and free but between load and release. When
 * malloc fails meanwhile, a reserve serves until the piece is read that jansson has; then the text ends. Owns the
 * reserve.
 */
#include "json_budget.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESERVE_EACH = 8, /* bytes for one of the text: a string is held three times while its buffer doubles */
	RESERVE_LEAST = 64 * 1024, /* what one piece, at most 1024 bytes, can become */
	ALIGNMENT = 16,
};

static struct {
	bool installed, counting;
	size_t used, limit;
	uint8_t *reserve;
	size_t reserve_len, reserve_used;
} budget;

struct text {
	const char *bytes;
	size_t left;
	bool exceeded;
};

static bool is_reserve(const void *p)
{
	return budget.reserve && (uintptr_t)p - (uintptr_t)budget.reserve < budget.reserve_len;
}

static void *from_reserve(size_t size)
{
	uint8_t *p = budget.reserve + budget.reserve_used;

	/* It is large enough for a piece. If it were not: rather no daemon than one whose memory is written over. */
	if (size > budget.reserve_len - budget.reserve_used - ALIGNMENT)
		abort();
	budget.reserve_used += (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	return p;
}

static void *budget_alloc(size_t size)
{
	void *p = malloc(size);

	if (!budget.counting)
		return p;
	if (!p)
		return from_reserve(size);
	budget.used += malloc_usable_size(p);
	return p;
}

static void budget_free(void *p)
{
	size_t size;

	if (is_reserve(p))
		return;
	size = budget.counting ? malloc_usable_size(p) : 0;
	budget.used -= size < budget.used ? size : budget.used;
	free(p);
}

/* jansson's json_load_callback_t: 0 ends the text. */
static size_t next_piece(void *buffer, size_t room, void *data)
{
	struct text *text = data;
	size_t n = text->left < room ? text->left : room;

	if (budget.used > budget.limit || budget.reserve_used > 0) {
		text->exceeded = true;
		return 0;
	}
	if (n > 0)
		memcpy(buffer, text->bytes, n);
	text->bytes += n;
	text->left -= n;
	return n;
}

static bool begin(size_t len, size_t bytes)
{
	size_t size;

	if (!budget.installed)
		json_set_alloc_funcs(budget_alloc, budget_free);
	budget.installed = true;
	if (__builtin_mul_overflow(len, RESERVE_EACH, &size) || __builtin_add_overflow(size, RESERVE_LEAST, &size))
		return false;
	budget.reserve = malloc(size); /* not touched, so that it costs an address or two */
	budget.reserve_len = budget.reserve ? size : 0;
	budget.reserve_used = budget.used = 0;
	budget.limit = bytes;
	budget.counting = budget.reserve != NULL;
	return budget.counting;
}

json_t *json_budget_load(const char *text, size_t len, size_t bytes, json_error_t *at, bool *ret_exceeded)
{
	struct text feed = {.bytes = text, .left = len};
	json_t *json = NULL;

	*ret_exceeded = !begin(len, bytes);
	if (*ret_exceeded)
		return NULL;
	json = json_load_callback(next_piece, &feed, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, at);
	*ret_exceeded = feed.exceeded || budget.used > budget.limit || budget.reserve_used > 0;
	if (*ret_exceeded) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

void json_budget_release(void)
{
	free(budget.reserve);
	budget.reserve = NULL;
	budget.reserve_len = budget.reserve_used = 0;
	budget.counting = false;
}
