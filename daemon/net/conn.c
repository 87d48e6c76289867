/*
 * conn.c: one client connection: the handshake, bytes in and out of TLS, and its end. Made by listener.c,
 * speaks to h2.c. Owns the socket, the SSL, the h2 session and the bytes that the socket has not taken.
 *
 *   HANDSHAKE ──► OPEN ──► CLOSING ──► LINGER ──► DEAD
 *       │          │                     ▲         ▲
 *       └──────────┼──── refused ────────┘         │
 *                  └──── broken, lost, stalled ────┘
 *
 * CLOSING waits for the last bytes to go out; LINGER has shut down writing and reads away what still comes, so that the
 * peer sees our last words (an alert, a GOAWAY) and not a reset. Dead connections are freed by the set's turn,
 * never by their own callbacks.
 */
#include "conn.h"

#include "clock.h"
#include "conn_set.h"
#include "h2.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	READ_CHUNK = 16 * 1024,  /* one TLS record */
	WRITE_BATCH = 16 * 1024, /* one TLS record: h2 is asked until there is this much */
	OUT_CAP = 48 * 1024,     /* a batch and the frame that fills it up */
	WRITES_A_TURN = 16,
	LINGER_MS = 2000,
	LINGER_BYTES = 256 * 1024,
	NOTICE_MS = 500, /* between the two GOAWAYs: a round trip, generously */
	AGE_JITTER_PERMILLE = 100,
};

_Static_assert(sizeof((struct peer *)0)->principal >= PRINCIPAL_NAME_MAX, "a principal's name fits into a peer");
_Static_assert(OUT_CAP >= WRITE_BATCH + 16384 + 9 + 256, "a frame that begins below the batch size fits");

static void conn_wake(void *owner);

void address_format(const struct sockaddr *address, socklen_t len, char *out, size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(address, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, size, "unknown");
	else
		snprintf(out, size, address->sa_family == AF_INET6 ? "[%.45s]:%s" : "%.45s:%s", host, port);
}

static void conn_move(struct conn *c, enum conn_state to)
{
	assert(to > c->state);
	if (c->state == CONN_HANDSHAKE)
		conn_set_greeted(c->set, c);
	conn_set_has_read(c->set, c);
	c->state = to;
	c->since_ms = clock_ms();
}

void conn_kill(struct conn *c)
{
	if (c->state == CONN_DEAD)
		return;
	conn_move(c, CONN_DEAD);
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->again);
	conn_set_bury(c->set, c);
}

void conn_free(struct conn *c)
{
	if (c->h2)
		h2_free(c->h2);
	ERR_clear_error();
	SSL_free(c->ssl);
	close(c->fd);
	free(c->out);
	free(c);
}

/* Shuts down writing; what the peer still sends is read and thrown away for a moment. */
static void conn_linger(struct conn *c)
{
	conn_move(c, CONN_LINGER);
	event_del(&c->writable);
	event_del(&c->again);
	if (shutdown(c->fd, SHUT_WR) != 0)
		conn_kill(c);
	else
		event_add(&c->readable, NULL);
}

