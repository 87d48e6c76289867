/*
 * h2.c: one HTTP/2 connection on nghttp2's memory interface; the only file that knows nghttp2.
 *
 * Called by conn.c with bytes and by call.c with replies. Owns the session and the list of calls
 * (nghttp2_session_del() tells nobody that streams have gone). What nghttp2 reports is passed to the
 * call; calls that have ended are freed after nghttp2 has returned, never inside its callbacks.
 */
#include "h2.h"

#include "call.h"
#include "clock.h"
#include "flood.h"
#include "log.h"
#include "metrics.h"
#include "share.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

enum {
	STREAM_WINDOW = 256 * 1024, /* request bytes a stream may send ahead */
	CONNECTION_WINDOW = 1024 * 1024,
	OUTBOUND_ACKS_MAX = 200,        /* PING and SETTINGS acks that wait for a peer that does not read */
	RESET_BURST = 2 * FLOOD_RESETS, /* behind our own count, which ends it with a reason */
	RESET_PER_S = FLOOD_REFILL_PER_S,
	BITE_MIN = 1024,
	QUEUED_MAX = 1024 * 1024, /* reply bytes waiting, above which calls are not begun */
};

TAILQ_HEAD(call_list, call);

struct h2 {
	nghttp2_session *session;
	struct rpc *rpc;
	struct peer peer;
	struct share *share; /* a reference */
	void (*wake)(void *owner);
	void *owner;
	struct call_list calls;  /* streams that are open */
	struct call_list closed; /* to be freed */
	struct flood flood;
	size_t queued, held;
	int64_t born_ms, idle_since_ms;
	bool acknowledged;     /* the peer has acknowledged our SETTINGS: it speaks HTTP/2 */
	bool waiting_for_room; /* the queue was over its limit: tell the calls when it is not */
	const char *ending;    /* why the connection must end; NULL while all is well */
	uint32_t ending_code;
	bool locked_out; /* the database did not let the principal in */
	bool ended;      /* GOAWAY is on its way, nothing is read any more */
};

/* Shared by all sessions, made at the first. */
static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

/* Decided inside a callback, done after nghttp2 has returned: ending a session inside one used to crash. */
static void h2_end(struct h2 *h2, uint32_t code, const char *why)
{
	if (h2->ending || h2->ended)
		return;
	h2->ending = why;
	h2->ending_code = code;
}

/* The peer does what no client needs to do. */
static void h2_end_flood(struct h2 *h2, const char *why)
{
	h2_end(h2, NGHTTP2_ENHANCE_YOUR_CALM, why);
}

/* Not even the stream's reset finds memory: no client waits for ever, so the connection goes. */
static void h2_end_without_memory(struct h2 *h2)
{
	h2_end(h2, NGHTTP2_INTERNAL_ERROR, "out of memory");
	h2->wake(h2->owner);
}

static void h2_settle(struct h2 *h2)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&h2->closed))) {
		TAILQ_REMOVE(&h2->closed, call, link);
		call_free(call);
	}
	if (!h2->ending || h2->ended)
		return;
	h2->ended = true;
	if (h2->ending_code == NGHTTP2_ENHANCE_YOUR_CALM)
		metrics_add(METRIC_CONTROL_FRAME_FLOODS, 1);
	else if (h2->ending_code == NGHTTP2_SETTINGS_TIMEOUT)
		metrics_add(METRIC_STALLS, 1);
	log_event(LOG_LEVEL_WARNING, "connection_ended", "principal", h2->peer.principal, "peer", h2->peer.address,
		"why", h2->ending, NULL);
	(void)nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(h2->session), h2->ending_code, (const uint8_t *)h2->ending,
		strlen(h2->ending));
	h2->wake(h2->owner);
}

/* The peer broke the protocol, or cancels streams faster than nghttp2 lets it. */
static void h2_log_broken(const struct h2 *h2, const char *why)
{
	log_event(LOG_LEVEL_INFO, "connection_broken", "principal", h2->peer.principal, "peer", h2->peer.address, "why",
		why, NULL);
}

