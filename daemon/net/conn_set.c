/*
 * conn_set.c: the connections of one listener: which live, which have something to send, which are to be freed.
 * Called by listener.c and conn.c. Owns the connections.
 */
#include "conn_set.h"

#include "clock.h"
#include "conn.h"
#include "h2.h"
#include "log.h"
#include "share.h"

#include <event2/util.h>
#include <stdio.h>
#include <string.h>

enum {
	SWEEP_MS = 250,
	LOGGED_A_SECOND = 20,
	/* A step may be a signature, a check a chain of them: between so many, everybody else has their turn. */
	STEPS_A_TURN = 4,
	RECHECKS_A_TURN = 16,
	/*
	 * One principal's connections may be read for so long in a turn: ten thousand calls that come at once are taken
	 * a few at a time, and whoever has asked for little does not wait for them.
	 */
	READ_US_A_TURN = 1000,
	BURIALS_A_TURN = 4, /* a connection may have a hundred calls to end */
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

void conn_set_can_read(struct conn_set *set, struct conn *c)
{
	if (c->can_read)
		return;
	c->can_read = true;
	TAILQ_INSERT_TAIL(&set->reads, c, read_link);
	event_active(&set->read, EV_TIMEOUT, 0);
}

void conn_set_has_read(struct conn_set *set, struct conn *c)
{
	if (!c->can_read)
		return;
	c->can_read = false;
	TAILQ_REMOVE(&set->reads, c, read_link);
}

/*
 * One round: a little from each whose principal has time left in this turn. False when there was none. conn_read()
 * moves its own connection in or out of the list and no other, so that the next one stays the next.
 */
static bool read_round(struct conn_set *set)
{
	struct conn *c, *next, *last = TAILQ_LAST(&set->reads, conn_list);
	int64_t before = clock_us(), now;
	bool any = false;

	for (c = TAILQ_FIRST(&set->reads); c; c = next) {
		struct share *share = h2_share(c->h2);

		next = c == last ? NULL : TAILQ_NEXT(c, read_link);
		if (share->turn != set->read_turn) {
			share->turn = set->read_turn;
			share->turn_us = 0;
		}
		if (share->turn_us >= READ_US_A_TURN)
			continue;
		TAILQ_REMOVE(&set->reads, c, read_link);
		TAILQ_INSERT_TAIL(&set->reads, c, read_link);
		conn_read(c);
		now = clock_us();
		share->turn_us += now - before;
		before = now;
		any = true;
	}
	return any;
}

/* What is left waits for the next turn, behind those that have not been read in this one. */
static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn_set *set = arg;

	(void)fd;
	(void)what;
	set->read_turn++;
	while (read_round(set))
		;
	if (!TAILQ_EMPTY(&set->reads))
		event_add(&set->read, &next_turn);
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

/* The end of the turn: one flush for each that has something, then the first of the dead are freed. */
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
	for (int i = 0; i < BURIALS_A_TURN && (c = TAILQ_FIRST(&set->dead)); i++) {
		TAILQ_REMOVE(&set->dead, c, link);
		set->count--;
		conn_free(c);
	}
	if (!TAILQ_EMPTY(&set->dead))
		event_add(&set->turn, &next_turn);
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
	TAILQ_INIT(&set->reads);
	evutil_secure_rng_get_bytes(&key, sizeof key);
	admission_init(&set->admission, key);
	evtimer_assign(&set->step, base, on_step, set);
	evtimer_assign(&set->read, base, on_read, set);
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
	while (set->count > 0)
		on_turn(-1, 0, set);
	event_del(&set->turn);
	event_del(&set->read);
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
