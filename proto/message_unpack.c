/*
 * message_unpack.c: bytes of a peer into a message, and what protobuf-c does not check on the way.
 *
 * Called by the daemon's call for requests and by the command's channel for replies.
 * The wire is walked once, guided by the descriptors, before protobuf-c sees it: protobuf-c
 * cuts strings at NUL, passes bad UTF-8, and follows nesting until the stack is gone.
 * Owns nothing; the message lives in the caller's arena.
 */
#include "message.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NESTING_MAX = 16, UNKNOWN_MAX = 64 };

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5 };

/* One message on the way down to the byte that is being read. */
struct level {
	const ProtobufCFieldDescriptor *field; /* the field that is being read at this level */
	const uint8_t *begin, *at, *end;       /* its bytes; at is where the field's tag stands */
};

struct walk {
	struct level level[NESTING_MAX];
	unsigned depth; /* levels in use */
	unsigned unknown;
	struct error *err;
};

/* One field on the wire. */
struct wire_field {
	uint32_t id;
	unsigned type;
	const uint8_t *bytes; /* of a length-delimited field */
	size_t len;
};

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= shift < 64 ? (uint64_t)(byte & 0x7F) << shift : 0;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool skip_bytes(const uint8_t **at, const uint8_t *end, uint64_t len)
{
	if (len > (uint64_t)(end - *at))
		return false;
	*at += len;
	return true;
}

/* Reads the field at *at and steps over it; false when the bytes are no field. */
static bool read_field(const uint8_t **at, const uint8_t *end, struct wire_field *ret_field)
{
	const uint8_t *tag_at = *at;
	uint64_t tag, value;

	if (!read_varint(at, end, &tag) || *at - tag_at > 5 || tag > UINT32_MAX || tag >> 3 == 0)
		return false;
	*ret_field = (struct wire_field){.id = (uint32_t)(tag >> 3), .type = tag & 7};
	switch (ret_field->type) {
	case WIRE_VARINT:
		return read_varint(at, end, &value);
	case WIRE_64BIT:
		return skip_bytes(at, end, 8);
	case WIRE_32BIT:
		return skip_bytes(at, end, 4);
	case WIRE_BYTES:
		if (!read_varint(at, end, &value))
			return false;
		ret_field->bytes = *at;
		if (!skip_bytes(at, end, value))
			return false;
		ret_field->len = (size_t)value;
		return true;
	default: /* groups are not proto3 */
		return false;
	}
}

/* How many times the level's field came before the one being read: the index in the path. */
static size_t index_at(const struct level *l)
{
	const uint8_t *at = l->begin;
	struct wire_field w;
	size_t n = 0;

	while (at < l->at && read_field(&at, l->end, &w))
		n += w.id == l->field->id;
	return n;
}

/* Writes rows[3].tag; cut to fit. */
static void write_path(const struct walk *w, char *out, size_t out_size)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < w->depth && w->level[i].field != NULL && at < out_size; i++) {
		const ProtobufCFieldDescriptor *f = w->level[i].field;
		int n = snprintf(out + at, out_size - at, "%s%s", i > 0 ? "." : "", f->name);

		at += n > 0 ? (size_t)n : 0;
		if (field_is_repeated(f) && at < out_size) {
			n = snprintf(out + at, out_size - at, "[%zu]", index_at(&w->level[i]));
			at += n > 0 ? (size_t)n : 0;
		}
	}
}

static bool refuse(const struct walk *w, const char *sentence)
{
	char path[sizeof(w->err->field)];

	write_path(w, path, sizeof(path));
	return error_set(w->err, STATUS_INVALID_ARGUMENT, path, "%s %s", path, sentence);
}

static bool no_message(const struct walk *w, const ProtobufCMessageDescriptor *d)
{
	return error_set(w->err, STATUS_INTERNAL, NULL, "the bytes are not a %s message", d->name);
}

static unsigned wire_type_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	default:
		return WIRE_VARINT;
	}
}

/* Numbers of a repeated field may come packed, whatever the declaration says. */
static bool wire_type_fits(const ProtobufCFieldDescriptor *f, unsigned type)
{
	return type == wire_type_of(f) || (type == WIRE_BYTES && field_is_repeated(f));
}

static bool check_message(struct walk *w, const ProtobufCMessageDescriptor *d, const uint8_t *bytes, size_t len);

static bool check_field(struct walk *w, const ProtobufCFieldDescriptor *f, const struct wire_field *field)
{
	enum text_fault fault;

	if (!wire_type_fits(f, field->type))
		return refuse(w, "has another type on the wire; the client's and the daemon's proto files differ");
	if (f->type == PROTOBUF_C_TYPE_STRING) {
		fault = text_check(field->bytes, field->len, NULL);
		if (fault != TEXT_GOOD)
			return refuse(w, text_fault_sentence(fault));
	} else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		if (w->depth == NESTING_MAX)
			return refuse(w, "is nested too deep");
		return check_message(w, f->descriptor, field->bytes, field->len);
	}
	return true;
}

static bool check_message(struct walk *w, const ProtobufCMessageDescriptor *d, const uint8_t *bytes, size_t len)
{
	struct level *l = &w->level[w->depth++];
	const uint8_t *at = bytes;

	*l = (struct level){.begin = bytes, .end = bytes + len};
	while (at < l->end) {
		struct wire_field field;

		l->at = at;
		if (!read_field(&at, l->end, &field))
			return no_message(w, d);
		l->field = protobuf_c_message_descriptor_get_field(d, field.id);
		if (l->field != NULL) {
			if (!check_field(w, l->field, &field))
				return false;
		} else if (++w->unknown > UNKNOWN_MAX) {
			return error_set(w->err, STATUS_INVALID_ARGUMENT, NULL,
				"the message has more than %d fields that a %s does not know", UNKNOWN_MAX, d->name);
		}
	}
	w->depth--;
	return true;
}

ProtobufCMessage *message_unpack(
	const ProtobufCMessageDescriptor *d, const uint8_t *bytes, size_t len, struct arena *a, struct error *err)
{
	static const uint8_t nothing;
	struct walk w = {.err = err};
	ProtobufCMessage *m;

	if (len == 0)
		bytes = &nothing; /* an empty message may come without a buffer */
	if (!check_message(&w, d, bytes, len))
		return NULL;
	m = protobuf_c_message_unpack(d, &a->allocator, len, bytes);
	if (m == NULL && a->exhausted)
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the message needs more than the %zu bytes of memory that one call may take; send less at once",
			a->limit);
	else if (m == NULL)
		(void)no_message(&w, d);
	return m;
}
