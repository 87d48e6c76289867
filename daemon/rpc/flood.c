/*
 * flood.c: the budget of frames that carry nothing, used by h2.c. Owns no memory.
 *
 * It reads frame headers itself, before nghttp2 does, since nghttp2 reports no frame that it ignores.
 */
#include "flood.h"

#include <string.h>

enum {
	PREFACE_LEN = 24,
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_SETTINGS = 4,
	FRAME_CONTINUATION = 9,
	FLAG_END_STREAM = 1,
	FLAG_PADDED = 8,
	SETTINGS_ENTRY = 6,
};

void flood_init(struct flood *f, int64_t now_ms)
{
	memset(f, 0, sizeof *f);
	f->preface = PREFACE_LEN;
	f->tokens = FLOOD_BUDGET;
	f->resets = FLOOD_RESETS;
	f->refilled_ms = f->second_ms = now_ms;
}

static void flood_credit(struct flood *f, int64_t tokens)
{
	f->tokens += tokens;
	if (f->tokens > FLOOD_BUDGET_MAX)
		f->tokens = FLOOD_BUDGET_MAX;
}

static int64_t refilled(int64_t tokens, int64_t more, int64_t full)
{
	if (tokens >= full)
		return tokens;
	return tokens + more > full ? full : tokens + more;
}

/* Time alone fills a budget up to where it began, never beyond. */
static void flood_refill(struct flood *f, int64_t now_ms)
{
	int64_t more = (now_ms - f->refilled_ms) * FLOOD_REFILL_PER_S / 1000;

	if (more <= 0)
		return;
	f->refilled_ms = now_ms;
	f->tokens = refilled(f->tokens, more, FLOOD_BUDGET);
	f->resets = refilled(f->resets, more, FLOOD_RESETS);
}

static bool flood_spend(struct flood *f, int64_t tokens)
{
	bool enough = f->tokens > 0;

	f->tokens -= tokens;
	return enough;
}

/* A whole block is decoded whether its stream is wanted or not, so its size is limited here, before it is. */
static bool flood_header_block(struct flood *f, bool first)
{
	if (first) {
		f->header_block = 0;
		flood_credit(f, FLOOD_CREDIT);
	}
	/* A frame's length has 24 bits and the sum ends the connection soon: it cannot overflow. */
	f->header_block += f->payload;
	return f->header_block <= FLOOD_HEADER_BLOCK_MAX;
}

/* The header of a frame is whole. */
static bool flood_frame(struct flood *f)
{
	uint8_t type = f->header[3], flags = f->header[4];

	if (type == FRAME_HEADERS || type == FRAME_CONTINUATION)
		return flood_header_block(f, type == FRAME_HEADERS);
	if (type == FRAME_DATA && (flags & FLAG_END_STREAM))
		return true;
	if (type == FRAME_DATA && (flags & FLAG_PADDED) && f->payload > 0) {
		f->padding_next = true;
		return true;
	}
	if (type == FRAME_DATA && f->payload > 0)
		return true;
	if (type == FRAME_SETTINGS && f->payload > FLOOD_SETTINGS_MAX * SETTINGS_ENTRY) {
		f->long_settings = true;
		return false;
	}
	if (type == FRAME_SETTINGS && f->payload > SETTINGS_ENTRY)
		return flood_spend(f, f->payload / SETTINGS_ENTRY);
	return flood_spend(f, 1);
}

/* Some bytes of a payload: of DATA with padding the first one says whether anything else is in it. */
static bool flood_payload(struct flood *f, const uint8_t *bytes, size_t len)
{
	bool nothing = f->padding_next && f->payload <= 1U + bytes[0];

	f->padding_next = false;
	f->payload -= (uint32_t)len;
	return !nothing || flood_spend(f, 1);
}

bool flood_received(struct flood *f, const uint8_t *bytes, size_t len, int64_t now_ms)
{
	size_t at = len < f->preface ? len : f->preface;

	f->preface -= (unsigned)at;
	flood_refill(f, now_ms);
	while (at < len) {
		if (f->payload > 0) {
			size_t skip = len - at < f->payload ? len - at : f->payload;

			if (!flood_payload(f, bytes + at, skip))
				return false;
			at += skip;
			continue;
		}
		f->header[f->header_len++] = bytes[at++];
		if (f->header_len < sizeof f->header)
			continue;
		f->header_len = 0;
		f->payload = (uint32_t)f->header[0] << 16 | (uint32_t)f->header[1] << 8 | f->header[2];
		if (!flood_frame(f))
			return false;
	}
	return true;
}

const char *flood_why(const struct flood *f)
{
	if (f->long_settings)
		return "too_many_settings";
	return f->header_block > FLOOD_HEADER_BLOCK_MAX ? "headers_too_large" : "too_many_control_frames";
}

void flood_replied(struct flood *f)
{
	flood_credit(f, FLOOD_CREDIT);
	f->last_ping_ms = 0;
	f->strikes = 0;
}

bool flood_peer_reset(struct flood *f, int64_t now_ms)
{
	flood_refill(f, now_ms);
	return f->resets-- > 0;
}

bool flood_own_reset(struct flood *f, int64_t now_ms)
{
	if (now_ms - f->second_ms >= 1000) {
		f->second_ms = now_ms;
		f->own_resets = 0;
	}
	return ++f->own_resets <= FLOOD_OWN_RESETS_PER_S;
}

bool flood_ping(struct flood *f, int64_t now_ms)
{
	bool early = f->last_ping_ms != 0 && now_ms - f->last_ping_ms < FLOOD_PING_INTERVAL_MS;

	f->last_ping_ms = now_ms;
	if (early)
		f->strikes++;
	return f->strikes <= FLOOD_PING_STRIKES;
}
