/*
 * certificate_note.c: tells the database of certificates that it may not know. Owned by listener.c. Owns the statement
 * while it is out.
 */
#include "certificate_note.h"

#include "clock.h"
#include "conn.h"
#include "conn_set.h"
#include "log.h"
#include "share.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	TELL_EVERY_S = 4,
	AGAIN_AFTER_S = 60,
	ANSWER_MS = 10000,
	ARENA_BYTES = 16 * 1024,
	SHOWN_MAX = PRINCIPAL_NAME_MAX + 32, /* a comma, quotes, the name, a blank and the second of the end */
};

/* What is new, each connection for itself: the database counts equal ones once. Marks them as told. */
static size_t new_ones(struct conn_set *set)
{
	struct conn *c;
	size_t count = 0;

	TAILQ_FOREACH(c, &set->live, link)
	{
		if (c->state != CONN_OPEN || c->certificate_noted != NOTE_NONE)
			continue;
		c->certificate_noted = NOTE_TOLD;
		count++;
	}
	return count;
}

/* What was told is known now, or is new again. */
static void settle(struct conn_set *set, enum certificate_noted to)
{
	struct conn *c;

	TAILQ_FOREACH(c, &set->live, link)
	{
		if (c->certificate_noted == NOTE_TOLD)
			c->certificate_noted = to;
	}
}

/* {"ada 1893456000"}: no letter that a name can have needs escaping, see principal_from_uri(). */
static const char *array_of(const struct conn_set *set, size_t count, struct arena *a)
{
	size_t size = count * SHOWN_MAX + 3, len = 1;
	char *array = arena_alloc(a, size);
	const struct conn *c;

	if (!array)
		return NULL;
	array[0] = '{';
	TAILQ_FOREACH(c, &set->live, link)
	{
		if (c->certificate_noted != NOTE_TOLD)
			continue;
		len += (size_t)snprintf(array + len, size - len, "%s\"%s %" PRId64 "\"", len > 1 ? "," : "",
			c->peer.principal, c->expires_s);
	}
	memcpy(array + len, "}", 2);
	return array;
}

static void arm(struct certificate_note *n, int seconds)
{
	event_add(&n->timer, &(struct timeval){.tv_sec = seconds});
}

static void on_answer(struct db_call *call)
{
	struct certificate_note *n = call->owner;
	bool failed = call->error.code != STATUS_OK;

	/* That the database is away, the log has already. */
	if (failed && !n->failed && call->error.code != STATUS_UNAVAILABLE)
		log_event(LOG_LEVEL_WARNING, "certificate_note_failed", "why", call->error.text, NULL);
	n->failed = failed;
	n->telling = false;
	settle(n->set, failed ? NOTE_NONE : NOTE_DONE);
	arena_release(&n->arena);
	arm(n, failed ? AGAIN_AFTER_S : TELL_EVERY_S);
}

/* False when there is nothing to tell, or no memory to do so. */
static bool tell(struct certificate_note *n)
{
	struct conn_set *set = n->set;
	size_t count = new_ones(set);
	struct share *nobody = count > 0 ? share_of("") : NULL;
	const char *argument;

	arena_init(&n->arena, NULL, ARENA_BYTES + count * SHOWN_MAX);
	argument = nobody ? array_of(set, count, &n->arena) : NULL;
	if (!argument) {
		settle(set, NOTE_NONE);
		arena_release(&n->arena);
		share_unref(nobody);
		return false;
	}
	n->call = (struct db_call){
		.statement = &pool_note_certificates,
		.argument = argument,
		.share = nobody,
		.call_id = "certificates",
		.deadline_ms = clock_ms() + ANSWER_MS,
		.arena = &n->arena,
		.done = on_answer,
		.owner = n,
	};
	n->telling = true;
	pool_submit(set->rpc->pool, &n->call);
	share_unref(nobody); /* the pool has its own reference as long as it needs one */
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct certificate_note *n = arg;
	const struct pool *pool = n->set->rpc->pool;

	(void)fd;
	(void)what;
	if (n->set->count == 0 || !pool || !pool_ready(pool) || !tell(n))
		arm(n, TELL_EVERY_S);
}

void certificate_note_init(struct certificate_note *n, struct conn_set *set)
{
	memset(n, 0, sizeof *n);
	n->set = set;
	event_assign(&n->timer, set->base, -1, 0, on_timer, n);
	arm(n, TELL_EVERY_S);
}

void certificate_note_release(struct certificate_note *n)
{
	event_del(&n->timer);
	if (n->telling)
		pool_abandon(n->set->rpc->pool, &n->call);
	arena_release(&n->arena);
}
