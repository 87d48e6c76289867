/*
 * bind.c: request message → binary parameters, by the statement's plan.
 *
 * transaction.c calls it just before sending; libpq copies the bytes then. Owns nothing: values lie in
 * the call's arena or are borrowed from the request.
 */
#include "bind.h"

#include "metadata.h"
#include "pgtype.h"

#include <string.h>

/* One value on its way: bytes for libpq, or NULL. */
struct value {
	const void *bytes;
	size_t len;
};

static bool no_memory(struct error *err)
{
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the call needs more memory than it may have");
}

/* How many bytes of a bad value to show: at most 40, whole characters of UTF-8. */
static int shown(const char *text)
{
	int len = (int)strnlen(text, 41);

	if (len <= 40)
		return len;
	for (len = 40; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

/* People and libraries write UUIDs with capitals too. */
static bool read_uuid(const char *text, uint8_t ret_uuid[16])
{
	char lower[37];
	size_t len = strnlen(text, sizeof(lower));

	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++)
		lower[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
	return uuid_parse(lower, len, ret_uuid);
}

/* Copies a fixed number of bytes into the arena as the value. */
static bool keep(struct arena *a, const void *bytes, size_t len, struct value *ret, struct error *err)
{
	void *copy = arena_alloc(a, len);

	if (!copy)
		return no_memory(err);
	memcpy(copy, bytes, len);
	ret->bytes = copy;
	ret->len = len;
	return true;
}

static bool string_value(
	const char *text, const char *name, uint32_t type, struct arena *a, struct value *ret, struct error *err)
{
	uint8_t bytes[16];
	int32_t days;

	if (type == PGTYPE_TEXT || type == PGTYPE_VARCHAR) {
		ret->bytes = text;
		ret->len = strlen(text);
		return true;
	}
	if (text[0] == '\0')
		return true;
	if (type == PGTYPE_UUID) {
		if (!read_uuid(text, bytes))
			return error_set(err, STATUS_INVALID_ARGUMENT, name, "'%.*s' is not a UUID", shown(text), text);
		return keep(a, bytes, 16, ret, err);
	}
	if (!pg_date_parse(text, strlen(text), &days))
		return error_set(
			err, STATUS_INVALID_ARGUMENT, name, "'%.*s' is not a date (YYYY-MM-DD)", shown(text), text);
	pg_put_u32(bytes, (uint32_t)days);
	return keep(a, bytes, 4, ret, err);
}

static bool enum_text(const ProtobufCFieldDescriptor *f, int number, const char *name, struct arena *a,
	struct value *ret, struct error *err)
{
	char label[64];

	if (number == 0)
		return true;
	if (!enum_label(f->descriptor, number, label, sizeof(label)))
		return error_set(err, STATUS_INVALID_ARGUMENT, name, "%d is not a value of %s", number,
			((const ProtobufCEnumDescriptor *)f->descriptor)->short_name);
	return keep(a, label, strlen(label), ret, err);
}

static bool timestamp_value(
	const ProtobufCMessage *m, const char *name, struct arena *a, struct value *ret, struct error *err)
{
	const ProtobufCFieldDescriptor *seconds, *nanos;
	int64_t s, micros;
	int32_t n;
	uint8_t bytes[8];

	seconds = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "seconds");
	nanos = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "nanos");
	memcpy(&s, message_value(m, seconds, 0), sizeof(s));
	memcpy(&n, message_value(m, nanos, 0), sizeof(n));
	if (!pg_timestamp_from_unix(s, n, &micros))
		return error_set(err, STATUS_INVALID_ARGUMENT, name, "the time is out of range");
	pg_put_u64(bytes, (uint64_t)micros);
	return keep(a, bytes, 8, ret, err);
}

static bool number_value(const ProtobufCFieldDescriptor *f, const void *at, uint32_t type, struct arena *a,
	struct value *ret, struct error *err)
{
	uint8_t bytes[8];
	int64_t wide = 0;
	int32_t narrow;
	double real;

	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		bytes[0] = *(const protobuf_c_boolean *)at != 0;
		return keep(a, bytes, 1, ret, err);
	case PROTOBUF_C_TYPE_DOUBLE:
		memcpy(&real, at, sizeof(real));
		memcpy(&wide, &real, sizeof(wide));
		break;
	case PROTOBUF_C_TYPE_INT32:
		memcpy(&narrow, at, sizeof(narrow));
		wide = narrow;
		break;
	default:
		memcpy(&wide, at, sizeof(wide));
		break;
	}
	if (type == PGTYPE_INT4) {
		pg_put_u32(bytes, (uint32_t)(int32_t)wide);
		return keep(a, bytes, 4, ret, err);
	}
	pg_put_u64(bytes, (uint64_t)wide);
	return keep(a, bytes, 8, ret, err);
}