static void conn_read_away(struct conn *c)
{
	uint8_t scrap[4096];
	ssize_t n = read(c->fd, scrap, sizeof scrap);

	if (n > 0) {
		c->lingered += (size_t)n;
		if (c->lingered <= LINGER_BYTES)
			return;
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	conn_kill(c);
}

/* Says why a peer was refused, in the log only. */
static void conn_log_refusal(struct conn *c, const char *why)
{
	metrics_add(METRIC_HANDSHAKES_FAILED, 1);
	if (conn_set_may_log(c->set))
		log_event(LOG_LEVEL_WARNING, "handshake_failed", "peer", c->peer.address, "why", why, NULL);
}

static void conn_handshake_failed(struct conn *c)
{
	unsigned long code = ERR_peek_last_error();
	long verdict = SSL_get_verify_result(c->ssl);
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (verdict == X509_V_ERR_APPLICATION_VERIFICATION)
		reason = "the certificate has not exactly one URI name radioshop://principal/NAME";
	else if (verdict != X509_V_OK)
		reason = X509_verify_cert_error_string(verdict);
	conn_log_refusal(c, reason ? reason : "the peer went away");
	ERR_clear_error();
	conn_linger(c);
}

/* The end that both sides want: our last bytes are out, say so in TLS too. */
static void conn_close(struct conn *c)
{
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
	conn_linger(c);
}

/* Tells the client to go elsewhere with what it has not begun. */
static void conn_leave(struct conn *c)
{
	if (c->leaving_ms)
		return;
	c->leaving_ms = clock_ms();
	h2_shutdown_notice(c->h2);
}

static void conn_open(struct conn *c)
{
	uint16_t random;

	conn_move(c, CONN_OPEN);
	evutil_secure_rng_get_bytes(&random, sizeof random);
	c->opened_ms = c->heard_ms = c->since_ms;
	c->age_permille = 1000 - AGE_JITTER_PERMILLE + random % (2 * AGE_JITTER_PERMILLE + 1);
	c->expires_s = tls_peer_expires(c->ssl);
	c->h2 = h2_new(c->set->rpc, &c->peer, conn_wake, c);
	if (!c->h2) {
		conn_kill(c);
		return;
	}
	log_event(LOG_LEVEL_DEBUG, "connected", "principal", c->peer.principal, "peer", c->peer.address, NULL);
	event_active(&c->readable, EV_READ, 0);
	if (c->set->draining_since_ms)
		conn_leave(c);
	/* The files were loaded anew while it shook hands on the old ones. */
	if (c->recheck)
		conn_check_certificate(c);
}

void conn_step_handshake(struct conn *c)
{
	struct error err = {.code = STATUS_OK};
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(c->ssl);
	if (rc != 1) {
		rc = SSL_get_error(c->ssl, rc);
		if (rc == SSL_ERROR_WANT_WRITE)
			event_add(&c->writable, NULL);
		else if (rc != SSL_ERROR_WANT_READ)
			conn_handshake_failed(c);
		return;
	}
	if (tls_peer_principal(c->ssl, c->peer.principal, &err)) {
		conn_open(c);
		return;
	}
	conn_log_refusal(c, err.text);
	conn_close(c);
}

void conn_push_out(struct conn *c)
{
	metrics_add(METRIC_HANDSHAKES_PUSHED_OUT, 1);
	conn_log_refusal(c, "more than max_handshakes at one time, and this one has taken longest");
	conn_kill(c);
}

/* After a failed SSL_read: nothing there, or the end. */
static void conn_read_stopped(struct conn *c, int rc)
{
	int why = SSL_get_error(c->ssl, rc);

	if (why == SSL_ERROR_WANT_READ)
		return;
	if (why == SSL_ERROR_WANT_WRITE) {
		event_add(&c->writable, NULL);
		return;
	}
	ERR_clear_error();
	conn_kill(c);
}

/* The bytes of a record that are not read yet wait inside OpenSSL, of which no event would tell. */
void conn_read(struct conn *c)
{
	static uint8_t chunk[READ_CHUNK];
	size_t bite = h2_bite(c->h2);
	int n;

	ERR_clear_error();
	n = SSL_read(c->ssl, chunk, (int)(bite < sizeof chunk ? bite : sizeof chunk));
	if (n <= 0 || SSL_pending(c->ssl) == 0)
		conn_set_has_read(c->set, c);
	if (n <= 0) {
		conn_read_stopped(c, n);
		return;
	}
	metrics_add(METRIC_BYTES_IN, (uint64_t)n);
	c->heard_ms = clock_ms();
	c->pinged_ms = 0;
	if (!h2_receive(c->h2, chunk, (size_t)n)) {
		conn_move(c, CONN_CLOSING);
		event_del(&c->readable);
		conn_wake(c);
	}
}

/* May be read again; what OpenSSL holds was there before. */
static void conn_unblocked(struct conn *c)
{
	event_add(&c->readable, NULL);
	if (SSL_pending(c->ssl) > 0)
		conn_set_can_read(c->set, c);
}

/* Collects frames of h2 up to a batch. False: the session is broken. */
static bool conn_collect(struct conn *c)
{
	while (c->out_len < WRITE_BATCH) {
		const uint8_t *bytes;
		ssize_t n = h2_send(c->h2, &bytes);

		if (n < 0)
			return false;
		if (n == 0)
			return true;
		if (!c->out)
			c->out = malloc(OUT_CAP);
		if (!c->out || (size_t)n > OUT_CAP - c->out_len)
			return false;
		memcpy(c->out + c->out_len, bytes, (size_t)n);
		c->out_len += (size_t)n;
	}
	return true;
}

/* The socket is full: neither make more output nor take requests that would. */
static void conn_blocked(struct conn *c)
{
	if (!c->blocked_ms)
		c->blocked_ms = clock_ms();
	event_add(&c->writable, NULL);
	event_del(&c->readable);
	conn_set_has_read(c->set, c);
}

/* Writes what is collected. False: the rest must wait, or the connection is lost. */
static bool conn_write(struct conn *c)
{
	while (c->out_sent < c->out_len) {
		size_t n;
		int rc;

		ERR_clear_error();
		rc = SSL_write_ex(c->ssl, c->out + c->out_sent, c->out_len - c->out_sent, &n);
		if (rc == 1) {
			c->out_sent += n;
			c->blocked_ms = 0;
			metrics_add(METRIC_BYTES_OUT, n);
			continue;
		}
		rc = SSL_get_error(c->ssl, rc);
		if (rc == SSL_ERROR_WANT_WRITE || rc == SSL_ERROR_WANT_READ) {
			conn_blocked(c);
			return false;
		}
		ERR_clear_error();
		conn_kill(c);
		return false;
	}
	c->out_len = c->out_sent = 0;
	free(c->out);
	c->out = NULL;
	return true;
}

void conn_flush(struct conn *c)
{
	if (c->state != CONN_OPEN && c->state != CONN_CLOSING)
		return;
	for (int i = 0; i < WRITES_A_TURN; i++) {
		if (c->out_len == 0 && !conn_collect(c)) {
			conn_kill(c);
			return;
		}
		if (c->out_len == 0)
			break;
		if (!conn_write(c))
			return;
		if (i == WRITES_A_TURN - 1)
			event_add(&c->again, &(struct timeval){0, 0});
	}
	if (c->state == CONN_CLOSING || h2_ended(c->h2))
		conn_close(c);
	else
		conn_unblocked(c);
}

/* Something to send: it goes out in this turn of the loop, with what others add to it. */
static void conn_wake(void *owner)
{
	struct conn *c = owner;

	if (c->state != CONN_DEAD)
		conn_set_soil(c->set, c);
}

static void conn_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	switch (c->state) {
	case CONN_HANDSHAKE:
		conn_set_can_step(c->set, c);
		break;
	case CONN_OPEN:
		if (what & EV_READ)
			conn_set_can_read(c->set, c);
		if (what & (EV_WRITE | EV_TIMEOUT))
			conn_wake(c);
		break;
	case CONN_CLOSING:
		conn_wake(c);
		break;
	case CONN_LINGER:
		conn_read_away(c);
		break;
	case CONN_DEAD:
		break;
	}
}

