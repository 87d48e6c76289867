/*
 * page_token.h: the key of the last row of a page as text that a client gives back.
 *
 * A token belongs to one statement and one set of filters: it carries their fingerprint, and is
 * refused with any other. It grants nothing: the statement checks access again.
 */
#ifndef RADIOSHOP_PAGE_TOKEN_H
#define RADIOSHOP_PAGE_TOKEN_H

#include "arena.h"
#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum { PAGE_KEY_MAX = 8, PAGE_TOKEN_MAX = 4096 };

/* The columns of a row that say where the next page begins. */
struct page_key {
	size_t count;
	const uint8_t *item[PAGE_KEY_MAX]; /* NULL for a NULL */
	size_t len[PAGE_KEY_MAX];
};

/* What a token belongs to: statement name and filter values, in any order that is always the same. */
struct page_fingerprint {
	uint64_t hash;
};
void page_fingerprint_init(struct page_fingerprint *f);
/* bytes NULL for a NULL, which differs from the empty value. */
void page_fingerprint_add(struct page_fingerprint *f, const void *bytes, size_t len);

/* NULL when the arena is exhausted or the key is longer than a token may be. */
const char *page_token_encode(const struct page_key *key, const struct page_fingerprint *f, struct arena *a) MUST_CHECK;
/* INVALID_ARGUMENT on field page_token when it is not from this list. Items lie in the arena. */
bool page_token_decode(const char *token, const struct page_fingerprint *f, struct arena *a, struct page_key *ret_key,
	struct error *err) MUST_CHECK;

#endif
