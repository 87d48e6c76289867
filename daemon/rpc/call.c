/*
 * call.c: the life of one call, gRPC or Connect. h2.c reports what happens on its stream, the pool reports the answer,
 * a timer the deadline: each only notes the fact and lets call_step() move the call on.
 *
 *   HEAD ──► BODY ──► READY ──► RUNNING ──► REPLYING ──► ENDING ──► DONE
 *     │                 │          ▲            │          ▲
 *     │                 │          └─ next page ┘          │
 *     └─────────────────┴──► TALKING ──────────────────────┘
 *
 *   any before ENDING ──► ENDING     an error, the deadline
 *   any ──► DONE                     the client reset the stream, the connection is lost
 *   HEAD, BODY ──► REFUSED ──► ENDING     an error in Connect before the request is whole
 *
 * Waits: BODY for the client, READY for room on the connection, RUNNING for the database, REPLYING for room on
 * the stream, TALKING for a builtin (health, reflection) and the client's next message, REFUSED for the end of a
 * request that nobody reads, ENDING for the client to take the last bytes.
 *
 * REFUSED is there for clients of plain HTTP. An answer ahead of the request's end is followed by RST_STREAM(NO_ERROR),
 * as RFC 9113 §8.1 has it, and curl before 8.1 and others report that as a broken stream and throw the answer away.
 * So the rest of a request of the usual size is awaited and dropped; only what is larger than any request may be, or
 * slower than the call's deadline, or comes when memory is short, is answered before it ends.
 *
 * Owns: the request's bytes, the arenas, the queued reply, the timer. All of it goes when the call is DONE.
 */
#include "call.h"

#include "clock.h"
#include "connect.h"
#include "h2.h"
#include "log.h"
#include "message.h"
#include "message_json.h"
#include "metadata.h"
#include "metrics.h"
#include "query.h"
#include "reply.h"
#include "share.h"
#include "talk.h"

#include <assert.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	HELD_REQUESTS_MAX = 4, /* full-size requests one connection may have unfinished */
	CALL_BYTES = 1024,     /* what nghttp2 and libevent keep for a call, about */
	SHARE_OF_MEMORY = 2,   /* one principal's calls may have this part of the memory */
	TRIM_FROM = 16 * 1024 * 1024,
	RETRY_AFTER_MS = 1000,
};

#define TO(state) (1U << CALL_##state)

static const unsigned allowed_moves[] = {
	[CALL_HEAD] = TO(BODY) | TO(TALKING) | TO(REFUSED) | TO(ENDING) | TO(DONE),
	[CALL_BODY] = TO(READY) | TO(REFUSED) | TO(ENDING) | TO(DONE),
	[CALL_READY] = TO(RUNNING) | TO(TALKING) | TO(ENDING) | TO(DONE),
	[CALL_RUNNING] = TO(REPLYING) | TO(ENDING) | TO(DONE),
	[CALL_REPLYING] = TO(RUNNING) | TO(ENDING) | TO(DONE),
	[CALL_TALKING] = TO(ENDING) | TO(DONE),
	[CALL_REFUSED] = TO(ENDING) | TO(DONE),
	[CALL_ENDING] = TO(DONE),
	[CALL_DONE] = 0,
};
_Static_assert(sizeof allowed_moves / sizeof *allowed_moves == CALL_STATES, "every state has its row of moves");

void call_move(struct call *call, enum call_state to)
{
	assert(allowed_moves[call->state] & (1U << to));
	call->state = to;
}

static struct rpc *rpc_of(const struct call *call)
{
	return h2_rpc(call->h2);
}

void call_count_bytes(struct call *call)
{
	struct rpc *rpc = rpc_of(call);
	size_t request = call->in.body_cap + call->inbox.bytes;
	size_t now = sizeof *call + CALL_BYTES + arena_bytes(&call->arena) + arena_bytes(&call->reply) + request +
		     call->out.bytes;

	rpc->call_bytes += now - call->counted;
	if (rpc->call_bytes > rpc->call_bytes_peak)
		rpc->call_bytes_peak = rpc->call_bytes;
	h2_share(call->h2)->bytes += now - call->counted;
	call->counted = now;
	h2_held_sub(call->h2, call->held);
	call->held = request;
	h2_held_add(call->h2, call->held);
}

