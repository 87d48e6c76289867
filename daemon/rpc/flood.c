/*
 * flood.c: the budget of frames that carry nothing, used by h2.c. Owns no memory.
 *
 * It reads frame headers itself, before nghttp2 does, since nghttp2 reports no frame that it ignores.
 */
#include "flood.h"

#include <string.h>

enum { PREFACE_LEN = 24, FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_CONTINUATION = 9, FLAG_END_STREAM = 1 };

void flood_init(struct flood *f, int64_t now_ms)
{
	memset(f, 0, sizeof *f);
	f->preface = PREFACE_LEN;
	f->tokens = FLOOD_BUDGET;
	f->refilled_ms = f->second_ms = now_ms;
}

static void flood_credit(struct flood *f, int64_t tokens)
{
	f->tokens += tokens;
	if (f->tokens > FLOOD_BUDGET_MAX)
		f->tokens = FLOOD_BUDGET_MAX;
}

/* Time alone fills the budget up to FLOOD_BUDGET, never beyond. */
static void flood_refill(struct flood *f, int64_t now_ms)
{
	int64_t tokens = (now_ms - f->refilled_ms) * FLOOD_REFILL_PER_S / 1000;

	if (tokens <= 0)
		return;
	f->refilled_ms = now_ms;
	if (f->tokens < FLOOD_BUDGET)
		f->tokens = f->tokens + tokens > FLOOD_BUDGET ? FLOOD_BUDGET : f->tokens + tokens;
}

static bool flood_frame(struct flood *f)
{
	uint8_t type = f->header[3];

	if (type == FRAME_HEADERS) {
		flood_credit(f, FLOOD_CREDIT);
		return true;
	}
	if (type == FRAME_CONTINUATION)
		return true;
	if (type == FRAME_DATA && (f->payload > 0 || (f->header[4] & FLAG_END_STREAM)))
		return true;
	return f->tokens-- > 0;
}

bool flood_received(struct flood *f, const uint8_t *bytes, size_t len, int64_t now_ms)
{
	size_t at = len < f->preface ? len : f->preface;

	f->preface -= (unsigned)at;
	flood_refill(f, now_ms);
	while (at < len) {
		if (f->payload > 0) {
			size_t skip = len - at < f->payload ? len - at : f->payload;

			f->payload -= (uint32_t)skip;
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

void flood_replied(struct flood *f)
{
	flood_credit(f, FLOOD_CREDIT);
	f->last_ping_ms = 0;
	f->strikes = 0;
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
