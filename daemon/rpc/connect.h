/*
 * connect.h: the words of the Connect protocol, unary: its names for statuses, its error body, its timeout, and
 * the query of a GET. Pure functions; head.c and reply.c say when.
 *
 * Source: https://connectrpc.com/docs/protocol, "Unary RPCs" and "Error Codes".
 */
#ifndef RADIOSHOP_CONNECT_H
#define RADIOSHOP_CONNECT_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "not_found" for STATUS_NOT_FOUND; static storage. */
const char *connect_code(enum status code);
/* 404 for STATUS_NOT_FOUND. */
int connect_http_status(enum status code);

/* connect-timeout-ms: 1 to 10 digits; at least 1, at most INT32_MAX. */
bool connect_timeout_parse(const char *text, size_t len, int64_t *ret_ms) MUST_CHECK;

/*
 * {"code","message","details"} of err, the details those of grpc-status-details-bin, each with its JSON for people
 * as "debug". malloc'ed, NUL-terminated, the caller's to free; NULL when memory is short.
 */
char *connect_error_text(const struct error *err, size_t *ret_len) MUST_CHECK;

/* What the query of a GET says: the request, and how it is written. */
struct connect_query {
	bool json; /* else protobuf */
	bool gzip; /* message is compressed */
	const uint8_t *message;
	size_t message_len;
};

/*
 * Reads "connect=v1&encoding=json&message=…"; parameters in any order, unknown ones skipped, of a repeated one the
 * first counts. query is decoded in place and message lies in it. False: INVALID_ARGUMENT; UNIMPLEMENTED for an
 * encoding or a compression that we do not have, *ret_http is then 415 or 0, the code's own status.
 */
bool connect_query_parse(
	char *query, size_t len, struct connect_query *ret_query, int *ret_http, struct error *err) MUST_CHECK;

#endif
