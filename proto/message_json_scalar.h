/*
 * message_json_scalar.h: how the JSON reader reads one value that is not a message.
 *
 * Inner to message_json_read.c; everybody else asks message_json.h.
 */
#ifndef RADIOSHOP_MESSAGE_JSON_SCALAR_H
#define RADIOSHOP_MESSAGE_JSON_SCALAR_H

#include "arena.h"
#include "error.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/* Where the reader stands, from the leaf to the root; the links live on the stack. */
struct place {
	const struct place *up;
	const char *name;
	size_t index;
	bool indexed;
	unsigned depth;
};

struct reader {
	struct arena *arena;
	struct error *err;
};

/* One value of any type, as message_set and message_append take it. */
union value {
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	float f32;
	double f64;
	protobuf_c_boolean boolean;
	int number;
	char *text;
	ProtobufCBinaryData bytes;
	ProtobufCMessage *message;
};

/* Fails with INVALID_ARGUMENT on the place: "rows[3].tag <sentence>". Returns false. */
bool json_refuse(const struct reader *r, const struct place *at, const char *sentence);
/* Fails with RESOURCE_EXHAUSTED. Returns false. */
bool json_no_memory(const struct reader *r);
/* Reads a value of f's type, any type but a message. */
bool json_read_scalar(const struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *json,
	const struct place *at, union value *ret) MUST_CHECK;

#endif
