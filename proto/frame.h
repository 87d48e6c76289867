/*
 * frame.h: gRPC's length-prefixed messages, and bare ones that end with their stream. Pure: bytes in, messages out.
 *
 * Source: gRPC over HTTP/2, "Length-Prefixed-Message": 1 byte compressed flag,
 * 4 bytes big-endian length, then the message. DATA frame boundaries mean nothing.
 */
#ifndef RADIOSHOP_FRAME_H
#define RADIOSHOP_FRAME_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_PREFIX = 5 };

/* Collects one message at a time. The body grows as bytes arrive, never by the announced length. */
struct frame_reader {
	size_t limit; /* largest message accepted, bytes, compressed or not */
	bool gzip;    /* the peer said grpc-encoding: gzip; set by the owner before the first byte */
	uint8_t prefix[FRAME_PREFIX];
	unsigned prefix_len;
	uint32_t want; /* announced length, valid when prefix_len == FRAME_PREFIX */
	uint8_t *body; /* malloc'ed */
	size_t body_len, body_cap;
	bool complete; /* body holds a whole message, expanded: take it before reading on */
	bool bare;     /* one message without a prefix, complete at frame_reader_end(), compressed if gzip */
};

void frame_reader_init(struct frame_reader *r, size_t limit);
/* For one message without a prefix: everything that is fed belongs to it. */
void frame_reader_init_bare(struct frame_reader *r, size_t limit);
void frame_reader_release(struct frame_reader *r);

/*
 * Takes bytes until a message is complete or they are used up; *ret_used says how many it took.
 * False: RESOURCE_EXHAUSTED over the limit (said as soon as the prefix is known, or while a compressed message
 * expands), INTERNAL for a compressed message without gzip, for one that is no gzip, and for another flag.
 */
bool frame_reader_feed(
	struct frame_reader *r, const uint8_t *bytes, size_t len, size_t *ret_used, struct error *err) MUST_CHECK;
/* Whether the complete message came compressed. */
bool frame_reader_was_compressed(const struct frame_reader *r);
/* END_STREAM came: a bare message is complete, and is expanded, unless it is empty. Does nothing to other readers. */
bool frame_reader_end(struct frame_reader *r, struct error *err) MUST_CHECK;
/* Forgets the complete message so that the next can be read; the buffer is kept. */
void frame_reader_next(struct frame_reader *r);
/* Whether it stands between two messages, where END_STREAM may come. */
bool frame_reader_at_boundary(const struct frame_reader *r);

/* Writes the 5-byte prefix of a message of len bytes, as they go over the wire. */
void frame_prefix(uint8_t out[FRAME_PREFIX], uint32_t len, bool compressed);

#endif
