/*
 * metadata.h: the small grammars of gRPC headers and trailers. Pure functions.
 *
 * Source: gRPC over HTTP/2 (PROTOCOL-HTTP2.md): grpc-timeout, percent-encoded grpc-message,
 * base64 of -bin values; google.rpc.Status for grpc-status-details-bin.
 */
#ifndef RADIOSHOP_METADATA_H
#define RADIOSHOP_METADATA_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1 to 8 digits and a unit of H M S m u n; rounded up to milliseconds, at least 1, at most INT32_MAX. */
bool grpc_timeout_parse(const char *text, size_t len, int64_t *ret_ms) MUST_CHECK;
/* Writes ms as a grpc-timeout value of at most 8 digits; out holds at least 11 bytes. */
void grpc_timeout_format(int64_t ms, char out[16]);

/* Percent-encodes everything but 0x20-0x7E and '%'. Returns the length; never writes beyond out_size, NUL-terminates.
 */
size_t grpc_message_encode(const char *text, char *out, size_t out_size);
/* The reverse; broken escapes are kept as they are. Result NUL-terminated. */
size_t grpc_message_decode(const char *text, size_t len, char *out, size_t out_size);

/* Base64 without padding. out needs 4*ceil(len/3)+1 bytes; NUL-terminated; returns the length. */
size_t base64_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
/* Padded or not, standard alphabet. False on anything else or when out is too small. */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len) MUST_CHECK;
/* The same with the URL alphabet, for page tokens. */
size_t base64url_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
bool base64url_decode(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len) MUST_CHECK;

/* A content-type is gRPC when it is application/grpc, or that followed by '+' or ';'. */
bool content_type_is_grpc(const char *text, size_t len);

/* Canonical lower-case UUID text (8-4-4-4-12). False for anything else. */
bool uuid_parse(const char *text, size_t len, uint8_t ret_uuid[16]) MUST_CHECK;
void uuid_format(const uint8_t uuid[16], char out[37]);
/* A random UUID of version 4 from getrandom(2). */
void uuid_random(uint8_t ret_uuid[16]);

/*
 * google.rpc.Status of err, base64 without padding, for grpc-status-details-bin: ErrorInfo where
 * there is a reason, BadRequest where there is a field, RetryInfo where there is a hint.
 * Returns the length, or 0 when there is nothing to say or out is too small.
 */
size_t status_details_encode(const struct error *err, char *out, size_t out_size);
/*
 * Makes each of those details and shows it to visit, with its full type name; it lives until visit returns. False
 * when visit said false.
 */
bool status_details_visit(const struct error *err,
	bool (*visit)(void *arg, const char *type, const ProtobufCMessage *detail), void *arg) MUST_CHECK;
/* Fills field, reason and retry_after_ms of err from the value; false when it is not understood. */
bool status_details_decode(const char *text, size_t len, struct error *err) MUST_CHECK;

#endif
