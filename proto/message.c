/*
 * message.c: walk protobuf-c messages by descriptor: find, read, set and append fields.
 *
 * Called by the database mapper, the JSON codec and the command's flags. Owns nothing:
 * what it makes lives in the caller's arena. message_unpack.c reads the wire,
 * enum_label.c knows the short labels.
 */
#include "message.h"

#include <string.h>

static const ProtobufCFieldDescriptor *field_by_bytes(const ProtobufCMessageDescriptor *d, const char *name, size_t len)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (strlen(d->fields[i].name) == len && memcmp(d->fields[i].name, name, len) == 0)
			return &d->fields[i];
	}
	return NULL;
}

bool field_path_find(const ProtobufCMessageDescriptor *root, const char *dotted, struct field_path *ret_path)
{
	const ProtobufCMessageDescriptor *d = root;
	struct field_path path = {0};

	for (;;) {
		size_t len = strcspn(dotted, ".");
		const ProtobufCFieldDescriptor *f;

		if (d == NULL || path.depth == FIELD_PATH_MAX)
			return false;
		f = field_by_bytes(d, dotted, len);
		if (f == NULL)
			return false;
		path.field[path.depth++] = f;
		if (dotted[len] == '\0')
			break;
		d = field_message(f);
		dotted += len + 1;
	}
	*ret_path = path;
	return true;
}

const ProtobufCFieldDescriptor *field_path_leaf(const struct field_path *path)
{
	return path->field[path->depth - 1];
}

bool field_is_repeated(const ProtobufCFieldDescriptor *f)
{
	return f->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool field_in_oneof(const ProtobufCFieldDescriptor *f)
{
	return (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* proto2 scalars: a has_ member beside the value. Only descriptor.proto has them. */
static bool field_has_flag(const ProtobufCFieldDescriptor *f)
{
	return f->label == PROTOBUF_C_LABEL_OPTIONAL && !field_in_oneof(f) && f->type != PROTOBUF_C_TYPE_STRING &&
	       f->type != PROTOBUF_C_TYPE_MESSAGE;
}

bool field_has_presence(const ProtobufCFieldDescriptor *f)
{
	if (field_is_repeated(f))
		return false;
	return f->type == PROTOBUF_C_TYPE_MESSAGE || field_in_oneof(f) || f->label != PROTOBUF_C_LABEL_NONE;
}

const ProtobufCMessageDescriptor *field_message(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
}

size_t field_value_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return sizeof(int32_t);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return sizeof(int64_t);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_FLOAT:
		return sizeof(float);
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(double);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	}
	return 0;
}

static const void *member(const ProtobufCMessage *m, size_t offset)
{
	return (const uint8_t *)m + offset;
}

static void *member_mutable(ProtobufCMessage *m, size_t offset)
{
	return (uint8_t *)m + offset;
}

/* The case of a oneof: protobuf-c stores it as an enum, an int. */
static uint32_t oneof_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	uint32_t set;

	memcpy(&set, member(m, f->quantifier_offset), sizeof(set));
	return set;
}

static bool value_is_zero(const ProtobufCFieldDescriptor *f, const void *value)
{
	static const uint8_t zeros[sizeof(uint64_t)];

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)value;

		return text == NULL || text == f->default_value || text[0] == '\0';
	}
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)value)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(ProtobufCMessage *const *)value == NULL;
	default:
		return memcmp(value, zeros, field_value_size(f)) == 0;
	}
}

bool message_has(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const void *value = member(m, f->offset);

	if (field_is_repeated(f))
		return message_count(m, f) > 0;
	if (field_in_oneof(f)) {
		if (oneof_case(m, f) != f->id)
			return false;
		return f->type != PROTOBUF_C_TYPE_MESSAGE || !value_is_zero(f, value);
	}
	if (field_has_flag(f))
		return *(const protobuf_c_boolean *)member(m, f->quantifier_offset) != 0;
	/* A proto2 string is set when it points to anything but the default. */
	if (f->type == PROTOBUF_C_TYPE_STRING && f->label != PROTOBUF_C_LABEL_NONE)
		return *(const char *const *)value != NULL && *(const char *const *)value != f->default_value;
	return !value_is_zero(f, value);
}

