/*
 * message_json_write.c: a message as JSON, by descriptor.
 *
 * Called by the command's output and by tests of the API. Owns the jansson values until
 * they are handed over; a failure on the way frees what was made.
 */
#include "duration.h"
#include "message.h"
#include "message_json.h"
#include "metadata.h"
#include "timestamp.h"

#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 16, NAME_BYTES = 128, LABEL_BYTES = 128 };

static json_t *write_message(const ProtobufCMessage *m, enum json_style style, unsigned depth);

bool json_field_name(const char *proto_name, char *out, size_t out_size)
{
	bool capital = false;
	size_t at = 0;

	for (const char *c = proto_name; *c != '\0'; c++) {
		if (*c == '_') {
			capital = true;
			continue;
		}
		if (at + 1 >= out_size)
			return false;
		out[at++] = capital && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		capital = false;
	}
	if (at >= out_size)
		return false;
	out[at] = '\0';
	return true;
}

/* JSON has no way to write these but as strings. */
static json_t *write_double(double v)
{
	if (isnan(v))
		return json_string("NaN");
	if (isinf(v))
		return json_string(v > 0 ? "Infinity" : "-Infinity");
	return json_real(v);
}

static json_t *write_int64(int64_t v, enum json_style style)
{
	char text[24];

	if (style == JSON_FIELDS)
		return json_integer(v);
	snprintf(text, sizeof(text), "%" PRId64, v);
	return json_string(text);
}

static json_t *write_uint64(uint64_t v, enum json_style style)
{
	char text[24];

	if (style == JSON_FIELDS && v <= INT64_MAX)
		return json_integer((json_int_t)v);
	snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

static json_t *write_enum(const ProtobufCEnumDescriptor *e, int value, enum json_style style)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(e, value);
	char label[LABEL_BYTES];

	/* A newer peer may send a value that this program does not know: its number is all there is. */
	if (v == NULL)
		return json_integer(value);
	if (style == JSON_FIELDS && enum_label(e, value, label, sizeof(label)))
		return json_string(label);
	return json_string(v->name);
}

static json_t *write_bytes(const ProtobufCBinaryData *b)
{
	json_t *json = NULL;
	size_t size, at;
	char *text;

	if (__builtin_mul_overflow(b->len / 3 + 1, 4, &size) || __builtin_add_overflow(size, 1, &size))
		return NULL;
	text = malloc(size);
	if (text != NULL) {
		at = base64_encode(b->data, b->len, text, size);
		while (at % 4 != 0)
			text[at++] = '=';
		json = json_stringn(text, at);
	}
	free(text);
	return json;
}

/* What the mapping has no text for: an error to programs, nothing to people. */
static json_t *write_unsayable(enum json_style style)
{
	return style == JSON_FIELDS ? json_null() : NULL;
}

static json_t *write_timestamp(const ProtobufCMessage *m, enum json_style style)
{
	const Google__Protobuf__Timestamp *t = (const Google__Protobuf__Timestamp *)m;
	char text[TIMESTAMP_TEXT];

	return timestamp_format(t->seconds, t->nanos, text) ? json_string(text) : write_unsayable(style);
}

static json_t *write_duration(const ProtobufCMessage *m, enum json_style style)
{
	const Google__Protobuf__Duration *d = (const Google__Protobuf__Duration *)m;
	char text[DURATION_TEXT];

	return duration_format(d->seconds, d->nanos, text) ? json_string(text) : write_unsayable(style);
}

/* camelCase must lead back to the same path: no capitals, and behind each underscore a small letter. */
static bool path_survives(const char *path)
{
	for (const char *c = path; *c != '\0'; c++) {
		if ((*c >= 'A' && *c <= 'Z') || (*c == '_' && !(c[1] >= 'a' && c[1] <= 'z')))
			return false;
	}
	return true;
}

