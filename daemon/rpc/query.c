/*
 * query.c: calls that a statement answers: the RUNNING and REPLYING states of call.c. The arenas, the
 * db_call and the queued reply it works on are the call's.
 */
#include "query.h"

#include "call.h"
#include "clock.h"
#include "h2.h"
#include "message.h"
#include "reply.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_QUEUE_LOW = 64 * 1024 }; /* reply bytes of a stream below which its next page is fetched */

static void on_answer(struct db_call *db)
{
	struct call *call = db->owner;

	call->answered = true;
	call_step(call);
}

static void query_submit(struct call *call)
{
	const struct config *config = h2_rpc(call->h2)->config;
	int64_t deadline_ms = clock_ms() + config->max_deadline_ms;

	if (call->deadline_ms > 0 && call->deadline_ms < deadline_ms)
		deadline_ms = call->deadline_ms;
	arena_init(&call->reply, NULL, (size_t)config->call_memory_bytes);
	call->answered = false;
	call->db = (struct db_call){
		.statement = &call->method->statement,
		.request = call->request,
		.unfit = call->unfit,
		.payload = call->payload,
		.payload_len = call->payload_len,
		.share = h2_share(call->h2),
		.call_id = call->id,
		.deadline_ms = deadline_ms,
		.arena = &call->reply,
		.page_key = call->page_key,
		.done = on_answer,
		.owner = call,
	};
	call_move(call, CALL_RUNNING);
	pool_submit(h2_rpc(call->h2)->pool, &call->db);
}

/*
 * By its packed form a repeated request is known to be the same one, in whatever way it was written: JSON, or fields
 * in another order.
 */
static bool query_pack(struct call *call, struct error *err)
{
	const size_t len = message_packed_size(call->request);
	uint8_t *bytes;

	if (!protobuf_c_message_descriptor_get_field_by_name(call->contract->input, "request_id"))
		return true;
	bytes = arena_alloc(&call->arena, len + 1);
	if (!bytes)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the request needs more memory than one call may take; send less at once");
	call->payload = bytes;
	call->payload_len = message_pack(call->request, bytes);
	return true;
}

/* A request that is no message goes to the database too, which says first whether its caller is anybody. */
static bool query_read(struct call *call)
{
	struct error err = {.code = STATUS_OK}, *kept;

	call->request = call_read(call, &call->arena, &err);
	if (call->request && query_pack(call, &err))
		return true;
	/* What was read so far may have used up the arena. */
	call->request = NULL;
	arena_release(&call->arena);
	arena_init(&call->arena, NULL, (size_t)h2_rpc(call->h2)->config->call_memory_bytes);
	kept = arena_alloc(&call->arena, sizeof *kept);
	if (!kept) {
		call_decide(call, &err);
		return false;
	}
	*kept = err;
	call->unfit = kept;
	return true;
}

void query_begin(struct call *call)
{
	arena_init(&call->arena, NULL, (size_t)h2_rpc(call->h2)->config->call_memory_bytes);
	if (query_read(call))
		query_submit(call);
	call_count_bytes(call);
}

void query_abandon(struct call *call)
{
	if (call->db.done && !call->answered)
		pool_abandon(h2_rpc(call->h2)->pool, &call->db);
	call->db.done = NULL;
}

static bool query_reply(struct call *call, struct error *err)
{
	const struct db_call *db = &call->db;

	if (call->method->statement.rows == ROWS_STREAM) {
		for (size_t i = 0; i < db->row_count; i++)
			if (!reply_message(call, db->ret_rows[i], err))
				return false;
		return true;
	}
	if (db->replayed)
		return reply_packed(call, db->replayed, db->replayed_len, &call->reply, err);
	if (!db->reply)
		return error_set(err, STATUS_INTERNAL, NULL, "the statement gave no reply");
	return reply_message(call, db->reply, err);
}

/*
 * The answer is queued as bytes, so its messages can go. A stream keeps its request for the next page; any other
 * call has no use for it any more, and its client may take long to read.
 */
static bool query_let_go(struct call *call, struct error *err)
{
	const char *key = call->db.ret_page_key;
	char *next = key ? strdup(key) : NULL;
	bool ok = !key || next;

	free(call->page_key);
	call->page_key = next;
	arena_release(&call->reply);
	if (call->method->statement.rows != ROWS_STREAM) {
		call->request = NULL;
		arena_release(&call->arena);
		frame_reader_release(&call->in);
	}
	call_count_bytes(call);
	return ok || error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for the next page");
}

bool query_step(struct call *call)
{
	struct error err = {.code = STATUS_OK};

	if (!call->answered)
		return false;
	call->db.done = NULL;
	if (call->db.error.code != STATUS_OK) {
		if (call->db.error.code == STATUS_UNAUTHENTICATED)
			h2_locked_out(call->h2);
		call_decide(call, &call->db.error);
		return true;
	}
	call->rows += call->db.row_count;
	call->replayed = call->db.replayed != NULL;
	if (!query_reply(call, &err) || !query_let_go(call, &err))
		call_decide(call, &err);
	else if (call->method->statement.rows == ROWS_STREAM)
		call_move(call, CALL_REPLYING);
	else
		call_decide(call, NULL);
	return true;
}

bool query_step_stream(struct call *call)
{
	if (!call->page_key) {
		call_decide(call, NULL);
		return true;
	}
	if (call->out.bytes >= STREAM_QUEUE_LOW)
		return false;
	query_submit(call);
	return true;
}
