/*
 * talk.c: calls that the daemon answers itself, health and reflection: the TALKING state of call.c, and the
 * functions of builtin.h that their handlers use. Owns nothing.
 */
#include "talk.h"

#include "call.h"
#include "h2.h"
#include "message.h"
#include "reply.h"

#include <string.h>

enum {
	TALK_QUEUE_LOW = 64 * 1024,   /* reply bytes that wait, above which no message is given and there is no room */
	TALK_QUEUE_MAX = 1024 * 1024, /* and above which a handler that did not ask for room cannot send */
};

const struct builtin *builtin_find(const struct rpc *rpc, const char *path)
{
	for (const struct builtin *const *table = rpc->builtins; table && *table; table++)
		for (const struct builtin *b = *table; b->path; b++)
			if (strcmp(b->path, path) == 0)
				return b;
	return NULL;
}

/* With client streaming each message has its own memory, since there may be any number of them. */
struct arena *call_arena(struct call *call)
{
	return call->contract->client_streaming ? &call->reply : &call->arena;
}

static bool talk_begin(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	call->begun = true;
	if (call->builtin->on_begin && !call->builtin->on_begin(call, &err)) {
		call_decide(call, &err);
		return false;
	}
	/* A stream may be silent for long, and its client waits to hear that it was let in. */
	if (call->contract->server_streaming)
		reply_headers(call);
	return true;
}

/* The handler is done with the message. */
static void talk_taken(struct call *call)
{
	call->given = false;
	frame_reader_next(&call->in);
	if (call->contract->client_streaming)
		arena_release(call_arena(call));
	call_count_bytes(call);
}

static void talk_message(struct call *call)
{
	struct arena *arena = call_arena(call);
	struct error err = {.code = STATUS_OK};
	const ProtobufCMessage *request;

	if (!arena->mem)
		arena_init(arena, NULL, (size_t)h2_rpc(call->h2)->config->call_memory_bytes);
	call->given = true;
	request = call_read(call, arena, &err);
	call_count_bytes(call);
	if (!request || !call->builtin->on_message(call, request, &err))
		call_decide(call, &err);
	if (!call->paused)
		talk_taken(call);
}

/* Nothing more comes, and all that came was taken. */
static void talk_end(struct call *call)
{
	call->end_told = true;
	if (!frame_reader_at_boundary(&call->in))
		call_refuse(call, STATUS_INTERNAL, 0, "the request ended in the middle of a message");
	else if (call->builtin->on_end)
		call->builtin->on_end(call);
	else
		call_decide(call, NULL);
}

static bool talk_has_room(const struct call *call)
{
	return call->out.bytes < TALK_QUEUE_LOW;
}

static void talk_room(struct call *call)
{
	call->wants_room = false;
	if (call->builtin->on_room)
		call->builtin->on_room(call);
}

bool talk_step(struct call *call)
{
	if (!call->begun && !talk_begin(call))
		return true;
	if (call->given && !call->paused)
		talk_taken(call);
	if (!talk_has_room(call))
		return call->finished;
	if (call->wants_room) {
		talk_room(call);
		return true;
	}
	if (call->paused)
		return call->finished;
	call_refill(call);
	if (call->in.complete) {
		talk_message(call);
		return true;
	}
	if (call->half_closed && !call->end_told && !call->finished)
		talk_end(call);
	return call->finished;
}

bool call_send(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	if (call->finished)
		return error_set(err, STATUS_CANCELLED, NULL, "the call has ended");
	if (call->out.bytes > TALK_QUEUE_MAX)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the client does not read its replies");
	if (!call_memory_left(call->h2, 0, err))
		return false;
	call->rows++;
	return reply_message(call, message, err);
}

void call_set_compression(struct call *call, enum compression compression)
{
	call->compression = compression;
}

bool call_message_compressed(const struct call *call)
{
	return frame_reader_was_compressed(&call->in);
}

bool call_has_room(struct call *call)
{
	call->wants_room = !talk_has_room(call);
	return !call->wants_room;
}

void call_pause(struct call *call)
{
	call->paused = call->given;
}

void call_resume(struct call *call)
{
	call->paused = false;
	call_step(call);
}

void call_finish(struct call *call, const struct error *err)
{
	call_decide(call, err);
	call_step(call);
}

const struct metadata_field *call_metadata(const struct call *call)
{
	return call->metadata ? call->metadata->received.first : NULL;
}

static bool set_metadata(
	struct call *call, bool trailer, const char *name, const void *value, size_t len, struct error *err)
{
	struct call_metadata *metadata = call_own_metadata(call);

	if (!metadata)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for metadata");
	return metadata_set(trailer ? &metadata->trailers : &metadata->headers, &call->arena,
		(size_t)h2_rpc(call->h2)->config->max_header_bytes, name, value, len, err);
}

bool call_set_header(struct call *call, const char *name, const void *value, size_t len, struct error *err)
{
	if (call->responded)
		return error_set(err, STATUS_INTERNAL, NULL, "the response headers have been sent");
	return set_metadata(call, false, name, value, len, err);
}

bool call_set_trailer(struct call *call, const char *name, const void *value, size_t len, struct error *err)
{
	return set_metadata(call, true, name, value, len, err);
}

void *call_data(struct call *call)
{
	return call->builtin_data;
}

void call_set_data(struct call *call, void *data)
{
	call->builtin_data = data;
}

struct rpc *call_rpc(struct call *call)
{
	return h2_rpc(call->h2);
}

const char *call_principal(const struct call *call)
{
	return h2_peer(call->h2)->principal;
}
