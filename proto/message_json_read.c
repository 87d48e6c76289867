/*
 * message_json_read.c: JSON into a message, by descriptor.
 *
 * Called for requests in JSON, for files and flags of the command and for json columns of the
 * database. What it makes lives in the caller's arena. Every refusal names the path: rows[3].tag.
 */
#include "duration.h"
#include "json_budget.h"
#include "message.h"
#include "message_json.h"
#include "message_json_scalar.h"
#include "timestamp.h"
#include "utf8.h"

#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

#include <stdio.h>
#include <string.h>

enum { NESTING_MAX = 16, NAME_BYTES = 128 };

static bool read_object(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at);

static bool read_timestamp(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at)
{
	Google__Protobuf__Timestamp *t = (Google__Protobuf__Timestamp *)m;

	if (!json_is_string(json) ||
		!timestamp_parse(json_string_value(json), json_string_length(json), &t->seconds, &t->nanos))
		return json_refuse(r, at, "must be a time such as 2026-01-31T12:00:00Z");
	return true;
}

static bool read_duration(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at)
{
	Google__Protobuf__Duration *d = (Google__Protobuf__Duration *)m;

	if (!json_is_string(json) ||
		!duration_parse(json_string_value(json), json_string_length(json), &d->seconds, &d->nanos))
		return json_refuse(r, at, "must be seconds such as 1.500s");
	return true;
}

/* costCents becomes cost_cents; a name that is snake_case already stays. */
static char *mask_path(struct arena *a, const char *text, size_t len)
{
	char *path = arena_alloc(a, len * 2 + 1);
	size_t at = 0;

	for (size_t i = 0; path != NULL && i < len; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z') {
			path[at++] = '_';
			path[at++] = (char)(text[i] - 'A' + 'a');
		} else {
			path[at++] = text[i];
		}
	}
	return path;
}

/* An underscore that no small letter follows would not survive camelCase. */
static bool mask_path_is_good(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '_' && (i + 1 == len || text[i + 1] < 'a' || text[i + 1] > 'z'))
			return false;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			    c == '.'))
			return false;
	}
	return len > 0;
}

static bool read_field_mask(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at)
{
	const ProtobufCFieldDescriptor *paths = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "paths");
	const char *text = json_string_value(json);

	if (text == NULL)
		return json_refuse(r, at, "must be field names with commas between them");
	message_clear(m, paths);
	while (*text != '\0') {
		size_t len = strcspn(text, ",");
		char *path;

		if (!mask_path_is_good(text, len) || (text[len] == ',' && text[len + 1] == '\0'))
			return json_refuse(r, at, "must be field names with commas between them");
		path = mask_path(r->arena, text, len);
		if (path == NULL || !message_append(m, paths, &path, r->arena))
			return json_no_memory(r);
		text += len + (text[len] == ',');
	}
	return true;
}

static bool read_message(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at)
{
	if (m->descriptor == &google__protobuf__timestamp__descriptor)
		return read_timestamp(r, m, json, at);
	if (m->descriptor == &google__protobuf__duration__descriptor)
		return read_duration(r, m, json, at);
	if (m->descriptor == &google__protobuf__field_mask__descriptor)
		return read_field_mask(r, m, json, at);
	return read_object(r, m, json, at);
}

static bool read_new_message(const struct reader *r, const ProtobufCMessageDescriptor *d, const json_t *json,
	const struct place *at, ProtobufCMessage **ret_message)
{
	ProtobufCMessage *m = message_new(d, r->arena);

	if (m == NULL)
		return json_no_memory(r);
	if (!read_message(r, m, json, at))
		return false;
	*ret_message = m;
	return true;
}

static bool read_value(const struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *json,
	const struct place *at, union value *ret)
{
	/* Here, once for all kinds of text, since most of what follows ends a string at NUL. */
	if (json_is_string(json) && strlen(json_string_value(json)) != json_string_length(json))
		return json_refuse(r, at, text_fault_sentence(TEXT_NUL));
	if (field_message(f) != NULL)
		return read_new_message(r, field_message(f), json, at, &ret->message);
	return json_read_scalar(r, f, json, at, ret);
}

static bool read_repeated(const struct reader *r, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
	const json_t *json, struct place *at)
{
	if (!json_is_array(json))
		return json_refuse(r, at, "must be a list");
	message_clear(m, f);
	at->indexed = true;
	for (at->index = 0; at->index < json_array_size(json); at->index++) {
		union value v = {0};

		if (!read_value(r, f, json_array_get(json, at->index), at, &v))
			return false;
		if (!message_append(m, f, &v, r->arena))
			return json_no_memory(r);
	}
	return true;
}

