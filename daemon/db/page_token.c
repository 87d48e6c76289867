/*
 * page_token.c: base64url of version, checksum and key items. Called by bind.c, which gives the key to the
 * statement, and row.c, which takes it from the last row. Owns nothing.
 *
 * Layout: 1 byte version, 8 bytes checksum over fingerprint and items, then per item 2 bytes length
 * (0xffff for NULL) and the bytes.
 */
#include "page_token.h"

#include "metadata.h"
#include "pgtype.h"

#include <string.h>

enum { TOKEN_VERSION = 1, TOKEN_HEAD = 9, ITEM_NULL = 0xffff };

/* FNV-1a, 64 bits: tells lists apart; no secret rests on it. */
static uint64_t hash_add(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

void page_fingerprint_init(struct page_fingerprint *f)
{
	f->hash = UINT64_C(0xcbf29ce484222325);
}

void page_fingerprint_add(struct page_fingerprint *f, const void *bytes, size_t len)
{
	uint8_t head[8];

	pg_put_u64(head, bytes ? (uint64_t)len : UINT64_MAX);
	f->hash = hash_add(f->hash, head, sizeof(head));
	if (bytes)
		f->hash = hash_add(f->hash, bytes, len);
}

const char *page_token_encode(const struct page_key *key, const struct page_fingerprint *f, struct arena *a)
{
	struct pg_bytes b = {.arena = a};
	uint8_t head[TOKEN_HEAD] = {TOKEN_VERSION}, len[2];
	size_t text_size;
	char *text;

	pg_bytes_append(&b, head, sizeof(head));
	for (size_t i = 0; i < key->count; i++) {
		if (key->len[i] >= ITEM_NULL)
			return NULL;
		pg_put_u16(len, key->item[i] ? (uint16_t)key->len[i] : ITEM_NULL);
		pg_bytes_append(&b, len, sizeof(len));
		if (key->item[i])
			pg_bytes_append(&b, key->item[i], key->len[i]);
	}
	text_size = (b.len + 2) / 3 * 4 + 1;
	if (b.failed || text_size > PAGE_TOKEN_MAX)
		return NULL;
	pg_put_u64(b.bytes + 1, hash_add(f->hash, b.bytes + TOKEN_HEAD, b.len - TOKEN_HEAD));
	text = arena_alloc(a, text_size);
	if (text)
		base64url_encode(b.bytes, b.len, text, text_size);
	return text;
}

/* Splits the bytes after the head into items; false when they do not end where they should. */
static bool split_items(const uint8_t *at, const uint8_t *end, struct page_key *key)
{
	key->count = 0;
	while (at < end) {
		uint16_t len;

		if (key->count == PAGE_KEY_MAX || end - at < 2)
			return false;
		len = pg_get_u16(at);
		at += 2;
		if (len == ITEM_NULL) {
			key->item[key->count] = NULL;
			key->len[key->count++] = 0;
			continue;
		}
		if (len > end - at)
			return false;
		key->item[key->count] = at;
		key->len[key->count++] = len;
		at += len;
	}
	return key->count > 0;
}

bool page_token_decode(const char *token, const struct page_fingerprint *f, struct arena *a, struct page_key *ret_key,
	struct error *err)
{
	size_t text_len = strnlen(token, PAGE_TOKEN_MAX), len = 0;
	struct page_key key;
	uint8_t *bytes;

	if (text_len == PAGE_TOKEN_MAX)
		goto foreign;
	bytes = arena_alloc(a, text_len + 1);
	if (!bytes)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the call needs more memory than it may have");
	if (!base64url_decode(token, text_len, bytes, text_len + 1, &len) || len < TOKEN_HEAD ||
		bytes[0] != TOKEN_VERSION)
		goto foreign;
	if (pg_get_u64(bytes + 1) != hash_add(f->hash, bytes + TOKEN_HEAD, len - TOKEN_HEAD))
		goto foreign;
	if (!split_items(bytes + TOKEN_HEAD, bytes + len, &key))
		goto foreign;
	*ret_key = key;
	return true;
foreign:
	return error_set(err, STATUS_INVALID_ARGUMENT, "page_token",
		"this token is not from this list with these filters; begin again without page_token");
}