bool conn_start(struct conn_set *set, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	struct conn *c = calloc(1, sizeof *c);
	SSL *ssl = c ? tls_accept_new(set->tls, fd) : NULL;

	if (!ssl) {
		free(c);
		close(fd);
		return false;
	}
	c->set = set;
	c->fd = fd;
	c->ssl = ssl;
	c->since_ms = clock_ms();
	c->origin = address_origin((const struct sockaddr *)address);
	address_format((const struct sockaddr *)address, len, c->peer.address, sizeof c->peer.address);
	event_assign(&c->readable, set->base, fd, EV_READ | EV_PERSIST, conn_on_event, c);
	event_assign(&c->writable, set->base, fd, EV_WRITE, conn_on_event, c);
	evtimer_assign(&c->again, set->base, conn_on_event, c);
	conn_set_add(set, c);
	event_add(&c->readable, NULL);
	return true;
}

void conn_cut(struct conn *c, enum metric counter, const char *why)
{
	if (c->state != CONN_OPEN)
		return;
	metrics_add(counter, 1);
	log_event(LOG_LEVEL_WARNING, "connection_cut", "principal", c->peer.principal, "peer", c->peer.address, "why",
		why, NULL);
	h2_cut(c->h2);
	conn_move(c, CONN_CLOSING);
	event_del(&c->readable);
	conn_wake(c);
}

