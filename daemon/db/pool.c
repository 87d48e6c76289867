/*
 * pool.c: the queues of calls, and which backend runs which.
 *
 * The call machinery submits and abandons; backends report. Owns the backends, the transactions in its queues, and
 * the sentences of the constraints. Answers are given from one event of the loop and from nowhere else, so that a
 * submitter is never called back from inside its own call.
 */
#include "pool.h"

#include "backend.h"
#include "cancel.h"
#include "clock.h"
#include "inspection.h"
#include "log.h"
#include "pool_private.h"
#include "queue.h"
#include "share.h"
#include "transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FAILURE_LOG_MS = 5000,
	RENEW_AT_MOST_MS = 1000,
	FLIGHT_OF_ONE = 8, /* reads of one principal in flight, a backend; others' stand behind them */
	BATCH_WANTED = 4,  /* with so many waiting a batch is not begun for fewer */
	KEEP_FROM = 3,     /* backends of a class from which on the last is kept, see may_take() */
};

/* Where a call is, in db_call.phase. */
enum { CALL_ELSEWHERE, CALL_IN_POOL, CALL_ANSWERED };

struct pool {
	struct event_base *base;
	struct pool_config config;
	char *conninfo;
	struct statement *const *statements;
	size_t statement_count;
	void (*on_change)(void *owner, bool ready);
	void (*on_fatal)(void *owner, const struct error *err);
	void *owner;

	struct backend *backends;
	size_t backend_count;
	struct queue queues[BACKEND_CLASSES];
	struct constraint_table constraints;
	struct canceller *canceller; /* NULL when there is none to be had */

	struct db_call *answered, *answered_last; /* done() is still to be called */
	struct event *answer;                     /* calls it */
	struct event *send;                       /* gives what waits to the backends */
	bool checked;                             /* the statements fit; the first backend has proved it */
	bool ready, told_ready;
	bool fatal, told_fatal;
	struct error fatal_error;
	unsigned generation; /* of prepared statements: grows when the schema has moved under them */
	int64_t generation_since_ms, failure_logged_ms;
	uint32_t timeline;       /* see pool_timeline() */
	struct pool_stats stats; /* the counters of it */
};

const struct statement pool_locked_out = {
	.name = STATEMENT_LOCKED_OUT, .class = BACKEND_READ, .method = STATEMENT_LOCKED_OUT};
const struct statement pool_note_certificates = {
	.name = STATEMENT_NOTE_CERTIFICATES, .class = BACKEND_WRITE, .method = STATEMENT_NOTE_CERTIFICATES};
const struct statement pool_alert_times = {
	.name = STATEMENT_ALERT_TIMES, .class = BACKEND_READ, .method = STATEMENT_ALERT_TIMES};

struct event_base *pool_base(const struct pool *pool)
{
	return pool->base;
}

const struct pool_config *pool_settings(const struct pool *pool)
{
	return &pool->config;
}

struct constraint_table *pool_constraints(struct pool *pool)
{
	return &pool->constraints;
}

struct canceller *pool_canceller(const struct pool *pool)
{
	return pool->canceller;
}

unsigned pool_generation(const struct pool *pool)
{
	return pool->generation;
}

uint32_t pool_timeline(const struct pool *pool)
{
	return pool->timeline;
}

/* Has answers, and news for the owner, delivered from the loop. */
static void wake(struct pool *pool)
{
	event_active(pool->answer, EV_TIMEOUT, 0);
}

/* Has what waits sent when the events of this turn of the loop are through: what came together then goes together. */
static void send_soon(struct pool *pool)
{
	event_active(pool->send, EV_TIMEOUT, 0);
}

static struct queue *queue_of(struct transaction *t)
{
	return &t->pool->queues[t->statement->class];
}

/* Lines the call up for done(); call->error is set. */
static void answer_call(struct pool *pool, struct db_call *call)
{
	call->phase = CALL_ANSWERED;
	call->backend = NULL;
	call->queued = false;
	call->next = NULL;
	if (pool->answered_last)
		pool->answered_last->next = call;
	else
		pool->answered = call;
	pool->answered_last = call;
	if (call->argument)
		pool->stats.questions++;
	else
		pool->stats.calls++;
	wake(pool);
}

