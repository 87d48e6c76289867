/*
 * fuzz/page_token.c: page tokens as a client might make them up. One that is accepted must be one that we make.
 */
#include "page_token.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_fingerprint f = {.hash = size > 0 ? data[0] : 0};
	struct page_key key, back;
	struct arena arena;
	struct error err;
	const char *again;
	char *token;

	arena_init(&arena, NULL, 1 << 20);
	token = arena_strndup(&arena, (const char *)data, size);
	if (token && page_token_decode(token, &f, &arena, &key, &err)) {
		again = page_token_encode(&key, &f, &arena);
		if (!again || !page_token_decode(again, &f, &arena, &back, &err) || back.count != key.count)
			abort();
	}
	/* And the other way: any bytes as a key come back as they were. */
	key = (struct page_key){.count = 2, .item = {data, NULL}, .len = {size, 0}};
	again = page_token_encode(&key, &f, &arena);
	if (again && (!page_token_decode(again, &f, &arena, &back, &err) || back.count != 2 || back.len[0] != size ||
			     back.item[1] || (size > 0 && memcmp(back.item[0], data, size) != 0)))
		abort();
	arena_release(&arena);
	return 0;
}
