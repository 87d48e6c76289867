/*
 * frame.c: gRPC's length-prefixed messages. Called by the daemon's call and the command's channel.
 *
 * A reader owns its body buffer, which grows as bytes arrive: a peer that announces 4 MiB
 * and sends nothing costs nothing.
 */
#include "frame.h"

#include "gzip.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_FIRST = 512 };

void frame_reader_init(struct frame_reader *r, size_t limit)
{
	memset(r, 0, sizeof(*r));
	r->limit = limit;
}

void frame_reader_init_bare(struct frame_reader *r, size_t limit)
{
	frame_reader_init(r, limit);
	r->bare = true;
	r->prefix_len = FRAME_PREFIX;
	r->want = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

void frame_reader_release(struct frame_reader *r)
{
	free(r->body);
	memset(r, 0, sizeof(*r));
}

static uint32_t prefix_length(const uint8_t prefix[FRAME_PREFIX])
{
	return (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16 | (uint32_t)prefix[3] << 8 | prefix[4];
}

/* The prefix is whole: says no as early as can be. */
static bool prefix_check(struct frame_reader *r, struct error *err)
{
	if (r->prefix[0] == 1 && !r->gzip)
		return error_set(
			err, STATUS_INTERNAL, NULL, "the message is compressed, and no grpc-encoding says how");
	if (r->prefix[0] > 1)
		return error_set(err, STATUS_INTERNAL, NULL, "the message has the unknown flag %u", r->prefix[0]);
	if (r->want > r->limit)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the message has %lu bytes and at most %zu are accepted; send less at once",
			(unsigned long)r->want, r->limit);
	return true;
}

static bool body_reserve(struct frame_reader *r, size_t need, struct error *err)
{
	size_t cap = r->body_cap < BODY_FIRST ? BODY_FIRST : r->body_cap;
	uint8_t *grown;

	if (need <= r->body_cap)
		return true;
	while (cap < need) {
		if (__builtin_mul_overflow(cap, 2, &cap))
			cap = need;
	}
	/* Doubling may pass what is left to come; want is known to be within the limit. */
	if (cap > r->want)
		cap = r->want;
	grown = realloc(r->body, cap);
	if (grown == NULL)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for a message of %lu bytes",
			(unsigned long)r->want);
	r->body = grown;
	r->body_cap = cap;
	return true;
}

/* The body has come: what was compressed takes its place as it was before. */
static bool body_expand(struct frame_reader *r, struct error *err)
{
	uint8_t *bytes;
	size_t len;

	if (!gzip_inflate(r->body, r->body_len, r->limit, &bytes, &len, err))
		return false;
	free(r->body);
	r->body = bytes;
	r->body_len = r->body_cap = len;
	return true;
}

bool frame_reader_feed(struct frame_reader *r, const uint8_t *bytes, size_t len, size_t *ret_used, struct error *err)
{
	size_t used = 0, take;

	while (r->prefix_len < FRAME_PREFIX && used < len) {
		r->prefix[r->prefix_len++] = bytes[used++];
		if (r->prefix_len == FRAME_PREFIX) {
			r->want = prefix_length(r->prefix);
			if (!prefix_check(r, err))
				return false;
		}
	}
	if (r->prefix_len == FRAME_PREFIX && !r->complete) {
		take = r->want - r->body_len;
		if (take > len - used)
			take = len - used;
		if (r->bare && take < len - used)
			return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
				"the message has more than the %zu bytes that are accepted; send less at once",
				r->limit);
		if (take > 0) {
			if (!body_reserve(r, r->body_len + take, err))
				return false;
			memcpy(r->body + r->body_len, bytes + used, take);
			r->body_len += take;
			used += take;
		}
		r->complete = !r->bare && r->body_len == r->want;
		if (r->complete && r->prefix[0] == 1 && !body_expand(r, err))
			return false;
	}
	*ret_used = used;
	return true;
}

bool frame_reader_was_compressed(const struct frame_reader *r)
{
	return r->complete && r->prefix[0] == 1;
}

bool frame_reader_end(struct frame_reader *r, struct error *err)
{
	if (!r->bare || r->complete)
		return true;
	r->complete = true;
	return !r->gzip || r->body_len == 0 || body_expand(r, err);
}

void frame_reader_next(struct frame_reader *r)
{
	r->prefix_len = 0;
	r->want = 0;
	r->body_len = 0;
	r->complete = false;
}

bool frame_reader_at_boundary(const struct frame_reader *r)
{
	return r->prefix_len == 0 || r->complete;
}

void frame_prefix(uint8_t out[FRAME_PREFIX], uint32_t len, bool compressed)
{
	out[0] = compressed ? 1 : 0;
	out[1] = (uint8_t)(len >> 24);
	out[2] = (uint8_t)(len >> 16);
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)len;
}
