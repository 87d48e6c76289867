/*
 * conn_set.c: the connections of one listener: which live, which have something to send, which are to be freed.
 * Called by listener.c and conn.c. Owns the connections.
 */
#include "conn_set.h"

#include "clock.h"
#include "conn.h"
#include "log.h"

#include <event2/util.h>
#include <stdio.h>
#include <string.h>

enum {
	SWEEP_MS = 250,
	LOGGED_A_SECOND = 20,
	/* A step may be a signature, a check a chain of them: between so many, everybody else has their turn. */
	STEPS_A_TURN = 4,
	RECHECKS_A_TURN = 16,
};

static const struct timeval next_turn = {0, 0};

bool conn_set_may_log(struct conn_set *set)
{
	int64_t now = clock_ms();
	char count[16];

	if (now - set->log_second_ms >= 1000) {
		if (set->not_logged > 0) {
			snprintf(count, sizeof count, "%u", set->not_logged);
			log_event(LOG_LEVEL_WARNING, "refusals_not_logged", "count", count, NULL);
		}
		set->log_second_ms = now;
		set->logged = set->not_logged = 0;
	}
	if (set->logged < LOGGED_A_SECOND) {
		set->logged++;
		return true;
	}
	set->not_logged++;
	return false;
}

void conn_set_add(struct conn_set *set, struct conn *c)
{
	TAILQ_INSERT_TAIL(&set->live, c, link);
	TAILQ_INSERT_TAIL(&set->hands, c, hand_link);
	set->hand_count++;
	if (set->count++ == 0)
		event_add(&set->sweep, &(struct timeval){0, SWEEP_MS * 1000});
}

void conn_set_can_step(struct conn_set *set, struct conn *c)
{
	if (c->can_step)
		return;
	c->can_step = true;
	TAILQ_INSERT_TAIL(&set->steps, c, step_link);
	event_add(&set->step, &next_turn);
}

static void steps_remove(struct conn_set *set, struct conn *c)
{
	if (!c->can_step)
		return;
	c->can_step = false;
	TAILQ_REMOVE(&set->steps, c, step_link);
}

void conn_set_greeted(struct conn_set *set, struct conn *c)
{
	TAILQ_REMOVE(&set->hands, c, hand_link);
	set->hand_count--;
	steps_remove(set, c);
}

void conn_set_make_room(struct conn_set *set)
{
	if (set->hand_count >= (unsigned)set->config->max_handshakes)
		conn_push_out(TAILQ_FIRST(&set->hands));
}

/* Handshakes are dear: a crowd of them must not hold up the calls of those who are in. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
	struct conn_set *set = arg;
	struct conn *c;

	(void)fd;
	(void)what;
	for (int i = 0; i < STEPS_A_TURN && (c = TAILQ_FIRST(&set->steps)); i++) {
		steps_remove(set, c);
		conn_step_handshake(c);
	}
	if (!TAILQ_EMPTY(&set->steps))
		event_add(&set->step, &next_turn);
}

/* After a reload: those that have not been checked yet, a few a turn. */
static void on_recheck(evutil_socket_t fd, short what, void *arg)
{
	struct conn_set *set = arg;
	struct conn *c, *next;
	int left = RECHECKS_A_TURN;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&set->live); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->recheck || c->state == CONN_HANDSHAKE)
			continue;
		if (left-- == 0) {
			event_add(&set->recheck, &next_turn);
			return;
		}
		conn_check_certificate(c);
	}
}

void conn_set_soil(struct conn_set *set, struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	TAILQ_INSERT_TAIL(&set->dirty, c, turn_link);
	event_active(&set->turn, EV_TIMEOUT, 0);
}

void conn_set_bury(struct conn_set *set, struct conn *c)
{
	TAILQ_REMOVE(&set->live, c, link);
	TAILQ_INSERT_TAIL(&set->dead, c, link);
	event_active(&set->turn, EV_TIMEOUT, 0);
}

/* The end of the turn: one flush for each that has something, then the dead are freed. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct conn_set *set = arg;
	struct conn *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&set->dirty))) {
		conn_flush(c);
		TAILQ_REMOVE(&set->dirty, c, turn_link);
		c->dirty = false;
	}
	while ((c = TAILQ_FIRST(&set->dead))) {
		TAILQ_REMOVE(&set->dead, c, link);
		set->count--;
		conn_free(c);
	}
	if (set->count == 0)
		event_del(&set->sweep);
	if (set->count == 0 && set->on_empty) {
		void (*on_empty)(void *owner) = set->on_empty;

		set->on_empty = NULL;
		on_empty(set->owner);
	}
}

/* One timer for all limits of time: a quarter of a second is exact enough for each of them. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct conn_set *set = arg;
	int64_t now = clock_ms();
	struct conn *c, *next;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&set->live); c; c = next) {
		next = TAILQ_NEXT(c, link);
		conn_check_time(c, now);
	}
}

void conn_set_init(
	struct conn_set *set, struct event_base *base, const struct config *config, struct tls *tls, struct rpc *rpc)
{
	uint64_t key;

	memset(set, 0, sizeof *set);
	set->base = base;
	set->config = config;
	set->tls = tls_ref(tls);
	set->rpc = rpc;
	TAILQ_INIT(&set->live);
	TAILQ_INIT(&set->dead);
	TAILQ_INIT(&set->dirty);
	TAILQ_INIT(&set->hands);
	TAILQ_INIT(&set->steps);
	evutil_secure_rng_get_bytes(&key, sizeof key);
	admission_init(&set->admission, key);
	evtimer_assign(&set->step, base, on_step, set);
	evtimer_assign(&set->recheck, base, on_recheck, set);
	event_assign(&set->turn, base, -1, 0, on_turn, set);
	event_assign(&set->sweep, base, -1, EV_PERSIST, on_sweep, set);
}

void conn_set_release(struct conn_set *set)
{
	struct conn *c;

	set->on_empty = NULL;
	while ((c = TAILQ_FIRST(&set->live)))
		conn_kill(c);
	on_turn(-1, 0, set);
	event_del(&set->turn);
	event_del(&set->sweep);
	event_del(&set->step);
	event_del(&set->recheck);
	tls_unref(set->tls);
}

void conn_set_reload(struct conn_set *set, const struct config *config, struct tls *tls)
{
	struct conn *c;

	tls_ref(tls);
	tls_unref(set->tls);
	set->tls = tls;
	set->config = config;
	TAILQ_FOREACH(c, &set->live, link)
	{
		c->recheck = true;
	}
	event_add(&set->recheck, &next_turn);
}

void conn_set_drain(struct conn_set *set)
{
	struct conn *c, *next;

	set->draining_since_ms = clock_ms();
	for (c = TAILQ_FIRST(&set->live); c; c = next) {
		next = TAILQ_NEXT(c, link);
		conn_drain(c);
	}
	event_active(&set->turn, EV_TIMEOUT, 0);
}

unsigned conn_set_count_from(const struct conn_set *set, uint64_t origin)
{
	const struct conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &set->live, link)
	{
		n += c->origin == origin;
	}
	return n;
}