void pool_finish(struct pool *pool, struct transaction *t)
{
	struct db_call *call = t->call;

	if (call) {
		transaction_admit(t);
		call->error = t->error;
		if (t->error.code == STATUS_OK) {
			call->reply = t->rows.reply;
			call->ret_rows = t->rows.messages;
			call->row_count = t->rows.count;
			call->ret_texts = t->texts;
			call->ret_page_key = t->rows.next_page_key;
			call->replayed = t->replayed;
			call->replayed_len = t->replayed_len;
			pool->stats.replays += t->replaying;
		}
		answer_call(pool, call);
	}
	transaction_free(t);
}

void pool_answer_early(struct pool *pool, struct transaction *t)
{
	struct db_call *call = t->call;

	if (!call)
		return;
	t->call = NULL;
	transaction_error(&call->error, STATUS_DEADLINE_EXCEEDED, t->is_write ? "OUTCOME_UNKNOWN" : "", 0,
		t->is_write ? "the deadline passed and the outcome is not known; repeat with the same request_id to "
			      "learn it"
			    : "the deadline passed before the database answered");
	answer_call(pool, call);
}

static void on_transaction_timer(evutil_socket_t fd, short what, void *arg)
{
	struct transaction *t = arg;

	(void)fd;
	(void)what;
	if (t->backend) {
		backend_overrun(t->backend, t);
		return;
	}
	queue_remove(queue_of(t), t);
	transaction_error(&t->error, STATUS_DEADLINE_EXCEEDED, "", 0,
		"the deadline passed while the call waited for a connection to the database, and nothing was changed");
	pool_finish(t->pool, t);
}

static void transaction_timer(struct transaction *t, int64_t at_ms)
{
	int64_t left = at_ms - clock_ms();
	struct timeval tv = {0};

	if (left > 0) {
		tv.tv_sec = (time_t)(left / 1000);
		tv.tv_usec = (suseconds_t)(left % 1000 * 1000);
	}
	event_add(&t->timer, &tv);
}

void pool_again(struct pool *pool, struct transaction *t)
{
	if (!t->replaying)
		pool->stats.retries++;
	t->backend = NULL;
	transaction_timer(t, t->deadline_ms);
	queue_push_front(queue_of(t), t);
}

/* How many it should have room for: a place that is free again is kept for a moment, so that several go together. */
static unsigned batch_wanted(const struct backend *b, const struct transaction *t)
{
	unsigned waiting = t->share->waiting[t->statement->class];

	if (!transaction_may_share(t) || backend_has_batch_for(b, t))
		return 1;
	return waiting < BATCH_WANTED ? waiting : BATCH_WANTED;
}

/*
 * The last backend of a class is for principals that have nothing running there: however many slow reads, or writes
 * that wait for a lock, somebody sends, another one's call finds a backend at once.
 */
static bool may_take(const struct pool *pool, const struct backend *b, const struct transaction *t)
{
	enum backend_class class = t->statement->class;
	unsigned all = pool->config.connections[class], running = t->share->running[class], wanted = batch_wanted(b, t);
	bool last = b + 1 == pool->backends + pool->backend_count || b[1].class != class;

	if (b->class != class || !backend_can_take(b, t) || b->in_flight + wanted > BACKEND_FLIGHT_MAX)
		return false;
	if (running == 0)
		return true;
	return (!last || all < KEEP_FROM) && running + wanted <= all * FLIGHT_OF_ONE;
}

static struct backend *backend_for(struct pool *pool, const struct transaction *t)
{
	struct backend *best = NULL;

	for (size_t i = 0; i < pool->backend_count; i++) {
		struct backend *b = &pool->backends[i];

		if (may_take(pool, b, t) && (!best || b->in_flight < best->in_flight))
			best = b;
	}
	return best;
}

