/*
 * transaction.h: one db_call on its way through the pool. Private to db/.
 *
 *                    ┌── again: deadlock, connection lost before anything could commit ──┐
 *                    ▼                                                                   │
 *   submit ──► QUEUED ──► ASKED ──► ENDING ──► Sync ──► finished     reads, refused writes
 *                           │                    ▲
 *                           └─────► KEEPING ─────┘                   writes that were done
 *
 * ASKED: enter and the statement are sent; of a question, the statement alone. ENDING: Sync is sent and nothing will be
 * kept; a request that is wrong begins here, with enter alone, so that nobody learns what is wrong who may not call at
 * all. KEEPING: keep_reply and Sync are sent, so the transaction may commit, and a lost connection leaves the outcome
 * unknown.
 *
 * Reads of one principal that are sent in one turn of the loop to one backend are a batch: one implicit transaction of
 * the server, with one enter() and one Sync for all of them.
 *
 *   [enter] [statement of A] [statement of B] [statement of C] Sync
 *
 * Each is over with its own result: what a read has seen was committed, whatever becomes of those behind it. When one
 * fails, the server skips the rest, and those are sent again, each alone.
 */
#ifndef RADIOSHOP_TRANSACTION_H
#define RADIOSHOP_TRANSACTION_H

#include "bind.h"
#include "digest.h"
#include "pool.h"
#include "row.h"
#include "sqlstate.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct backend;

enum transaction_phase { TRANSACTION_QUEUED, TRANSACTION_ASKED, TRANSACTION_ENDING, TRANSACTION_KEEPING };

/* Where its principal's share counts it. */
enum transaction_place { PLACE_NONE, PLACE_WAITING, PLACE_RUNNING };

/* The local timer runs this much behind the deadline: the server's own timeout comes first. */
enum { OVERRUN_MS = 500, TRANSACTION_RETRIES = 3 };

struct transaction {
	struct transaction *next; /* in the queue of its class, or in flight on its backend */
	struct pool *pool;
	struct backend *backend; /* NULL while queued */
	struct db_call *call;    /* NULL when the submitter has gone or has its answer */
	struct share *share;     /* of the principal; a reference, since the submitter may be gone first */
	enum transaction_place place;
	const struct statement *statement;
	char call_id[64];
	enum transaction_phase phase;
	int64_t deadline_ms;
	int64_t head_since_ms; /* when everything before it on its backend was done; 0 before */
	int32_t timeout_ms;    /* what the server was told */
	bool shares;           /* is one of a batch, if only the first and last */
	bool follows;          /* the enter() of one before it in the batch holds for it */
	bool closes;           /* a Sync is behind it, and it is over with that */
	bool alone;            /* is not to share a batch again: it was skipped in one */
	bool is_write;
	bool is_question;  /* of the daemon itself */
	bool replaying;    /* second pass: fetch the reply that was kept */
	bool was_answered; /* a server knew it: no failure may say that nothing was changed */
	bool unfit; /* the request is wrong, and error says how: only enter is sent, and its refusal comes first */
	unsigned retries;
	bool moved;           /* it was running when its connection broke, and was tried again */
	bool prepared_again;  /* was tried again after the schema had moved */
	unsigned results;     /* good results so far; enter()'s is the first, also if another one's holds */
	unsigned awaited;     /* of one that shares: results that are still to come, but for its Sync */
	bool failed;          /* error and remedy hold the first failure */
	bool stopped;         /* the server was asked to cancel it, so it must not be committed */
	bool exposed;         /* a cancel that is meant for one before it may hit it */
	bool commit_doubtful; /* the server warned that the commit may not have reached the standby */
	struct error error;
	enum sqlstate_remedy remedy;
	struct page page;
	struct rows rows;
	char **texts; /* the answer to a question, rows.count of them, in the call's arena */
	uint8_t request_id[16];
	uint8_t payload[DIGEST_BYTES]; /* hash by which a repeat is known to be the same request */
	const uint8_t *replayed;       /* in the call's arena */
	size_t replayed_len;
	struct event timer; /* deadline while queued, deadline + OVERRUN_MS in flight */
};

/* NULL when memory is short. */
struct transaction *transaction_new(struct pool *pool, struct db_call *call) MUST_CHECK;
void transaction_free(struct transaction *t);
void transaction_count(struct transaction *t, enum transaction_place place);

enum transaction_start {
	TRANSACTION_SENT,
	TRANSACTION_REFUSED,     /* nothing was sent; t->error says why */
	TRANSACTION_LINK_BROKEN, /* sending failed */
};
/* Whether it can be one of a batch: a read that was not skipped before. */
bool transaction_may_share(const struct transaction *t);
/*
 * Binds and sends on the backend's connection. before is the last of the batch that it joins, NULL for the first. Who
 * shares has no Sync yet: transaction_close() it, or one of its batch that was sent behind it.
 */
enum transaction_start transaction_start(
	struct transaction *t, PGconn *conn, const struct transaction *before) MUST_CHECK;
/* Sends the Sync behind it. False when the connection broke. */
bool transaction_close(struct transaction *t, PGconn *conn) MUST_CHECK;

enum transaction_progress {
	TRANSACTION_RUNS,
	TRANSACTION_ENDED, /* all of it came, with its Sync if it closes: call transaction_settle */
	TRANSACTION_LOST,  /* the connection is broken or ending */
};
/* Takes the next result of this transaction. */
enum transaction_progress transaction_take(struct transaction *t, PGconn *conn, const PGresult *result) MUST_CHECK;

/* Whether it runs for nobody and cannot be committing. */
bool transaction_may_stop(const struct transaction *t);

/* What becomes of a transaction that left its backend. */
enum transaction_fate { TRANSACTION_DONE, TRANSACTION_AGAIN };
/* After TRANSACTION_ENDED. DONE: t->error is the outcome (code OK when it worked). */
enum transaction_fate transaction_settle(struct transaction *t) MUST_CHECK;
/* Why a transaction is handed back by a connection that is closed. */
enum transaction_loss {
	LOSS_WAITING, /* it had not begun: another was running */
	LOSS_RUNNING, /* it was running */
	LOSS_OVERRAN, /* it ran too long, and was the reason */
};
enum transaction_fate transaction_settle_broken(struct transaction *t, enum transaction_loss loss) MUST_CHECK;

/*
 * Before t->error is told: a repeat that could not fetch its answer must not hear that nothing was changed, since the
 * request itself was done before.
 */
void transaction_admit(struct transaction *t);

/* Makes an error with a stable reason; retry_after_ms 0 for no hint. */
void transaction_error(
	struct error *err, enum status code, const char *reason, int32_t retry_after_ms, const char *text);

#endif
