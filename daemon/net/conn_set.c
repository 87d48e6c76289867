/*
 * conn_set.c: the connections of one listener: which live, which have something to send, which are to be freed.
 * Called by listener.c and conn.c. Owns the connections.
 */
#include "conn_set.h"

#include "clock.h"
#include "conn.h"
#include "log.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { SWEEP_MS = 250, LOGGED_A_SECOND = 20 };

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
	if (set->count++ == 0)
		event_add(&set->sweep, &(struct timeval){0, SWEEP_MS * 1000});
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
	memset(set, 0, sizeof *set);
	set->base = base;
	set->config = config;
	set->tls = tls_ref(tls);
	set->rpc = rpc;
	TAILQ_INIT(&set->live);
	TAILQ_INIT(&set->dead);
	TAILQ_INIT(&set->dirty);
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
	tls_unref(set->tls);
}

void conn_set_reload(struct conn_set *set, const struct config *config, struct tls *tls)
{
	struct conn *c, *next;

	tls_ref(tls);
	tls_unref(set->tls);
	set->tls = tls;
	set->config = config;
	for (c = TAILQ_FIRST(&set->live); c; c = next) {
		next = TAILQ_NEXT(c, link);
		conn_check_certificate(c);
	}
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

/* The bytes of an address without its port. */
static const void *address_bytes(const struct sockaddr *a, size_t *ret_len)
{
	if (a->sa_family == AF_INET) {
		*ret_len = sizeof(struct in_addr);
		return &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	}
	*ret_len = sizeof(struct in6_addr);
	return &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

unsigned conn_set_count_from(const struct conn_set *set, const struct sockaddr *address)
{
	size_t len, other_len;
	const void *bytes = address_bytes(address, &len);
	const struct conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &set->live, link)
	{
		const void *other = address_bytes((const struct sockaddr *)&c->address, &other_len);

		n += other_len == len && memcmp(other, bytes, len) == 0;
	}
	return n;
}