static struct call *stream_call(nghttp2_session *session, int32_t stream_id)
{
	return stream_id > 0 ? nghttp2_session_get_stream_user_data(session, stream_id) : NULL;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;
	struct call *call;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	call = call_new(h2, frame->hd.stream_id);
	if (!call)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	TAILQ_INSERT_TAIL(&h2->calls, call, link);
	(void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
	return 0;
}

/* nghttp2 announces the limit on headers but does not hold anyone to it: one small frame can unfold to megabytes. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2 *h2 = user;
	struct call *call = stream_call(session, frame->hd.stream_id);

	(void)flags;
	if (!call)
		return 0;
	call_header(call, (const char *)name, name_len, (const char *)value, value_len);
	if (call->head.bytes <= 4 * (size_t)h2->rpc->config->max_header_bytes)
		return 0;
	h2_end_flood(h2, "headers_too_large");
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* Frames that concern the connection, or the end of a call, and not what is said in it. */
static void h2_control_frame(struct h2 *h2, const nghttp2_frame *frame, const struct call *call)
{
	bool ack = frame->hd.flags & NGHTTP2_FLAG_ACK;

	if (frame->hd.type == NGHTTP2_PING && !ack && !flood_ping(&h2->flood, clock_ms()))
		h2_end_flood(h2, "too_many_pings");
	else if (frame->hd.type == NGHTTP2_SETTINGS && ack)
		h2->acknowledged = true;
	else if (frame->hd.type == NGHTTP2_RST_STREAM && call && !flood_peer_reset(&h2->flood, clock_ms()))
		h2_end_flood(h2, "too_many_resets");
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;
	struct call *call = stream_call(session, frame->hd.stream_id);
	bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;

	if (!message)
		h2_control_frame(h2, frame, call);
	if (!call || !message)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		call_headers_complete(call);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		call_half_closed(call);
	return 0;
}

static int on_data_chunk(
	nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t len, void *user)
{
	struct call *call = stream_call(session, stream_id);

	(void)flags;
	(void)user;
	if (call)
		call_receive(call, bytes, len);
	/*
	 * The stream's window opens when the call takes the bytes. The connection's opens now, or a call that waits
	 * would hold up all others; what they hold together is bounded by call.c.
	 */
	return nghttp2_session_consume_connection(session, len) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user)
{
	struct h2 *h2 = user;
	struct call *call = stream_call(session, stream_id);

	(void)error_code;
	if (!call)
		return 0;
	(void)nghttp2_session_set_stream_user_data(session, stream_id, NULL);
	call_gone(call);
	TAILQ_REMOVE(&h2->calls, call, link);
	TAILQ_INSERT_TAIL(&h2->closed, call, link);
	if (TAILQ_EMPTY(&h2->calls))
		h2->idle_since_ms = clock_ms();
	return 0;
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h2 = user;

	switch (frame->hd.type) {
	case NGHTTP2_RST_STREAM:
		/* A peer can make us reset streams without end and start new ones (CVE-2025-8671). CANCEL is our own.
		 */
		if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
			frame->rst_stream.error_code != NGHTTP2_CANCEL && !flood_own_reset(&h2->flood, clock_ms()))
			h2_end_flood(h2, "too_many_resets");
		break;
	case NGHTTP2_HEADERS:
	case NGHTTP2_DATA:
		flood_replied(&h2->flood);
		/* All is said before the client was done: tell it to stop, without calling it an error. */
		if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
			nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
			(void)nghttp2_submit_rst_stream(
				session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
		break;
	case NGHTTP2_GOAWAY:
		if (frame->goaway.error_code != NGHTTP2_NO_ERROR && !h2->ended)
			h2_log_broken(h2, nghttp2_http2_strerror(frame->goaway.error_code));
		break;
	default:
		break;
	}
	return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t room, uint32_t *flags,
	nghttp2_data_source *source, void *user)
{
	enum call_pulled pulled = CALL_PULLED_SOME;
	size_t n = call_pull(source->ptr, buf, room, &pulled);

	(void)session;
	(void)stream_id;
	(void)user;
	if (pulled == CALL_PULLED_ALL)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else if (pulled == CALL_PULLED_BODY)
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	else if (n == 0)
		return NGHTTP2_ERR_DEFERRED;
	return (ssize_t)n;
}

static bool h2_shared_init(void)
{
	if (options)
		return true;
	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return false;
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
	if (nghttp2_option_new(&options) != 0) {
		nghttp2_session_callbacks_del(callbacks);
		return false;
	}
	nghttp2_option_set_no_auto_window_update(options, 1);
	nghttp2_option_set_max_outbound_ack(options, OUTBOUND_ACKS_MAX);
	nghttp2_option_set_max_settings(options, FLOOD_SETTINGS_MAX);
	nghttp2_option_set_stream_reset_rate_limit(options, RESET_BURST, RESET_PER_S);
	return true;
}

static bool h2_submit_settings(struct h2 *h2)
{
	const struct config *config = h2->rpc->config;
	const nghttp2_settings_entry entries[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)config->max_streams},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)config->max_header_bytes},
	};

	if (nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, entries, sizeof entries / sizeof *entries) != 0)
		return false;
	return nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) == 0;
}

