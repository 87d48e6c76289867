/*
 * channel.h: calls to the shop's daemon: gRPC over HTTP/2 over TLS 1.3, one call at a time, blocking.
 *
 * The server's certificate is checked against the shop's CA and the host's name or address. A channel
 * connects at its first call and serves any number of calls, one after the other; a connection that the server
 * gives up is replaced.
 */
#ifndef RADIOSHOP_CHANNEL_H
#define RADIOSHOP_CHANNEL_H

#include "arena.h"
#include "call.h"
#include "catalog.h"
#include "error.h"
#include "profile.h"

#include <protobuf-c/protobuf-c.h>

struct channel;

/* profile is borrowed and must outlive the channel. Nothing is opened yet. */
struct channel *channel_new(TALLOC_CTX *ctx, const struct profile *profile);
/* Says goodbye and closes. NULL is fine. */
void channel_free(struct channel *ch);
/* For connections that are opened after this. */
void channel_keepalive(struct channel *ch, const struct keepalive *keepalive);

/* Takes one reply message, borrowed, gone after it returns. False ends the call with err. */
typedef bool (*channel_on_reply)(const ProtobufCMessage *reply, void *data, struct error *err);

/*
 * Calls method with request and gives every reply message to on_reply. timeout_ms covers connecting, too.
 * False: err is the call's status with its details, or UNAVAILABLE "no answer from …" when there was none, or
 * DEADLINE_EXCEEDED, or reason CERTIFICATE / CONFIGURATION when the two sides do not accept one another.
 *
 * What the server certainly has not looked at (GOAWAY, REFUSED_STREAM) is sent again, over a new connection if need be,
 * a few times within the deadline. After any other UNAVAILABLE and DEADLINE_EXCEEDED of a write the outcome is unknown;
 * *ret_sent (may be NULL) says whether the shop may have done it at all.
 */
bool channel_call(struct channel *ch, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t timeout_ms, channel_on_reply on_reply, void *data, bool *ret_sent, struct error *err) MUST_CHECK;

/* The same for a unary method: the one reply, in the arena. NULL when it failed. */
ProtobufCMessage *channel_call_one(struct channel *ch, const struct catalog_method *method,
	const ProtobufCMessage *request, int64_t timeout_ms, struct arena *arena, bool *ret_sent,
	struct error *err) MUST_CHECK;

/*
 * Begins a call of any kind, for call.h; connects first, if need be. Nothing is repeated. NULL: err. To be ended with
 * call_free before the next one begins and before the channel is freed.
 */
struct call *channel_open(struct channel *ch, const struct catalog_method *method, const struct call_options *options,
	struct error *err) MUST_CHECK;

#endif