bool call_memory_left(const struct h2 *h2, size_t more, struct error *err)
{
	const struct rpc *rpc = h2_rpc(h2);
	size_t most = (size_t)rpc->config->calls_memory_bytes;

	if (h2_share(h2)->bytes + more > most / SHARE_OF_MEMORY)
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"your calls use all the memory that one principal may have; finish some and try again");
	else if (rpc->call_bytes + more > most)
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the server's memory for calls is used up; try again a little later");
	else
		return true;
	err->retry_after_ms = RETRY_AFTER_MS;
	return false;
}

/* Decides the status; the next step says it. The first decision stands. */
void call_decide(struct call *call, const struct error *status)
{
	if (call->finished)
		return;
	call->finished = true;
	if (!status)
		return;
	call->status = *status;
	if (status->code == STATUS_INTERNAL)
		snprintf(call->status.text, sizeof call->status.text, "%.480s (call %s)", status->text, call->id);
}

void call_refuse(struct call *call, enum status code, int32_t retry_after_ms, const char *text)
{
	struct error err = {.code = STATUS_OK};

	error_set(&err, code, NULL, "%s", text);
	err.retry_after_ms = retry_after_ms;
	call_decide(call, &err);
}

/* One line a call, however it ended. */
static void call_log(const struct call *call)
{
	const struct peer *peer = h2_peer(call->h2);
	const struct error *status = &call->status;
	bool failed = status->code != STATUS_OK;
	int64_t us = clock_us() - call->started_us;
	char ms[32], rows[24];

	metrics_call(call->method ? (int)call->method->index : -1, status->code, us);
	if (log_get_level() < LOG_LEVEL_INFO)
		return;
	snprintf(ms, sizeof ms, "%" PRId64 ".%03d", us / 1000, (int)(us % 1000));
	snprintf(rows, sizeof rows, "%" PRIu64, call->rows);
	log_event(LOG_LEVEL_INFO, "call", "id", call->id, "principal", peer->principal, "peer", peer->address, "method",
		call->head.path + (call->head.path[0] == '/'), "status", status_name((int)status->code), "ms", ms,
		"rows", rows, "replayed", call->replayed ? "yes" : NULL, "field",
		status->field[0] ? status->field : NULL, "error", failed ? log_sentence(status->text) : NULL, NULL);
}

/* The call is over: everything but the object itself goes, since h2 frees that when the stream has closed. */
static void call_close(struct call *call)
{
	call_move(call, CALL_DONE);
	query_abandon(call);
	evtimer_del(&call->deadline);
	if (call->begun && call->builtin->on_close)
		call->builtin->on_close(call);
	call_log(call);
	reply_drop(call);
	head_release(&call->head);
	frame_reader_release(&call->in);
	byte_queue_release(&call->inbox);
	arena_release(&call->arena);
	arena_release(&call->reply);
	free(call->page_key);
	call->page_key = NULL;
	call_count_bytes(call);
}

/* Calls that may rightly stay open as long as the client likes: streams without a grpc-timeout. */
static bool call_is_open_ended(const struct call *call)
{
	return call->contract->server_streaming && head_timeout_ms(&call->head) == 0;
}

static void call_start_deadline(struct call *call)
{
	const struct config *config = rpc_of(call)->config;
	int64_t asked_ms = head_timeout_ms(&call->head), ms = asked_ms > 0 ? asked_ms : config->default_deadline_ms;
	struct timeval tv;

	if (ms > config->max_deadline_ms && (call->finished || !call->contract->server_streaming))
		ms = config->max_deadline_ms;
	call->deadline_ms = call->started_us / 1000 + ms;
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	evtimer_add(&call->deadline, &tv);
}

/* As soon as the path is known, which comes before what a builtin may want to keep. */
static void call_find_method(struct call *call)
{
	const struct head *head = &call->head;

	if (head->path_len < sizeof head->path)
		call->contract = catalog_method_by_path(head->path, head->path_len);
	if (!call->contract)
		return;
	call->method = method_by_path(head->path, head->path_len);
	call->builtin = call->method ? NULL : builtin_find(rpc_of(call), call->contract->path);
}

