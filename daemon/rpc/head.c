/*
 * head.c: collects and judges the headers of a request; called by call.c. Owns no memory.
 *
 * A peer that breaks the protocol (no te, a grpc-timeout that is none) gets INTERNAL, as every gRPC
 * server answers it: INVALID_ARGUMENT is kept for what a person can correct in a request.
 */
#include "head.h"

#include "metadata.h"

#include <string.h>

static bool is(const char *text, size_t len, const char *literal)
{
	return len == strlen(literal) && memcmp(text, literal, len) == 0;
}

static void head_path(struct head *h, const char *value, size_t len)
{
	size_t n = len < sizeof h->path ? len : sizeof h->path - 1;

	memcpy(h->path, value, n);
	h->path[n] = '\0';
	h->path_len = len;
}

/* We speak protobuf only: application/grpc, application/grpc+proto, either with parameters. */
static void head_content_type(struct head *h, const char *value, size_t len)
{
	static const char proto[] = "application/grpc+proto";
	const char *end = memchr(value, ';', len);
	size_t bare = end ? (size_t)(end - value) : len;

	if (!content_type_is_grpc(value, len))
		return;
	if (is(value, bare, proto))
		h->content_type = proto;
	else if (is(value, bare, "application/grpc"))
		h->content_type = "application/grpc";
}

static void head_encoding(struct head *h, const char *value, size_t len)
{
	h->gzip = is(value, len, "gzip");
	h->bad_encoding = !h->gzip && !is(value, len, "identity");
}

/* A list with commas and perhaps blanks, in several fields perhaps. */
static void head_accept_encoding(struct head *h, const char *value, size_t len)
{
	const char *end = value + len;

	while (value < end) {
		const char *comma = memchr(value, ',', (size_t)(end - value));
		const char *stop = comma ? comma : end;

		while (value < stop && (*value == ' ' || *value == '\t'))
			value++;
		while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		h->accepts_gzip = h->accepts_gzip || is(value, (size_t)(stop - value), "gzip");
		value = comma ? comma + 1 : end;
	}
}

void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len)
{
	h->bytes += name_len + value_len + 32;
	if (is(name, name_len, ":method"))
		h->post = is(value, value_len, "POST");
	else if (is(name, name_len, ":path"))
		head_path(h, value, value_len);
	else if (is(name, name_len, "content-type"))
		head_content_type(h, value, value_len);
	else if (is(name, name_len, "te"))
		h->te_trailers = is(value, value_len, "trailers");
	else if (is(name, name_len, "grpc-timeout"))
		h->bad_timeout = !grpc_timeout_parse(value, value_len, &h->timeout_ms);
	else if (is(name, name_len, "grpc-encoding"))
		head_encoding(h, value, value_len);
	else if (is(name, name_len, "grpc-accept-encoding"))
		head_accept_encoding(h, value, value_len);
}

bool head_check(const struct head *h, int *ret_http, struct error *err)
{
	*ret_http = 200;
	if (!h->post) {
		*ret_http = 405;
		return error_set(err, STATUS_UNIMPLEMENTED, NULL, "the request is not a POST: use a gRPC client");
	}
	if (!h->content_type) {
		*ret_http = 415;
		return error_set(
			err, STATUS_UNIMPLEMENTED, NULL, "the content-type is not application/grpc: use a gRPC client");
	}
	if (!h->te_trailers)
		return error_set(err, STATUS_INTERNAL, NULL,
			"the request has no te: trailers: a proxy on the way does not pass trailers on");
	if (h->bad_timeout)
		return error_set(
			err, STATUS_INTERNAL, NULL, "grpc-timeout is not 1 to 8 digits and one of H M S m u n");
	if (h->bad_encoding)
		return error_set(err, STATUS_UNIMPLEMENTED, NULL,
			"the grpc-encoding is not one of identity and gzip: send messages as they are");
	return true;
}
