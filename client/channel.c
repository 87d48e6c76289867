/*
 * channel.c: one gRPC call at a time over nghttp2's client session. Called by session.c; the only file that
 * includes nghttp2.h.
 * Owns the transport and the session; the call that runs lives on the stack of channel_call.
 */
#include "channel.h"

#include "failure.h"
#include "frame.h"
#include "message.h"
#include "metadata.h"
#include "transport.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

enum {
	REPLY_MAX = 64 << 20,     /* largest reply message, bytes */
	REPLY_MEMORY = 512 << 20, /* what one reply may take when unpacked */
	WINDOW = 4 << 20,         /* bytes the server may send ahead of our reading */
	READ_SIZE = 64 << 10,
	PATIENCE_MS = 500, /* the server's own word about a deadline is worth this wait */
};

/* The call that runs. */
struct call_state {
	int32_t stream_id;
	const uint8_t *out; /* prefix and request */
	size_t out_len, out_at;
	struct frame_reader in;
	const ProtobufCMessageDescriptor *reply;
	struct arena *into; /* where replies are unpacked; NULL: in an arena that ends after on_reply */
	channel_on_reply on_reply;
	void *data;
	unsigned http_status;
	bool have_status, closed, failed;
	struct error status; /* what the trailers say */
	struct error fault;  /* why we gave up, if failed */
	uint32_t reset_code;
};

struct channel {
	const struct profile *profile;
	struct transport *transport;
	nghttp2_session *session;
	struct call_state *call; /* NULL between calls */
};

