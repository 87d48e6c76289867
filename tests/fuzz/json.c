/*
 * json.c: fuzzes message_from_json over every request of the catalog.
 *
 * The first byte chooses the method. What was read must survive both ways of writing it.
 */
#include "catalog.h"
#include "message.h"
#include "message_json.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
	if (!good)
		abort();
}

static void check_round(const ProtobufCMessage *m, enum json_style style)
{
	size_t len = message_packed_size(m), size;
	uint8_t *bytes = malloc(len + 1), *again;
	json_t *json = message_to_json(m, style);
	struct arena a;
	struct error err;
	ProtobufCMessage *back;

	expect(json != NULL && bytes != NULL);
	arena_init(&a, NULL, 4 * MEMORY);
	back = message_from_json(m->descriptor, json, &a, &err);
	expect(back != NULL);
	size = message_packed_size(back);
	expect(size == len);
	again = malloc(size + 1);
	expect(again != NULL);
	expect(message_pack(m, bytes) == len && message_pack(back, again) == size);
	expect(memcmp(bytes, again, len) == 0);
	arena_release(&a);
	json_decref(json);
	free(bytes);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct error err = {.code = STATUS_OK};
	const struct catalog_method *methods;
	ProtobufCMessage *m;
	size_t count;

	if (size == 0)
		return 0;
	catalog_init();
	methods = catalog_methods(&count);
	arena_init(&a, NULL, MEMORY);
	m = message_from_json_text(methods[data[0] % count].input, (const char *)data + 1, size - 1, &a, &err);
	if (m == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT || err.code == STATUS_RESOURCE_EXHAUSTED);
	} else {
		check_round(m, JSON_PROTO);
		check_round(m, JSON_FIELDS);
	}
	arena_release(&a);
	return 0;
}
