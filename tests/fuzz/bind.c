/*
 * bind.c: a request from the wire becomes parameters of its statement, as query.c and transaction.c do it: whatever it
 * says, it is refused naming a field, or every parameter has the size that its type has, within the call's memory.
 *
 * First line: the method. Then the request's bytes.
 */
#include "bind.h"
#include "chosen.h"
#include "plans.h"

enum { MEMORY = 256 * 1024, STREAM_PAGE = 100 };

static void check_param(const struct plan_param *p, const char *value, int len)
{
	struct pg_array array;
	const uint8_t *bytes;
	size_t n, count = 0;

	if (!value)
		return;
	expect(len >= 0);
	switch (p->type) {
	case PGTYPE_BOOL:
		expect(len == 1);
		break;
	case PGTYPE_INT4:
	case PGTYPE_DATE:
		expect(len == 4);
		break;
	case PGTYPE_INT8:
	case PGTYPE_FLOAT8:
	case PGTYPE_TIMESTAMPTZ:
		expect(len == 8);
		break;
	case PGTYPE_UUID:
		expect(len == 16);
		break;
	case PGTYPE_TEXT:
		expect(memchr(value, '\0', (size_t)len) == NULL);
		break;
	default:
		if (!pgtype_element(p->type))
			break;
		expect(pg_array_open(&array, pgtype_element(p->type), (const uint8_t *)value, (size_t)len));
		for (n = array.count; pg_array_next(&array, &bytes, &(size_t){0}); count++)
			;
		expect(count == n);
	}
}

static void check_bound(const struct statement *s, const struct bound *bound, const struct page *page)
{
	expect((size_t)bound->count == s->plan->param_count);
	for (int i = 0; i < bound->count; i++) {
		expect(bound->formats[i] == 1);
		check_param(&s->plan->params[i], bound->values[i], bound->lengths[i]);
	}
	expect(page->size >= 1 && page->size <= PAGE_SIZE_MAX);
}

/* A list goes on with the token that belongs to it, wherever that points. */
static void bind_next_page(
	const struct statement *s, ProtobufCMessage *request, const struct page *first, struct arena *a)
{
	const struct page_key key = {.count = 2, .item = {(const uint8_t *)"IND", NULL}, .len = {3, 0}};
	struct error err = {.code = STATUS_OK};
	const char *token = page_token_encode(&key, &first->fingerprint, a);
	struct bound bound;
	struct page page;

	if (!token || (s->rows != ROWS_PAGE && s->rows != ROWS_STREAM))
		return;
	if (s->rows == ROWS_PAGE)
		message_set(request, s->plan->page_token, &token);
	if (bind_request(s, request, token, STREAM_PAGE, a, &bound, &page, &err))
		check_bound(s, &bound, &page);
	else
		expect(err.code == STATUS_RESOURCE_EXHAUSTED);
}

/* With less memory than it takes, it is refused. */
static void bind_with(const struct statement *s, const ProtobufCMessage *request, size_t limit)
{
	struct error err = {.code = STATUS_OK};
	struct bound bound;
	struct arena a;
	struct page page;

	arena_init(&a, NULL, limit);
	expect(!bind_request(s, request, NULL, STREAM_PAGE, &a, &bound, &page, &err) && a.exhausted);
	expect(err.code == STATUS_RESOURCE_EXHAUSTED);
	arena_release(&a);
}

static void bind(const struct statement *s, ProtobufCMessage *request, struct arena *a, size_t part)
{
	size_t before = a->used;
	struct error err = {.code = STATUS_OK};
	struct bound bound;
	struct page page;
	uint8_t uuid[16];

	if (bind_request(s, request, NULL, STREAM_PAGE, a, &bound, &page, &err)) {
		check_bound(s, &bound, &page);
		bind_with(s, request, (a->used - before) / 8 * part);
		bind_next_page(s, request, &page, a);
	} else {
		expect((err.code == STATUS_INVALID_ARGUMENT && err.field[0] && err.text[0]) ||
		       err.code == STATUS_RESOURCE_EXHAUSTED);
	}
	if (s->plan->request_id && !bind_request_id(s, request, uuid, &err))
		expect(err.code == STATUS_INVALID_ARGUMENT && strcmp(err.field, "request_id") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const struct catalog_method *contract;
	const struct method *method;
	ProtobufCMessage *request;
	struct error err;
	struct arena a;

	make_plans();
	contract = chosen_method(&in);
	method = method_by_path(contract->path, strlen(contract->path));
	if (!method)
		return 0;
	arena_init(&a, NULL, MEMORY);
	request = message_unpack(contract->input, in.at, input_left(&in), &a, &err);
	if (request)
		bind(&method->statement, request, &a, size % 8);
	expect(a.used <= MEMORY);
	arena_release(&a);
	return 0;
}
