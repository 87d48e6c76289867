/*
 * message_json_scalar.c: numbers, enums, strings and bytes from JSON, with their ranges.
 *
 * Called by message_json_read.c only. What it makes lives in the caller's arena.
 */
#include "message_json_scalar.h"
#include "message.h"
#include "metadata.h"
#include "utf8.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 128, NUMBER_BYTES = 64, CHOICES_BYTES = 384 };

static size_t write_path(const struct place *at, char *out, size_t out_size)
{
	size_t len = at->up == NULL ? 0 : write_path(at->up, out, out_size);
	int n;

	if (at->name == NULL || len >= out_size)
		return len;
	if (at->indexed)
		n = snprintf(out + len, out_size - len, "%s%s[%zu]", len > 0 ? "." : "", at->name, at->index);
	else
		n = snprintf(out + len, out_size - len, "%s%s", len > 0 ? "." : "", at->name);
	return n < 0 ? len : len + (size_t)n;
}

bool json_refuse(const struct reader *r, const struct place *at, const char *sentence)
{
	char path[sizeof(r->err->field)] = "";

	write_path(at, path, sizeof(path));
	return error_set(
		r->err, STATUS_INVALID_ARGUMENT, path, "%s %s", path[0] == '\0' ? "the message" : path, sentence);
}

bool json_no_memory(const struct reader *r)
{
	return error_set(r->err, STATUS_RESOURCE_EXHAUSTED, NULL,
		"the message needs more than the %zu bytes of memory that it may take; send less at once",
		r->arena->limit);
}

/* Strict decimal: an optional minus and digits, nothing else. Magnitude and sign apart. */
static bool parse_decimal(const char *text, bool *ret_negative, uint64_t *ret_magnitude)
{
	bool negative = *text == '-';
	uint64_t v = 0;

	text += negative;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	}
	*ret_negative = negative;
	*ret_magnitude = v;
	return true;
}

/* A whole number from an integer, an integral real up to 2^53, or a decimal string. */
static bool whole_number(const json_t *json, bool *ret_negative, uint64_t *ret_magnitude)
{
	if (json_is_integer(json)) {
		json_int_t v = json_integer_value(json);

		*ret_negative = v < 0;
		*ret_magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
		return true;
	}
	if (json_is_real(json)) {
		double v = json_real_value(json);

		/* Beyond 2^53 a double no longer tells neighbours apart. */
		if (v < -9007199254740992.0 || v > 9007199254740992.0 || v != (double)(int64_t)v)
			return false;
		*ret_negative = v < 0;
		*ret_magnitude = (uint64_t)(v < 0 ? -v : v);
		return true;
	}
	if (json_is_string(json))
		return parse_decimal(json_string_value(json), ret_negative, ret_magnitude);
	return false;
}

