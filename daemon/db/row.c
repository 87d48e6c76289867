/*
 * row.c: rows → reply messages, by the statement's plan.
 *
 * transaction.c calls it with the result of a statement. Messages lie in the call's arena, which bounds
 * them; owns nothing else. Column types are looked up in the result, since a statement that was
 * prepared again after a migration may return wider ones.
 */
#include "row.h"

#include "log.h"
#include "message_json.h"
#include "pgtype.h"

#include <stdio.h>
#include <string.h>

/* One column of one row. */
struct cell {
	const uint8_t *bytes;
	size_t len;
	uint32_t type;
	bool null;
};

static struct cell cell_at(const PGresult *result, int row, int column)
{
	struct cell c = {.type = PQftype(result, column), .null = PQgetisnull(result, row, column) != 0};

	c.bytes = (const uint8_t *)PQgetvalue(result, row, column);
	c.len = (size_t)PQgetlength(result, row, column);
	return c;
}

static bool no_memory(struct error *err)
{
	return error_set(
		err, STATUS_RESOURCE_EXHAUSTED, NULL, "the answer is larger than a call may be; ask for fewer rows");
}

static bool malformed(const struct statement *s, const char *column, struct error *err)
{
	return error_set(
		err, STATUS_INTERNAL, NULL, "sql/%s.sql: the value of %s is not what its type says", s->name, column);
}

static bool string_from(const struct cell *c, struct arena *a, char **ret, bool *ret_valid)
{
	static const char hex[] = "0123456789abcdef";
	char text[37];
	size_t len = 0;

	*ret_valid = true;
	if (c->type == PGTYPE_UUID && c->len == 16) {
		for (size_t i = 0; i < 16; i++) {
			if (i == 4 || i == 6 || i == 8 || i == 10)
				text[len++] = '-';
			text[len++] = hex[c->bytes[i] >> 4];
			text[len++] = hex[c->bytes[i] & 15];
		}
		*ret = arena_strndup(a, text, len);
	} else if (c->type == PGTYPE_DATE) {
		if (c->len != 4 || !pg_date_format((int32_t)pg_get_u32(c->bytes), text)) {
			*ret_valid = false;
			return false;
		}
		*ret = arena_strndup(a, text, 10);
	} else {
		*ret = arena_strndup(a, (const char *)c->bytes, c->len);
	}
	return *ret != NULL;
}

/* Any integer type; false when the length is another. */
static bool integer_from(const struct cell *c, int64_t *ret)
{
	if (c->type == PGTYPE_INT2 && c->len == 2)
		*ret = (int16_t)pg_get_u16(c->bytes);
	else if (c->type == PGTYPE_INT4 && c->len == 4)
		*ret = (int32_t)pg_get_u32(c->bytes);
	else if (c->type == PGTYPE_INT8 && c->len == 8)
		*ret = (int64_t)pg_get_u64(c->bytes);
	else
		return false;
	return true;
}

static bool set_timestamp(
	ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const struct cell *c, struct arena *a, bool *ret_valid)
{
	const ProtobufCMessageDescriptor *d = field_message(f);
	ProtobufCMessage *stamp;
	int64_t seconds;
	int32_t nanos;

	*ret_valid = c->len == 8 && pg_timestamp_to_unix((int64_t)pg_get_u64(c->bytes), &seconds, &nanos);
	if (!*ret_valid)
		return false;
	stamp = message_new(d, a);
	if (!stamp)
		return false;
	message_set(stamp, protobuf_c_message_descriptor_get_field_by_name(d, "seconds"), &seconds);
	message_set(stamp, protobuf_c_message_descriptor_get_field_by_name(d, "nanos"), &nanos);
	message_set(m, f, &stamp);
	return true;
}