static int fail(struct call_state *c)
{
	c->failed = true;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static bool deliver(struct call_state *c, struct error *err)
{
	struct arena own;
	struct arena *arena = c->into;
	ProtobufCMessage *m;
	bool ok;

	if (arena == NULL)
		arena_init(arena = &own, NULL, REPLY_MEMORY);
	m = message_unpack(c->reply, c->in.body, c->in.body_len, arena, err);
	if (m == NULL) /* whatever is wrong with it, it is the shop's fault and not the caller's */
		err->code = err->code == STATUS_INVALID_ARGUMENT ? STATUS_INTERNAL : err->code;
	ok = m != NULL && c->on_reply(m, c->data, err);
	if (arena == &own)
		arena_release(&own);
	return ok;
}

static int on_data_chunk(
	nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t len, void *user)
{
	struct call_state *c = ((struct channel *)user)->call;

	(void)session;
	(void)flags;
	if (c == NULL || c->stream_id != stream_id)
		return 0;
	while (len > 0) {
		size_t used;

		if (!frame_reader_feed(&c->in, bytes, len, &used, &c->fault))
			return fail(c);
		bytes += used;
		len -= used;
		if (!c->in.complete)
			continue;
		if (!deliver(c, &c->fault))
			return fail(c);
		frame_reader_next(&c->in);
	}
	return 0;
}

static bool header_is(const uint8_t *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

static unsigned read_number(const uint8_t *value, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len && i < 4 && value[i] >= '0' && value[i] <= '9'; i++)
		n = n * 10 + (unsigned)(value[i] - '0');
	return n;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct call_state *c = ((struct channel *)user)->call;

	(void)session;
	(void)flags;
	if (c == NULL || frame->hd.stream_id != c->stream_id)
		return 0;
	if (header_is(name, name_len, ":status")) {
		c->http_status = read_number(value, value_len);
	} else if (header_is(name, name_len, "grpc-status")) {
		unsigned code = read_number(value, value_len);

		c->have_status = true;
		c->status.code = code < STATUS_COUNT ? (enum status)code : STATUS_UNKNOWN;
	} else if (header_is(name, name_len, "grpc-message")) {
		grpc_message_decode((const char *)value, value_len, c->status.text, sizeof c->status.text);
	} else if (header_is(name, name_len, "grpc-status-details-bin")) {
		if (!status_details_decode((const char *)value, value_len, &c->status))
			c->status.field[0] = '\0';
	}
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t code, void *user)
{
	struct call_state *c = ((struct channel *)user)->call;

	(void)session;
	if (c != NULL && c->stream_id == stream_id) {
		c->closed = true;
		c->reset_code = code;
	}
	return 0;
}

static ssize_t read_request(nghttp2_session *session, int32_t stream_id, uint8_t *buffer, size_t size, uint32_t *flags,
	nghttp2_data_source *source, void *user)
{
	struct call_state *c = source->ptr;
	size_t n = c->out_len - c->out_at;

	(void)session;
	(void)stream_id;
	(void)user;
	if (n > size)
		n = size;
	memcpy(buffer, c->out + c->out_at, n);
	c->out_at += n;
	if (c->out_at == c->out_len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static bool open_session(struct channel *ch)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
	};
	nghttp2_session_callbacks *callbacks;
	bool ok;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		abort();
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	ok = nghttp2_session_client_new(&ch->session, callbacks, ch) == 0;
	nghttp2_session_callbacks_del(callbacks);
	return ok && nghttp2_submit_settings(ch->session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
	       nghttp2_session_set_local_window_size(ch->session, NGHTTP2_FLAG_NONE, 0, WINDOW) == 0;
}

static void disconnect(struct channel *ch)
{
	nghttp2_session_del(ch->session);
	ch->session = NULL;
	transport_free(ch->transport);
	ch->transport = NULL;
}

static bool connect_if_needed(struct channel *ch, int64_t deadline_ms, struct error *err)
{
	if (ch->session != NULL && nghttp2_session_check_request_allowed(ch->session) != 0)
		return true;
	disconnect(ch);
	ch->transport = transport_open(ch->profile, deadline_ms, err);
	if (ch->transport == NULL)
		return false;
	if (!open_session(ch))
		return error_set(err, STATUS_INTERNAL, NULL, "cannot begin HTTP/2");
	return true;
}

static nghttp2_nv header(const char *name, const char *value)
{
	/* nghttp2 copies both and changes neither, but its type says it could. */
	union {
		const char *in;
		uint8_t *out;
	} n = {.in = name}, v = {.in = value};

	return (nghttp2_nv){n.out, v.out, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static bool submit(struct channel *ch, const struct catalog_method *method, int64_t timeout_ms, struct error *err)
{
	nghttp2_data_provider body = {.source.ptr = ch->call, .read_callback = read_request};
	char timeout[16];
	int32_t id;

	grpc_timeout_format(timeout_ms, timeout);
	nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "https"),
		header(":path", method->path),
		header(":authority", ch->profile->server),
		header("te", "trailers"),
		header("content-type", "application/grpc"),
		header("grpc-timeout", timeout),
		header("user-agent", "radioshop/" RADIOSHOP_VERSION),
	};
	id = nghttp2_submit_request(ch->session, NULL, headers, sizeof headers / sizeof headers[0], &body, NULL);
	if (id < 0)
		return error_set(err, STATUS_UNAVAILABLE, NULL, "cannot send to %s: %s", ch->profile->server,
			nghttp2_strerror(id));
	ch->call->stream_id = id;
	return true;
}

/* A write that breaks may have left the other side's reason unread. */
static bool write_failed(struct channel *ch, struct error *err)
{
	struct error told = {0};
	uint8_t byte[1024];
	size_t n;

	while (transport_read(ch->transport, byte, sizeof byte, &n, clock_ms() + PATIENCE_MS, &told))
		if (n == 0)
			return false;
	if (strcmp(told.reason, REASON_TLS) == 0)
		*err = told;
	return false;
}

static bool send_pending(struct channel *ch, int64_t deadline_ms, struct error *err)
{
	for (;;) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(ch->session, &bytes);

		if (n < 0)
			return error_set(err, STATUS_INTERNAL, NULL, "HTTP/2: %s", nghttp2_strerror((int)n));
		if (n == 0)
			return true;
		if (!transport_write(ch->transport, bytes, (size_t)n, deadline_ms, err))
			return write_failed(ch, err);
	}
}

/* Sends and reads until the stream is closed. */
static bool run(struct channel *ch, int64_t deadline_ms, struct error *err)
{
	struct call_state *c = ch->call;
	uint8_t *bytes = malloc(READ_SIZE);
	bool ok = false;

	if (bytes == NULL)
		abort();
	while (!c->closed) {
		ssize_t used;
		size_t n;

		if (!send_pending(ch, deadline_ms, err))
			goto out;
		if (c->closed)
			break;
		if (!transport_read(ch->transport, bytes, READ_SIZE, &n, deadline_ms, err))
			goto out;
		if (n == 0) {
			error_set(err, STATUS_UNAVAILABLE, NULL, "no answer from %s: it closed the connection",
				ch->profile->server);
			goto out;
		}
		used = nghttp2_session_mem_recv(ch->session, bytes, n);
		if (c->failed) {
			*err = c->fault;
			goto out;
		}
		if (used < 0) {
			error_set(err, STATUS_INTERNAL, NULL, "HTTP/2: %s", nghttp2_strerror((int)used));
			goto out;
		}
	}
	ok = true;
out:
	free(bytes);
	return ok;
}

/* What a stream that ended without grpc-status means; the tables are those of the gRPC protocol document. */
static void status_without_trailers(const struct channel *ch, const struct call_state *c, struct error *err)
{
	const char *server = ch->profile->server;

	if (c->reset_code == NGHTTP2_REFUSED_STREAM)
		error_set(err, STATUS_UNAVAILABLE, NULL, "%s does not take calls now", server);
	else if (c->reset_code == NGHTTP2_ENHANCE_YOUR_CALM)
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "%s wants fewer calls", server);
	else if (c->reset_code == NGHTTP2_CANCEL)
		error_set(err, STATUS_CANCELLED, NULL, "%s gave the call up", server);
	else if (c->http_status == 502 || c->http_status == 503 || c->http_status == 504 || c->http_status == 429)
		error_set(err, STATUS_UNAVAILABLE, NULL, "%s answered with HTTP status %u", server, c->http_status);
	else if (c->http_status != 0 && c->http_status != 200)
		error_set(err, STATUS_UNKNOWN, NULL, "%s answered with HTTP status %u; is this the shop's daemon?",
			server, c->http_status);
	else
		error_set(err, STATUS_INTERNAL, NULL, "%s ended the call without a status", server);
}

