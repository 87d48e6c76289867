/*
 * unpack.c: fuzzes message_unpack over every request of the catalog.
 *
 * The first byte chooses the method. What is accepted must be text throughout, stay within
 * the arena, and come back the same after packing.
 */
#include "catalog.h"
#include "message.h"
#include "message_json.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool good)
{
	if (!good)
		abort();
}

static void check_text(const ProtobufCMessage *m)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		size_t n = field_is_repeated(f) ? message_count(m, f) : message_has(m, f);

		for (size_t k = 0; k < n; k++) {
			const void *value = message_value(m, f, k);

			if (f->type == PROTOBUF_C_TYPE_STRING) {
				const char *text = *(const char *const *)value;

				expect(text_check((const uint8_t *)text, strlen(text), NULL) == TEXT_GOOD);
			} else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
				check_text(*(const ProtobufCMessage *const *)value);
			}
		}
	}
}

static void check_round(const ProtobufCMessage *m, struct arena *a)
{
	size_t len = message_packed_size(m);
	uint8_t *bytes = malloc(len + 1), *again = malloc(len + 1);
	struct error err;
	ProtobufCMessage *copy;

	expect(bytes != NULL && again != NULL);
	expect(message_pack(m, bytes) == len);
	copy = message_unpack(m->descriptor, bytes, len, a, &err);
	if (copy != NULL) {
		expect(message_packed_size(copy) == len && message_pack(copy, again) == len);
		expect(memcmp(bytes, again, len) == 0);
	} else {
		expect(err.code == STATUS_RESOURCE_EXHAUSTED);
	}
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
	m = message_unpack(methods[data[0] % count].input, data + 1, size - 1, &a, &err);
	expect(a.used <= MEMORY);
	if (m == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT || err.code == STATUS_INTERNAL ||
			err.code == STATUS_RESOURCE_EXHAUSTED);
	} else {
		json_t *json = message_to_json(m, data[0] & 1 ? JSON_FIELDS : JSON_PROTO);

		expect(json != NULL);
		json_decref(json);
		check_text(m);
		check_round(m, &a);
	}
	arena_release(&a);
	return 0;
}
