/*
 * reply.h: what a call says to its client: headers, framed messages, trailers.
 *
 * Source: gRPC over HTTP/2, "Responses". Used by call.c, which decides when.
 */
#ifndef RADIOSHOP_REPLY_H
#define RADIOSHOP_REPLY_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

/* Queues one message behind its prefix; the first sends the response headers too. Fails when memory is short. */
bool reply_message(struct call *call, const ProtobufCMessage *message, struct error *err) MUST_CHECK;
/* The same with a message that is packed already. */
bool reply_packed(struct call *call, const uint8_t *bytes, size_t len, struct error *err) MUST_CHECK;
/* Response headers without a message yet, for calls that may be silent for long. */
void reply_headers(struct call *call);

/* Moves queued bytes into out. */
size_t reply_take(struct call *call, uint8_t *out, size_t room);
/* Forgets what is queued. */
void reply_drop(struct call *call);

/*
 * Says call->status. True: all is said, in one HEADERS frame. False: the client is owed headers or
 * messages first; reply_trailers() from call_pull() says the status when they are taken.
 */
bool reply_status(struct call *call) MUST_CHECK;
void reply_trailers(struct call *call);
/* For a request that is no gRPC at all: a bare HTTP status. */
void reply_http(struct call *call, int http_status);

#endif
