/*
 * backend.h: one connection to PostgreSQL. Private to db/.
 *
 *            ┌─────────────────────────── timer ────────────────────────────┐
 *            ▼                                                              │
 *    NOT_STARTED ──► CONNECTING ──► PREPARING ──► IDLE ◄──► BUSY            │
 *                          │             │           │        │             │
 *                          └─────────────┴───────────┴────────┴──► BACKOFF ─┘
 *
 * CONNECTING and PREPARING have connect_timeout_ms together; libpq has no timer of its own here. BUSY has calls in
 * flight: one if it is a write, else up to BACKEND_FLIGHT_MAX, in batches of one principal. What runs there and nobody
 * waits for is stopped, see backend_abandoned(). From BACKOFF the next try starts after 0.25 s doubling to 3 s,
 * jittered, so that full service is back soon after the server is.
 */
#ifndef RADIOSHOP_BACKEND_H
#define RADIOSHOP_BACKEND_H

#include "inspection.h"
#include "pool.h"
#include "transaction.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <libpq-fe.h>

enum { BACKEND_FLIGHT_MAX = 32, BACKEND_BATCH_MAX = 8 };

enum backend_state {
	BACKEND_NOT_STARTED,
	BACKEND_CONNECTING,
	BACKEND_PREPARING,
	BACKEND_IDLE,
	BACKEND_BUSY,
	BACKEND_BACKOFF,
};

struct backend {
	struct pool *pool; /* owner; outlives it */
	enum backend_class class;
	enum backend_state state; /* moved only by backend_move() */
	PGconn *conn;             /* NULL in NOT_STARTED and BACKOFF */
	struct event readable, writable, timer;
	struct inspection inspection;     /* in PREPARING */
	struct transaction *first, *last; /* in flight, in the order they were sent */
	unsigned in_flight;
	unsigned batch;    /* sent since the last Sync, the last of them is `last` */
	bool cancelling;   /* a cancel is under way to it */
	bool held;         /* for that time, or CANCEL_HOLD_MS: what it is sent might be hit instead */
	unsigned failures; /* tries that failed since it last served */
	int64_t serving_since_ms;
	unsigned generation; /* of the prepared statements, see pool_private.h */
	unsigned turn;       /* which host of the connection string is tried first */
	uint32_t timeline;   /* of the server it is connected to */
};

void backend_init(struct backend *b, struct pool *pool, enum backend_class class);
/* Closes the connection; transactions in flight are freed and their calls forgotten. */
void backend_release(struct backend *b);

/* Begins to connect; from NOT_STARTED. */
void backend_start(struct backend *b);
/* Whether it serves now: IDLE or BUSY. */
bool backend_is_up(const struct backend *b);
/* Whether it will soon serve, as far as one can know: no try has failed since it last did. */
bool backend_is_hopeful(const struct backend *b);
/* Whether it can send that transaction now. */
bool backend_can_take(const struct backend *b, const struct transaction *t);
/*
 * Has it sent, behind what is not closed yet if that is of the same principal; backend_send() then, in this turn of the
 * loop. False when it cannot be sent: t->error says why, and t is still the caller's.
 */
bool backend_give(struct backend *b, struct transaction *t) MUST_CHECK;
/* Whether it would send that transaction in the batch that it has not closed yet. */
bool backend_has_batch_for(const struct backend *b, const struct transaction *t);
/* Closes the batch, if any, and writes what libpq holds. */
void backend_send(struct backend *b);
/* The local timer of a transaction in flight ran out, or its head may have hung. */
void backend_overrun(struct backend *b, struct transaction *t);
/*
 * Nobody waits for one of those in flight any more. If it is the one that runs, and still does in a moment, the server
 * is asked to stop it. Never while it may be committing, and once asked it is not committed any more: the cancel hits
 * whatever runs when it arrives. That may be a read that was sent behind it, which is then sent again.
 */
void backend_abandoned(struct backend *b);
/* The canceller's answer; owner is the backend. */
void backend_cancelled(void *owner, bool delivered);
/* Connects again as soon as nothing is in flight: its prepared statements are out of date. */
void backend_renew_when_idle(struct backend *b);
/* Lets go of a server that another has taken the place of: it may be alive, but what is written to it is lost. */
void backend_leave_timeline_before(struct backend *b, uint32_t timeline);

#endif
