/*
 * call.h: one gRPC call, of any kind: send many, receive many, each blocking until it is done or the deadline passes.
 *
 * Made by channel_open, on the channel's connection. Both directions have flow control: call_send waits until the
 * server takes the message, and what the server sends meanwhile waits for call_receive, up to H2_WINDOW bytes. Two
 * sides that both only send until the other reads will thus wait for the deadline: receive what is due first.
 */
#ifndef RADIOSHOP_CALL_H
#define RADIOSHOP_CALL_H

#include "arena.h"
#include "catalog.h"
#include "connection.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>

struct call;

struct call_options {
	int64_t timeout_ms; /* covers connecting, too */
	bool gzip;          /* messages go out compressed; the server must take that */
	/* Names in lower case, values printable; those of names in -bin are base64. Borrowed until channel_open
	 * returns. */
	const struct h2_header *metadata;
	size_t metadata_count;
};

/* Begins a call until deadline_ms (of clock_ms); nothing has gone out yet. NULL: DEADLINE_EXCEEDED or UNAVAILABLE. */
struct call *call_begin(struct connection *connection, const struct catalog_method *method,
	const struct call_options *options, int64_t deadline_ms, struct error *err) MUST_CHECK;

/*
 * Sends a message; last: and nothing after it. request may be NULL if last. True also when the server has ended the
 * call with OK and wants no more. False: err as of call_receive.
 */
bool call_send(struct call *c, const ProtobufCMessage *request, bool last, struct error *err) MUST_CHECK;

/*
 * The next reply, in the arena; NULL in *ret_reply after the last one, when the call has ended with OK. False: err is
 * the status of the call with its details, DEADLINE_EXCEEDED, or UNAVAILABLE, or another that outcome.h names. The call
 * has then ended.
 */
bool call_receive(struct call *c, struct arena *arena, ProtobufCMessage **ret_reply, struct error *err) MUST_CHECK;

/* What came before the first reply, and after the last one; NULL if it did not (yet). */
const char *call_initial(const struct call *c, const char *name);
const char *call_trailing(const struct call *c, const char *name);
/* Whether the server said in this call that it takes gzip. */
bool call_takes_gzip(const struct call *c);
/* Whether the server certainly has not looked at it: to repeat it is safe. */
bool call_is_unprocessed(const struct call *c);

/* Tells the server to stop, and ends the call with CANCELLED, unless it has ended. */
void call_cancel(struct call *c);
/* Cancels it if it has not ended. NULL is fine. */
void call_free(struct call *c);

#endif
