/*
 * backend.c: one connection to PostgreSQL, driven by the event loop.
 *
 * pool.c starts it and gives it transactions. Owns the PGconn, its events and the transactions in flight.
 */
#include "backend.h"

#include "cancel.h"
#include "clock.h"
#include "conninfo.h"
#include "log.h"
#include "pool_private.h"

#include <assert.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>

enum { BACKOFF_FIRST_MS = 250, BACKOFF_MOST_MS = 3000, STABLE_AFTER_MS = 1000 };
enum {
	CANCEL_AFTER_MS = 20,                 /* most end by themselves sooner */
	CANCEL_HOLD_MS = 2 * CANCEL_FRESH_MS, /* longer only in trouble: rather risk to send something twice */
};

static const char *const class_names[] = {"read", "write", "slow"};
_Static_assert(sizeof(class_names) / sizeof(class_names[0]) == BACKEND_CLASSES, "every class has a name");

static void on_io(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);

/* The moves drawn in backend.h, and no others. */
static void backend_move(struct backend *b, enum backend_state to)
{
	static const unsigned allowed[] = {
		[BACKEND_NOT_STARTED] = 1u << BACKEND_CONNECTING,
		[BACKEND_CONNECTING] = 1u << BACKEND_PREPARING | 1u << BACKEND_BACKOFF,
		[BACKEND_PREPARING] = 1u << BACKEND_IDLE | 1u << BACKEND_BACKOFF,
		[BACKEND_IDLE] = 1u << BACKEND_BUSY | 1u << BACKEND_BACKOFF,
		[BACKEND_BUSY] = 1u << BACKEND_IDLE | 1u << BACKEND_BACKOFF,
		[BACKEND_BACKOFF] = 1u << BACKEND_CONNECTING,
	};

	assert(allowed[b->state] & 1u << to);
	b->state = to;
}

static void timer_set(struct backend *b, int64_t ms)
{
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	event_add(&b->timer, &tv);
}

void backend_init(struct backend *b, struct pool *pool, enum backend_class class)
{
	memset(b, 0, sizeof(*b));
	b->pool = pool;
	b->class = class;
	evtimer_assign(&b->timer, pool_base(pool), on_timer, b);
	event_assign(&b->readable, pool_base(pool), -1, 0, on_io, b);
	event_assign(&b->writable, pool_base(pool), -1, 0, on_io, b);
}

/* Lets go of the connection; what was in flight stays listed. */
static void disconnect(struct backend *b)
{
	event_del(&b->readable);
	event_del(&b->writable);
	event_del(&b->timer);
	inspection_release(&b->inspection);
	canceller_forget(pool_canceller(b->pool), b);
	b->cancelling = b->held = false;
	PQfinish(b->conn);
	b->conn = NULL;
}

void backend_release(struct backend *b)
{
	disconnect(b);
	while (b->first) {
		struct transaction *t = b->first;

		b->first = t->next;
		if (t->call)
			t->call->backend = NULL;
		transaction_free(t);
	}
}

bool backend_is_up(const struct backend *b)
{
	return b->state == BACKEND_IDLE || b->state == BACKEND_BUSY;
}

bool backend_is_hopeful(const struct backend *b)
{
	return backend_is_up(b) || b->failures == 0;
}

/* 0.25 s doubling to 3 s, and of that a random part between half and all. */
static int64_t backoff_ms(unsigned failures)
{
	int64_t most = BACKOFF_FIRST_MS;
	uint32_t random;

	for (unsigned i = 1; i < failures && most < BACKOFF_MOST_MS; i++)
		most *= 2;
	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return most / 2 + (int64_t)(random % (uint32_t)(most / 2 + 1));
}

/* Hands back what was in flight; `culprit`, if any, overran. */
static void hand_back(struct backend *b, const struct transaction *culprit)
{
	struct transaction *t, *next, *backwards = NULL, *running = b->first;

	for (t = b->first; t; t = next) {
		next = t->next;
		t->next = backwards;
		backwards = t;
	}
	b->first = b->last = NULL;
	b->in_flight = b->batch = 0;
	/* The last sent goes first, so that the first sent ends up at the front of the queue. */
	for (t = backwards; t; t = next) {
		enum transaction_loss loss = t == running ? LOSS_RUNNING : LOSS_WAITING;

		next = t->next;
		t->next = NULL;
		if (transaction_settle_broken(t, t == culprit ? LOSS_OVERRAN : loss) == TRANSACTION_AGAIN)
			pool_again(b->pool, t);
		else
			pool_finish(b->pool, t);
	}
}

