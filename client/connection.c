/*
 * connection.c: moves bytes between transport and h2_client. Called by call.c and channel.c.
 * Owns both.
 */
#include "connection.h"

#include "failure.h"
#include "transport.h"

#include <string.h>

enum {
	IN_SIZE = 64 << 10,
	OUT_SIZE = 32 << 10,
	LAST_WORD_MS = 500, /* how long the reason may take, after sending has failed */
};

struct connection {
	const struct profile *profile;
	struct keepalive keepalive;
	struct transport *transport;
	struct h2_client *h2;
	uint8_t in[IN_SIZE], out[OUT_SIZE];
	size_t out_at, out_len;
	bool broken;        /* no other call */
	bool mute;          /* sending failed: why may still be unread */
	struct error fault; /* how it failed */
	int64_t mute_ms, heard_ms, ping_ms;
};

struct connection *connection_open(TALLOC_CTX *ctx, const struct profile *profile, const struct keepalive *keepalive,
	int64_t deadline_ms, struct error *err)
{
	struct transport *transport = transport_open(profile, deadline_ms, err);
	struct connection *c;

	if (transport == NULL)
		return NULL;
	c = talloc_zero(ctx, struct connection);
	if (c == NULL)
		abort();
	c->profile = profile;
	c->keepalive = *keepalive;
	c->transport = transport;
	c->h2 = h2_client_new(c);
	c->heard_ms = clock_ms();
	return c;
}

void connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	if (!c->broken)
		h2_client_goodbye(c->h2);
	connection_flush(c);
	h2_client_free(c->h2);
	transport_free(c->transport);
	talloc_free(c);
}

struct h2_client *connection_h2(struct connection *c)
{
	return c->h2;
}

const struct profile *connection_profile(const struct connection *c)
{
	return c->profile;
}

/* ---- the two directions ---- */

/* HTTP/2's own sentences begin with "it". */
static bool about_server(struct connection *c, const struct error *told, struct error *err)
{
	error_set(err, told->code, NULL, "no answer from %s: %s", c->profile->server, told->text);
	return false;
}

static bool send_some(struct connection *c, bool *moved, struct error *err)
{
	struct error told;
	size_t n;

	while (!c->mute) {
		if (c->out_at == c->out_len) {
			c->out_at = 0;
			if (!h2_client_output(c->h2, c->out, OUT_SIZE, &c->out_len, &told))
				return about_server(c, &told, err);
			if (c->out_len == 0)
				return true;
		}
		if (!transport_send(c->transport, c->out + c->out_at, c->out_len - c->out_at, &n, &c->fault)) {
			/* The other side may have said why before it closed: an alert, a GOAWAY, a status. */
			c->mute = true;
			c->mute_ms = clock_ms();
			return true;
		}
		c->out_at += n;
		*moved = *moved || n > 0;
		if (c->out_at < c->out_len)
			return true;
	}
	return true;
}

/* What the server said of itself before explains more than how its socket ended. */
static bool add_last_words(struct connection *c, struct error *err)
{
	const char *words = h2_client_last_words(c->h2);
	size_t len = strlen(err->text);

	if (*words != '\0' && err->code == STATUS_UNAVAILABLE)
		snprintf(err->text + len, sizeof err->text - len, "; it said: %s", words);
	return false;
}

static bool receive_some(struct connection *c, bool *moved, struct error *err)
{
	struct error told;
	bool end;
	size_t n;

	if (!transport_receive(c->transport, c->in, IN_SIZE, &n, &end, err))
		return add_last_words(c, err);
	if (end) {
		transport_no_answer(c->profile, err, "it closed the connection");
		return add_last_words(c, err);
	}
	if (n == 0)
		return true;
	*moved = true;
	c->heard_ms = clock_ms();
	return h2_client_receive(c->h2, c->in, n, &told) || about_server(c, &told, err);
}

/* ---- time ---- */

/* Asks after a silence whether anybody is there. *ret_until is moved forward to when to look again. */
static bool keep_alive(struct connection *c, int64_t now, int64_t *ret_until, struct error *err)
{
	int64_t due = c->heard_ms + c->keepalive.silence_ms;

	if (h2_client_pings(c->h2) > 0 && c->ping_ms > c->heard_ms) {
		due = c->ping_ms + c->keepalive.patience_ms;
		if (now >= due)
			return transport_no_answer(c->profile, err, "it does not even answer an HTTP/2 PING");
	} else if (now >= due) {
		h2_client_ping(c->h2);
		c->ping_ms = now;
		due = now; /* comes round at once, to send it */
	}
	if (due < *ret_until)
		*ret_until = due;
	return true;
}

static bool wait_for_more(struct connection *c, int64_t now, int64_t deadline_ms, struct error *err)
{
	int64_t until = deadline_ms;

	if (c->mute) {
		until = c->mute_ms + LAST_WORD_MS;
		if (now >= until) {
			*err = c->fault;
			return false;
		}
	} else if (!keep_alive(c, now, &until, err)) {
		return false;
	}
	return transport_wait(c->transport, until < deadline_ms ? until : deadline_ms, err);
}

bool connection_turn(struct connection *c, int64_t deadline_ms, struct error *err)
{
	int64_t now = clock_ms();
	bool moved = false, ok;

	if (now >= deadline_ms)
		return error_set(err, STATUS_DEADLINE_EXCEEDED, NULL, "no answer from %s in time", c->profile->server);
	ok = send_some(c, &moved, err) && receive_some(c, &moved, err) &&
	     (moved || wait_for_more(c, now, deadline_ms, err));
	c->broken = c->broken || !ok;
	return ok;
}

void connection_flush(struct connection *c)
{
	struct error ignored;
	bool moved = false;

	if (!c->broken && !send_some(c, &moved, &ignored))
		c->broken = true;
}

bool connection_is_good(struct connection *c)
{
	struct error ignored;
	bool moved = true;

	while (!c->broken && !c->mute && moved) {
		moved = false;
		if (!receive_some(c, &moved, &ignored) || !send_some(c, &moved, &ignored))
			c->broken = true;
	}
	return !c->broken && !c->mute && h2_client_takes_calls(c->h2);
}

void connection_distrust(struct connection *c)
{
	c->broken = true;
}

int64_t connection_heard_ms(const struct connection *c)
{
	return c->heard_ms;
}