static void send_one(struct pool *pool, struct transaction *t, struct backend *b)
{
	queue_remove(queue_of(t), t);
	transaction_count(t, PLACE_RUNNING);
	t->call->queued = false;
	transaction_timer(t, t->deadline_ms + OVERRUN_MS);
	if (!backend_give(b, t))
		pool_finish(pool, t);
}

/* To the fairest its turn, and with it to what else of that principal fits into the batch. */
static void send_waiting(struct pool *pool, struct queue *q)
{
	while (q->first) {
		struct transaction *t = queue_fairest(q);
		struct backend *b = backend_for(pool, t);
		const struct share *share = t->share; /* only to compare: it may be gone when nothing of it waits */

		if (!b)
			return;
		do
			send_one(pool, t, b);
		while ((t = queue_next_of(q, share)) && backend_has_batch_for(b, t) && may_take(pool, b, t));
	}
}

/* Whether a backend of the class is up, or hopeful. */
static bool any_backend(const struct pool *pool, enum backend_class class, bool (*is)(const struct backend *b))
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (pool->backends[i].class == class && is(&pool->backends[i]))
			return true;
	}
	return false;
}

static void database_away(struct error *err)
{
	transaction_error(err, STATUS_UNAVAILABLE, "DATABASE_AWAY", 1000,
		"the database cannot be reached just now, and nothing was changed; try again");
}

static void fail_waiting(struct pool *pool, struct queue *q)
{
	while (q->first) {
		struct transaction *t = q->first;

		queue_remove(q, t);
		database_away(&t->error);
		pool_finish(pool, t);
	}
}

/* Ready begins when every class has a backend, and ends when one has neither a backend nor hope for one. */
static void judge_readiness(struct pool *pool)
{
	bool all_up = pool->checked && !pool->fatal, hope = all_up;

	for (int class = 0; class < BACKEND_CLASSES; class ++) {
		if (pool->config.connections[class] == 0)
			continue;
		all_up = all_up && any_backend(pool, (enum backend_class) class, backend_is_up);
		hope = hope && any_backend(pool, (enum backend_class) class, backend_is_hopeful);
	}
	pool->ready = pool->ready ? hope : all_up;
	if (pool->ready != pool->told_ready)
		wake(pool);
}

static void on_send(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;

	(void)fd;
	(void)what;
	for (int class = 0; class < BACKEND_CLASSES; class ++)
		send_waiting(pool, &pool->queues[class]);
	for (size_t i = 0; i < pool->backend_count; i++)
		backend_send(&pool->backends[i]);
}

void pool_review(struct pool *pool, enum backend_class class)
{
	send_soon(pool);
	if (!any_backend(pool, class, backend_is_hopeful))
		fail_waiting(pool, &pool->queues[class]);
	judge_readiness(pool);
}

void pool_prepare_inspection(struct pool *pool, const struct backend *b, struct inspection *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->statements = pool->statements;
	ret->statement_count = pool->statement_count;
	ret->lock_timeout_ms = pool->config.lock_timeout_ms;
	ret->read_only = b->class == BACKEND_READ;
	ret->describe = !pool->checked;
	ret->constraints = &pool->constraints;
}

/* A server took over from the one before: nobody stays behind. */
static void follow_timeline(struct pool *pool, uint32_t timeline)
{
	char text[16];

	if (timeline <= pool->timeline)
		return;
	snprintf(text, sizeof(text), "%u", timeline);
	log_event(LOG_LEVEL_INFO, pool->timeline ? "database_took_over" : "database_timeline", "timeline", text, NULL);
	pool->timeline = timeline;
	for (size_t i = 0; i < pool->backend_count; i++)
		backend_leave_timeline_before(&pool->backends[i], timeline);
}

void pool_backend_ready(struct pool *pool, struct backend *b)
{
	follow_timeline(pool, b->timeline);
	if (!pool->checked) {
		pool->checked = true;
		log_event(LOG_LEVEL_INFO, "database_checked", NULL);
		for (size_t i = 0; i < pool->backend_count; i++) {
			if (&pool->backends[i] != b)
				backend_start(&pool->backends[i]);
		}
	}
	pool_review(pool, b->class);
}