/* The value of field f (element i) of m. Leaves *ret alone for NULL. */
static bool scalar_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i, const char *name,
	uint32_t type, struct arena *a, struct value *ret, struct error *err)
{
	const void *at = message_value(m, f, i);

	if (!field_is_repeated(f) && field_has_presence(f) && !message_has(m, f))
		return true;
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(char *const *)at;

		return string_value(text ? text : "", name, type, a, ret, err);
	}
	case PROTOBUF_C_TYPE_ENUM:
		return enum_text(f, *(const int *)at, name, a, ret, err);
	case PROTOBUF_C_TYPE_BYTES: {
		const ProtobufCBinaryData *data = at;

		ret->bytes = data->data ? (const void *)data->data : "";
		ret->len = data->len;
		return true;
	}
	case PROTOBUF_C_TYPE_MESSAGE:
		return timestamp_value(*(ProtobufCMessage *const *)at, name, a, ret, err);
	default:
		return number_value(f, at, type, a, ret, err);
	}
}

/* The message that an update_mask speaks of: the one other message field of the request. */
static const ProtobufCMessageDescriptor *masked_message(
	const ProtobufCMessageDescriptor *request, const ProtobufCFieldDescriptor *mask)
{
	for (unsigned i = 0; i < request->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &request->fields[i];

		if (f != mask && field_message(f) && !field_is_repeated(f) && !field_is_timestamp(f))
			return field_message(f);
	}
	return NULL;
}

/* A mask must name fields that exist: one that is misspelt would change nothing in silence. */
static bool check_mask(
	const struct plan_param *p, const ProtobufCMessage *request, const ProtobufCMessage *mask, struct error *err)
{
	const ProtobufCFieldDescriptor *paths = field_path_leaf(&p->path);
	const ProtobufCMessageDescriptor *masked = masked_message(request->descriptor, p->path.field[0]);
	size_t count = mask ? message_count(mask, paths) : 0;

	if (count == 0)
		return error_set(
			err, STATUS_INVALID_ARGUMENT, p->path.field[0]->name, "name at least one field to change");
	for (size_t i = 0; masked && i < count; i++) {
		const char *path = *(char *const *)message_value(mask, paths, i);
		struct field_path found;

		if (!field_path_find(masked, path, &found))
			return error_set(err, STATUS_INVALID_ARGUMENT, p->path.field[0]->name, "%s has no field '%.*s'",
				masked->short_name, shown(path), path);
	}
	return true;
}

static bool is_mask(const struct plan_param *p)
{
	const ProtobufCFieldDescriptor *first = p->path.field[0];

	return p->path.depth == 2 && field_message(first) &&
	       strcmp(field_message(first)->name, "google.protobuf.FieldMask") == 0;
}

/* The finished array as a parameter's value. */
static bool array_end(const struct pg_bytes *b, struct value *ret, struct error *err)
{
	if (b->failed)
		return no_memory(err);
	ret->bytes = b->bytes;
	ret->len = b->len;
	return true;
}

/* repeated string or enum → text[]. An empty list is an empty array, not NULL. */
static bool repeated_value(const struct plan_param *p, const ProtobufCMessage *request, struct arena *a,
	struct value *ret, struct error *err)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&p->path);
	const ProtobufCMessage *m = message_parent(request, &p->path);
	size_t count = m ? message_count(m, f) : 0;
	struct pg_bytes b = {.arena = a};

	if (is_mask(p) && !check_mask(p, request, m, err))
		return false;
	pg_array_begin(&b, PGTYPE_TEXT, count);
	for (size_t i = 0; i < count; i++) {
		struct value v = {0};

		if (!scalar_value(m, f, i, p->name, PGTYPE_TEXT, a, &v, err))
			return false;
		pg_array_element(&b, v.bytes, v.len);
	}
	return array_end(&b, ret, err);
}

/* The same field of every element of a repeated message → an array with one element for each. */
static bool each_value(const struct plan_param *p, const ProtobufCMessage *request, struct arena *a, struct value *ret,
	struct error *err)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&p->path), *each = field_path_leaf(&p->each);
	const ProtobufCMessage *holder = message_parent(request, &p->each);
	size_t count = holder ? message_count(holder, each) : 0;
	struct pg_bytes b = {.arena = a};
	uint32_t element = pgtype_element(p->type);

	pg_array_begin(&b, element, count);
	for (size_t i = 0; i < count; i++) {
		const ProtobufCMessage *m = *(ProtobufCMessage *const *)message_value(holder, each, i);
		struct value v = {0};

		m = message_parent(m, &p->path);
		if (m && !scalar_value(m, f, 0, p->name, element, a, &v, err))
			return false;
		pg_array_element(&b, v.bytes, v.len);
	}
	return array_end(&b, ret, err);
}

static bool field_value(const struct plan_param *p, const ProtobufCMessage *request, struct arena *a, struct value *ret,
	struct error *err)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&p->path);
	const ProtobufCMessage *m;

	if (p->source == PARAM_EACH)
		return each_value(p, request, a, ret, err);
	if (field_is_repeated(f))
		return repeated_value(p, request, a, ret, err);
	m = message_parent(request, &p->path);
	return !m || scalar_value(m, f, 0, p->name, p->type, a, ret, err);
}