static bool outcome(const struct channel *ch, struct call_state *c, struct error *err)
{
	if (!c->have_status) {
		status_without_trailers(ch, c, err);
		return false;
	}
	if (c->status.code == STATUS_OK)
		return true;
	*err = c->status;
	return false;
}

static bool run_call(
	struct channel *ch, const struct catalog_method *method, int64_t timeout_ms, bool *ret_sent, struct error *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	bool ok;

	if (!connect_if_needed(ch, deadline, err))
		return false;
	*ret_sent = true;
	ok = submit(ch, method, timeout_ms, err) && run(ch, deadline + PATIENCE_MS, err);
	if (ok)
		return outcome(ch, ch->call, err);
	/* Nothing is known of the connection's state any more. */
	disconnect(ch);
	return false;
}

static bool call_with(struct channel *ch, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t timeout_ms, struct call_state *c, bool *ret_sent, struct error *err)
{
	size_t len = message_packed_size(request);
	uint8_t *out;
	bool ok, sent = false;

	if (len > UINT32_MAX / 2)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
	out = malloc(len + FRAME_PREFIX);
	if (out == NULL)
		abort();
	frame_prefix(out, (uint32_t)len, false);
	message_pack(request, out + FRAME_PREFIX);
	c->out = out;
	c->out_len = len + FRAME_PREFIX;
	c->reply = method->output;
	frame_reader_init(&c->in, REPLY_MAX);
	ch->call = c;
	ok = run_call(ch, method, timeout_ms, &sent, err);
	ch->call = NULL;
	frame_reader_release(&c->in);
	free(out);
	if (ret_sent != NULL)
		*ret_sent = sent;
	return ok;
}

struct channel *channel_new(TALLOC_CTX *ctx, const struct profile *profile)
{
	struct channel *ch = talloc_zero(ctx, struct channel);

	if (ch == NULL)
		abort();
	ch->profile = profile;
	return ch;
}

void channel_free(struct channel *ch)
{
	struct error ignored;

	if (ch == NULL)
		return;
	if (ch->session != NULL && nghttp2_session_terminate_session(ch->session, NGHTTP2_NO_ERROR) == 0 &&
		!send_pending(ch, clock_ms() + PATIENCE_MS, &ignored))
		ignored.code = STATUS_OK; /* a goodbye that nobody hears changes nothing */
	disconnect(ch);
	talloc_free(ch);
}

bool channel_call(struct channel *ch, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t timeout_ms, channel_on_reply on_reply, void *data, bool *ret_sent, struct error *err)
{
	struct call_state c = {.on_reply = on_reply, .data = data};

	return call_with(ch, method, request, timeout_ms, &c, ret_sent, err);
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
	struct call_state c = {.on_reply = keep_one, .data = &reply.in, .into = arena};

	if (!call_with(ch, method, request, timeout_ms, &c, ret_sent, err))
		return NULL;
	if (reply.in == NULL)
		error_set(err, STATUS_INTERNAL, NULL, "the shop answered OK, but with nothing in it");
	return reply.out;
}
