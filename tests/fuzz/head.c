/*
 * head.c: any fields as the headers of a request: a verdict, and nothing of a refused one is used; and what of them is
 * a handler's metadata, which comes out as it was when it is set in a reply.
 *
 * Lines "name: value".
 */
#include "head.h"
#include "custom_metadata.h"
#include "target.h"

enum { MEMORY = 64 * 1024, REPLY_MAX = 8 * 1024 };

/* Metadata of a request, said again in the reply. */
static void metadata(struct arena *a, const char *name, size_t name_len, const char *value, size_t value_len)
{
	struct metadata_list got = {0}, set = {0}, again = {0};
	struct error err = {.code = STATUS_OK};

	if (!metadata_receive(&got, a, name, name_len, value, value_len, &err)) {
		expect(err.code == STATUS_INTERNAL || err.code == STATUS_RESOURCE_EXHAUSTED);
		return;
	}
	for (const struct metadata_field *f = got.first; f; f = f->next) {
		if (!metadata_set(&set, a, REPLY_MAX, f->name, f->value, f->len, &err)) {
			expect(err.code == STATUS_INTERNAL || err.code == STATUS_RESOURCE_EXHAUSTED);
			continue;
		}
		again = (struct metadata_list){0};
		expect(metadata_receive(&again, a, set.last->name, strlen(set.last->name), set.last->value,
			       set.last->len, &err) ||
			a->exhausted);
		expect(a->exhausted || (again.count == 1 && again.first->len == f->len &&
					       memcmp(again.first->value, f->value, f->len) == 0));
	}
	expect(set.bytes <= REPLY_MAX && set.count <= METADATA_FIELDS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct error err = {.code = STATUS_OK};
	struct head h = {0};
	struct arena a;
	size_t bytes = 0;
	int http = 0;

	arena_init(&a, NULL, MEMORY);
	while (input_left(&in) > 0) {
		size_t len, name_len;
		const char *line = take_until(&in, '\n', &len);
		/* A pseudo header begins with a colon. */
		const char *colon = len > 1 ? memchr(line + 1, ':', len - 1) : NULL;
		const char *value = colon ? colon + 1 : line + len;

		name_len = colon ? (size_t)(colon - line) : len;
		if (value < line + len && *value == ' ')
			value++;
		head_field(&h, line, name_len, value, (size_t)(line + len - value));
		metadata(&a, line, name_len, value, (size_t)(line + len - value));
		bytes += name_len + (size_t)(line + len - value) + 32;
	}
	arena_release(&a);
	expect(h.bytes == bytes);
	expect(strlen(h.path) < HEAD_PATH_MAX && strlen(h.path) <= h.path_len);
	expect(head_timeout_ms(&h) >= 0);
	if (head_check(&h, &http, &err))
		expect((h.content_type || h.verb == VERB_GET) && http == 0 && err.code == STATUS_OK && !h.foreign);
	else
		expect(err.code != STATUS_OK && err.text[0] && (http == 0 || (http >= 400 && http < 600)));
	head_release(&h);
	return 0;
}