size_t message_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	size_t n;

	memcpy(&n, member(m, f->quantifier_offset), sizeof(n));
	return n;
}

const void *message_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i)
{
	const void *value = member(m, f->offset);

	if (field_is_repeated(f))
		return *(const uint8_t *const *)value + i * field_value_size(f);
	return value;
}

const ProtobufCMessage *message_parent(const ProtobufCMessage *m, const struct field_path *path)
{
	for (unsigned i = 0; i + 1 < path->depth; i++) {
		const ProtobufCFieldDescriptor *f = path->field[i];

		if (field_is_repeated(f) || !message_has(m, f))
			return NULL;
		m = *(const ProtobufCMessage *const *)message_value(m, f, 0);
	}
	return m;
}

ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *d, struct arena *a)
{
	ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);

	if (m != NULL)
		protobuf_c_message_init(d, m);
	return m;
}

ProtobufCMessage *message_make_parent(ProtobufCMessage *m, const struct field_path *path, struct arena *a)
{
	for (unsigned i = 0; i + 1 < path->depth; i++) {
		const ProtobufCFieldDescriptor *f = path->field[i];

		if (field_is_repeated(f))
			return NULL;
		if (!message_has(m, f)) {
			ProtobufCMessage *made = message_new(field_message(f), a);

			if (made == NULL)
				return NULL;
			message_set(m, f, &made);
		}
		m = *(ProtobufCMessage *const *)message_value(m, f, 0);
	}
	return m;
}

void message_set(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *value)
{
	memcpy(member_mutable(m, f->offset), value, field_value_size(f));
	if (field_in_oneof(f)) {
		uint32_t set = f->id;

		memcpy(member_mutable(m, f->quantifier_offset), &set, sizeof(set));
	} else if (field_has_flag(f)) {
		*(protobuf_c_boolean *)member_mutable(m, f->quantifier_offset) = 1;
	}
}

void message_clear(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (field_in_oneof(f)) {
		if (oneof_case(m, f) == f->id)
			memset(member_mutable(m, f->quantifier_offset), 0, sizeof(uint32_t));
		return;
	}
	if (field_is_repeated(f)) {
		memset(member_mutable(m, f->offset), 0, sizeof(void *));
		memset(member_mutable(m, f->quantifier_offset), 0, sizeof(size_t));
		return;
	}
	if (field_has_flag(f))
		memset(member_mutable(m, f->quantifier_offset), 0, sizeof(protobuf_c_boolean));
	/* A string's default is a pointer to "", never NULL in proto3. */
	if (f->type == PROTOBUF_C_TYPE_STRING)
		memcpy(member_mutable(m, f->offset), &f->default_value, sizeof(f->default_value));
	else
		memset(member_mutable(m, f->offset), 0, field_value_size(f));
}

bool message_append(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *value, struct arena *a)
{
	const size_t size = field_value_size(f);
	size_t n = message_count(m, f);
	uint8_t *array = *(uint8_t **)member_mutable(m, f->offset);

	/* The array is a talloc chunk of an arena, so talloc knows how much room it has. */
	if (array == NULL || talloc_get_size(array) / size <= n) {
		uint8_t *grown = arena_alloc_array(a, n < 4 ? 4 : n * 2, size);

		if (grown == NULL)
			return false;
		if (n > 0)
			memcpy(grown, array, n * size);
		array = grown;
		*(uint8_t **)member_mutable(m, f->offset) = array;
	}
	memcpy(array + n * size, value, size);
	n++;
	memcpy(member_mutable(m, f->quantifier_offset), &n, sizeof(n));
	return true;
}

size_t message_packed_size(const ProtobufCMessage *m)
{
	return protobuf_c_message_get_packed_size(m);
}

size_t message_pack(const ProtobufCMessage *m, uint8_t *out)
{
	return protobuf_c_message_pack(m, out);
}
