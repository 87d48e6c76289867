/*
 * pool.h: what the rest of the daemon sees of the database.
 *
 * A call is handed in with pool_submit() and comes back through its done function, never from
 * inside pool_submit(). Each call is one transaction:
 *
 *   [enter: identity, role, deadline, request_id] [statement] … Sync          reads, several of one principal
 *   [enter] [statement] flush … [keep the reply under its request_id] Sync    writes
 *
 *   [statement] Sync                                                          questions of the daemon itself
 *
 * done of a write is called at PIPELINE_SYNC only, since command tags arrive before the commit.
 */
#ifndef RADIOSHOP_POOL_H
#define RADIOSHOP_POOL_H

#include "arena.h"
#include "error.h"
#include "statement.h"

#include <event2/event.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct share;

/* Settings of the pool; strings are copied. */
struct pool_config {
	const char *conninfo; /* libpq connection string */
	unsigned connections[BACKEND_CLASSES];
	unsigned queue_max;     /* calls waiting a class, half of them of one principal; more are RESOURCE_EXHAUSTED */
	int connect_timeout_ms; /* async connecting has no timer of its own */
	int lock_timeout_ms;
	unsigned stream_page; /* rows a page of a stream */
};

/* One execution of a statement. The submitter owns it and keeps it until done() or pool_abandon(). */
struct db_call {
	/* set by the submitter */
	const struct statement *statement;
	const ProtobufCMessage *request; /* or NULL, and unfit says why */
	const struct error *unfit;       /* what is wrong with the request: told to callers that enter() lets in */
	const uint8_t *payload;          /* the request as it came, for the hash kept with request_id */
	size_t payload_len;
	struct share *share;  /* of the principal that calls; the pool counts its calls there */
	const char *call_id;  /* for events and the log */
	int64_t deadline_ms;  /* monotonic clock; never 0 */
	struct arena *arena;  /* replies are made here */
	const char *page_key; /* STREAM: ret_page_key of the page before, NULL for the first */
	const char *argument; /* a question: the statement's one parameter as text; no principal and no request then */
	void (*done)(struct db_call *);
	void *owner;

	/* set before done() */
	struct error error;      /* code STATUS_OK when it worked */
	ProtobufCMessage *reply; /* ONE, LIST, PAGE: the reply */
	const uint8_t *replayed; /* instead of reply: the packed first answer to a repeated request_id */
	size_t replayed_len;
	ProtobufCMessage **ret_rows; /* STREAM: one reply message a row */
	char **ret_texts;            /* a question: one text a row; in the arena */
	size_t row_count;            /* rows mapped, whatever the kind */
	const char *ret_page_key;    /* STREAM: where the next page begins, NULL after the last; in the arena */

	/* the pool's own */
	void *backend;
	struct db_call *next;
	bool queued, abandoned;
	int phase;
};

/* A question: which of the names in an array (text[]) are locked out or unknown. */
extern const struct statement pool_locked_out;
/* A question that writes: which certificates were seen, an array of "NAME SECOND-OF-ITS-END"; answers nothing. */
extern const struct statement pool_note_certificates;
/* A question: when alerts were last decided, asked for and sent, and the oldest that waits; seconds since 1970, 0 for
 * never. */
extern const struct statement pool_alert_times;

/*
 * Begins to connect. statements[] are prepared on every backend; the mapping of each is checked
 * on the first one. pool_ready() tells when calls can be taken. on_change is called when that
 * changes; on_fatal when the database is one we must not serve (wrong schema version, weak
 * settings, statement that does not fit): the daemon then says so and ends.
 */
struct pool *pool_new(struct event_base *base, const struct pool_config *config, struct statement *const *statements,
	size_t statement_count, void (*on_change)(void *owner, bool ready),
	void (*on_fatal)(void *owner, const struct error *err), void *owner);
/* Ends every backend; calls that are left are forgotten without done(). */
void pool_free(struct pool *pool);

bool pool_ready(const struct pool *pool);

/*
 * Takes the call: done() will be called once, later, unless abandoned. When the database is away
 * it fails at once with UNAVAILABLE; when the queue, or the principal's half of it, is full with RESOURCE_EXHAUSTED.
 * Of the calls that wait those go first whose principal has the fewest running.
 */
void pool_submit(struct pool *pool, struct db_call *call);
/*
 * The submitter goes away: done() will not be called and nothing of the call is touched again. What runs in the
 * database is stopped in a moment, unless it ends by itself or may be committing: a write may be done or not.
 */
void pool_abandon(struct pool *pool, struct db_call *call);

/* Numbers for /metrics. */
struct pool_stats {
	unsigned backends[BACKEND_CLASSES], idle[BACKEND_CLASSES], queued[BACKEND_CLASSES];
	uint64_t calls, questions, replays, retries, shared, cancels, connects, connect_failures;
};
void pool_stats(const struct pool *pool, struct pool_stats *ret_stats);

/*
 * Blocking: connects once, prepares and checks every statement, and prints nothing. For
 * `radioshopd --check`. False with the first fault in err.
 */
bool pool_check(const struct pool_config *config, struct statement *const *statements, size_t statement_count,
	struct error *err) MUST_CHECK;

#endif
