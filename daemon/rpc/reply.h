/*
 * reply.h: what a call says to its client, in the client's dialect. gRPC: headers, framed messages, trailers.
 * Connect: an HTTP status, and one bare message or an error in JSON.
 *
 * Sources: gRPC over HTTP/2, "Responses"; https://connectrpc.com/docs/protocol, "Unary-Response". Used by call.c,
 * which decides when.
 */
#ifndef RADIOSHOP_REPLY_H
#define RADIOSHOP_REPLY_H

#include "arena.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

/* Queues one message; the first of a gRPC call sends the response headers too. Fails when memory is short. */
bool reply_message(struct call *call, const ProtobufCMessage *message, struct error *err) MUST_CHECK;
/* The same with a message that is packed already; to be said in JSON it is unpacked into the scratch arena. */
bool reply_packed(
	struct call *call, const uint8_t *bytes, size_t len, struct arena *scratch, struct error *err) MUST_CHECK;
/* gRPC: response headers without a message yet, for calls that may be silent for long. */
void reply_headers(struct call *call);

/* Moves queued bytes into out. */
size_t reply_take(struct call *call, uint8_t *out, size_t room);
/* Forgets what is queued. */
void reply_drop(struct call *call);

/*
 * Says call->status. True: all is said, in one HEADERS frame. False: the client is owed headers or
 * messages first; reply_trailers() from call_pull() ends the reply when they are taken.
 */
bool reply_status(struct call *call) MUST_CHECK;
/* gRPC: hands the status over as trailers. Connect has none, and false is returned. */
bool reply_trailers(struct call *call);

#endif
