/*
 * listener.c: the listening socket. Made by the daemon; hands each accepted socket to conn.c.
 * Owns the socket and the set of connections.
 *
 * It accepts by itself instead of with evconnlistener: when descriptors run out that one is called back at once and
 * for ever; this one stops listening for a moment.
 */
#include "listener.h"

#include "certificate_note.h"
#include "clock.h"
#include "conn.h"
#include "conn_set.h"
#include "lockout.h"
#include "log.h"
#include "metrics.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 32, BACKLOG = 512, PAUSE_MS = 250, KEEPALIVE_IDLE_S = 30, KEEPALIVE_PROBES = 3 };

struct listener {
	struct conn_set conns;
	struct lockout lockout;
	struct certificate_note certificate_note;
	const struct config *config;
	int fd; /* -1: no more clients are taken */
	struct event acceptable, resume;
	char address[64];
};

static void set_option(int fd, int level, int name, int value)
{
	/* None of these is needed to work right: without them a dead peer is only noticed later. */
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

static void client_options(int fd, const struct config *config)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, config->stall_timeout_ms);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_IDLE_S / KEEPALIVE_PROBES);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

/* The limits on new clients, cheapest first. */
static const struct client_limit {
	const char *key;
	enum metric counter;
} client_limits[] = {
	{"max_connections", METRIC_REFUSED_TOTAL},
	{"max_handshakes_per_s", METRIC_REFUSED_RATE},
	{"max_connections_per_address", METRIC_REFUSED_ADDRESS},
};

/* The limit because of which this client cannot be taken; NULL when it can. */
static const struct client_limit *client_over_limit(struct listener *l, uint64_t origin)
{
	const struct config *config = l->config;

	if (l->conns.count >= (unsigned)config->max_connections)
		return &client_limits[0];
	if (!admission_take(&l->conns.admission, origin, config->max_handshakes_per_s,
		    config->max_connections_per_address, clock_ms()))
		return &client_limits[1];
	if (conn_set_count_from(&l->conns, origin) >= (unsigned)config->max_connections_per_address)
		return &client_limits[2];
	return NULL;
}

static void client_accepted(struct listener *l, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	const struct client_limit *limit = client_over_limit(l, address_origin((const struct sockaddr *)address));
	char text[64];

	if (limit) {
		metrics_add(limit->counter, 1);
		address_format((const struct sockaddr *)address, len, text, sizeof text);
		if (conn_set_may_log(&l->conns))
			log_event(LOG_LEVEL_WARNING, "connection_refused", "peer", text, "limit", limit->key, NULL);
		close(fd);
		return;
	}
	metrics_add(METRIC_CONNECTIONS_ACCEPTED, 1);
	client_options(fd, l->config);
	conn_set_make_room(&l->conns);
	if (!conn_start(&l->conns, fd, address, len))
		log_event(LOG_LEVEL_ERROR, "connection_refused", "why", "no memory", NULL);
}

static void listener_pause(struct listener *l, int why)
{
	metrics_add(METRIC_ACCEPT_PAUSES, 1);
	if (conn_set_may_log(&l->conns))
		log_event(LOG_LEVEL_ERROR, "accept_paused", "why", strerror(why), NULL);
	event_del(&l->acceptable);
	event_add(&l->resume, &(struct timeval){0, PAUSE_MS * 1000});
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof address;
		int client = accept4(fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			client_accepted(l, client, &address, len);
			continue;
		}
		/* Out of descriptors or memory: the client stays in the backlog, asking again at once would spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			listener_pause(l, errno);
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	event_add(&l->acceptable, NULL);
}

static bool address_parse(const char *text, struct addrinfo **ret_address, struct error *err)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	char host[64];
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (brackets) {
		text++;
		len -= 2;
	}
	if (colon && len < sizeof host) {
		memcpy(host, text, len);
		host[len] = '\0';
		if (getaddrinfo(len > 0 ? host : NULL, colon + 1, &hints, ret_address) == 0)
			return true;
	}
	return error_set(err, STATUS_INVALID_ARGUMENT, "listen",
		"listen is not a numeric ADDRESS:PORT such as 127.0.0.1:8443 or [::]:8443");
}

static bool cannot_listen(const char *text, struct error *err)
{
	if (errno == EADDRINUSE)
		return error_set(err, STATUS_UNAVAILABLE, "listen",
			"cannot listen on %s: another process listens there; stop it, or give all of them "
			"listen_shared = yes if they are to share the clients",
			text);
	return error_set(err, STATUS_UNAVAILABLE, "listen", "cannot listen on %s: %s", text, strerror(errno));
}

/*
 * The kernel spreads clients over all sockets of one user that listen there with SO_REUSEPORT. Only when it was asked
 * for: otherwise a daemon started twice by mistake would take half of the clients, with nobody the wiser.
 */
static bool listener_bind(struct listener *l, const struct config *config, struct error *err)
{
	const char *text = config->listen;
	struct addrinfo *address;
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	bool ok;

	if (!address_parse(text, &address, err))
		return false;
	l->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd >= 0) {
		set_option(l->fd, SOL_SOCKET, SO_REUSEADDR, 1);
		set_option(l->fd, SOL_SOCKET, SO_REUSEPORT, strcmp(config->listen_shared, "yes") == 0);
	}
	ok = l->fd >= 0 && bind(l->fd, address->ai_addr, address->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0 &&
	     getsockname(l->fd, (struct sockaddr *)&bound, &len) == 0;
	freeaddrinfo(address);
	if (!ok)
		return cannot_listen(text, err);
	address_format((const struct sockaddr *)&bound, len, l->address, sizeof l->address);
	return true;
}

struct listener *listener_new(
	struct event_base *base, const struct config *config, struct tls *tls, struct rpc *rpc, struct error *err)
{
	struct listener *l = calloc(1, sizeof *l);

	if (!l) {
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for the listener");
		return NULL;
	}
	l->config = config;
	if (!listener_bind(l, config, err)) {
		if (l->fd >= 0)
			close(l->fd);
		free(l);
		return NULL;
	}
	/* A peer that is gone must show as an error of write, not end the daemon. */
	signal(SIGPIPE, SIG_IGN);
	conn_set_init(&l->conns, base, config, tls, rpc);
	lockout_init(&l->lockout, &l->conns);
	certificate_note_init(&l->certificate_note, &l->conns);
	event_assign(&l->acceptable, base, l->fd, EV_READ | EV_PERSIST, on_acceptable, l);
	evtimer_assign(&l->resume, base, on_resume, l);
	event_add(&l->acceptable, NULL);
	return l;
}

static void listener_stop(struct listener *l)
{
	if (l->fd < 0)
		return;
	event_del(&l->acceptable);
	event_del(&l->resume);
	close(l->fd);
	l->fd = -1;
}

void listener_free(struct listener *l)
{
	if (!l)
		return;
	listener_stop(l);
	certificate_note_release(&l->certificate_note);
	lockout_release(&l->lockout);
	conn_set_release(&l->conns);
	free(l);
}

void listener_reload(struct listener *l, const struct config *config, struct tls *tls)
{
	l->config = config;
	conn_set_reload(&l->conns, config, tls);
}

void listener_drain(struct listener *l, void (*on_drained)(void *owner), void *owner)
{
	listener_stop(l);
	l->conns.on_empty = on_drained;
	l->conns.owner = owner;
	conn_set_drain(&l->conns);
}

const char *listener_address(const struct listener *l)
{
	return l->address;
}

unsigned listener_connections(const struct listener *l)
{
	return l->conns.count;
}
