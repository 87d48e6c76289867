/*
 * transaction.c: the exchange of one call with the server, and what its outcome is.
 *
 * backend.c sends it and feeds it results, pool.c queues it and answers the call. Owns a struct transaction from
 * submit to answer; replies lie in the call's arena.
 */
#include "transaction.h"

#include "clock.h"
#include "inspection.h"
#include "pgtype.h"
#include "pool_private.h"
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one abandoned write, whose call and arena are gone. */
enum { ORPHAN_REPLY_BYTES = 8 * 1024 * 1024 };
/* The server's timers and ours round differently. */
enum { CLOCK_GRAIN_MS = 5 };
/* Those whose time differs by less than this part of it, and by less than so much, have one statement_timeout. */
enum { TIMEOUT_PART = 16, TIMEOUT_GRAIN_MS = 100 };

void transaction_error(
	struct error *err, enum status code, const char *reason, int32_t retry_after_ms, const char *text)
{
	error_set(err, code, NULL, "%s", text);
	snprintf(err->reason, sizeof(err->reason), "%s", reason);
	err->retry_after_ms = retry_after_ms;
}

struct transaction *transaction_new(struct pool *pool, struct db_call *call)
{
	struct transaction *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->pool = pool;
	t->call = call;
	t->share = share_ref(call->share);
	t->statement = call->statement;
	t->deadline_ms = call->deadline_ms;
	t->is_write = statement_is_write(call->statement);
	t->is_question = call->argument != NULL;
	snprintf(t->call_id, sizeof(t->call_id), "%s", call->call_id ? call->call_id : "");
	return t;
}

void transaction_count(struct transaction *t, enum transaction_place place)
{
	enum backend_class class = t->statement->class;

	t->share->waiting[class] -= t->place == PLACE_WAITING;
	t->share->running[class] -= t->place == PLACE_RUNNING;
	t->share->waiting[class] += place == PLACE_WAITING;
	t->share->running[class] += place == PLACE_RUNNING;
	t->place = place;
}

void transaction_free(struct transaction *t)
{
	if (event_initialized(&t->timer))
		event_del(&t->timer);
	transaction_count(t, PLACE_NONE);
	share_unref(t->share);
	free(t);
}

/* Forgets a try, so that the next can begin. */
static void rewind_try(struct transaction *t)
{
	t->backend = NULL;
	t->phase = TRANSACTION_QUEUED;
	t->head_since_ms = 0;
	t->shares = t->follows = t->closes = false;
	t->results = t->awaited = 0;
	t->unfit = false;
	t->failed = false;
	t->commit_doubtful = false;
	t->remedy = REMEDY_NONE;
	memset(&t->error, 0, sizeof(t->error));
	memset(&t->rows, 0, sizeof(t->rows));
}

/* Identity, role, deadline and request_id: the first statement of every transaction. */
static bool send_enter(struct transaction *t, PGconn *conn, int32_t lock_timeout_ms)
{
	bool names_request = t->is_write && !t->replaying && !t->unfit;
	uint8_t timeout[4], lock_timeout[4];
	const char *values[8] = {t->share->principal, t->statement->roles, t->statement->method, t->call_id,
		(const char *)timeout, (const char *)lock_timeout, NULL, NULL};
	int lengths[8] = {0, 0, 0, 0, 4, 4, 16, DIGEST_BYTES};
	static const int formats[8] = {0, 0, 0, 0, 1, 1, 1, 1};

	pg_put_u32(timeout, (uint32_t)t->timeout_ms);
	pg_put_u32(lock_timeout, (uint32_t)lock_timeout_ms);
	if (names_request) {
		values[6] = (const char *)t->request_id;
		values[7] = (const char *)t->payload;
	}
	return PQsendQueryPrepared(conn, STATEMENT_ENTER, 8, values, lengths, formats, 0) != 0;
}

static bool send_replay(struct transaction *t, PGconn *conn)
{
	const char *values[1] = {(const char *)t->request_id};
	static const int lengths[1] = {16}, formats[1] = {1};

	return PQsendQueryPrepared(conn, STATEMENT_REPLAY, 1, values, lengths, formats, 1) && PQpipelineSync(conn);
}

/* What makes a write the same as an earlier one. */
static bool bind_intent(struct transaction *t)
{
	const struct db_call *call = t->call;

	return bind_request_id(t->statement, call->request, t->request_id, &t->error) &&
	       digest_of(call->payload, call->payload_len, t->payload, &t->error);
}

static bool send_question(const struct transaction *t, PGconn *conn)
{
	const char *values[1] = {t->call->argument};

	return PQsendQueryPrepared(conn, t->statement->name, 1, values, NULL, NULL, 0) && PQpipelineSync(conn);
}

