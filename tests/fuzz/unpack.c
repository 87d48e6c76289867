/*
 * unpack.c: fuzzes message_unpack over every request and reply of the catalog, and over a message of every type.
 *
 * First line: the message, see chosen.h. Then the bytes. What is accepted must be text throughout, stay within
 * the arena, and come back the same after packing.
 */
#include "chosen.h"
#include "message.h"
#include "message_json.h"
#include "target.h"
#include "utf8.h"

enum { MEMORY = 256 * 1024 };

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

static void check_message(const ProtobufCMessage *m, struct arena *a)
{
	json_t *json = message_to_json(m, JSON_PROTO);

	/* JSON has no words for a date out of range and for a mask of odd paths; replies have neither. */
	if (json)
		check_text(m);
	json_decref(json);
	check_round(m, a);
}

/* With less memory than it takes, it is refused. */
static void unpack_with(const ProtobufCMessageDescriptor *d, const struct input *in, size_t limit)
{
	struct error err = {.code = STATUS_OK};
	struct arena a;

	arena_init(&a, NULL, limit);
	expect(message_unpack(d, in->at, input_left(in), &a, &err) == NULL && err.code == STATUS_RESOURCE_EXHAUSTED);
	expect(a.used <= limit && a.exhausted);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const ProtobufCMessageDescriptor *d = chosen_message(&in, false);
	struct error err = {.code = STATUS_OK};
	ProtobufCMessage *m;
	struct arena a;
	size_t used;

	arena_init(&a, NULL, MEMORY);
	m = message_unpack(d, in.at, input_left(&in), &a, &err);
	used = a.used;
	expect(used <= MEMORY && talloc_total_size(a.mem) <= MEMORY);
	if (m == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT || err.code == STATUS_INTERNAL ||
			err.code == STATUS_RESOURCE_EXHAUSTED);
	} else {
		check_message(m, &a);
		unpack_with(d, &in, used / 8 * (size % 8));
	}
	arena_release(&a);
	return 0;
}