static bool call_has_method(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	/* To gRPC a query is part of the name, which no method has. */
	if ((call->method || call->builtin) && !(call->head.query && call->head.dialect == DIALECT_GRPC))
		return true;
	call->http_status = 404;
	error_set(&err, STATUS_UNIMPLEMENTED, NULL, "there is no method %s; the client may be newer than the server",
		call->head.path);
	call_decide(call, &err);
	return false;
}

/* All calls together have a limit too, or many small connections could do what one large may not. */
static bool call_has_memory(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	if (call_memory_left(call->h2, 0, &err))
		return true;
	call_decide(call, &err);
	return false;
}

/* What Connect does not do with this method. */
static bool call_fits_connect(struct call *call)
{
	if (call->contract->client_streaming || call->contract->server_streaming) {
		call->http_status = 415;
		call_refuse(call, STATUS_UNIMPLEMENTED, 0, "the method streams: call it by gRPC");
	} else if (call->head.verb == VERB_GET && !call->contract->no_side_effects) {
		call->http_status = 405;
		call_refuse(call, STATUS_UNIMPLEMENTED, 0, "the method may change something: call it by POST");
	}
	return !call->finished;
}

/* gRPC says INTERNAL to bytes that are no message; HTTP's 500 would accuse the server. */
static void call_blame_client(const struct call *call, struct error *err)
{
	if (err->code == STATUS_INTERNAL && call->head.dialect == DIALECT_CONNECT)
		err->code = STATUS_INVALID_ARGUMENT;
}