/* Appends the piece to *text; frees and clears it when memory is short. */
static void append_path(char **text, size_t *len, const char *path, enum json_style style)
{
	size_t n = strlen(path), size;
	char *grown = NULL;

	if (*text != NULL && !__builtin_add_overflow(*len, n, &size) && !__builtin_add_overflow(size, 2, &size))
		grown = realloc(*text, size);
	if (grown == NULL) {
		free(*text);
		*text = NULL;
		return;
	}
	if (*len > 0)
		grown[(*len)++] = ',';
	if (style == JSON_PROTO) {
		if (json_field_name(path, grown + *len, n + 1))
			n = strlen(grown + *len);
	} else {
		memcpy(grown + *len, path, n);
	}
	*len += n;
	*text = grown;
}

static json_t *write_field_mask(const ProtobufCMessage *m, enum json_style style)
{
	const Google__Protobuf__FieldMask *mask = (const Google__Protobuf__FieldMask *)m;
	size_t len = 0;
	json_t *json;
	char *text;

	for (size_t i = 0; style == JSON_PROTO && i < mask->n_paths; i++) {
		if (!path_survives(mask->paths[i]))
			return write_unsayable(style);
	}
	text = malloc(1);
	for (size_t i = 0; i < mask->n_paths; i++)
		append_path(&text, &len, mask->paths[i], style);
	json = text == NULL ? NULL : json_stringn(text, len);
	free(text);
	return json;
}

static json_t *write_submessage(const ProtobufCMessage *m, enum json_style style, unsigned depth)
{
	if (m->descriptor == &google__protobuf__timestamp__descriptor)
		return write_timestamp(m, style);
	if (m->descriptor == &google__protobuf__duration__descriptor)
		return write_duration(m, style);
	if (m->descriptor == &google__protobuf__field_mask__descriptor)
		return write_field_mask(m, style);
	return write_message(m, style, depth + 1);
}

static json_t *write_value(const ProtobufCFieldDescriptor *f, const void *v, enum json_style style, unsigned depth)
{
	const char *text;

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)v);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(*(const uint32_t *)v);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return write_int64(*(const int64_t *)v, style);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return write_uint64(*(const uint64_t *)v, style);
	case PROTOBUF_C_TYPE_FLOAT:
		return write_double((double)*(const float *)v);
	case PROTOBUF_C_TYPE_DOUBLE:
		return write_double(*(const double *)v);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)v);
	case PROTOBUF_C_TYPE_ENUM:
		return write_enum(f->descriptor, *(const int *)v, style);
	case PROTOBUF_C_TYPE_STRING:
		text = *(const char *const *)v;
		return json_string(text == NULL ? "" : text);
	case PROTOBUF_C_TYPE_BYTES:
		return write_bytes(v);
	case PROTOBUF_C_TYPE_MESSAGE:
		return write_submessage(*(const ProtobufCMessage *const *)v, style, depth);
	}
	return NULL;
}

static json_t *write_repeated(
	const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, enum json_style style, unsigned depth)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < message_count(m, f); i++) {
		/* json_array_append_new takes the reference, and refuses NULL. */
		if (json_array_append_new(array, write_value(f, message_value(m, f, i), style, depth)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *write_message(const ProtobufCMessage *m, enum json_style style, unsigned depth)
{
	json_t *object = depth > NESTING_MAX ? NULL : json_object();

	for (unsigned i = 0; object != NULL && i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		char name[NAME_BYTES];
		json_t *value;

		if (!message_has(m, f) && (style == JSON_PROTO || field_has_presence(f)))
			continue;
		if (field_is_repeated(f))
			value = write_repeated(m, f, style, depth);
		else
			value = write_value(f, message_value(m, f, 0), style, depth);
		if (style == JSON_FIELDS || !json_field_name(f->name, name, sizeof(name)))
			snprintf(name, sizeof(name), "%s", f->name);
		if (json_object_set_new(object, name, value) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *message_to_json(const ProtobufCMessage *m, enum json_style style)
{
	return write_submessage(m, style, 0);
}
