/*
 * lockout.c: asks who of the connected may not stay, and cuts them. Owned by listener.c. Owns the question while it is
 * out.
 */
#include "lockout.h"

#include "clock.h"
#include "conn.h"
#include "conn_set.h"
#include "log.h"
#include "share.h"

#include <stdlib.h>
#include <string.h>

enum {
	ASK_EVERY_S = 2,
	ANSWER_MS = 10000,
	ARENA_BYTES = 64 * 1024,
	ARENA_BYTES_EACH = 4 * PRINCIPAL_NAME_MAX, /* the name to sort, in the question and in the answer */
};

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Who is connected, sorted, each once for each connection. NULL when memory is short. */
static const char **names_of(struct conn_set *set, struct arena *a, size_t *ret_count)
{
	const char **names = arena_alloc_array(a, set->count + 1, sizeof *names);
	struct conn *c;

	*ret_count = 0;
	if (!names)
		return NULL;
	TAILQ_FOREACH(c, &set->live, link)
	{
		if (c->state == CONN_OPEN)
			names[(*ret_count)++] = c->peer.principal;
	}
	qsort(names, *ret_count, sizeof *names, compare_names);
	return names;
}

/* {"ada","frank"}: no letter that a name can have needs escaping, see principal_from_uri(). */
static const char *array_of(const char **names, size_t count, struct arena *a)
{
	char *array = arena_alloc(a, count * (PRINCIPAL_NAME_MAX + 3) + 3), *at = array;

	if (!array)
		return NULL;
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names[i]);

		if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
			continue;
		if (i > 0)
			*at++ = ',';
		*at++ = '"';
		memcpy(at, names[i], len);
		at += len;
		*at++ = '"';
	}
	*at++ = '}';
	*at = '\0';
	return array;
}

static void cut_those(struct conn_set *set, char **names, size_t count)
{
	struct conn *c;

	if (count == 0)
		return;
	qsort(names, count, sizeof *names, compare_names);
	TAILQ_FOREACH(c, &set->live, link)
	{
		const char *name = c->peer.principal;

		if (bsearch(&name, names, count, sizeof *names, compare_names))
			conn_lock_out(c);
	}
}

static void on_answer(struct db_call *call)
{
	struct lockout *l = call->owner;
	bool failed = call->error.code != STATUS_OK;

	/* That the database is away, the log has already. */
	if (failed && !l->failed && call->error.code != STATUS_UNAVAILABLE)
		log_event(LOG_LEVEL_WARNING, "lockout_check_failed", "why", call->error.text, NULL);
	l->failed = failed;
	l->asking = false;
	if (!failed)
		cut_those(l->set, call->ret_texts, call->row_count);
	arena_release(&l->arena);
}

static void ask(struct lockout *l)
{
	struct conn_set *set = l->set;
	struct share *nobody = share_of("");
	const char **names, *argument;
	size_t count;

	arena_init(&l->arena, NULL, ARENA_BYTES + (size_t)set->count * ARENA_BYTES_EACH);
	names = names_of(set, &l->arena, &count);
	argument = names && count > 0 ? array_of(names, count, &l->arena) : NULL;
	if (!argument || !nobody) {
		arena_release(&l->arena);
		share_unref(nobody);
		return;
	}
	l->call = (struct db_call){
		.statement = &pool_locked_out,
		.argument = argument,
		.share = nobody,
		.call_id = "lockout",
		.deadline_ms = clock_ms() + ANSWER_MS,
		.arena = &l->arena,
		.done = on_answer,
		.owner = l,
	};
	l->asking = true;
	pool_submit(set->rpc->pool, &l->call);
	share_unref(nobody); /* the pool has its own reference as long as it needs one */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lockout *l = arg;
	const struct pool *pool = l->set->rpc->pool;

	(void)fd;
	(void)what;
	if (!l->asking && l->set->count > 0 && pool && pool_ready(pool))
		ask(l);
}

void lockout_init(struct lockout *l, struct conn_set *set)
{
	memset(l, 0, sizeof *l);
	l->set = set;
	event_assign(&l->timer, set->base, -1, EV_PERSIST, on_timer, l);
	event_add(&l->timer, &(struct timeval){.tv_sec = ASK_EVERY_S});
}

void lockout_release(struct lockout *l)
{
	event_del(&l->timer);
	if (l->asking)
		pool_abandon(l->set->rpc->pool, &l->call);
	arena_release(&l->arena);
}