/* text[] → repeated string or enum. */
static bool set_array(
	ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const struct cell *c, struct arena *a, bool *ret_valid)
{
	struct pg_array array;
	const uint8_t *bytes;
	size_t len;

	*ret_valid = false;
	if (!pg_array_open(&array, PGTYPE_TEXT, c->bytes, c->len))
		return false;
	while (array.count > 0) {
		int number;
		char *text;

		if (!pg_array_next(&array, &bytes, &len) || !bytes)
			return false;
		if (f->type == PROTOBUF_C_TYPE_ENUM) {
			if (!enum_value(f->descriptor, (const char *)bytes, len, &number))
				return false;
			if (!message_append(m, f, &number, a))
				goto exhausted;
			continue;
		}
		text = arena_strndup(a, (const char *)bytes, len);
		if (!text || !message_append(m, f, &text, a))
			goto exhausted;
	}
	*ret_valid = true;
	return true;
exhausted:
	*ret_valid = true;
	return false;
}

/* One JSON value as a message of the field's type, set or appended. */
static bool put_json(
	ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const json_t *json, struct arena *a, struct error *err)
{
	ProtobufCMessage *child = message_from_json(field_message(f), json, a, err);

	if (!child)
		return false;
	if (!field_is_repeated(f)) {
		message_set(m, f, &child);
		return true;
	}
	return message_append(m, f, &child, a) || no_memory(err);
}

static bool set_json(const struct statement *s, ProtobufCMessage *m, const struct plan_column *column,
	const struct cell *c, struct arena *a, struct error *err)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&column->path);
	size_t skip = c->type == PGTYPE_JSONB ? 1 : 0; /* jsonb begins with its version */
	json_t *json, *element;
	struct error fault;
	size_t i;
	bool good = true;

	if (c->len < skip || (skip && c->bytes[0] != 1))
		return malformed(s, column->name, err);
	json = json_loadb((const char *)c->bytes + skip, c->len - skip, JSON_DECODE_ANY, NULL);
	if (!json)
		return malformed(s, column->name, err);
	if (field_is_repeated(f) && json_is_array(json)) {
		json_array_foreach(json, i, element)
		{
			good = put_json(m, f, element, a, &fault);
			if (!good)
				break;
		}
	} else if (!json_is_null(json)) {
		good = !field_is_repeated(f) && put_json(m, f, json, a, &fault);
		if (field_is_repeated(f))
			error_set(&fault, STATUS_INTERNAL, NULL, "it is no array");
	}
	json_decref(json);
	if (good)
		return true;
	if (a->exhausted)
		return no_memory(err);
	return error_set(err, STATUS_INTERNAL, NULL, "sql/%s.sql: the column %s: %s %s", s->name, column->name,
		fault.field, fault.text);
}

/* Sets the field from a cell that is not NULL and whose type fits. False: invalid, or the arena is exhausted. */
static bool set_scalar(
	ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const struct cell *c, struct arena *a, bool *ret_valid)
{
	int64_t wide;
	int32_t narrow;
	int number;
	char *text;
	double real;
	protobuf_c_boolean flag;
	ProtobufCBinaryData data;

	*ret_valid = false;
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		if (!string_from(c, a, &text, ret_valid))
			return false;
		message_set(m, f, &text);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		if (!enum_value(f->descriptor, (const char *)c->bytes, c->len, &number))
			return false;
		message_set(m, f, &number);
		break;
	case PROTOBUF_C_TYPE_INT32:
		if (!integer_from(c, &wide))
			return false;
		narrow = (int32_t)wide;
		message_set(m, f, &narrow);
		break;
	case PROTOBUF_C_TYPE_INT64:
		if (!integer_from(c, &wide))
			return false;
		message_set(m, f, &wide);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		if (c->len != 1)
			return false;
		flag = c->bytes[0] != 0;
		message_set(m, f, &flag);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		if (c->len != 8)
			return false;
		wide = (int64_t)pg_get_u64(c->bytes);
		memcpy(&real, &wide, sizeof(real));
		message_set(m, f, &real);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		*ret_valid = true;
		data.len = c->len;
		data.data = (uint8_t *)arena_strndup(a, (const char *)c->bytes, c->len);
		if (!data.data)
			return false;
		message_set(m, f, &data);
		break;
	default:
		return false;
	}
	*ret_valid = true;
	return true;
}

/* NULL leaves the field unset. Where unset and zero are the same, the log says so once: write coalesce(). */
static void note_null(const struct statement *s, struct plan_column *column, uint32_t type)
{
	if (column->null_seen || field_takes_null(field_path_leaf(&column->path), type))
		return;
	column->null_seen = true;
	log_event(LOG_LEVEL_WARNING, "null_column", "statement", s->name, "column", column->name, NULL);
}

