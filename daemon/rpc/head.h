/*
 * head.h: the request headers of one call, and which protocol they speak: gRPC, or Connect's unary dialect. Pure:
 * fields in, a verdict out.
 *
 * Sources: PROTOCOL-HTTP2.md of gRPC, "Requests"; https://connectrpc.com/docs/protocol, "Unary-Request" and
 * "Unary-Get-Request"; https://www.w3.org/TR/fetch-metadata/.
 */
#ifndef RADIOSHOP_HEAD_H
#define RADIOSHOP_HEAD_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_PATH_MAX = 192, HEAD_AUTHORITY_MAX = 264 };

enum dialect {
	DIALECT_OTHER, /* no call at all; refused in Connect's words, which any HTTP client can read */
	DIALECT_GRPC,
	DIALECT_CONNECT,
};

enum head_verb { VERB_OTHER, VERB_HEAD, VERB_GET, VERB_POST };

struct head_timeout {
	int64_t ms; /* 0: the client gave none */
	bool bad;
};

/* What grpc-encoding or content-encoding and their grpc-accept-encoding or accept-encoding say. */
struct head_coding {
	bool gzip;    /* messages of the request may be compressed, the body of Connect is */
	bool bad;     /* in a way that we do not have */
	bool accepts; /* messages of the reply may be */
};

/* What the rest of the call needs of the headers; other fields are counted and forgotten. */
struct head {
	char path[HEAD_PATH_MAX]; /* NUL-terminated, without a query; cut when longer, which no method is */
	size_t path_len;          /* as sent, may be more than HEAD_PATH_MAX */
	char *query;              /* behind the '?', malloc'ed; NULL if none, or when memory was short */
	size_t query_len;
	size_t bytes; /* as RFC 9113 §6.5.2 counts: name + value + 32 each */
	enum head_verb verb;
	enum dialect dialect;
	bool json;                /* messages are JSON, not protobuf */
	const char *content_type; /* to answer with */
	struct head_timeout grpc_timeout, connect_timeout;
	char authority[HEAD_AUTHORITY_MAX];
	bool foreign; /* a browser says that the page of another site asks */
	struct head_coding grpc_coding, connect_coding;
	bool te_trailers, bad_version;
};

void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len);
/* Frees the query. Fine when there is none. */
void head_release(struct head *h);

/* How the client's protocol compresses. */
const struct head_coding *head_coding(const struct head *h);
/* The deadline that the client gave in its protocol's way; 0: none. */
int64_t head_timeout_ms(const struct head *h);

/*
 * Judges complete headers. False: err says why the call is refused, and *ret_http is the HTTP status to say it with,
 * 0 for the one that belongs to the code. What is no gRPC although its content-type says so becomes DIALECT_OTHER.
 */
bool head_check(struct head *h, int *ret_http, struct error *err) MUST_CHECK;

#endif