struct h2 *h2_new(struct rpc *rpc, const struct peer *peer, void (*wake)(void *owner), void *owner)
{
	struct h2 *h2 = calloc(1, sizeof *h2);

	if (!h2)
		return NULL;
	h2->rpc = rpc;
	h2->peer = *peer;
	h2->wake = wake;
	h2->owner = owner;
	h2->born_ms = h2->idle_since_ms = clock_ms();
	TAILQ_INIT(&h2->calls);
	TAILQ_INIT(&h2->closed);
	flood_init(&h2->flood, h2->born_ms);
	h2->share = share_of(peer->principal);
	if (!h2->share || !h2_shared_init() || nghttp2_session_server_new2(&h2->session, callbacks, h2, options) != 0 ||
		!h2_submit_settings(h2)) {
		h2_free(h2);
		return NULL;
	}
	wake(owner);
	return h2;
}

void h2_free(struct h2 *h2)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&h2->calls))) {
		call_gone(call);
		TAILQ_REMOVE(&h2->calls, call, link);
		call_free(call);
	}
	while ((call = TAILQ_FIRST(&h2->closed))) {
		TAILQ_REMOVE(&h2->closed, call, link);
		call_free(call);
	}
	nghttp2_session_del(h2->session);
	share_unref(h2->share);
	free(h2);
}

/* What nghttp2 itself has had enough of. NULL: it is a fault and no flood. */
static const char *h2_flood_of(ssize_t error)
{
	static const struct {
		int error;
		const char *why;
	} floods[] = {
		{NGHTTP2_ERR_FLOODED, "too_many_unread_answers"},
		{NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, "too_many_continuations"},
		{NGHTTP2_ERR_TOO_MANY_SETTINGS, "too_many_settings"},
	};

	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++)
		if (floods[i].error == error)
			return floods[i].why;
	return NULL;
}

/* A call and its body may have forty bytes, but what is left of one frame is one piece of work. */
size_t h2_bite(const struct h2 *h2)
{
	return h2->flood.payload > BITE_MIN ? h2->flood.payload : BITE_MIN;
}

bool h2_receive(struct h2 *h2, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	if (h2->ended)
		return true;
	if (!flood_received(&h2->flood, bytes, len, clock_ms())) {
		h2_end_flood(h2, flood_why(&h2->flood));
		h2_settle(h2);
		return true;
	}
	n = nghttp2_session_mem_recv(h2->session, bytes, len);
	if (n < 0 && h2_flood_of(n))
		h2_end_flood(h2, h2_flood_of(n));
	h2_settle(h2);
	if (n < 0 && !h2->ended) {
		h2_log_broken(h2, nghttp2_strerror((int)n));
		return false;
	}
	if (nghttp2_session_want_write(h2->session))
		h2->wake(h2->owner);
	return true;
}

/* Calls that wait for room on the connection may go on. */
static void h2_give_room(struct h2 *h2)
{
	struct call *call, *next;

	if (!h2->waiting_for_room || h2->queued > QUEUED_MAX)
		return;
	h2->waiting_for_room = false;
	for (call = TAILQ_FIRST(&h2->calls); call; call = next) {
		next = TAILQ_NEXT(call, link);
		call_room(call);
	}
}

ssize_t h2_send(struct h2 *h2, const uint8_t **ret_bytes)
{
	ssize_t n = nghttp2_session_mem_send(h2->session, ret_bytes);

	h2_settle(h2);
	h2_give_room(h2);
	return n < 0 ? -1 : n;
}

bool h2_ended(const struct h2 *h2)
{
	return h2->ended || (!nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session));
}

void h2_shutdown_notice(struct h2 *h2)
{
	(void)nghttp2_submit_shutdown_notice(h2->session);
	h2->wake(h2->owner);
}

void h2_goaway(struct h2 *h2, bool stopping)
{
	struct call *call, *next;

	(void)nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR, NULL, 0);
	for (call = TAILQ_FIRST(&h2->calls); call && stopping; call = next) {
		next = TAILQ_NEXT(call, link);
		call_drain(call);
	}
	h2->wake(h2->owner);
}

void h2_ping(struct h2 *h2)
{
	(void)nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
	h2->wake(h2->owner);
}

void h2_cut(struct h2 *h2)
{
	h2->ended = true;
	(void)nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
	h2->wake(h2->owner);
}

