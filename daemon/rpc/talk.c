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

enum { TALK_QUEUE_MAX = 1024 * 1024 }; /* reply bytes a handler may leave for a client that does not read */

const struct builtin *builtin_find(const char *path)
{
	const struct builtin *const tables[] = {health_builtins, reflection_builtins};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct builtin *b = tables[i]; b->path; b++)
			if (strcmp(b->path, path) == 0)
				return b;
	return NULL;
}

/* With client streaming each message has its own memory, since there may be any number of them. */
struct arena *call_arena(struct call *call)
{
	return call->contract->client_streaming ? &call->reply : &call->arena;
}

static void talk_message(struct call *call)
{
	struct arena *arena = call_arena(call);
	struct error err = {.code = STATUS_OK};
	const ProtobufCMessage *request;

	if (!arena->mem)
		arena_init(arena, NULL, (size_t)h2_rpc(call->h2)->config->call_memory_bytes);
	request = message_unpack(call->contract->input, call->in.body, call->in.body_len, arena, &err);
	if (!request || !call->builtin->on_message(call, request, &err))
		call_decide(call, &err);
	frame_reader_next(&call->in);
	if (call->contract->client_streaming)
		arena_release(arena);
	call_count_bytes(call);
}

bool talk_step(struct call *call)
{
	if (call->contract->server_streaming)
		reply_headers(call);
	if (call->in.complete)
		talk_message(call);
	else if (call->half_closed && !frame_reader_at_boundary(&call->in))
		call_refuse(call, STATUS_INTERNAL, 0, "the request ended in the middle of a message");
	if (call->half_closed && !call->end_told && !call->finished) {
		call->end_told = true;
		if (call->builtin->on_end)
			call->builtin->on_end(call);
		else
			call_decide(call, NULL);
	}
	return call->finished;
}

bool call_send(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	if (call->finished)
		return error_set(err, STATUS_CANCELLED, NULL, "the call has ended");
	if (call->out.bytes > TALK_QUEUE_MAX)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the client does not read its replies");
	call->rows++;
	return reply_message(call, message, err);
}

void call_finish(struct call *call, const struct error *err)
{
	call_decide(call, err);
	call_step(call);
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