bool pool_backend_refused(struct pool *pool, const struct error *err)
{
	if (pool->checked)
		return false;
	pool->fatal = true;
	pool->fatal_error = *err;
	wake(pool);
	for (int class = 0; class < BACKEND_CLASSES; class ++)
		fail_waiting(pool, &pool->queues[class]);
	return true;
}

void pool_count_connect(struct pool *pool, bool good, const char *why)
{
	int64_t now = clock_ms();

	if (good) {
		pool->stats.connects++;
		return;
	}
	pool->stats.connect_failures++;
	if (pool->failure_logged_ms && now - pool->failure_logged_ms < FAILURE_LOG_MS)
		return;
	pool->failure_logged_ms = now;
	log_event(LOG_LEVEL_WARNING, "connect_failed", "why", why, NULL);
}

void pool_count_shared(struct pool *pool)
{
	pool->stats.shared++;
}

void pool_count_cancel(struct pool *pool)
{
	pool->stats.cancels++;
}

void pool_outdated(struct pool *pool, unsigned generation)
{
	int64_t now = clock_ms();

	/* A statement that fails like this again and again must not keep the pool reconnecting. */
	if (generation != pool->generation || now - pool->generation_since_ms < RENEW_AT_MOST_MS)
		return;
	pool->generation++;
	pool->generation_since_ms = now;
	log_event(LOG_LEVEL_WARNING, "schema_moved", "action", "connections are renewed", NULL);
	for (size_t i = 0; i < pool->backend_count; i++)
		backend_renew_when_idle(&pool->backends[i]);
}

/* The one place that calls back. Each callback may submit, abandon others, or end the daemon's loop. */
static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	struct db_call *last = pool->answered_last;

	(void)fd;
	(void)what;
	if (pool->ready != pool->told_ready) {
		pool->told_ready = pool->ready;
		if (pool->on_change)
			pool->on_change(pool->owner, pool->ready);
	}
	if (pool->fatal && !pool->told_fatal) {
		pool->told_fatal = true;
		if (pool->on_fatal)
			pool->on_fatal(pool->owner, &pool->fatal_error);
	}
	/* What is answered from now on waits for the next turn, so that the loop is not held up. */
	while (pool->answered) {
		struct db_call *call = pool->answered;
		bool is_last = call == last;

		pool->answered = call->next;
		if (!pool->answered)
			pool->answered_last = NULL;
		call->phase = CALL_ELSEWHERE;
		call->done(call);
		if (is_last)
			break;
	}
	if (pool->answered)
		wake(pool);
}

static bool make_backends(struct pool *pool)
{
	size_t n = 0;

	for (int class = 0; class < BACKEND_CLASSES; class ++)
		pool->backend_count += pool->config.connections[class];
	pool->backends = calloc(pool->backend_count ? pool->backend_count : 1, sizeof(*pool->backends));
	if (!pool->backends)
		return false;
	for (int class = 0; class < BACKEND_CLASSES; class ++) {
		for (unsigned i = 0; i < pool->config.connections[class]; i++)
			backend_init(&pool->backends[n++], pool, (enum backend_class) class);
	}
	return true;
}

struct pool *pool_new(struct event_base *base, const struct pool_config *config, struct statement *const *statements,
	size_t statement_count, void (*on_change)(void *owner, bool ready),
	void (*on_fatal)(void *owner, const struct error *err), void *owner)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		abort();
	pool->base = base;
	pool->config = *config;
	pool->conninfo = strdup(config->conninfo);
	pool->config.conninfo = pool->conninfo;
	pool->statements = statements;
	pool->statement_count = statement_count;
	pool->on_change = on_change;
	pool->on_fatal = on_fatal;
	pool->owner = owner;
	pool->answer = event_new(base, -1, 0, on_answer, pool);
	pool->send = event_new(base, -1, 0, on_send, pool);
	if (!pool->conninfo || !pool->answer || !pool->send || !make_backends(pool))
		abort();
	pool->canceller = canceller_new(base, backend_cancelled);
	/* The others follow when the first has passed. */
	if (pool->backend_count)
		backend_start(&pool->backends[0]);
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (int class = 0; class < BACKEND_CLASSES; class ++) {
		while (pool->queues[class].first) {
			struct transaction *t = pool->queues[class].first;

			queue_remove(&pool->queues[class], t);
			transaction_free(t);
		}
	}
	for (size_t i = 0; i < pool->backend_count; i++)
		backend_release(&pool->backends[i]);
	canceller_free(pool->canceller);
	for (size_t i = 0; i < pool->statement_count; i++)
		statement_forget(pool->statements[i]);
	constraint_table_release(&pool->constraints);
	event_free(pool->answer);
	event_free(pool->send);
	free(pool->backends);
	free(pool->conninfo);
	free(pool);
}

