/*
 * custom_metadata.c: request headers to metadata, and metadata to response headers. Called by call.c when they come and
 * by talk.c when a handler sets them. Owns nothing: fields lie in the call's arena.
 */
#include "custom_metadata.h"

#include "metadata.h"

#include <stdint.h>
#include <string.h>

enum { FIELD_OVERHEAD = 32 };

static bool no_memory(struct error *err)
{
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the metadata needs more memory than a call may use");
}

static bool name_ends(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(name + len - n, end, n) == 0;
}

/* What HTTP and gRPC themselves say with headers is not metadata. */
static bool name_is_custom(const char *name, size_t len)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz_.-";
	static const char *const taken[] = {"connection", "content-length", "content-type", "host", "te"};

	if (len == 0 || (len >= 5 && memcmp(name, "grpc-", 5) == 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!memchr(allowed, name[i], sizeof allowed - 1))
			return false;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (len == strlen(taken[i]) && memcmp(name, taken[i], len) == 0)
			return false;
	return true;
}

/* A field with room for a value of size bytes and a NUL, all in one piece, and not in the list yet. */
static struct metadata_field *field_new(
	struct arena *a, const char *name, size_t name_len, size_t size, char **ret_value)
{
	struct metadata_field *f = arena_alloc(a, sizeof *f + name_len + 1 + size + 1);
	char *at;

	if (!f)
		return NULL;
	at = (char *)(f + 1);
	memcpy(at, name, name_len);
	f->name = at;
	f->value = *ret_value = at + name_len + 1;
	return f;
}

static void list_append(struct metadata_list *list, struct metadata_field *f)
{
	if (list->last)
		list->last->next = f;
	else
		list->first = f;
	list->last = f;
	list->count++;
}

static bool receive_text(struct metadata_list *list, struct arena *a, const char *name, size_t name_len,
	const char *value, size_t len, struct error *err)
{
	char *copy;
	struct metadata_field *f = field_new(a, name, name_len, len, &copy);

	if (!f)
		return no_memory(err);
	if (len > 0)
		memcpy(copy, value, len);
	f->len = len;
	list_append(list, f);
	return true;
}

static bool receive_bytes(struct metadata_list *list, struct arena *a, const char *name, size_t name_len,
	const char *value, size_t len, struct error *err)
{
	char *copy;
	struct metadata_field *f = field_new(a, name, name_len, len, &copy);

	if (!f)
		return no_memory(err);
	if (!base64_decode(value, len, (uint8_t *)copy, len, &f->len))
		return error_set(err, STATUS_INTERNAL, NULL, "the header %.*s is not base64", (int)name_len, f->name);
	list_append(list, f);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool metadata_receive(struct metadata_list *list, struct arena *a, const char *name, size_t name_len, const char *value,
	size_t value_len, struct error *err)
{
	const char *end = value + value_len;

	if (!name_is_custom(name, name_len))
		return true;
	if (!name_ends(name, name_len, "-bin"))
		return receive_text(list, a, name, name_len, value, value_len, err);
	for (;;) {
		const char *comma = value < end ? memchr(value, ',', (size_t)(end - value)) : NULL;
		const char *stop = comma ? comma : end;

		while (value < stop && is_blank(*value))
			value++;
		while (stop > value && is_blank(stop[-1]))
			stop--;
		if (!receive_bytes(list, a, name, name_len, value, (size_t)(stop - value), err))
			return false;
		if (!comma)
			return true;
		value = comma + 1;
	}
}

/* Blanks at the ends would make the header malformed (RFC 9113 §8.2.1). */
static bool text_is_sendable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7E)
			return false;
	return len == 0 || (text[0] != ' ' && text[len - 1] != ' ');
}

bool metadata_set(struct metadata_list *list, struct arena *a, size_t limit, const char *name, const void *value,
	size_t len, struct error *err)
{
	size_t name_len = strlen(name), left = limit > list->bytes ? limit - list->bytes : 0, size = len;
	bool binary = name_ends(name, name_len, "-bin");
	struct metadata_field *f;
	char *out;

	if (!name_is_custom(name, name_len))
		return error_set(err, STATUS_INTERNAL, NULL, "%.100s is no name for metadata", name);
	if (!binary && !text_is_sendable(value, len))
		return error_set(err, STATUS_INTERNAL, NULL, "the value of %.100s is not printable ASCII", name);
	if (binary && len <= limit)
		size = (len + 2) / 3 * 4;
	if (list->count == METADATA_FIELDS_MAX || name_len + FIELD_OVERHEAD > left ||
		size > left - name_len - FIELD_OVERHEAD)
		return error_set(
			err, STATUS_RESOURCE_EXHAUSTED, NULL, "the metadata of the reply is over max_header_bytes");
	f = field_new(a, name, name_len, size, &out);
	if (!f)
		return no_memory(err);
	if (binary)
		f->len = base64_encode(value, len, out, size + 1);
	else if (len > 0)
		memcpy(out, value, f->len = len);
	list->bytes += name_len + f->len + FIELD_OVERHEAD;
	list_append(list, f);
	return true;
}