static bool set_column(const struct statement *s, struct plan_column *column, const struct cell *c,
	ProtobufCMessage *root, struct arena *a, struct error *err)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&column->path);
	ProtobufCMessage *m;
	bool good, valid = true;

	if (c->null) {
		note_null(s, column, c->type);
		return true;
	}
	if (!column_fits(f, c->type))
		return malformed(s, column->name, err);
	m = message_make_parent(root, &column->path, a);
	if (!m)
		return no_memory(err);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE && c->type == PGTYPE_TIMESTAMPTZ)
		good = set_timestamp(m, f, c, a, &valid);
	else if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return set_json(s, m, column, c, a, err);
	else if (field_is_repeated(f))
		good = set_array(m, f, c, a, &valid);
	else
		good = set_scalar(m, f, c, a, &valid);
	if (good)
		return true;
	return valid ? no_memory(err) : malformed(s, column->name, err);
}

/* Whether another member of the same oneof is set already: the row contradicts itself. */
static bool oneof_taken(const ProtobufCMessage *root, const struct plan_column *column)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&column->path);
	const ProtobufCMessage *m;

	if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return false;
	m = message_parent(root, &column->path);
	for (unsigned i = 0; m && i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *other = &m->descriptor->fields[i];

		if (other != f && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
			other->quantifier_offset == f->quantifier_offset && message_has(m, other))
			return true;
	}
	return false;
}

static bool map_row(const struct statement *s, const PGresult *result, int row, ProtobufCMessage *reply,
	struct arena *a, struct error *err)
{
	const struct statement_plan *plan = s->plan;
	ProtobufCMessage *message = reply;

	if (plan->row_field) {
		message = message_new(plan->row_message, a);
		if (!message)
			return no_memory(err);
	}
	for (size_t i = 0; i < plan->column_count; i++) {
		struct plan_column *column = &plan->columns[i];
		struct cell c = cell_at(result, row, (int)i);
		ProtobufCMessage *root = column->target == COLUMN_ROW ? message : reply;

		if (column->target == COLUMN_PAGE_KEY || column->target == COLUMN_REFUSAL)
			continue;
		if (column->target == COLUMN_REPLY && row > 0 && s->rows != ROWS_STREAM)
			continue; /* the same on every row */
		if (!c.null && oneof_taken(root, column))
			return error_set(err, STATUS_INTERNAL, NULL, "sql/%s.sql: two members of a oneof, one is %s",
				s->name, column->name);
		if (!set_column(s, column, &c, root, a, err))
			return false;
	}
	if (!plan->row_field)
		return true;
	if (!field_is_repeated(plan->row_field)) {
		message_set(reply, plan->row_field, &message);
		return true;
	}
	return message_append(reply, plan->row_field, &message, a) || no_memory(err);
}

bool row_refused(const struct statement *s, const PGresult *result, struct error *ret_error)
{
	int column = s->plan->refusal_column;
	char status[32], field[sizeof(ret_error->field)];
	enum status code = STATUS_INTERNAL;

	/* A result with other columns than the statement had is for rows_map() to complain of. */
	if (column < 0 || column >= PQnfields(result))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *text = PQgetvalue(result, row, column);
		const char *first = strchr(text, '\x1f'), *second = first ? strchr(first + 1, '\x1f') : NULL;

		if (PQgetisnull(result, row, column))
			continue;
		if (!second) {
			error_set(ret_error, STATUS_INTERNAL, NULL, "sql/%s.sql: refusal without radioshop.refuse()",
				s->name);
			return true;
		}
		snprintf(status, sizeof(status), "%.*s", (int)(first - text), text);
		snprintf(field, sizeof(field), "%.*s", (int)(second - first - 1), first + 1);
		if (!status_from_name(status, &code) || code == STATUS_OK)
			code = STATUS_INTERNAL;
		error_set(ret_error, code, field, "%s", second + 1);
		return true;
	}
	return false;
}

