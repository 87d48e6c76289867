/*
 * reply.c: turns a call's messages and its status into HTTP/2 fields and bytes; called by call.c.
 * Owns nothing: the bytes are in the call's queue.
 */
#include "reply.h"

#include "call.h"
#include "clock.h"
#include "connect.h"
#include "gzip.h"
#include "h2.h"
#include "message.h"
#include "message_json.h"
#include "metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPTED_ENCODINGS "identity,gzip"

enum {
	OWN_FIELDS_MAX = 8,
	MESSAGE_TEXT_MAX = 1600,
	DETAILS_MAX = 3072,
	SMALL_REPLY = 64 * 1024, /* is given whatever the memory: a write is done, and its answer should arrive */
	TAKEN_MIN = 1024,        /* a client that takes less than this within stall_timeout_ms takes nothing */
};
_Static_assert(OWN_FIELDS_MAX + METADATA_FIELDS_MAX <= H2_FIELDS_MAX, "the metadata of a handler has room beside ours");

/*
 * Messages of these sizes are compressed for clients that take gzip. Measured on lists of assets, at gzip's level 1: 18
 * us at least and 160 MB/s, five times smaller; for a page of 50 rows (7 kB) 6 % more work of the daemon, for one of
 * 1000 (138 kB) 14 %. Smaller ones fit into a packet or two anyway, larger ones would hold up everybody else for more
 * than 6 ms. Lengths give no secret away (CRIME, BREACH): a reply has one caller's data only, and what proves who is
 * calling, the key of the client, is in no message.
 */
enum { GZIP_MIN = 2 * 1024, GZIP_MAX = 1024 * 1024 };

/* Text of the trailers; lives until they are handed to h2, which copies. */
struct status_text {
	char code[4], message[MESSAGE_TEXT_MAX], details[DETAILS_MAX];
};

/* Behind our own fields those of the handler. Returns how many. */
static size_t metadata_fields(const struct metadata_list *list, struct h2_field *fields)
{
	size_t n = 0;

	for (const struct metadata_field *f = list->first; f; f = f->next)
		fields[n++] = (struct h2_field){f->name, f->value, .copy_name = true};
	return n;
}

static bool is_grpc(const struct call *call)
{
	return call->head.dialect == DIALECT_GRPC;
}

void reply_headers(struct call *call)
{
	struct h2_field fields[H2_FIELDS_MAX];
	size_t n = 0;

	if (call->responded)
		return;
	call->responded = true;
	fields[n++] = (struct h2_field){":status", "200"};
	fields[n++] = (struct h2_field){"content-type", call->head.content_type};
	fields[n++] = (struct h2_field){"grpc-accept-encoding", ACCEPTED_ENCODINGS};
	/* A stream says it for messages that may come; a single message is known by now. */
	if (call->contract->server_streaming)
		call->gzip = call->head.grpc_coding.accepts && call->compression != COMPRESSION_OFF;
	if (call->gzip)
		fields[n++] = (struct h2_field){"grpc-encoding", "gzip"};
	if (call->metadata)
		n += metadata_fields(&call->metadata->headers, fields + n);
	h2_respond(call->h2, call, fields, n, false);
}