static bool bind_call(struct transaction *t, struct bound *ret_bound)
{
	const struct db_call *call = t->call;

	if (call->unfit) {
		t->error = *call->unfit;
		return false;
	}
	return (!t->is_write || bind_intent(t)) &&
	       bind_request(t->statement, call->request, call->page_key, pool_settings(t->pool)->stream_page,
		       call->arena, ret_bound, &t->page, &t->error);
}

bool transaction_may_share(const struct transaction *t)
{
	return !t->alone && !t->is_question && t->statement->class == BACKEND_READ;
}

/*
 * Whether the enter() of the one before it holds for it: the same principal and roles, and a statement_timeout that is
 * right for it too. The server counts that anew for each statement.
 */
static bool is_entered(const struct transaction *t, const struct transaction *before)
{
	int32_t grain = t->timeout_ms / TIMEOUT_PART;

	if (grain > TIMEOUT_GRAIN_MS)
		grain = TIMEOUT_GRAIN_MS;
	return before && before->share == t->share && strcmp(before->statement->roles, t->statement->roles) == 0 &&
	       before->timeout_ms <= t->timeout_ms + OVERRUN_MS && before->timeout_ms >= t->timeout_ms - grain;
}

bool transaction_close(struct transaction *t, PGconn *conn)
{
	t->closes = true;
	return PQpipelineSync(conn) != 0;
}

/* Whether, and how, it is one of a batch; before is the one that it stands behind there, or NULL. */
static void take_place(struct transaction *t, const struct transaction *before)
{
	t->shares = transaction_may_share(t);
	t->follows = !t->unfit && is_entered(t, before);
	if (t->follows)
		t->timeout_ms = before->timeout_ms;
	t->results = t->follows;
	t->awaited = !t->follows + !t->unfit;
}

/* The statement, and what has the server answer: of one that is wrong, that alone. False when the connection broke. */
static bool send_statement(struct transaction *t, PGconn *conn, const struct bound *bound)
{
	if (t->replaying)
		return send_replay(t, conn);
	if (!t->unfit && !PQsendQueryPrepared(conn, t->statement->name, bound->count, bound->values, bound->lengths,
				 bound->formats, 1))
		return false;
	/*
	 * Of one that shares, the answer comes when it is there, and not with those of the batch behind it. A write is
	 * not over with its statement: its reply must be kept in the same transaction.
	 */
	if (t->shares || (t->is_write && !t->unfit))
		return PQsendFlushRequest(conn) != 0;
	return transaction_close(t, conn);
}

enum transaction_start transaction_start(struct transaction *t, PGconn *conn, const struct transaction *before)
{
	int64_t left = t->deadline_ms - clock_ms();
	int lock_timeout_ms = pool_settings(t->pool)->lock_timeout_ms;
	struct bound bound;

	if (left <= 0) {
		transaction_error(&t->error, STATUS_DEADLINE_EXCEEDED, "", 0,
			"the deadline passed before the database was free, and nothing was changed");
		return TRANSACTION_REFUSED;
	}
	t->timeout_ms = left > INT32_MAX ? INT32_MAX : (int32_t)left;
	/* enter() sets statement_timeout for what comes after it; its own waits are for locks. */
	if (lock_timeout_ms > t->timeout_ms)
		lock_timeout_ms = t->timeout_ms;
	if (t->is_question) {
		t->phase = TRANSACTION_ASKED;
		return send_question(t, conn) ? TRANSACTION_SENT : TRANSACTION_LINK_BROKEN;
	}
	t->unfit = !t->replaying && !bind_call(t, &bound);
	t->phase = t->unfit ? TRANSACTION_ENDING : TRANSACTION_ASKED;
	take_place(t, before);
	if (!t->follows && !send_enter(t, conn, lock_timeout_ms))
		return TRANSACTION_LINK_BROKEN;
	return send_statement(t, conn, &bound) ? TRANSACTION_SENT : TRANSACTION_LINK_BROKEN;
}

static void fail(struct transaction *t, const struct error *err)
{
	t->failed = true;
	if (err->code == STATUS_INTERNAL)
		sqlstate_internal(t->statement->name, t->call_id, err->text, &t->error);
	else
		t->error = *err;
}

/* Sync after a write that keeps nothing. */
static bool end_write(struct transaction *t, PGconn *conn, bool roll_back)
{
	t->phase = TRANSACTION_ENDING;
	if (roll_back && !PQsendQueryPrepared(conn, STATEMENT_ROLLBACK, 0, NULL, NULL, NULL, 0))
		return false;
	return PQpipelineSync(conn) != 0;
}