static bool read_signed(const struct reader *r, const json_t *json, int64_t min, int64_t max, const struct place *at,
	int64_t *ret_value)
{
	char sentence[NUMBER_BYTES * 2];
	bool negative;
	uint64_t magnitude;

	if (!whole_number(json, &negative, &magnitude))
		return json_refuse(r, at, "must be a whole number");
	if (negative ? magnitude > 0 - (uint64_t)min : magnitude > (uint64_t)max) {
		snprintf(sentence, sizeof(sentence), "must be from %" PRId64 " to %" PRId64, min, max);
		return json_refuse(r, at, sentence);
	}
	*ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

static bool read_unsigned(
	const struct reader *r, const json_t *json, uint64_t max, const struct place *at, uint64_t *ret_value)
{
	char sentence[NUMBER_BYTES];
	bool negative;
	uint64_t magnitude;

	if (!whole_number(json, &negative, &magnitude))
		return json_refuse(r, at, "must be a whole number");
	if ((negative && magnitude > 0) || magnitude > max) {
		snprintf(sentence, sizeof(sentence), "must be from 0 to %" PRIu64, max);
		return json_refuse(r, at, sentence);
	}
	*ret_value = magnitude;
	return true;
}

static bool double_from_text(const char *text, double *ret_value)
{
	char *end;

	if (strcmp(text, "NaN") == 0) {
		*ret_value = NAN;
	} else if (strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0) {
		*ret_value = text[0] == '-' ? -INFINITY : INFINITY;
	} else {
		/* strtod also takes blanks, hexadecimal and "inf"; JSON does not. */
		if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
			return false;
		*ret_value = strtod(text, &end);
		return *end == '\0' && isfinite(*ret_value);
	}
	return true;
}

static bool read_double(
	const struct reader *r, const json_t *json, double max, const struct place *at, double *ret_value)
{
	double v;

	if (json_is_number(json))
		v = json_number_value(json);
	else if (!json_is_string(json) || !double_from_text(json_string_value(json), &v))
		return json_refuse(r, at, "must be a number");
	if (isfinite(v) && (v > max || v < -max))
		return json_refuse(r, at, "is out of range");
	*ret_value = v;
	return true;
}

static bool refuse_enum(const struct reader *r, const ProtobufCEnumDescriptor *e, const struct place *at)
{
	char sentence[CHOICES_BYTES] = "must be one of", label[NAME_BYTES];
	size_t len = strlen(sentence);

	for (unsigned i = 0; i < e->n_values; i++) {
		int n;

		if (!enum_label(e, e->values[i].value, label, sizeof(label)) || label[0] == '\0')
			continue;
		n = snprintf(
			sentence + len, sizeof(sentence) - len, "%s %s", sentence[len - 1] == 'f' ? "" : ",", label);
		if (n < 0 || (size_t)n >= sizeof(sentence) - len)
			break;
		len += (size_t)n;
	}
	return json_refuse(r, at, sentence);
}

static bool read_enum(const struct reader *r, const ProtobufCEnumDescriptor *e, const json_t *json,
	const struct place *at, int *ret_value)
{
	json_int_t number;

	if (json_is_string(json)) {
		if (enum_value(e, json_string_value(json), json_string_length(json), ret_value))
			return true;
		return refuse_enum(r, e, at);
	}
	/* A number that has no name passes, as on the wire: proto3 enums are open. */
	number = json_integer_value(json);
	if (!json_is_integer(json) || number < INT32_MIN || number > INT32_MAX)
		return refuse_enum(r, e, at);
	*ret_value = (int)number;
	return true;
}

static bool read_text(const struct reader *r, const json_t *json, const struct place *at, char **ret_text)
{
	enum text_fault fault;
	char *copy;

	if (!json_is_string(json))
		return json_refuse(r, at, "must be a string");
	fault = text_check((const uint8_t *)json_string_value(json), json_string_length(json), NULL);
	if (fault != TEXT_GOOD)
		return json_refuse(r, at, text_fault_sentence(fault));
	copy = arena_strndup(r->arena, json_string_value(json), json_string_length(json));
	if (copy == NULL)
		return json_no_memory(r);
	*ret_text = copy;
	return true;
}

static bool read_bytes(const struct reader *r, const json_t *json, const struct place *at, ProtobufCBinaryData *ret)
{
	const char *text = json_string_value(json);
	size_t len = json_string_length(json), size = len / 4 * 3 + 3, got;
	uint8_t *bytes;

	if (!json_is_string(json))
		return json_refuse(r, at, "must be a string in base64");
	bytes = arena_alloc(r->arena, size);
	if (bytes == NULL)
		return json_no_memory(r);
	if (!base64_decode(text, len, bytes, size, &got) && !base64url_decode(text, len, bytes, size, &got))
		return json_refuse(r, at, "must be a string in base64");
	*ret = (ProtobufCBinaryData){.len = got, .data = bytes};
	return true;
}

bool json_read_scalar(const struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *json,
	const struct place *at, union value *ret)
{
	int64_t i;
	uint64_t u;
	double d;

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return read_signed(r, json, INT32_MIN, INT32_MAX, at, &i) && (ret->i32 = (int32_t)i, true);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return read_unsigned(r, json, UINT32_MAX, at, &u) && (ret->u32 = (uint32_t)u, true);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return read_signed(r, json, INT64_MIN, INT64_MAX, at, &ret->i64);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return read_unsigned(r, json, UINT64_MAX, at, &ret->u64);
	case PROTOBUF_C_TYPE_FLOAT:
		return read_double(r, json, (double)FLT_MAX, at, &d) && (ret->f32 = (float)d, true);
	case PROTOBUF_C_TYPE_DOUBLE:
		return read_double(r, json, DBL_MAX, at, &ret->f64);
	case PROTOBUF_C_TYPE_BOOL:
		ret->boolean = json_is_true(json);
		return json_is_boolean(json) || json_refuse(r, at, "must be true or false");
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(r, f->descriptor, json, at, &ret->number);
	case PROTOBUF_C_TYPE_STRING:
		return read_text(r, json, at, &ret->text);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(r, json, at, &ret->bytes);
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return json_refuse(r, at, "has a type that JSON cannot carry");
}