int64_t h2_idle_since(const struct h2 *h2)
{
	return TAILQ_EMPTY(&h2->calls) ? h2->idle_since_ms : 0;
}

void h2_check_time(struct h2 *h2, int64_t now_ms)
{
	const int64_t patience_ms = h2->rpc->config->handshake_timeout_ms;
	struct call *call, *last = TAILQ_LAST(&h2->calls, call_list);

	if (h2->ended)
		return;
	if (!h2->acknowledged && now_ms - h2->born_ms > patience_ms)
		h2_end(h2, NGHTTP2_SETTINGS_TIMEOUT, "settings_not_acknowledged");
	/* Nothing else can come while a header block is not ended, so it can only be the last call's. */
	if (last && !last->headers_complete && now_ms - last->started_us / 1000 > patience_ms)
		h2_end_flood(h2, "headers_too_slow");
	TAILQ_FOREACH(call, &h2->calls, link)
	{
		call_check_time(call, now_ms);
	}
	h2_settle(h2);
}

static size_t h2_fields(nghttp2_nv *nv, const struct h2_field *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count && i < H2_FIELDS_MAX; i++) {
		nv[i].name = (uint8_t *)(uintptr_t)fields[i].name;
		nv[i].namelen = strlen(fields[i].name);
		nv[i].value = (uint8_t *)(uintptr_t)fields[i].value;
		nv[i].valuelen = strlen(fields[i].value);
		nv[i].flags = fields[i].copy_name ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_COPY_NAME;
	}
	return i;
}

void h2_respond(struct h2 *h2, struct call *call, const struct h2_field *fields, size_t count, bool last)
{
	nghttp2_data_provider body = {.source.ptr = call, .read_callback = on_read};
	nghttp2_nv nv[H2_FIELDS_MAX];

	count = h2_fields(nv, fields, count);
	if (nghttp2_submit_response(h2->session, call->stream_id, nv, count, last ? NULL : &body) != 0)
		h2_reset(h2, call);
	h2->wake(h2->owner);
}

void h2_trailers(struct h2 *h2, struct call *call, const struct h2_field *fields, size_t count)
{
	nghttp2_nv nv[H2_FIELDS_MAX];

	count = h2_fields(nv, fields, count);
	if (nghttp2_submit_trailer(h2->session, call->stream_id, nv, count) != 0)
		h2_reset(h2, call);
}

void h2_consume(struct h2 *h2, struct call *call, size_t len)
{
	if (nghttp2_session_consume_stream(h2->session, call->stream_id, len) != 0)
		h2_reset(h2, call);
	h2->wake(h2->owner);
}

void h2_resume(struct h2 *h2, struct call *call)
{
	if (nghttp2_session_resume_data(h2->session, call->stream_id) == NGHTTP2_ERR_NOMEM)
		h2_end_without_memory(h2);
	h2->wake(h2->owner);
}

void h2_reset(struct h2 *h2, struct call *call)
{
	if (nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_CANCEL) != 0)
		h2_end_without_memory(h2);
	h2->wake(h2->owner);
}

bool h2_shut(const struct h2 *h2, const struct call *call)
{
	return nghttp2_session_get_remote_window_size(h2->session) <= 0 ||
	       nghttp2_session_get_stream_remote_window_size(h2->session, call->stream_id) <= 0;
}

void h2_locked_out(struct h2 *h2)
{
	h2->locked_out = true;
}

bool h2_is_locked_out(const struct h2 *h2)
{
	return h2->locked_out;
}

bool h2_has_room(struct h2 *h2)
{
	if (h2->queued > QUEUED_MAX)
		h2->waiting_for_room = true;
	return h2->queued <= QUEUED_MAX;
}

void h2_queued_add(struct h2 *h2, size_t bytes)
{
	h2->queued += bytes;
}

void h2_queued_sub(struct h2 *h2, size_t bytes)
{
	h2->queued -= bytes;
}

size_t h2_held(const struct h2 *h2)
{
	return h2->held;
}

void h2_held_add(struct h2 *h2, size_t bytes)
{
	h2->held += bytes;
}

void h2_held_sub(struct h2 *h2, size_t bytes)
{
	h2->held -= bytes;
}

struct rpc *h2_rpc(const struct h2 *h2)
{
	return h2->rpc;
}

const struct peer *h2_peer(const struct h2 *h2)
{
	return &h2->peer;
}

struct share *h2_share(const struct h2 *h2)
{
	return h2->share;
}
