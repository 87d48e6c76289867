/*
 * flood.h: how much nuisance one connection may make. Pure: bytes and the time in, a verdict out.
 *
 * nghttp2 1.52 has no budget for PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM, empty DATA and
 * frames of unknown type, and none for the resets that a peer provokes from us (CVE-2025-8671). A
 * budget that grows with requests and replies never gets in the way of a working client.
 *
 * DATA of nothing but padding carries nothing either, and each entry of SETTINGS is work of its own.
 */
#ifndef RADIOSHOP_FLOOD_H
#define RADIOSHOP_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FLOOD_BUDGET = 1000,      /* control frames at once */
	FLOOD_REFILL_PER_S = 100, /* and so many a second after that */
	FLOOD_BUDGET_MAX = 4000,  /* most that requests and replies can add up to */
	FLOOD_SETTINGS_MAX = 32,  /* entries of one SETTINGS frame; nghttp2 would end it too, but tell nobody here */
	FLOOD_CREDIT = 4,         /* control frames that come with one request or one reply frame */
	FLOOD_OWN_RESETS_PER_S = 100,   /* RST_STREAM we had to send */
	FLOOD_RESETS = 1000,            /* calls that the client cancels at once; FLOOD_REFILL_PER_S after that */
	FLOOD_HEADER_BLOCK_MAX = 65536, /* bytes of HEADERS and its CONTINUATIONs, as they come */
	FLOOD_PING_INTERVAL_MS = 10000, /* a PING sooner than this, with nothing sent between, is a strike */
	FLOOD_PING_STRIKES = 2,         /* so many are forgiven */
};

struct flood {
	unsigned preface;  /* bytes of the client's preface still to come */
	uint8_t header[9]; /* of the frame that is arriving */
	unsigned header_len;
	uint32_t payload;      /* bytes of its payload still to come */
	bool padding_next;     /* the next byte says how much of a DATA frame is padding */
	bool long_settings;    /* a frame of SETTINGS was over FLOOD_SETTINGS_MAX */
	uint32_t header_block; /* bytes of the header block that is arriving */
	int64_t tokens, resets, refilled_ms;
	int64_t second_ms; /* begin of the second in which own_resets are counted */
	unsigned own_resets;
	int64_t last_ping_ms; /* 0: none since the last frame of a reply */
	unsigned strikes;
};

void flood_init(struct flood *f, int64_t now_ms);

/* Walks the frame headers in what the peer sent. False: the budget is used up; flood_why() says which. */
bool flood_received(struct flood *f, const uint8_t *bytes, size_t len, int64_t now_ms);
const char *flood_why(const struct flood *f);
/* A frame of a reply was sent: room for the WINDOW_UPDATE and PING that answer it. */
void flood_replied(struct flood *f);
/* The client cancelled a call that was not answered. False: too many. */
bool flood_peer_reset(struct flood *f, int64_t now_ms);
/* We sent a RST_STREAM with an error. False: too many in this second. */
bool flood_own_reset(struct flood *f, int64_t now_ms);
/* A PING came. False: one strike too many, the connection ends with too_many_pings. */
bool flood_ping(struct flood *f, int64_t now_ms);

#endif
