/*
 * json.c: fuzzes message_from_json over every message of the catalog, and over one of every type.
 *
 * First line: the message, see chosen.h. Then the text. What was read must survive both ways of writing it.
 */
#include "chosen.h"
#include "message.h"
#include "message_json.h"
#include "target.h"

enum { MEMORY = 256 * 1024 };

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

/* With less memory than it takes, it is refused. */
static void read_with(const ProtobufCMessageDescriptor *d, const struct input *in, size_t limit)
{
	struct error err = {.code = STATUS_OK};
	struct arena a;

	arena_init(&a, NULL, limit);
	expect(message_from_json_text(d, (const char *)in->at, input_left(in), &a, &err) == NULL);
	expect(err.code == STATUS_RESOURCE_EXHAUSTED && a.exhausted);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const ProtobufCMessageDescriptor *d = chosen_message(&in, false);
	struct error err = {.code = STATUS_OK};
	ProtobufCMessage *m;
	struct arena a;

	arena_init(&a, NULL, MEMORY);
	m = message_from_json_text(d, (const char *)in.at, input_left(&in), &a, &err);
	if (m == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT || err.code == STATUS_RESOURCE_EXHAUSTED);
	} else {
		check_round(m, JSON_PROTO);
		check_round(m, JSON_FIELDS);
		read_with(d, &in, a.used / 8 * (size % 8));
	}
	arena_release(&a);
	return 0;
}