/* Nothing is sent: it would not arrive. */
static void conn_stalled(struct conn *c, enum metric counter)
{
	metrics_add(counter, 1);
	log_event(LOG_LEVEL_INFO, counter == METRIC_SILENT ? "client_gone" : "connection_stalled", "principal",
		c->peer.principal, "peer", c->peer.address, NULL);
	conn_kill(c);
}

/* A peer that is gone without a word is found while somebody waits for it: it must answer a PING. */
static void conn_check_silence(struct conn *c, int64_t now)
{
	const struct config *config = c->set->config;

	if (c->pinged_ms && now - c->pinged_ms > config->stall_timeout_ms) {
		conn_stalled(c, METRIC_SILENT);
	} else if (!c->pinged_ms && now - c->heard_ms > config->keepalive_ms) {
		c->pinged_ms = now;
		h2_ping(c->h2);
	}
}

/* Idle or old: notice, GOAWAY, and after the grace the end. While the daemon drains, that has its own limit. */
static void conn_check_leaving(struct conn *c, int64_t now, int64_t idle)
{
	const struct config *config = c->set->config;
	int64_t age = (int64_t)config->connection_age_ms * c->age_permille / 1000;

	if (!c->leaving_ms) {
		if ((idle && now - idle > config->idle_timeout_ms) || now - c->opened_ms >= age)
			conn_leave(c);
	} else if (!c->gone_away) {
		if (now - c->leaving_ms < NOTICE_MS)
			return;
		c->gone_away = true;
		h2_goaway(c->h2, c->set->draining_since_ms != 0);
	} else if (!c->set->draining_since_ms && now - c->leaving_ms >= NOTICE_MS + config->connection_grace_ms) {
		conn_cut(c, METRIC_CUT_AGE, "older than connection_age_ms, and its calls did not end in time");
	}
}

void conn_lock_out(struct conn *c)
{
	if (c->state != CONN_OPEN)
		return;
	c->locked_out = true;
	conn_leave(c);
}

/*
 * The client may have sent calls just now: these are still answered, with UNAUTHENTICATED. After the notice it comes on
 * another connection, where it is told the same.
 */
static void conn_check_locked_out(struct conn *c, int64_t now)
{
	conn_lock_out(c);
	if (now - c->leaving_ms >= NOTICE_MS)
		conn_cut(c, METRIC_CUT_LOCKED_OUT,
			h2_is_locked_out(c->h2) ? "the database did not let its principal in"
						: "the shop does not know its principal, or has locked it out");
}

static void conn_check_open(struct conn *c, int64_t now)
{
	const struct config *config = c->set->config;
	int64_t idle = h2_idle_since(c->h2);

	if (c->blocked_ms && now - c->blocked_ms > config->stall_timeout_ms) {
		conn_stalled(c, METRIC_STALLS);
		return;
	}
	h2_check_time(c->h2, now);
	if (time(NULL) >= c->expires_s) {
		conn_cut(c, METRIC_CUT_EXPIRED, "its certificate has expired");
		return;
	}
	if (c->locked_out || h2_is_locked_out(c->h2)) {
		conn_check_locked_out(c, now);
		return;
	}
	conn_check_leaving(c, now, idle);
	if (c->state == CONN_OPEN && !idle && !c->blocked_ms)
		conn_check_silence(c, now);
}

void conn_check_time(struct conn *c, int64_t now)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		if (now - c->since_ms <= c->set->config->handshake_timeout_ms)
			break;
		conn_log_refusal(c, "the handshake took too long");
		conn_kill(c);
		break;
	case CONN_OPEN:
		conn_check_open(c, now);
		break;
	case CONN_CLOSING:
	case CONN_LINGER:
		if (now - c->since_ms > LINGER_MS)
			conn_kill(c);
		break;
	case CONN_DEAD:
		break;
	}
}

void conn_check_certificate(struct conn *c)
{
	if (c->state == CONN_HANDSHAKE)
		return; /* conn_open() does */
	c->recheck = false;
	if (c->state == CONN_OPEN && !tls_peer_still_valid(c->set->tls, c->ssl))
		conn_cut(c, METRIC_CUT_REVOKED, "its certificate no longer passes");
}

void conn_drain(struct conn *c)
{
	if (c->state == CONN_HANDSHAKE)
		conn_kill(c);
	else if (c->state == CONN_OPEN)
		conn_leave(c);
}
