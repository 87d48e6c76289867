/*
 * gzip.h: the one compression of the wire, message by message. Pure: bytes in, bytes out.
 *
 * Source: gRPC compression.md ("gzip"); RFC 1952. A message is one gzip member and nothing behind it.
 */
#ifndef RADIOSHOP_GZIP_H
#define RADIOSHOP_GZIP_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inflates into *ret_bytes, malloc'ed and the caller's to free; NULL when the result is empty. Memory grows with
 * what comes out, so a small bomb costs at most limit bytes. No bytes at all stand for an empty message.
 * False: RESOURCE_EXHAUSTED over limit or without memory, INTERNAL when the bytes are not one gzip member.
 */
bool gzip_inflate(const uint8_t *bytes, size_t len, size_t limit, uint8_t **ret_bytes, size_t *ret_len,
	struct error *err) MUST_CHECK;

/* Deflates into *ret_bytes, malloc'ed and the caller's to free. False: RESOURCE_EXHAUSTED without memory. */
bool gzip_deflate(
	const uint8_t *bytes, size_t len, uint8_t **ret_bytes, size_t *ret_len, struct error *err) MUST_CHECK;

#endif
