/*
 * head.h: the request headers of one call, as gRPC over HTTP/2 wants them. Pure: fields in, a verdict out.
 *
 * Source: PROTOCOL-HTTP2.md of gRPC, "Requests" and "Responses".
 */
#ifndef RADIOSHOP_HEAD_H
#define RADIOSHOP_HEAD_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_PATH_MAX = 192 };

/* What the rest of the call needs of the headers; other fields are counted and forgotten. */
struct head {
	char path[HEAD_PATH_MAX]; /* NUL-terminated; cut when longer, which no method is */
	size_t path_len;          /* as sent, may be more than HEAD_PATH_MAX */
	size_t bytes;             /* as RFC 9113 §6.5.2 counts: name + value + 32 each */
	int64_t timeout_ms;       /* 0: the client gave none */
	const char *content_type; /* to answer with; NULL: the request is not gRPC */
	bool post, te_trailers, bad_timeout, bad_encoding;
	bool gzip, accepts_gzip; /* messages of the request may be compressed, and those of the reply */
};

void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len);

/*
 * Judges complete headers. False: *ret_http is 405 or 415 when the request is no gRPC at all, else 200
 * and err says why the call is refused.
 */
bool head_check(const struct head *h, int *ret_http, struct error *err) MUST_CHECK;

#endif