/* The connection is no good, or there is none: closes it and tries again later. */
static void backend_break(struct backend *b, const char *why, const struct transaction *culprit)
{
	bool served = backend_is_up(b), stable = served && clock_ms() - b->serving_since_ms > STABLE_AFTER_MS;
	char line[256];

	snprintf(line, sizeof(line), "%s", why);
	line[strcspn(line, "\n")] = '\0';
	if (served)
		log_event(LOG_LEVEL_WARNING, "backend_lost", "class", class_names[b->class], "why", line, NULL);
	else
		pool_count_connect(b->pool, false, line);
	disconnect(b);
	b->failures = stable ? 0 : b->failures + 1;
	if (!served)
		b->turn++;
	backend_move(b, BACKEND_BACKOFF);
	timer_set(b, stable ? 10 : backoff_ms(b->failures));
	hand_back(b, culprit);
	pool_review(b->pool, b->class);
}

static void backend_break_libpq(struct backend *b)
{
	const char *message = b->conn ? PQerrorMessage(b->conn) : "";

	backend_break(b, message[0] ? message : "the server closed the connection", NULL);
}

/* Waits for what the socket has to say now. libpq may have changed the descriptor. */
static void watch(struct backend *b, bool read, bool write)
{
	event_del(&b->readable);
	event_del(&b->writable);
	event_assign(&b->readable, pool_base(b->pool), PQsocket(b->conn), EV_READ | EV_PERSIST, on_io, b);
	event_assign(&b->writable, pool_base(b->pool), PQsocket(b->conn), EV_WRITE, on_io, b);
	if (read)
		event_add(&b->readable, NULL);
	if (write)
		event_add(&b->writable, NULL);
}

/* Sends what libpq holds; asks for write readiness only while some is left. False when the connection broke. */
static bool flush(struct backend *b)
{
	int left = PQflush(b->conn);

	if (left > 0)
		event_add(&b->writable, NULL);
	return left >= 0;
}

/*
 * A standby did not confirm in time: the commit is on this server's disk, and on no other. The text is translated, its
 * place in the source is not.
 */
static void on_notice(void *arg, const PGresult *result)
{
	struct backend *b = arg;
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (function && strcmp(function, "SyncRepWaitForLSN") == 0 && b->first)
		b->first->commit_doubtful = true;
	log_event(LOG_LEVEL_WARNING, "database_notice", "text", message, NULL);
}

static void begin_preparing(struct backend *b)
{
	backend_move(b, BACKEND_PREPARING);
	pool_prepare_inspection(b->pool, b, &b->inspection);
	b->inspection.conn = b->conn;
	b->generation = pool_generation(b->pool);
	watch(b, true, false);
	if (PQsetnonblocking(b->conn, 1) != 0 || !PQenterPipelineMode(b->conn) || !inspection_begin(&b->inspection) ||
		!flush(b))
		backend_break_libpq(b);
}

static void step_connecting(struct backend *b)
{
	switch (PQconnectPoll(b->conn)) {
	case PGRES_POLLING_READING:
		watch(b, true, false);
		break;
	case PGRES_POLLING_WRITING:
		watch(b, false, true);
		break;
	case PGRES_POLLING_OK:
		begin_preparing(b);
		break;
	default:
		backend_break_libpq(b);
		break;
	}
}

static void connect_now(struct backend *b)
{
	backend_move(b, BACKEND_CONNECTING);
	timer_set(b, pool_settings(b->pool)->connect_timeout_ms);
	b->conn = conninfo_open(pool_settings(b->pool)->conninfo, b->turn);
	if (!b->conn || PQstatus(b->conn) == CONNECTION_BAD) {
		backend_break_libpq(b);
		return;
	}
	PQsetNoticeReceiver(b->conn, on_notice, b);
	/* libpq asks to be polled first when the socket can be written. */
	watch(b, false, true);
}

void backend_start(struct backend *b)
{
	connect_now(b);
}

void backend_abandoned(struct backend *b)
{
	if (b->first && transaction_may_stop(b->first) && !b->cancelling && !event_pending(&b->timer, EV_TIMEOUT, NULL))
		timer_set(b, CANCEL_AFTER_MS);
}

