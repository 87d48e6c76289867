/*
 * channel.c: the connection that calls share, and calls of one request. Called by session.c.
 * Owns the connection.
 */
#include "channel.h"

#include "message.h"
#include "transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	REPLY_MEMORY = 512 << 20, /* what one reply may take when unpacked */
	REPEATS = 6,              /* of a call that was not looked at */
	PAUSE_FIRST_MS = 200,     /* before the second repeat; the first comes at once, since the server asked for it */
	PAUSE_GROWTH = 160,       /* percent, as gRPC's connection-backoff.md has it, and its jitter of 20 % */
	PAUSE_JITTER = 20,
	GZIP_WORTH = 16 << 10, /* bytes of a request; an import shrinks to a tenth, which pays below some 200 Mbit/s */
};

struct channel {
	const struct profile *profile;
	struct keepalive keepalive;
	struct connection *connection;
	bool takes_gzip; /* the server of this connection has said so */
};

struct channel *channel_new(TALLOC_CTX *ctx, const struct profile *profile)
{
	struct channel *ch = talloc_zero(ctx, struct channel);

	if (ch == NULL)
		abort();
	ch->profile = profile;
	ch->keepalive = (struct keepalive){KEEPALIVE_SILENCE_MS, KEEPALIVE_PATIENCE_MS};
	return ch;
}

void channel_free(struct channel *ch)
{
	if (ch == NULL)
		return;
	connection_free(ch->connection);
	talloc_free(ch);
}

void channel_keepalive(struct channel *ch, const struct keepalive *keepalive)
{
	ch->keepalive = *keepalive;
}

static bool connect_if_needed(struct channel *ch, int64_t deadline_ms, struct error *err)
{
	if (ch->connection != NULL && connection_is_good(ch->connection))
		return true;
	connection_free(ch->connection);
	ch->takes_gzip = false;
	ch->connection = connection_open(ch, ch->profile, &ch->keepalive, deadline_ms, err);
	return ch->connection != NULL;
}

struct call *channel_open(
	struct channel *ch, const struct catalog_method *method, const struct call_options *options, struct error *err)
{
	int64_t deadline_ms = clock_ms() + options->timeout_ms;

	if (!connect_if_needed(ch, deadline_ms, err))
		return NULL;
	return call_begin(ch->connection, method, options, deadline_ms, err);
}

/* ---- calls of one request ---- */

struct simple {
	const struct catalog_method *method;
	const ProtobufCMessage *request;
	struct arena *into; /* where replies are unpacked; NULL: in an arena that ends after on_reply */
	channel_on_reply on_reply;
	void *data;
	size_t replies;
	bool sent;       /* the shop may have done it */
	bool repeatable; /* it certainly has not, and may do it now */
};

/* *ret_end: that was the last reply. */
static bool take_reply(struct simple *k, struct call *call, bool *ret_end, struct error *err)
{
	struct arena own;
	struct arena *arena = k->into;
	ProtobufCMessage *reply;
	bool ok;

	if (arena == NULL)
		arena_init(arena = &own, NULL, REPLY_MEMORY);
	ok = call_receive(call, arena, &reply, err);
	*ret_end = ok && reply == NULL;
	if (ok && reply != NULL) {
		k->replies++;
		ok = k->on_reply(reply, k->data, err);
	}
	if (arena == &own)
		arena_release(&own);
	return ok;
}

static struct call *begin_simple(struct channel *ch, const struct simple *k, int64_t deadline_ms, struct error *err)
{
	struct call_options options = {.gzip = false};

	if (!connect_if_needed(ch, deadline_ms, err))
		return NULL;
	options.gzip = ch->takes_gzip && message_packed_size(k->request) >= GZIP_WORTH;
	return call_begin(ch->connection, k->method, &options, deadline_ms, err);
}

static bool call_once(struct channel *ch, struct simple *k, int64_t deadline_ms, struct error *err)
{
	struct call *call = begin_simple(ch, k, deadline_ms, err);
	bool ok, end = false;

	k->sent = false;
	/* A server that sent us away may be starting again; one that was never there is not waited for. */
	k->repeatable = k->repeatable && call == NULL && err->code == STATUS_UNAVAILABLE;
	if (call == NULL)
		return false;
	ok = call_send(call, k->request, true, err);
	while (ok && !end)
		ok = take_reply(k, call, &end, err);
	k->sent = !call_is_unprocessed(call);
	k->repeatable = !ok && !k->sent && k->replies == 0;
	ch->takes_gzip = ch->takes_gzip || call_takes_gzip(call);
	call_free(call);
	return ok;
}

/* Waits before repeat n, which is 0 for the first. False: there is no time. */
static bool pause_before(unsigned n, int64_t deadline_ms)
{
	int64_t ms = PAUSE_FIRST_MS;
	uint8_t dice;

	if (n == 0)
		return true;
	for (unsigned i = 1; i < n; i++)
		ms = ms * PAUSE_GROWTH / 100;
	if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
		abort();
	ms += ms * PAUSE_JITTER * (dice - 128) / 128 / 100;
	if (clock_ms() + ms >= deadline_ms)
		return false;
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
	return true;
}

static bool call_simple(struct channel *ch, struct simple *k, int64_t timeout_ms, bool *ret_sent, struct error *err)
{
	int64_t deadline_ms = clock_ms() + timeout_ms;
	bool ok = call_once(ch, k, deadline_ms, err);

	for (unsigned n = 0; !ok && k->repeatable && n < REPEATS && pause_before(n, deadline_ms); n++)
		ok = call_once(ch, k, deadline_ms, err);
	if (ret_sent != NULL)
		*ret_sent = k->sent;
	return ok;
}

bool channel_call(struct channel *ch, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t timeout_ms, channel_on_reply on_reply, void *data, bool *ret_sent, struct error *err)
{
	struct simple k = {.method = method, .request = request, .on_reply = on_reply, .data = data};

	return call_simple(ch, &k, timeout_ms, ret_sent, err);
}

static bool keep_one(const ProtobufCMessage *reply, void *data, struct error *err)
{
	const ProtobufCMessage **slot = data;

	if (*slot != NULL)
		return error_set(err, STATUS_INTERNAL, NULL, "two answers came where one was expected");
	*slot = reply;
	return true;
}

ProtobufCMessage *channel_call_one(struct channel *ch, const struct catalog_method *method,
	const ProtobufCMessage *request, int64_t timeout_ms, struct arena *arena, bool *ret_sent, struct error *err)
{
	union {
		const ProtobufCMessage *in;
		ProtobufCMessage *out; /* it lies in the caller's own arena */
	} reply = {.in = NULL};
	struct simple k = {
		.method = method, .request = request, .into = arena, .on_reply = keep_one, .data = &reply.in};

	if (!call_simple(ch, &k, timeout_ms, ret_sent, err))
		return NULL;
	if (reply.in == NULL)
		error_set(err, STATUS_INTERNAL, NULL, "the shop answered OK, but with nothing in it");
	return reply.out;
}