static bool read_field(const struct reader *r, ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
	const json_t *json, struct place *at)
{
	union value v = {0};

	if (json_is_null(json)) {
		message_clear(m, f);
		return true;
	}
	if (field_is_repeated(f))
		return read_repeated(r, m, f, json, at);
	if (field_message(f) != NULL && message_has(m, f))
		return read_message(r, *(ProtobufCMessage *const *)message_value(m, f, 0), json, at);
	if (!read_value(r, f, json, at, &v))
		return false;
	message_set(m, f, &v);
	return true;
}

/* The member of the object that means f, under either spelling; *ret_spellings counts them. */
static const json_t *find_member(const json_t *object, const ProtobufCFieldDescriptor *f, unsigned *ret_spellings)
{
	const json_t *proto = json_object_get(object, f->name), *camel = NULL;
	char name[NAME_BYTES];

	if (json_field_name(f->name, name, sizeof(name)) && strcmp(name, f->name) != 0)
		camel = json_object_get(object, name);
	*ret_spellings = (proto != NULL ? 1u : 0u) + (camel != NULL ? 1u : 0u);
	return proto != NULL ? proto : camel;
}

/* Whether the object gives another member of f's oneof too. */
static bool has_rival(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, const json_t *object)
{
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return false;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *g = &d->fields[i];
		const json_t *member;
		unsigned spellings;

		if (g == f || (g->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
			g->quantifier_offset != f->quantifier_offset)
			continue;
		member = find_member(object, g, &spellings);
		if (member != NULL && !json_is_null(member))
			return true;
	}
	return false;
}

/* The object has a member that is no field: finds and names it. */
static bool refuse_unknown(
	const struct reader *r, const ProtobufCMessageDescriptor *d, const json_t *json, struct place *inner)
{
	/* jansson iterates non-const objects only, but does not change them. */
	json_t *object = (json_t *)(uintptr_t)json;
	char sentence[NAME_BYTES * 2];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		bool known = false;

		for (unsigned i = 0; i < d->n_fields && !known; i++) {
			char name[NAME_BYTES];

			known = strcmp(key, d->fields[i].name) == 0 ||
				(json_field_name(d->fields[i].name, name, sizeof(name)) && strcmp(key, name) == 0);
		}
		if (!known) {
			inner->name = key;
			snprintf(sentence, sizeof(sentence), "is not a field of %s", d->short_name);
			return json_refuse(r, inner, sentence);
		}
	}
	return json_refuse(r, inner->up, "has unknown fields");
}

static bool read_object(const struct reader *r, ProtobufCMessage *m, const json_t *json, const struct place *at)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	size_t known = 0;

	if (!json_is_object(json))
		return json_refuse(r, at, "must be a JSON object");
	if (at->depth == NESTING_MAX)
		return json_refuse(r, at, "is nested too deep");
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		struct place inner = {.up = at, .name = f->name, .depth = at->depth + 1};
		unsigned spellings;
		const json_t *member = find_member(json, f, &spellings);

		if (member == NULL)
			continue;
		if (spellings > 1)
			return json_refuse(r, &inner, "is given twice");
		if (!json_is_null(member) && has_rival(d, f, json))
			return json_refuse(r, &inner, "excludes another field that is given too");
		if (!read_field(r, m, f, member, &inner))
			return false;
		known++;
	}
	if (known < json_object_size(json)) {
		struct place inner = {.up = at, .depth = at->depth + 1};

		return refuse_unknown(r, d, json, &inner);
	}
	return true;
}

bool message_merge_json(ProtobufCMessage *m, const json_t *json, struct arena *a, struct error *err)
{
	const struct reader r = {a, err};
	const struct place root = {0};

	return read_message(&r, m, json, &root);
}

ProtobufCMessage *message_from_json(
	const ProtobufCMessageDescriptor *d, const json_t *json, struct arena *a, struct error *err)
{
	const struct reader r = {a, err};
	const struct place root = {0};
	ProtobufCMessage *m = NULL;

	return read_new_message(&r, d, json, &root, &m) ? m : NULL;
}

static void refuse_text(const json_error_t *at, struct error *err)
{
	bool range = json_error_code(at) == json_error_numeric_overflow;

	error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s: line %d, column %d: %s",
		range ? "a number is out of every range" : "this is not JSON", at->line, at->column, at->text);
}

ProtobufCMessage *message_from_json_text(
	const ProtobufCMessageDescriptor *d, const char *text, size_t len, struct arena *a, struct error *err)
{
	const struct reader r = {a, err};
	ProtobufCMessage *m = NULL;
	json_error_t at;
	bool exceeded;
	json_t *json;

	json = json_budget_load(text, len, a->limit, &at, &exceeded);
	if (exceeded) {
		a->exhausted = true;
		(void)json_no_memory(&r);
	} else if (json == NULL) {
		refuse_text(&at, err);
	} else {
		m = message_from_json(d, json, a, err);
	}
	json_decref(json);
	json_budget_release();
	return m;
}
