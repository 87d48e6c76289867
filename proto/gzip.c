/*
 * gzip.c: gzip by zlib. Called by frame.c and by whoever sends a reply; owns nothing between calls.
 */
#include "gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	GZIP_WINDOW = 15 + 16, /* zlib's way to say: gzip, the largest window */
	DEFLATE_LEVEL = 1,     /* replies are made while others wait: most of the gain for a third of the time */
	DEFLATE_MEMORY = 8,
	INFLATE_FIRST = 4096,
};

static bool no_memory(struct error *err)
{
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory to compress or expand a message");
}

/* Room for more output: twice as much, never over the limit. */
static bool grow(uint8_t **bytes, size_t *cap, size_t limit, struct error *err)
{
	size_t larger = *cap > limit / 2 ? limit : *cap * 2;
	uint8_t *grown;

	if (larger < INFLATE_FIRST)
		larger = limit < INFLATE_FIRST ? limit : INFLATE_FIRST;
	grown = realloc(*bytes, larger);
	if (!grown)
		return no_memory(err);
	*bytes = grown;
	*cap = larger;
	return true;
}

/* Steps until the member has ended; stream is set up, *out holds what came so far. */
static bool inflate_member(z_stream *stream, size_t limit, uint8_t **out, struct error *err)
{
	size_t cap = 0;
	int rc = Z_OK;

	/* One byte over the limit is room enough to learn that it is passed. */
	while (rc != Z_STREAM_END) {
		if (stream->total_out == cap && !grow(out, &cap, limit + 1, err))
			return false;
		stream->next_out = *out + stream->total_out;
		stream->avail_out = (uInt)(cap - stream->total_out);
		rc = inflate(stream, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return no_memory(err);
		if (stream->total_out > limit)
			return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
				"the message expands to more than the %zu bytes that are accepted; send less at once",
				limit);
		if (rc != Z_STREAM_END && (rc != Z_OK || (stream->avail_in == 0 && stream->avail_out > 0)))
			return error_set(err, STATUS_INTERNAL, NULL, "the compressed message is not whole gzip");
	}
	if (stream->avail_in > 0)
		return error_set(err, STATUS_INTERNAL, NULL, "the compressed message has bytes behind its end");
	return true;
}

bool gzip_inflate(const uint8_t *bytes, size_t len, size_t limit, uint8_t **ret_bytes, size_t *ret_len,
	struct error *err)
{
	z_stream stream = {0};
	uint8_t *out = NULL;
	bool ok;

	*ret_bytes = NULL;
	*ret_len = 0;
	if (len == 0)
		return true;
	if (len > UINT_MAX || limit >= UINT_MAX)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the compressed message is too large");
	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return no_memory(err);
	stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)len;
	ok = inflate_member(&stream, limit, &out, err);
	if (ok)
		*ret_len = stream.total_out;
	(void)inflateEnd(&stream);
	if (!ok || *ret_len == 0) {
		free(out);
		return ok;
	}
	*ret_bytes = out;
	return true;
}

bool gzip_deflate(const uint8_t *bytes, size_t len, uint8_t **ret_bytes, size_t *ret_len, struct error *err)
{
	z_stream stream = {0};
	uint8_t *out;
	uLong bound;

	if (len > UINT_MAX / 2)
		return no_memory(err);
	if (deflateInit2(&stream, DEFLATE_LEVEL, Z_DEFLATED, GZIP_WINDOW, DEFLATE_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return no_memory(err);
	bound = deflateBound(&stream, len);
	out = malloc(bound);
	if (!out) {
		(void)deflateEnd(&stream);
		return no_memory(err);
	}
	stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)len;
	stream.next_out = out;
	stream.avail_out = (uInt)bound;
	/* With room for the bound it ends in one step. */
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
		free(out);
		(void)deflateEnd(&stream);
		return no_memory(err);
	}
	*ret_bytes = out;
	*ret_len = stream.total_out;
	(void)deflateEnd(&stream);
	return true;
}
