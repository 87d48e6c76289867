/*
 * call.c: a call on a stream of the connection. Called by channel.c, and by whoever streams.
 * Owns the stream and the message that is going out.
 */
#include "call.h"

#include "failure.h"
#include "gzip.h"
#include "message.h"
#include "metadata.h"
#include "transport.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_OF_OUR_OWN = 10 };

/*
 *   running --the server's end, the deadline, a broken connection, call_cancel--> ended
 */
struct call {
	struct connection *connection;
	const struct catalog_method *method;
	struct h2_stream stream;
	int64_t begun_ms, deadline_ms;
	bool gzip;
	bool ended, ok;
	struct error end; /* if ended and not ok */
};

static const char *server_of(const struct call *c)
{
	return connection_profile(c->connection)->server;
}

/* ---- beginning ---- */

static bool begin_stream(struct call *c, const struct call_options *o, int64_t left_ms, struct error *err)
{
	char timeout[16];
	size_t n = 0;
	struct h2_header *fields = talloc_array(c, struct h2_header, (unsigned)(FIELDS_OF_OUR_OWN + o->metadata_count));
	bool ok;

	if (fields == NULL)
		abort();
	grpc_timeout_format(left_ms, timeout);
	fields[n++] = (struct h2_header){":method", "POST"};
	fields[n++] = (struct h2_header){":scheme", "https"};
	fields[n++] = (struct h2_header){":path", c->method->path};
	fields[n++] = (struct h2_header){":authority", server_of(c)};
	fields[n++] = (struct h2_header){"te", "trailers"};
	fields[n++] = (struct h2_header){"content-type", "application/grpc"};
	fields[n++] = (struct h2_header){"grpc-timeout", timeout};
	fields[n++] = (struct h2_header){"grpc-accept-encoding", "identity,gzip"};
	fields[n++] = (struct h2_header){"user-agent", "radioshop/" RADIOSHOP_VERSION};
	if (c->gzip)
		fields[n++] = (struct h2_header){"grpc-encoding", "gzip"};
	if (o->metadata_count > 0)
		memcpy(fields + n, o->metadata, o->metadata_count * sizeof *fields);
	ok = h2_client_begin(connection_h2(c->connection), &c->stream, fields, n + o->metadata_count, err);
	talloc_free(fields);
	return ok;
}

struct call *call_begin(struct connection *connection, const struct catalog_method *method,
	const struct call_options *options, int64_t deadline_ms, struct error *err)
{
	struct call *c = talloc_zero(NULL, struct call);

	if (c == NULL)
		abort();
	c->connection = connection;
	c->method = method;
	c->gzip = options->gzip;
	c->begun_ms = clock_ms();
	c->deadline_ms = deadline_ms;
	/* What is left now is what the server hears; a call that is too late never leaves. */
	if (c->begun_ms >= deadline_ms)
		error_set(err, STATUS_DEADLINE_EXCEEDED, NULL, "no answer from %s in time", server_of(c));
	else if (begin_stream(c, options, deadline_ms - c->begun_ms, err))
		return c;
	talloc_free(c);
	return NULL;
}

/* ---- ending ---- */

static bool end_with(struct call *c, const struct error *why, struct error *err)
{
	if (!c->ended) {
		c->ended = true;
		c->end = *why;
	}
	if (err != NULL)
		*err = c->end;
	return false;
}

/* We end it: the server is told, without waiting for it to hear. */
static bool give_up(struct call *c, const struct error *why, struct error *err)
{
	h2_client_cancel(&c->stream);
	connection_flush(c->connection);
	/* Not a byte during the whole call: the next one had better try another connection. */
	if (why->code == STATUS_DEADLINE_EXCEEDED && connection_heard_ms(c->connection) < c->begun_ms)
		connection_distrust(c->connection);
	return end_with(c, why, err);
}

/* The server's end of the stream has come, and all of its messages are taken. */
static bool take_end(struct call *c, struct error *err)
{
	struct error why = {0};
	bool ok = outcome(&c->stream.ending, server_of(c), &why);

	if (ok && h2_stream_is_cut(&c->stream))
		ok = error_set(&why, STATUS_INTERNAL, NULL, "%s ended in the middle of a message", server_of(c));
	/* The server's clock ran out first: it is the same deadline. */
	if (!ok && !c->stream.ending.has_status && why.code == STATUS_CANCELLED && clock_ms() >= c->deadline_ms)
		error_set(&why, STATUS_DEADLINE_EXCEEDED, NULL, "no answer from %s in time", server_of(c));
	if (!ok)
		return end_with(c, &why, err);
	c->ended = c->ok = true;
	return true;
}