static bool page_size(const struct statement *s, const ProtobufCMessage *request, int32_t *ret_size, struct error *err)
{
	int32_t size;

	memcpy(&size, message_value(request, s->plan->page_size, 0), sizeof(size));
	if (size < 0 || size > PAGE_SIZE_MAX)
		return error_set(
			err, STATUS_INVALID_ARGUMENT, "page_size", "%d is not between 0 and %d", size, PAGE_SIZE_MAX);
	*ret_size = size ? size : PAGE_SIZE_DEFAULT;
	return true;
}

static bool page_key_value(
	const char *token, const struct page *page, struct arena *a, struct value *ret, struct error *err)
{
	struct pg_bytes b = {.arena = a};
	struct page_key key;

	if (!token || token[0] == '\0')
		return true;
	if (!page_token_decode(token, &page->fingerprint, a, &key, err))
		return false;
	pg_array_begin(&b, PGTYPE_TEXT, key.count);
	for (size_t i = 0; i < key.count; i++)
		pg_array_element(&b, key.item[i], key.len[i]);
	return array_end(&b, ret, err);
}

static void put(struct bound *b, size_t i, const struct value *v)
{
	b->values[i] = v->bytes;
	b->lengths[i] = (int)v->len;
	b->formats[i] = 1;
}

static bool bind_fields(const struct statement *s, const ProtobufCMessage *request, struct arena *a,
	struct bound *bound, struct page *page, struct error *err)
{
	page_fingerprint_init(&page->fingerprint);
	page_fingerprint_add(&page->fingerprint, s->name, strlen(s->name));
	for (size_t i = 0; i < s->plan->param_count; i++) {
		const struct plan_param *p = &s->plan->params[i];
		struct value v = {0};

		if (p->source == PARAM_PAGE_KEY || p->source == PARAM_PAGE_LIMIT)
			continue;
		if (!field_value(p, request, a, &v, err))
			return false;
		if (v.len > INT32_MAX)
			return no_memory(err);
		put(bound, i, &v);
		if (p->is_filter)
			page_fingerprint_add(&page->fingerprint, v.bytes, v.len);
	}
	return true;
}

/* After the fields, whose values say which list the page key must be from. */
static bool bind_page(const struct statement *s, const char *token, int32_t limit, struct arena *a, struct bound *bound,
	const struct page *page, struct error *err)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < s->plan->param_count; i++) {
		const struct plan_param *p = &s->plan->params[i];
		struct value v = {0};

		if (p->source == PARAM_PAGE_KEY) {
			if (!page_key_value(token, page, a, &v, err))
				return false;
		} else if (p->source == PARAM_PAGE_LIMIT) {
			pg_put_u32(bytes, (uint32_t)limit);
			if (!keep(a, bytes, sizeof(bytes), &v, err))
				return false;
		} else {
			continue;
		}
		put(bound, i, &v);
	}
	return true;
}

bool bind_request(const struct statement *s, const ProtobufCMessage *request, const char *page_key,
	unsigned stream_page, struct arena *a, struct bound *ret_bound, struct page *ret_page, struct error *err)
{
	size_t count = s->plan->param_count;
	struct bound bound = {.count = (int)count};
	struct page page = {.size = (int32_t)stream_page};
	int32_t limit = page.size;

	/* One more than none, so that a statement without parameters is no special case. */
	bound.values = arena_alloc_array(a, count + 1, sizeof(*bound.values));
	bound.lengths = arena_alloc_array(a, count + 1, sizeof(*bound.lengths));
	bound.formats = arena_alloc_array(a, count + 1, sizeof(*bound.formats));
	if (!bound.values || !bound.lengths || !bound.formats)
		return no_memory(err);
	if (s->rows == ROWS_PAGE) {
		if (!page_size(s, request, &page.size, err))
			return false;
		page_key = *(char *const *)message_value(request, s->plan->page_token, 0);
		limit = page.size + 1;
	}
	if (!bind_fields(s, request, a, &bound, &page, err) || !bind_page(s, page_key, limit, a, &bound, &page, err))
		return false;
	*ret_bound = bound;
	*ret_page = page;
	return true;
}

bool bind_request_id(
	const struct statement *s, const ProtobufCMessage *request, uint8_t ret_uuid[16], struct error *err)
{
	const char *text = *(char *const *)message_value(request, s->plan->request_id, 0);

	if (!text || text[0] == '\0')
		return error_set(err, STATUS_INVALID_ARGUMENT, "request_id",
			"request_id is missing: give a new UUID for each thing you want done, and the same one when "
			"you repeat it");
	if (!read_uuid(text, ret_uuid))
		return error_set(err, STATUS_INVALID_ARGUMENT, "request_id", "'%.*s' is not a UUID", shown(text), text);
	return true;
}
