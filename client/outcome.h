/*
 * outcome.h: what the end of a gRPC call means to the caller, as tables. Pure.
 *
 * Sources: gRPC's http-grpc-status-mapping.md; PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping", Errors;
 * statuscodes.md; RFC 9113 section 7 for the names of the codes.
 */
#ifndef RADIOSHOP_OUTCOME_H
#define RADIOSHOP_OUTCOME_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the other side told about a call until its stream was closed. */
struct ending {
	unsigned http_status;  /* of the answer, not of a 1xx before it; 0: no answer began */
	char content_type[64]; /* cut to fit, "" if there was none */
	bool has_status;       /* trailers, or an answer of trailers only, had grpc-status */
	struct error status;   /* grpc-status, grpc-message and grpc-status-details-bin */
	bool reset;            /* by RST_STREAM, theirs or ours about them */
	uint32_t reset_code;   /* RFC 9113 section 7 */
	bool unprocessed;      /* GOAWAY or REFUSED_STREAM: it was never looked at */
};

/* 200 without grpc-status is UNKNOWN, as is every status that the table does not have. */
enum status status_of_http(unsigned http);
/* REFUSED_STREAM is UNAVAILABLE; a code that RFC 9113 does not have is UNKNOWN. */
enum status status_of_reset(uint32_t code);
/* The value of grpc-status; anything but a decimal number of a known status is UNKNOWN. */
enum status status_of_text(const char *text, size_t len);

/* Whether the answer that began is of another kind than gRPC's, so that its body is nothing to read. */
bool outcome_is_foreign(const struct ending *e);

/*
 * True when the call ended with OK. Else err: grpc-status if there was one, whatever else came; then the HTTP
 * status, if it is not 200 or the answer is not gRPC; then the code of the reset. server is HOST:PORT for the
 * sentence.
 */
bool outcome(const struct ending *e, const char *server, struct error *err) MUST_CHECK;

#endif