bool pool_ready(const struct pool *pool)
{
	return pool->ready;
}

/* Whether the call may wait; a queue of one place is anybody's. */
static bool has_place(const struct pool *pool, struct db_call *call)
{
	enum backend_class class = call->statement->class;
	unsigned most = pool->config.queue_max, of_one = most > 1 ? most / 2 : 1;

	if (pool->queues[class].count >= most)
		transaction_error(&call->error, STATUS_RESOURCE_EXHAUSTED, "QUEUE_FULL", 1000,
			"too many calls wait for the database; try again in a moment");
	else if (call->share->waiting[class] >= of_one)
		transaction_error(&call->error, STATUS_RESOURCE_EXHAUSTED, "QUEUE_SHARE_FULL", 1000,
			"too many of your calls wait for the database; try again when some are done");
	else
		return true;
	return false;
}

void pool_submit(struct pool *pool, struct db_call *call)
{
	struct queue *q = &pool->queues[call->statement->class];
	struct transaction *t;

	memset(&call->error, 0, sizeof(call->error));
	call->reply = NULL;
	call->ret_rows = NULL;
	call->ret_texts = NULL;
	call->row_count = 0;
	call->ret_page_key = NULL;
	call->replayed = NULL;
	call->replayed_len = 0;
	if (pool->fatal || !pool->checked || !any_backend(pool, call->statement->class, backend_is_hopeful)) {
		database_away(&call->error);
		answer_call(pool, call);
		return;
	}
	t = has_place(pool, call) ? transaction_new(pool, call) : NULL;
	if (!t) {
		if (call->error.code == STATUS_OK)
			transaction_error(&call->error, STATUS_RESOURCE_EXHAUSTED, "", 1000, "no memory for the call");
		answer_call(pool, call);
		return;
	}
	evtimer_assign(&t->timer, pool->base, on_transaction_timer, t);
	transaction_timer(t, t->deadline_ms);
	call->phase = CALL_IN_POOL;
	call->backend = t;
	call->queued = true;
	queue_push(q, t);
	send_soon(pool);
}

/* Takes an answered call out of the list before its done(). */
static void forget_answered(struct pool *pool, struct db_call *call)
{
	struct db_call **at = &pool->answered, *before = NULL;

	while (*at && *at != call) {
		before = *at;
		at = &(*at)->next;
	}
	if (!*at)
		return;
	*at = call->next;
	if (pool->answered_last == call)
		pool->answered_last = before;
}

void pool_abandon(struct pool *pool, struct db_call *call)
{
	struct transaction *t = call->backend;

	if (call->phase == CALL_ANSWERED)
		forget_answered(pool, call);
	call->phase = CALL_ELSEWHERE;
	call->backend = NULL;
	call->abandoned = true;
	if (!t)
		return;
	t->call = NULL;
	if (t->backend) {
		backend_abandoned(t->backend);
		return;
	}
	queue_remove(queue_of(t), t);
	transaction_free(t);
}

void pool_stats(const struct pool *pool, struct pool_stats *ret_stats)
{
	*ret_stats = pool->stats;
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct backend *b = &pool->backends[i];

		ret_stats->backends[b->class] += backend_is_up(b);
		ret_stats->idle[b->class] += b->state == BACKEND_IDLE;
	}
	for (int class = 0; class < BACKEND_CLASSES; class ++)
		ret_stats->queued[class] = pool->queues[class].count;
}