/* "there is no asset '1042' that you may see", as far as request and reply lend the words. */
static bool not_found(const struct statement *s, const ProtobufCMessage *request, struct error *err)
{
	const char *noun = s->plan->row_field ? s->plan->row_field->name : "record";
	const ProtobufCFieldDescriptor *f = NULL;

	if (request)
		f = protobuf_c_message_descriptor_get_field_by_name(s->request, noun);
	if (f && f->type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(f) && message_has(request, f)) {
		const char *value = *(char *const *)message_value(request, f, 0);

		return error_set(err, STATUS_NOT_FOUND, noun, "there is no %s '%s' that you may see", noun, value);
	}
	return error_set(err, STATUS_NOT_FOUND, NULL, "there is no such %s that you may see", noun);
}

/* Makes the token of the page after row. False when the key cannot be one. */
static bool next_page(const struct statement *s, const PGresult *result, int row, const struct page *page,
	struct arena *a, const char **ret_token, struct error *err)
{
	struct cell c = cell_at(result, row, s->plan->page_key_column);
	struct page_key key = {0};
	struct pg_array array;

	if (c.null || !pg_array_open(&array, PGTYPE_TEXT, c.bytes, c.len) || array.count == 0 ||
		array.count > PAGE_KEY_MAX)
		return malformed(s, "page_key", err);
	while (array.count > 0) {
		if (!pg_array_next(&array, &key.item[key.count], &key.len[key.count]))
			return malformed(s, "page_key", err);
		key.count++;
	}
	*ret_token = page_token_encode(&key, &page->fingerprint, a);
	return *ret_token || no_memory(err);
}

/* Pages follow until one is empty or ends in a row without a key: where rows are large a page may well be short. */
static bool map_stream(const struct statement *s, const PGresult *result, const struct page *page, struct arena *a,
	struct rows *rows, struct error *err)
{
	int count = PQntuples(result);

	rows->messages = arena_alloc_array(a, (size_t)count + 1, sizeof(*rows->messages));
	if (!rows->messages)
		return no_memory(err);
	for (int row = 0; row < count; row++) {
		ProtobufCMessage *reply = message_new(s->reply, a);

		if (!reply)
			return no_memory(err);
		if (!map_row(s, result, row, reply, a, err))
			return false;
		rows->messages[row] = reply;
	}
	rows->count = (size_t)count;
	if (count == 0 || cell_at(result, count - 1, s->plan->page_key_column).null)
		return true;
	return next_page(s, result, count - 1, page, a, &rows->next_page_key, err);
}

/* A page: one row more than asked for was fetched, to know whether there is a next one. */
static bool map_list(const struct statement *s, const PGresult *result, const struct page *page, struct arena *a,
	struct rows *rows, struct error *err)
{
	int count = PQntuples(result);
	const char *token;

	if (s->rows == ROWS_PAGE && count > page->size) {
		count = page->size;
		if (!next_page(s, result, count - 1, page, a, &token, err))
			return false;
		message_set(rows->reply, s->plan->next_page_token, &token);
	}
	for (int row = 0; row < count; row++) {
		if (!map_row(s, result, row, rows->reply, a, err))
			return false;
	}
	rows->count = (size_t)count;
	return true;
}

bool rows_map(const struct statement *s, const PGresult *result, const ProtobufCMessage *request,
	const struct page *page, struct arena *a, struct rows *ret_rows, struct error *err)
{
	struct rows rows = {0};
	bool good;

	if ((size_t)PQnfields(result) != s->plan->column_count)
		return error_set(err, STATUS_INTERNAL, NULL, "sql/%s.sql: %d columns came instead of %zu", s->name,
			PQnfields(result), s->plan->column_count);
	if (s->rows == ROWS_ONE && PQntuples(result) == 0)
		return not_found(s, request, err);
	if (s->rows == ROWS_ONE && PQntuples(result) > 1)
		return error_set(err, STATUS_INTERNAL, NULL, "sql/%s.sql: %d rows came instead of one", s->name,
			PQntuples(result));
	if (s->rows == ROWS_STREAM) {
		good = map_stream(s, result, page, a, &rows, err);
	} else {
		rows.reply = message_new(s->reply, a);
		good = rows.reply ? map_list(s, result, page, a, &rows, err) : no_memory(err);
	}
	if (good)
		*ret_rows = rows;
	return good;
}