static bool turn(struct call *c, struct error *err)
{
	struct error why = {0};

	if (connection_turn(c->connection, c->deadline_ms, &why))
		return true;
	/* With the connection's last breath the answer may have come. */
	if (c->stream.closed)
		return true;
	return give_up(c, &why, err);
}

void call_cancel(struct call *c)
{
	struct error why;

	if (c->ended)
		return;
	error_set(&why, STATUS_CANCELLED, NULL, "the call was given up");
	give_up(c, &why, NULL);
}

void call_free(struct call *c)
{
	if (c == NULL)
		return;
	call_cancel(c);
	h2_stream_release(&c->stream);
	talloc_free(c);
}

/* ---- sending ---- */

/* Prefix and message; free() it. NULL with err when it cannot be sent at all. */
static uint8_t *make_frame(const ProtobufCMessage *m, bool gzip, size_t *ret_len, struct error *err)
{
	size_t len = message_packed_size(m), small_len;
	uint8_t *out, *small;

	if (len > UINT32_MAX / 2) {
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
		return NULL;
	}
	out = malloc(len + FRAME_PREFIX);
	if (out == NULL)
		abort();
	message_pack(m, out + FRAME_PREFIX);
	if (gzip && !gzip_deflate(out + FRAME_PREFIX, len, &small, &small_len, err)) {
		free(out);
		return NULL;
	}
	if (gzip) {
		free(out);
		len = small_len;
		out = malloc(len + FRAME_PREFIX);
		if (out == NULL)
			abort();
		memcpy(out + FRAME_PREFIX, small, len);
		free(small);
	}
	frame_prefix(out, (uint32_t)len, gzip);
	*ret_len = len + FRAME_PREFIX;
	return out;
}

bool call_send(struct call *c, const ProtobufCMessage *request, bool last, struct error *err)
{
	uint8_t *out = NULL;
	size_t len = 0;
	bool ok = true;

	if (c->ended)
		return c->ok || end_with(c, &c->end, err);
	if (request != NULL && (out = make_frame(request, c->gzip, &len, err)) == NULL)
		return false;
	h2_stream_send(&c->stream, out, len, last);
	while (ok && !h2_stream_is_sent(&c->stream))
		ok = turn(c, err);
	h2_stream_send(&c->stream, NULL, 0, last);
	free(out);
	/* The server may end a call before it has read it all; replies that it sent before come first. */
	if (ok && c->stream.closed && !h2_stream_has_unread(&c->stream))
		return take_end(c, err);
	return ok;
}

/* ---- receiving ---- */

static bool refuse_reply(struct call *c, const struct error *told, struct error *err)
{
	/* Whatever is wrong with it, it is the shop's fault and not the caller's. */
	enum status code = told->code == STATUS_INVALID_ARGUMENT ? STATUS_INTERNAL : told->code;
	struct error why;

	error_set(&why, code, NULL, "the answer of %s cannot be taken: %s", server_of(c), told->text);
	return give_up(c, &why, err);
}

static bool unpack(struct call *c, struct arena *arena, ProtobufCMessage **ret_reply, struct error *err)
{
	struct error told = {0};
	struct frame_reader *r = &c->stream.reader;

	*ret_reply = message_unpack(c->method->output, r->body, r->body_len, arena, &told);
	frame_reader_next(r);
	return *ret_reply != NULL || refuse_reply(c, &told, err);
}

/* A proxy's page for people: what it begins with is known already, and its body is not for us. */
static bool refuse_answer(struct call *c, struct error *err)
{
	struct error why;

	if (outcome(&c->stream.ending, server_of(c), &why))
		error_set(&why, STATUS_INTERNAL, NULL, "%s sent an answer behind its end", server_of(c));
	return give_up(c, &why, err);
}

bool call_receive(struct call *c, struct arena *arena, ProtobufCMessage **ret_reply, struct error *err)
{
	struct error told = {0};

	*ret_reply = NULL;
	while (!c->ended) {
		if (outcome_is_foreign(&c->stream.ending) && h2_stream_has_unread(&c->stream))
			return refuse_answer(c, err);
		if (!h2_stream_next(&c->stream, &told))
			return refuse_reply(c, &told, err);
		if (c->stream.reader.complete)
			return unpack(c, arena, ret_reply, err);
		if (c->stream.closed)
			return take_end(c, err);
		if (!turn(c, err))
			return false;
	}
	return c->ok || end_with(c, &c->end, err);
}

/* ---- what else is known ---- */

const char *call_initial(const struct call *c, const char *name)
{
	return h2_headers_find(&c->stream.initial, name);
}

const char *call_trailing(const struct call *c, const char *name)
{
	return h2_headers_find(&c->stream.trailing, name);
}

bool call_takes_gzip(const struct call *c)
{
	return c->stream.gzip_offered;
}

bool call_is_unprocessed(const struct call *c)
{
	return c->stream.ending.unprocessed;
}