/* Packs the reply and has it kept under the request_id, in the transaction that did the work. */
static bool keep_reply(struct transaction *t, PGconn *conn, struct arena *a)
{
	size_t len = message_packed_size(t->rows.reply);
	uint8_t *bytes = arena_alloc(a, len + 1);
	const char *values[1] = {(const char *)bytes};
	const int lengths[1] = {(int)len};
	static const int formats[1] = {1};
	struct error err;

	if (!bytes || len > INT32_MAX) {
		error_set(&err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the answer is larger than a call may be; nothing was changed");
		fail(t, &err);
		return end_write(t, conn, true);
	}
	message_pack(t->rows.reply, bytes);
	t->phase = TRANSACTION_KEEPING;
	return PQsendQueryPrepared(conn, STATEMENT_KEEP, 1, values, lengths, formats, 0) && PQpipelineSync(conn);
}

/* The statement's rows came. False when the connection broke. */
static bool take_rows(struct transaction *t, PGconn *conn, const PGresult *result)
{
	const ProtobufCMessage *request = t->call ? t->call->request : NULL;
	struct arena own, *a = t->call ? t->call->arena : &own;
	struct error err;
	bool good = true;

	if (!t->call && !t->is_write)
		return true;
	/* The cancel may be late, and must not meet the commit. */
	if (t->stopped && t->is_write)
		return end_write(t, conn, true);
	/* Nobody waits, but whoever repeats the request must find the answer. */
	if (!t->call)
		arena_init(&own, NULL, ORPHAN_REPLY_BYTES);
	if (row_refused(t->statement, result, &err)) {
		fail(t, &err);
		good = !t->is_write || end_write(t, conn, false);
	} else if (!rows_map(t->statement, result, request, &t->page, a, &t->rows, &err)) {
		fail(t, &err);
		good = !t->is_write || end_write(t, conn, true);
	} else if (t->is_write) {
		good = keep_reply(t, conn, a);
	}
	if (!t->call)
		arena_release(&own);
	return good;
}

static void take_kept_reply(struct transaction *t, const PGresult *result)
{
	struct error err;
	size_t len;

	if (!t->call)
		return;
	if (PQntuples(result) != 1) {
		error_set(&err, STATUS_INTERNAL, NULL, "the reply kept for a repeated request_id is not there");
		fail(t, &err);
		return;
	}
	len = (size_t)PQgetlength(result, 0, 0);
	t->replayed = (const uint8_t *)arena_strndup(t->call->arena, PQgetvalue(result, 0, 0), len);
	t->replayed_len = len;
	if (!t->replayed) {
		error_set(&err, STATUS_RESOURCE_EXHAUSTED, NULL, "the answer is larger than a call may be");
		fail(t, &err);
	}
}

static void take_texts(struct transaction *t, const PGresult *result)
{
	struct error err;

	if (!t->call)
		return;
	t->texts = arena_alloc_array(t->call->arena, (size_t)PQntuples(result) + 1, sizeof *t->texts);
	for (int row = 0; t->texts && row < PQntuples(result); row++) {
		char *text =
			arena_strndup(t->call->arena, PQgetvalue(result, row, 0), (size_t)PQgetlength(result, row, 0));

		if (text)
			t->texts[t->rows.count++] = text;
	}
	if (t->call->arena->exhausted) {
		error_set(&err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for the answer");
		fail(t, &err);
	}
}

/* Another one of its batch failed before it, and the server did nothing of it. */
static void take_skip(struct transaction *t)
{
	if (!t->shares || t->failed)
		return;
	t->failed = t->alone = true;
	t->remedy = REMEDY_SKIPPED;
	transaction_error(
		&t->error, STATUS_DEADLINE_EXCEEDED, "", 0, "the deadline passed before the database answered");
}

static enum transaction_progress take_error(struct transaction *t, PGconn *conn, const PGresult *result)
{
	enum sqlstate_remedy remedy = sqlstate_remedy(result);

	if (remedy == REMEDY_CANCELLED && !t->exposed)
		remedy = REMEDY_NONE;
	if (remedy == REMEDY_LOST)
		return TRANSACTION_LOST;
	if (!t->failed) {
		t->failed = true;
		t->remedy = remedy;
		if (remedy == REMEDY_REPLAY)
			transaction_error(&t->error, STATUS_DEADLINE_EXCEEDED, "", 0,
				"the request was answered before, but the deadline passed while its answer was "
				"fetched");
		else if (!t->stopped)
			sqlstate_explain(result, pool_constraints(t->pool), t->statement->name, t->call_id, &t->error);
		/* A lock that was waited for until the deadline is the deadline, not a reason to try again. */
		if (t->error.code == STATUS_ABORTED && clock_ms() + CLOCK_GRAIN_MS >= t->deadline_ms)
			transaction_error(&t->error, STATUS_DEADLINE_EXCEEDED, "", 0,
				"it waited for other changes until the deadline, and nothing was changed");
	}
	/* The server skips everything up to a Sync: a write has not sent its own yet. */
	if (t->phase == TRANSACTION_ASKED && t->is_write && !t->replaying)
		return end_write(t, conn, false) ? TRANSACTION_RUNS : TRANSACTION_LOST;
	return TRANSACTION_RUNS;
}

/* What one that may share a batch does with a result of its own. */
static enum transaction_progress one_less(struct transaction *t)
{
	if (!t->shares)
		return TRANSACTION_RUNS;
	t->awaited--;
	return t->awaited == 0 && !t->closes ? TRANSACTION_ENDED : TRANSACTION_RUNS;
}

enum transaction_progress transaction_take(struct transaction *t, PGconn *conn, const PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		return TRANSACTION_ENDED;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		t->results++;
		if (t->is_question) {
			take_texts(t, result);
			return TRANSACTION_RUNS;
		}
		if (t->results != 2)
			return one_less(t);
		if (t->replaying)
			take_kept_reply(t, result);
		else if (!take_rows(t, conn, result))
			return TRANSACTION_LOST;
		return one_less(t);
	case PGRES_PIPELINE_ABORTED:
		take_skip(t);
		return one_less(t);
	default:
		return take_error(t, conn, result) == TRANSACTION_LOST ? TRANSACTION_LOST : one_less(t);
	}
}

bool transaction_may_stop(const struct transaction *t)
{
	return !t->call && t->phase == TRANSACTION_ASKED && !t->replaying;
}

static void outcome_unknown(struct transaction *t, enum status code)
{
	transaction_error(&t->error, code, "OUTCOME_UNKNOWN", 1000,
		"the outcome is not known; repeat with the same request_id to learn it");
}

void transaction_admit(struct transaction *t)
{
	if (t->was_answered && (t->error.code == STATUS_UNAVAILABLE || t->error.code == STATUS_DEADLINE_EXCEEDED))
		outcome_unknown(t, t->error.code);
}

enum transaction_fate transaction_settle(struct transaction *t)
{
	bool in_time = t->call && clock_ms() < t->deadline_ms;

	if (t->commit_doubtful) {
		outcome_unknown(t, STATUS_UNAVAILABLE);
		return TRANSACTION_DONE;
	}
	if (!t->failed || !in_time)
		return TRANSACTION_DONE;
	if (t->remedy == REMEDY_REPLAY) {
		rewind_try(t);
		t->replaying = t->was_answered = true;
		return TRANSACTION_AGAIN;
	}
	/* What was meant for another undid this one: as often as that happens. */
	if (t->remedy == REMEDY_CANCELLED || t->remedy == REMEDY_SKIPPED) {
		rewind_try(t);
		return TRANSACTION_AGAIN;
	}
	if (t->remedy == REMEDY_RETRY && t->retries < TRANSACTION_RETRIES) {
		t->retries++;
		rewind_try(t);
		return TRANSACTION_AGAIN;
	}
	if (t->remedy == REMEDY_PREPARE && !t->prepared_again) {
		t->prepared_again = true;
		rewind_try(t);
		return TRANSACTION_AGAIN;
	}
	return TRANSACTION_DONE;
}

enum transaction_fate transaction_settle_broken(struct transaction *t, enum transaction_loss loss)
{
	bool may_be_committed = t->phase == TRANSACTION_KEEPING;

	if (t->failed && t->remedy == REMEDY_NONE && !may_be_committed)
		return TRANSACTION_DONE; /* its error was known; only the Sync was missing */
	if (may_be_committed) {
		outcome_unknown(t, loss == LOSS_OVERRAN ? STATUS_DEADLINE_EXCEEDED : STATUS_UNAVAILABLE);
		return TRANSACTION_DONE;
	}
	if (loss == LOSS_OVERRAN) {
		transaction_error(&t->error, STATUS_DEADLINE_EXCEEDED, "", 0,
			"the database did not answer before the deadline, and nothing was changed");
		return TRANSACTION_DONE;
	}
	/*
	 * Without its Sync nothing of it can have been committed, so a write may be tried again as well. Only once if
	 * it was running: it may be what brought the server down.
	 */
	if (t->call && (loss == LOSS_WAITING || !t->moved)) {
		t->moved = t->moved || loss == LOSS_RUNNING;
		rewind_try(t);
		/* The next server may have taken over from one that alone had kept the reply: it is asked anew. */
		t->replaying = false;
		return TRANSACTION_AGAIN;
	}
	transaction_error(&t->error, STATUS_UNAVAILABLE, "DATABASE_AWAY", 1000,
		"the connection to the database broke, and nothing was changed; try again");
	return TRANSACTION_DONE;
}