/* The request of a GET is in its query. */
static bool call_take_query(struct call *call)
{
	struct head *head = &call->head;
	struct connect_query query;
	struct error err = {.code = STATUS_OK};
	size_t used;

	if (!head->query && head->query_len > 0)
		error_set(&err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for the query of the request");
	else if (!head->query)
		error_set(&err, STATUS_INVALID_ARGUMENT, NULL,
			"a GET has its request in the query: ?connect=v1&encoding=json&message=%%7B%%7D");
	else if (connect_query_parse(head->query, head->query_len, &query, &call->http_status, &err)) {
		head->dialect = DIALECT_CONNECT;
		head->json = query.json;
		head->content_type = query.json ? "application/json" : "application/proto";
		call->in.gzip = query.gzip;
		(void)(frame_reader_feed(&call->in, query.message, query.message_len, &used, &err) &&
			frame_reader_end(&call->in, &err));
	}
	head_release(head);
	if (err.code == STATUS_OK)
		return true;
	call_blame_client(call, &err);
	call_decide(call, &err);
	return false;
}

/* Makes the reader of the request's bytes. */
static bool call_open_reader(struct call *call)
{
	struct head *head = &call->head;
	const size_t limit = (size_t)rpc_of(call)->config->max_request_bytes;

	if (head->dialect == DIALECT_GRPC)
		frame_reader_init(&call->in, limit);
	else
		frame_reader_init_bare(&call->in, limit);
	call->in.gzip = head_coding(head)->gzip;
	if (head->verb == VERB_GET)
		return call_take_query(call);
	head_release(head);
	return true;
}

static bool step_head(struct call *call)
{
	const struct config *config = rpc_of(call)->config;
	struct error err = {.code = STATUS_OK};

	if (!call->headers_complete)
		return false;
	if (!head_check(&call->head, &call->http_status, &err)) {
		call_decide(call, &err);
		return true;
	}
	if (call->head.bytes > (size_t)config->max_header_bytes) {
		call_refuse(call, STATUS_RESOURCE_EXHAUSTED, 0, "the headers of the request are over max_header_bytes");
		return true;
	}
	if (!call_has_method(call) || (call->head.dialect != DIALECT_GRPC && !call_fits_connect(call)) ||
		!call_has_memory(call))
		return true;
	if (call->method && rpc_of(call)->draining) {
		call_refuse(call, STATUS_UNAVAILABLE, RETRY_AFTER_MS, "the server is stopping; try again");
		return true;
	}
	if (!call_open_reader(call))
		return true;
	if (!call->contract->client_streaming || !call_is_open_ended(call))
		call_start_deadline(call);
	call_move(call, call->contract->client_streaming ? CALL_TALKING : CALL_BODY);
	return true;
}

/* Waits for the half-close: until then nobody knows that there is exactly one message. */
static bool step_body(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	if (!call->half_closed)
		return false;
	if (!frame_reader_end(&call->in, &err)) {
		call_blame_client(call, &err);
		call_decide(call, &err);
		return true;
	}
	if (!call->in.complete && frame_reader_at_boundary(&call->in))
		call_refuse(call, STATUS_UNIMPLEMENTED, 0, "the call takes one request message and none came");
	else if (!call->in.complete)
		call_refuse(call, STATUS_INTERNAL, 0, "the request ended in the middle of its message");
	else
		call_move(call, CALL_READY);
	return true;
}

ProtobufCMessage *call_read(struct call *call, struct arena *arena, struct error *err)
{
	const ProtobufCMessageDescriptor *d = call->contract->input;
	ProtobufCMessage *request;

	if (call->head.json)
		return message_from_json_text(d, (const char *)call->in.body, call->in.body_len, arena, err);
	request = message_unpack(d, call->in.body, call->in.body_len, arena, err);
	if (!request)
		call_blame_client(call, err);
	return request;
}

static bool step_ready(struct call *call)
{
	if (!h2_has_room(call->h2))
		return false;
	if (!call_has_memory(call))
		return true;
	if (call_is_open_ended(call)) {
		evtimer_del(&call->deadline);
		call->deadline_ms = 0;
	}
	if (call->builtin) {
		call_move(call, CALL_TALKING);
		return true;
	}
	query_begin(call);
	return true;
}

/* Whether the rest of the request is to come before the answer. */
static bool call_awaits_rest(const struct call *call)
{
	struct error ignored = {.code = STATUS_OK};

	return call->head.dialect != DIALECT_GRPC && !call->half_closed && !call->expired &&
	       call->received <= (size_t)rpc_of(call)->config->max_request_bytes &&
	       call_memory_left(call->h2, 0, &ignored);
}

/* What has come of it is of no use any more. */
static void call_await_rest(struct call *call)
{
	call_move(call, CALL_REFUSED);
	head_release(&call->head);
	frame_reader_release(&call->in);
	call_count_bytes(call);
	if (call->deadline_ms == 0)
		call_start_deadline(call);
}

static bool step_refused(struct call *call)
{
	if (call_awaits_rest(call))
		return false;
	call_move(call, CALL_ENDING);
	return true;
}

static bool step_ending(struct call *call)
{
	if (reply_status(call))
		call_close(call);
	return false;
}

static bool step_done(struct call *call)
{
	(void)call;
	return false;
}

static bool (*const steps[])(struct call *call) = {
	[CALL_HEAD] = step_head,
	[CALL_BODY] = step_body,
	[CALL_READY] = step_ready,
	[CALL_RUNNING] = query_step,
	[CALL_REPLYING] = query_step_stream,
	[CALL_TALKING] = talk_step,
	[CALL_REFUSED] = step_refused,
	[CALL_ENDING] = step_ending,
	[CALL_DONE] = step_done,
};
_Static_assert(sizeof steps / sizeof *steps == CALL_STATES, "every state has its step");

/* The deadline also ends a call whose reply the client does not take. */
static void call_expire(struct call *call)
{
	call_refuse(call, STATUS_DEADLINE_EXCEEDED, 0,
		call->state == CALL_RUNNING && call->method->statement.class == BACKEND_WRITE
			? "the deadline passed before the database answered; repeat with the same request_id to learn "
			  "the outcome"
			: "the deadline passed before the call was done");
}

/*
 * Lets the client send as much again as has been taken. A message that is whole counts as taken when it is done with;
 * of one that is not, everything, or it could never become whole.
 */
static void call_open_window(struct call *call)
{
	size_t kept = call->inbox.bytes + (call->in.complete ? FRAME_PREFIX + (size_t)call->in.want : 0);
	size_t taken = call->owed > kept ? call->owed - kept : 0;

	if (taken == 0 || (call->finished && call->state != CALL_REFUSED))
		return;
	call->owed -= taken;
	h2_consume(call->h2, call, taken);
}

/* The one step function. A handler may call back into it: the step on the stack then goes on with what it noted. */
void call_step(struct call *call)
{
	bool moved = true;

	if (call->stepping)
		return;
	call->stepping = true;
	while (moved) {
		if (call->expired && call->state < CALL_REFUSED)
			call_expire(call);
		if (call->finished && call->state < CALL_REFUSED) {
			query_abandon(call);
			if (call_awaits_rest(call))
				call_await_rest(call);
			else
				call_move(call, CALL_ENDING);
		}
		moved = steps[call->state](call);
	}
	call->stepping = false;
	call_open_window(call);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	call->expired = true;
	if (call->state != CALL_ENDING) {
		reply_drop(call);
		call_step(call);
		return;
	}
	/* The answer was there and the client did not take it in time. */
	reply_drop(call);
	memset(&call->status, 0, sizeof call->status);
	error_set(&call->status, STATUS_DEADLINE_EXCEEDED, NULL, "the deadline passed before the reply was taken");
	if (call->head.dialect == DIALECT_GRPC)
		h2_resume(call->h2, call);
	else
		h2_reset(call->h2, call); /* the status is out already, and the length of the body */
}

/* Random so that no client can guess another's; fetched from the kernel for many calls at once. */
static void call_make_id(char id[CALL_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	static uint8_t random[(CALL_ID_SIZE - 1) / 2 * 40];
	static size_t left;

	if (left == 0 && getrandom(random, sizeof random, 0) == (ssize_t)sizeof random)
		left = sizeof random;
	for (size_t i = 0; i < CALL_ID_SIZE - 1; i += 2) {
		uint8_t byte = left > 0 ? random[--left] : 0;

		id[i] = digits[byte >> 4];
		id[i + 1] = digits[byte & 15];
	}
	id[CALL_ID_SIZE - 1] = '\0';
}

struct call *call_new(struct h2 *h2, int32_t stream_id)
{
	struct call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	call->h2 = h2;
	call->stream_id = stream_id;
	call->state = CALL_HEAD;
	call->started_us = clock_us();
	call_make_id(call->id);
	evtimer_assign(&call->deadline, h2_rpc(h2)->base, on_deadline, call);
	call_count_bytes(call);
	return call;
}

/* After a burst glibc keeps what was freed, resident, for as long as anything above it is in use. */
static void rpc_trim(struct rpc *rpc)
{
	if (rpc->call_bytes_peak < TRIM_FROM || rpc->call_bytes > rpc->call_bytes_peak / 4)
		return;
	rpc->call_bytes_peak = rpc->call_bytes;
	(void)malloc_trim(0);
}

void call_free(struct call *call)
{
	assert(call->state == CALL_DONE);
	rpc_of(call)->call_bytes -= call->counted;
	h2_share(call->h2)->bytes -= call->counted;
	rpc_trim(rpc_of(call));
	free(call);
}

struct call_metadata *call_own_metadata(struct call *call)
{
	if (!call->arena.mem)
		arena_init(&call->arena, NULL, (size_t)rpc_of(call)->config->call_memory_bytes);
	if (!call->metadata)
		call->metadata = arena_alloc(&call->arena, sizeof *call->metadata);
	return call->metadata;
}

static void call_keep_metadata(
	struct call *call, const char *name, size_t name_len, const char *value, size_t value_len)
{
	struct call_metadata *metadata = call_own_metadata(call);
	struct error err = {.code = STATUS_OK};

	if (!metadata)
		call_refuse(call, STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the headers of the request");
	else if (!metadata_receive(&metadata->received, &call->arena, name, name_len, value, value_len, &err))
		call_decide(call, &err);
}

void call_header(struct call *call, const char *name, size_t name_len, const char *value, size_t value_len)
{
	if (call->headers_complete) {
		call->head.bytes += name_len + value_len + 32; /* request trailers: counted, not used */
		return;
	}
	head_field(&call->head, name, name_len, value, value_len);
	if (name_len == 5 && memcmp(name, ":path", 5) == 0)
		call_find_method(call);
	else if (call->builtin && call->builtin->metadata &&
		 call->head.bytes <= (size_t)rpc_of(call)->config->max_header_bytes)
		call_keep_metadata(call, name, name_len, value, value_len);
}

void call_headers_complete(struct call *call)
{
	call->headers_complete = true;
	call_step(call);
}

/* Reports what the request takes now; ends the call when that is too much. */
static void call_check_held(struct call *call)
{
	const size_t held_max = HELD_REQUESTS_MAX * (size_t)rpc_of(call)->config->max_request_bytes;

	call_count_bytes(call);
	if (h2_held(call->h2) > held_max)
		call_refuse(call, STATUS_RESOURCE_EXHAUSTED, RETRY_AFTER_MS,
			"too many unfinished requests on this connection; finish some first");
	else
		(void)call_has_memory(call);
}

/* Keeps what came behind a message that is not taken yet: at most the window of the stream. */
static void call_keep(struct call *call, const uint8_t *bytes, size_t len)
{
	uint8_t *at;

	call->owed += len;
	at = byte_queue_append(&call->inbox, len);
	if (at)
		memcpy(at, bytes, len);
	else
		call_refuse(call, STATUS_RESOURCE_EXHAUSTED, 0, "no memory for the next message");
	call_check_held(call);
}

/* Feeds one message's worth. False when nothing more is to be fed. */
static bool call_feed(struct call *call, const uint8_t **bytes, size_t *len)
{
	struct error err = {.code = STATUS_OK};
	size_t used = 0;

	if (call->finished || (call->state != CALL_BODY && call->state != CALL_TALKING))
		return false;
	if ((call->in.complete || call->inbox.bytes > 0) && call->contract->client_streaming) {
		call_keep(call, *bytes, *len);
		*len = 0;
		return false;
	}
	if (call->in.complete) {
		call_refuse(call, STATUS_UNIMPLEMENTED, 0, "the call takes one request message and more came");
		return false;
	}
	if (!frame_reader_feed(&call->in, *bytes, *len, &used, &err)) {
		call_decide(call, &err);
		return false;
	}
	*bytes += used;
	*len -= used;
	call->owed += used;
	call_check_held(call);
	if (call->in.complete && call->contract->client_streaming)
		call_step(call);
	return *len > 0;
}

void call_refill(struct call *call)
{
	struct error err = {.code = STATUS_OK};
	const uint8_t *bytes;
	size_t len, used;

	while (!call->in.complete && (bytes = byte_queue_front(&call->inbox, &len))) {
		if (!frame_reader_feed(&call->in, bytes, len, &used, &err)) {
			call_decide(call, &err);
			return;
		}
		byte_queue_drop(&call->inbox, used);
	}
	call_count_bytes(call);
}

void call_receive(struct call *call, const uint8_t *bytes, size_t len)
{
	call->received += len;
	while (call_feed(call, &bytes, &len))
		;
	if (call->finished)
		call->owed += len; /* dropped, which is as good as taken */
	call_step(call);
}

void call_half_closed(struct call *call)
{
	call->half_closed = true;
	call_step(call);
}

void call_gone(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	if (call->state == CALL_DONE)
		return;
	if (!call->finished || call->status.code == STATUS_OK) {
		error_set(&err, STATUS_CANCELLED, NULL, "the client went away or cancelled the call");
		call->status = err;
	}
	call_close(call);
}

void call_room(struct call *call)
{
	call_step(call);
}

void call_drain(struct call *call)
{
	if (call->state != CALL_TALKING || !call->contract->server_streaming)
		return;
	call_refuse(call, STATUS_UNAVAILABLE, RETRY_AFTER_MS, "the server is stopping; try again");
	call_step(call);
}

/* Not for a slow network: only while it is the client's own window that is shut. */
void call_check_time(struct call *call, int64_t now_ms)
{
	if (call->waits_since_ms == 0 || now_ms - call->waits_since_ms <= rpc_of(call)->config->stall_timeout_ms ||
		!h2_shut(call->h2, call))
		return;
	metrics_add(METRIC_STALLS, 1);
	reply_drop(call);
	call->waits_since_ms = 0;
	call->finished = true;
	memset(&call->status, 0, sizeof call->status);
	error_set(&call->status, STATUS_CANCELLED, NULL, "the client did not take the reply within stall_timeout_ms");
	h2_reset(call->h2, call);
}

size_t call_pull(struct call *call, uint8_t *out, size_t room, enum call_pulled *ret_pulled)
{
	size_t n = reply_take(call, out, room);

	if (call->state == CALL_REPLYING || call->state == CALL_TALKING) {
		call_step(call);
		/* A builtin may have made more: it would not be asked for again if this were nothing. */
		n += reply_take(call, out + n, room - n);
	}
	if (call->state == CALL_ENDING && call->out.bytes == 0) {
		*ret_pulled = reply_trailers(call) ? CALL_PULLED_BODY : CALL_PULLED_ALL;
		call_close(call);
	}
	return n;
}