/* If it cannot be asked now, statement_timeout ends it. */
static void stop_head(struct backend *b)
{
	struct transaction *t = b->first;

	if (!t || !transaction_may_stop(t) || !canceller_ask(pool_canceller(b->pool), b->conn, b))
		return;
	t->stopped = true;
	for (t = t->next; t; t = t->next)
		t->exposed = true;
	b->cancelling = b->held = true;
	timer_set(b, CANCEL_HOLD_MS);
}

static void let_go(struct backend *b)
{
	b->held = false;
	pool_review(b->pool, b->class);
}

void backend_cancelled(void *owner, bool delivered)
{
	struct backend *b = owner;

	b->cancelling = false;
	event_del(&b->timer);
	if (delivered)
		pool_count_cancel(b->pool);
	/* The server forgets a cancel that finds it between two messages: then once more. */
	backend_abandoned(b);
	let_go(b);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;

	(void)fd;
	(void)what;
	if (b->state == BACKEND_BACKOFF)
		connect_now(b);
	else if (!backend_is_up(b))
		backend_break(b, "connecting took longer than connect_timeout_ms", NULL);
	else if (b->held)
		let_go(b);
	else
		stop_head(b);
}

static void take_inspection(struct backend *b, const PGresult *result)
{
	struct error fault;

	switch (inspection_take(&b->inspection, result)) {
	case INSPECTION_GOES_ON:
		return;
	case INSPECTION_PASSED:
		if (b->inspection.timeline < pool_timeline(b->pool)) {
			backend_break(b,
				"the server is of an older timeline than one seen before: another has taken its place",
				NULL);
			return;
		}
		event_del(&b->timer);
		inspection_release(&b->inspection);
		backend_move(b, BACKEND_IDLE);
		b->timeline = b->inspection.timeline;
		b->failures = 0;
		b->serving_since_ms = clock_ms();
		pool_count_connect(b->pool, true, NULL);
		pool_backend_ready(b->pool, b);
		return;
	case INSPECTION_FAILED:
		if (b->inspection.faults.count == 0) {
			backend_break_libpq(b);
			return;
		}
		fault = b->inspection.faults.first;
		if (pool_backend_refused(b->pool, &fault))
			disconnect(b);
		else
			backend_break(b, fault.text, NULL);
		return;
	}
}

/* When the server should long have ended the transaction that is first. */
static int64_t stall_ms(const struct transaction *head)
{
	return head->head_since_ms + head->timeout_ms + OVERRUN_MS;
}

static void watch_head(struct transaction *head)
{
	int64_t left = stall_ms(head) - clock_ms();
	struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};

	if (left > 0)
		event_add(&head->timer, &tv);
	else
		event_active(&head->timer, EV_TIMEOUT, 0);
}

/* The transaction before it is over: from now on its own time runs. */
static void became_head(struct transaction *t)
{
	t->head_since_ms = clock_ms();
	if (!event_pending(&t->timer, EV_TIMEOUT, NULL))
		watch_head(t);
}

static void pop_head(struct backend *b)
{
	struct transaction *t = b->first;
	unsigned generation = b->generation;

	b->first = t->next;
	if (!b->first)
		b->last = NULL;
	else
		became_head(b->first);
	t->next = NULL;
	b->in_flight--;
	backend_abandoned(b);
	if (!b->first)
		backend_move(b, BACKEND_IDLE);
	if (t->remedy == REMEDY_PREPARE)
		pool_outdated(b->pool, generation);
	if (transaction_settle(t) == TRANSACTION_AGAIN)
		pool_again(b->pool, t);
	else
		pool_finish(b->pool, t);
	if (b->conn && b->state == BACKEND_IDLE)
		backend_renew_when_idle(b);
	pool_review(b->pool, b->class);
}

/* One result for whoever is first. May break the connection. */
static void take_result(struct backend *b, const PGresult *result)
{
	if (b->state == BACKEND_PREPARING) {
		take_inspection(b, result);
		return;
	}
	if (!b->first) {
		backend_break_libpq(b);
		return;
	}
	switch (transaction_take(b->first, b->conn, result)) {
	case TRANSACTION_RUNS:
		break;
	case TRANSACTION_ENDED:
		pop_head(b);
		break;
	case TRANSACTION_LOST:
		backend_break_libpq(b);
		break;
	}
}