/* Room for a message of len bytes; behind its prefix, which is written, where there is one. */
static uint8_t *reply_room(struct call *call, size_t len, bool compressed, struct error *err)
{
	const size_t prefix = is_grpc(call) ? FRAME_PREFIX : 0;
	uint8_t *at;

	if (len > SMALL_REPLY && !call_memory_left(call->h2, len, err))
		return NULL;
	at = len <= UINT32_MAX - FRAME_PREFIX ? byte_queue_append(&call->out, prefix + len) : NULL;
	if (!at) {
		error_set(
			err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for a reply of %zu bytes; ask for less", len);
		return NULL;
	}
	if (prefix > 0)
		frame_prefix(at, (uint32_t)len, compressed);
	h2_queued_add(call->h2, prefix + len);
	call_count_bytes(call);
	return at + prefix;
}

/* A reply of Connect is one message, and its headers say how it ended: they wait for the status. */
static void reply_announce(struct call *call)
{
	if (!is_grpc(call))
		return;
	if (call->waits_since_ms == 0)
		call->waits_since_ms = clock_ms();
	if (call->responded)
		h2_resume(call->h2, call);
	else
		reply_headers(call);
}

/* Whether to try it with a message of that size. */
static bool reply_compresses(const struct call *call, size_t len)
{
	if (!head_coding(&call->head)->accepts || (call->responded && !call->gzip))
		return false;
	if (call->compression == COMPRESSION_AUTO)
		return len >= GZIP_MIN && len <= GZIP_MAX;
	return call->compression == COMPRESSION_ON && len > 0;
}

static bool reply_bytes(struct call *call, const uint8_t *bytes, size_t len, bool compressed, struct error *err)
{
	uint8_t *at = reply_room(call, len, compressed, err);

	if (!at)
		return false;
	if (len > 0)
		memcpy(at, bytes, len);
	call->gzip = call->gzip || compressed;
	reply_announce(call);
	return true;
}

/* One message as it goes out, compressed where that is worth it. */
static bool reply_whole(struct call *call, const uint8_t *bytes, size_t len, struct error *err)
{
	uint8_t *smaller = NULL;
	size_t n;
	bool ok;

	if (!reply_compresses(call, len))
		return reply_bytes(call, bytes, len, false, err);
	if (!gzip_deflate(bytes, len, &smaller, &n, err))
		return false;
	if (n < len - len / 8 || call->compression == COMPRESSION_ON)
		ok = reply_bytes(call, smaller, n, true, err);
	else
		ok = reply_bytes(call, bytes, len, false, err);
	free(smaller);
	return ok;
}

/* To be compressed, a message must be one piece first. */
static bool reply_by_copy(struct call *call, const ProtobufCMessage *message, size_t len, struct error *err)
{
	uint8_t *bytes = malloc(len);
	bool ok;

	if (!bytes)
		return error_set(
			err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory to compress a reply of %zu bytes", len);
	(void)message_pack(message, bytes);
	ok = reply_whole(call, bytes, len, err);
	free(bytes);
	return ok;
}

static bool reply_json(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	json_t *json = message_to_json(message, JSON_PROTO);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	bool ok;

	if (text)
		ok = reply_whole(call, (const uint8_t *)text, strlen(text), err);
	else
		ok = error_set(err, STATUS_INTERNAL, NULL, "no memory for the reply as JSON, or no JSON for it");
	free(text);
	json_decref(json);
	return ok;
}

bool reply_packed(struct call *call, const uint8_t *bytes, size_t len, struct arena *scratch, struct error *err)
{
	ProtobufCMessage *message;

	if (!call->head.json)
		return reply_whole(call, bytes, len, err);
	message = message_unpack(call->contract->output, bytes, len, scratch, err);
	return message && reply_json(call, message, err);
}

bool reply_message(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	size_t len;
	uint8_t *at;

	if (call->head.json)
		return reply_json(call, message, err);
	len = message_packed_size(message);
	if (reply_compresses(call, len))
		return reply_by_copy(call, message, len, err);
	at = reply_room(call, len, false, err);
	if (!at)
		return false;
	(void)message_pack(message, at);
	reply_announce(call);
	return true;
}

size_t reply_take(struct call *call, uint8_t *out, size_t room)
{
	size_t n = byte_queue_take(&call->out, out, room);

	h2_queued_sub(call->h2, n);
	call_count_bytes(call);
	call->taken += n;
	if (call->out.bytes == 0 || call->taken >= TAKEN_MIN) {
		call->taken = 0;
		call->waits_since_ms = call->out.bytes > 0 ? clock_ms() : 0;
	}
	return n;
}

void reply_drop(struct call *call)
{
	h2_queued_sub(call->h2, call->out.bytes);
	byte_queue_release(&call->out);
	call_count_bytes(call);
}

static size_t status_fields(const struct error *status, struct status_text *text, struct h2_field *fields)
{
	size_t n = 0;

	if (status->code == STATUS_OK) {
		fields[n++] = (struct h2_field){"grpc-status", "0"};
		return n;
	}
	snprintf(text->code, sizeof text->code, "%d", (int)status->code);
	fields[n++] = (struct h2_field){"grpc-status", text->code};
	if (grpc_message_encode(status->text, text->message, sizeof text->message) > 0)
		fields[n++] = (struct h2_field){"grpc-message", text->message};
	if (status_details_encode(status, text->details, sizeof text->details) > 0)
		fields[n++] = (struct h2_field){"grpc-status-details-bin", text->details};
	return n;
}

/* The status, and the metadata of the trailers. */
static size_t trailer_fields(const struct call *call, struct status_text *text, struct h2_field *fields)
{
	size_t n = status_fields(&call->status, text, fields);

	return call->metadata ? n + metadata_fields(&call->metadata->trailers, fields + n) : n;
}

/* Trailers alone are for errors; an OK without a message still has headers and trailers, and so has metadata. */
static bool reply_is_trailers_only(const struct call *call)
{
	return !call->responded && call->status.code != STATUS_OK &&
	       (!call->metadata || call->metadata->headers.count == 0);
}

/* The error takes the place of whatever was queued; without memory for its body the HTTP status must do. */
static void connect_queue_error(struct call *call)
{
	struct error ignored;
	size_t len = 0;
	char *body = connect_error_text(&call->status, &len);

	reply_drop(call);
	call->gzip = false;
	(void)(body && reply_bytes(call, (const uint8_t *)body, len, false, &ignored));
	free(body);
}

/* What helps a client to do better. Returns how many fields it made. */
static size_t connect_hint(const struct call *call, int http, char text[16], struct h2_field *field)
{
	const bool get = !call->contract || call->contract->no_side_effects;
	const int32_t retry_ms = call->status.retry_after_ms;

	if (http == 405) {
		*field = (struct h2_field){"allow", get ? "GET, POST" : "POST"};
	} else if (http == 415) {
		*field = (struct h2_field){"accept-post", "application/json, application/proto, application/grpc"};
	} else if (call->head.connect_coding.bad) {
		*field = (struct h2_field){"accept-encoding", ACCEPTED_ENCODINGS};
	} else if (retry_ms > 0) {
		snprintf(text, 16, "%d", retry_ms / 1000 + (retry_ms % 1000 > 0));
		*field = (struct h2_field){"retry-after", text};
	} else {
		return 0;
	}
	return 1;
}

/* Trailers travel as headers, trailer-NAME. */
static size_t connect_metadata(struct call *call, struct h2_field *fields)
{
	size_t n = metadata_fields(&call->metadata->headers, fields);

	for (const struct metadata_field *f = call->metadata->trailers.first; f; f = f->next) {
		const size_t size = strlen("trailer-") + strlen(f->name) + 1;
		char *name = arena_alloc(&call->arena, size);

		if (name && n < METADATA_FIELDS_MAX) {
			snprintf(name, size, "trailer-%s", f->name);
			fields[n++] = (struct h2_field){name, f->value, .copy_name = true};
		}
	}
	return n;
}

/* Browsers keep nothing of it, take it for nothing else, and give it to no page of another site. */
static bool connect_status(struct call *call)
{
	const bool good = call->status.code == STATUS_OK;
	char status[12], length[24], hint[16];
	struct h2_field fields[H2_FIELDS_MAX] = {
		{":status", status},
		{"content-type", good ? call->head.content_type : "application/json"},
		{"content-length", length},
		{"cache-control", "no-store"},
		{"x-content-type-options", "nosniff"},
		{"cross-origin-resource-policy", "same-origin"},
	};
	int http = call->http_status ? call->http_status : connect_http_status(call->status.code);
	size_t n = 6;

	if (call->responded)
		return false;
	call->responded = true;
	if (!good)
		connect_queue_error(call);
	snprintf(status, sizeof status, "%d", http);
	snprintf(length, sizeof length, "%zu", call->out.bytes);
	if (call->gzip)
		fields[n++] = (struct h2_field){"content-encoding", "gzip"};
	n += connect_hint(call, http, hint, fields + n);
	if (call->metadata)
		n += connect_metadata(call, fields + n);
	if (call->head.verb == VERB_HEAD)
		reply_drop(call);
	if (call->out.bytes > 0)
		call->waits_since_ms = clock_ms();
	h2_respond(call->h2, call, fields, n, call->out.bytes == 0);
	return call->out.bytes == 0;
}

static bool grpc_status(struct call *call)
{
	struct h2_field fields[H2_FIELDS_MAX];
	struct status_text text;
	size_t n = 0;

	if (!reply_is_trailers_only(call)) {
		reply_announce(call);
		return false;
	}
	fields[n++] = (struct h2_field){":status", "200"};
	fields[n++] = (struct h2_field){"content-type", call->head.content_type};
	if (call->head.grpc_coding.bad)
		fields[n++] = (struct h2_field){"grpc-accept-encoding", ACCEPTED_ENCODINGS};
	n += trailer_fields(call, &text, fields + n);
	h2_respond(call->h2, call, fields, n, true);
	return true;
}

bool reply_status(struct call *call)
{
	return is_grpc(call) ? grpc_status(call) : connect_status(call);
}

bool reply_trailers(struct call *call)
{
	struct h2_field fields[H2_FIELDS_MAX];
	struct status_text text;

	if (!is_grpc(call))
		return false;
	h2_trailers(call->h2, call, fields, trailer_fields(call, &text, fields));
	return true;
}
