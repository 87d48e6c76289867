/*
 * value.c: one field's value as text for tables and csv. Called by the writers of output.h.
 * Owns nothing; texts belong to the caller's context.
 */
#include "output.h"

#include "fields.h"
#include "money.h"
#include "radioshop/v1/field.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_timestamp(const ProtobufCMessageDescriptor *d)
{
	return d != NULL && strcmp(d->name, "google.protobuf.Timestamp") == 0;
}

/* Seconds of a Timestamp, by descriptor: the generated header is proto/'s business. */
static time_t timestamp_seconds(const ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "seconds");

	return f != NULL ? (time_t) * (const int64_t *)message_value(m, f, 0) : 0;
}

static char *timestamp_text(TALLOC_CTX *ctx, const ProtobufCMessage *m, enum value_style style)
{
	time_t at = timestamp_seconds(m);
	char text[64];
	struct tm parts;
	size_t n;

	if (style == VALUE_PEOPLE)
		n = localtime_r(&at, &parts) != NULL ? strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts) : 0;
	else
		n = gmtime_r(&at, &parts) != NULL ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) : 0;
	return talloc_strndup(ctx, text, n);
}

/* The shortest decimal that reads back as the same number. */
static char *double_text(TALLOC_CTX *ctx, double value)
{
	char text[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) >= value && strtod(text, NULL) <= value)
			break;
	}
	return talloc_strdup(ctx, text);
}

/* What an empty field of a small message means to people. */
static const struct {
	const char *message, *field, *meaning;
} empties[] = {
	{"radioshop.v1.Grant", "agency", "(every agency)"},
};

static const char *meaning_of_empty(const ProtobufCMessageDescriptor *d, const char *field)
{
	for (size_t i = 0; i < sizeof empties / sizeof empties[0]; i++)
		if (strcmp(d->name, empties[i].message) == 0 && strcmp(field, empties[i].field) == 0)
			return empties[i].meaning;
	return NULL;
}

/* Fields that a program wants and a person does not. */
static bool is_for_programs(const ProtobufCMessageDescriptor *d, const char *field)
{
	return strcmp(d->name, "radioshop.v1.Reading") == 0 && strcmp(field, "limit") == 0;
}

/* The values of a small message, one after the other: "TX power 4.9 W". */
static char *message_text(TALLOC_CTX *ctx, const ProtobufCMessage *m, enum value_style style)
{
	char *text = talloc_strdup(ctx, "");

	if (is_timestamp(m->descriptor)) {
		talloc_free(text);
		return timestamp_text(ctx, m, style);
	}
	if (strcmp(m->descriptor->name, "radioshop.v1.FieldValue") == 0) {
		const Radioshop__V1__FieldValue *v = (const Radioshop__V1__FieldValue *)m;

		return talloc_asprintf_append(text, "%s=%s", v->name, v->value);
	}
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		char *value;

		if (field_is_repeated(f) || (style == VALUE_PEOPLE && is_for_programs(m->descriptor, f->name)))
			continue;
		if (message_has(m, f))
			value = value_text(text, m, f, 0, style);
		else if (meaning_of_empty(m->descriptor, f->name) != NULL)
			value = talloc_strdup(text, meaning_of_empty(m->descriptor, f->name));
		else
			continue;
		text = talloc_asprintf_append(text, "%s%s", *text != '\0' ? " " : "", value);
	}
	return text;
}

static char *scalar_text(TALLOC_CTX *ctx, const ProtobufCFieldDescriptor *f, const void *v, enum value_style style)
{
	char label[64], money[MONEY_TEXT];

	switch (f->type) {
	case PROTOBUF_C_TYPE_ENUM:
		if (!enum_label(f->descriptor, *(const int *)v, label, sizeof label))
			return talloc_asprintf(ctx, "%d", *(const int *)v);
		return talloc_strdup(ctx, label);
	case PROTOBUF_C_TYPE_BOOL:
		if (style == VALUE_PEOPLE)
			return talloc_strdup(ctx, *(const protobuf_c_boolean *)v ? "yes" : "no");
		return talloc_strdup(ctx, *(const protobuf_c_boolean *)v ? "true" : "false");
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		if (!field_is_money(f))
			return talloc_asprintf(ctx, "%" PRId64, *(const int64_t *)v);
		money_format(*(const int64_t *)v, money);
		return talloc_strdup(ctx, money);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return talloc_asprintf(ctx, "%" PRIu64, *(const uint64_t *)v);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return talloc_asprintf(ctx, "%" PRIu32, *(const uint32_t *)v);
	case PROTOBUF_C_TYPE_DOUBLE:
		return double_text(ctx, *(const double *)v);
	case PROTOBUF_C_TYPE_FLOAT:
		return double_text(ctx, (double)*(const float *)v);
	default:
		return talloc_asprintf(ctx, "%" PRId32, *(const int32_t *)v);
	}
}

char *value_text(
	TALLOC_CTX *ctx, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i, enum value_style style)
{
	const void *v = message_value(m, f, i);
	const char *string;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		string = *(const char *const *)v;
		return talloc_strdup(ctx, string != NULL ? string : "");
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_text(ctx, *(const ProtobufCMessage *const *)v, style);
	case PROTOBUF_C_TYPE_BYTES:
		return talloc_asprintf(ctx, "%zu bytes", ((const ProtobufCBinaryData *)v)->len);
	default:
		return scalar_text(ctx, f, v, style);
	}
}

char *column_text(TALLOC_CTX *ctx, const struct column *c, const ProtobufCMessage *m, enum value_style style)
{
	const ProtobufCFieldDescriptor *leaf = field_path_leaf(&c->path);
	const ProtobufCMessage *parent = message_parent(m, &c->path);
	char *text;

	if (parent == NULL)
		return talloc_strdup(ctx, "");
	if (c->field != NULL) {
		const char *value = field_value_of(parent, leaf, c->field);

		return talloc_strdup(ctx, value != NULL ? value : "");
	}
	if (!field_is_repeated(leaf)) {
		if (field_has_presence(leaf) && !message_has(parent, leaf))
			return talloc_strdup(ctx, "");
		return value_text(ctx, parent, leaf, 0, style);
	}
	text = talloc_strdup(ctx, "");
	for (size_t i = 0; i < message_count(parent, leaf); i++) {
		char *value = value_text(text, parent, leaf, i, style);

		text = talloc_asprintf_append(text, "%s%s", i > 0 ? ", " : "", value);
	}
	return text;
}