/* Takes every result that has come. Two NULLs in a row: nothing is outstanding. Whether more is waited for. */
static bool take_results(struct backend *b)
{
	PGconn *conn = b->conn;
	unsigned nothing = 0;

	while (b->conn == conn && nothing < 2 && !PQisBusy(conn)) {
		PGresult *result = PQgetResult(conn);

		if (!result) {
			nothing++;
			continue;
		}
		nothing = 0;
		take_result(b, result);
		PQclear(result);
	}
	return b->conn == conn && nothing < 2;
}

/*
 * Libpq reads whenever it cannot send at once, and then nothing of what it holds is left in the socket to wake us: so
 * whatever was sent, what came meanwhile is taken too.
 */
static void drain(struct backend *b)
{
	PGconn *conn = b->conn;
	bool waiting;

	do {
		waiting = take_results(b);
		if (b->conn != conn)
			return;
		if (PQstatus(conn) == CONNECTION_BAD || !flush(b)) {
			backend_break_libpq(b);
			return;
		}
	} while (waiting && !PQisBusy(conn));
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct backend *b = arg;

	(void)fd;
	(void)what;
	if (b->state == BACKEND_CONNECTING) {
		step_connecting(b);
		return;
	}
	/* Reading also when the socket can be written: PQflush reads while it waits, and may hold results. */
	if (!PQconsumeInput(b->conn) || !flush(b)) {
		backend_break_libpq(b);
		return;
	}
	drain(b);
}

bool backend_can_take(const struct backend *b, const struct transaction *t)
{
	if (!backend_is_up(b) || b->held || b->generation != pool_generation(b->pool))
		return false;
	if (t->is_write || b->class != BACKEND_READ)
		return b->in_flight == 0;
	return b->in_flight < BACKEND_FLIGHT_MAX;
}

/* Sends the Sync of the batch. False when the connection broke. */
static bool close_batch(struct backend *b)
{
	bool open = b->batch > 0;

	b->batch = 0;
	return !open || transaction_close(b->last, b->conn);
}

bool backend_has_batch_for(const struct backend *b, const struct transaction *t)
{
	return b->batch > 0 && b->batch < BACKEND_BATCH_MAX && b->last->share == t->share && transaction_may_share(t);
}

bool backend_give(struct backend *b, struct transaction *t)
{
	bool joins = backend_has_batch_for(b, t);
	enum transaction_start start;

	if (!joins && !close_batch(b)) {
		backend_break_libpq(b);
		pool_again(b->pool, t);
		return true;
	}
	start = transaction_start(t, b->conn, joins ? b->last : NULL);
	if (start == TRANSACTION_REFUSED)
		return false;
	t->backend = b;
	t->exposed = b->cancelling;
	t->next = NULL;
	if (b->last)
		b->last->next = t;
	else
		b->first = t;
	b->last = t;
	b->in_flight++;
	if (b->state == BACKEND_IDLE)
		backend_move(b, BACKEND_BUSY);
	if (b->first == t)
		t->head_since_ms = clock_ms();
	b->batch += t->shares;
	if (t->follows)
		pool_count_shared(b->pool);
	if (start == TRANSACTION_LINK_BROKEN)
		backend_break_libpq(b);
	return true;
}

void backend_send(struct backend *b)
{
	if (!b->first || !backend_is_up(b))
		return;
	if (!close_batch(b) || !flush(b))
		backend_break_libpq(b);
	else if (!PQisBusy(b->conn)) /* an answer came before all was sent; see drain() */
		event_active(&b->readable, EV_READ, 1);
}

void backend_overrun(struct backend *b, struct transaction *t)
{
	/* Timers may be early by the grain of the clock. */
	if (t == b->first && clock_ms() + 2 >= stall_ms(t)) {
		backend_break(b, "a call overran its deadline and the server did not stop it", t);
		return;
	}
	/* It waits behind another, or began late. Its caller waits no longer; the server will end it. */
	pool_answer_early(b->pool, t);
	backend_abandoned(b);
	if (t == b->first)
		watch_head(t);
}

void backend_renew_when_idle(struct backend *b)
{
	if (b->state != BACKEND_IDLE || b->generation == pool_generation(b->pool))
		return;
	b->serving_since_ms = 0; /* no failure of the server: connect again at once */
	backend_break(b, "the schema moved: preparing the statements again", NULL);
}

void backend_leave_timeline_before(struct backend *b, uint32_t timeline)
{
	if (!backend_is_up(b) || b->timeline >= timeline)
		return;
	b->serving_since_ms = 0; /* it was no failure: connect again at once */
	backend_break(b, "another server has taken this one's place", NULL);
}
