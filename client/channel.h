/*
 * channel.h: one connection to the shop's daemon: gRPC over HTTP/2 over TLS 1.3, one call at a time, blocking.
 *
 * The server's certificate is checked against the shop's CA and the host's name or address. A channel
 * connects at its first call and serves any number of calls, one after the other.
 */
#ifndef RADIOSHOP_CHANNEL_H
#define RADIOSHOP_CHANNEL_H

#include "arena.h"
#include "catalog.h"
#include "error.h"
#include "profile.h"

#include <protobuf-c/protobuf-c.h>

struct channel;

/* profile is borrowed and must outlive the channel. Nothing is opened yet. */
struct channel *channel_new(TALLOC_CTX *ctx, const struct profile *profile);
/* Says goodbye and closes. NULL is fine. */
void channel_free(struct channel *ch);

/* Takes one reply message, borrowed, gone after it returns. False ends the call with err. */
typedef bool (*channel_on_reply)(const ProtobufCMessage *reply, void *data, struct error *err);

/*
 * Calls method with request and gives every reply message to on_reply. timeout_ms covers connecting, too.
 * False: err is the call's status with its details, or UNAVAILABLE "no answer from …" when there was none, or
 * DEADLINE_EXCEEDED, or reason CERTIFICATE / CONFIGURATION when the two sides do not accept one another.
 * After UNAVAILABLE and DEADLINE_EXCEEDED of a write the outcome is unknown; *ret_sent (may be NULL) says whether
 * the request may have reached the shop at all.
 */
bool channel_call(struct channel *ch, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t timeout_ms, channel_on_reply on_reply, void *data, bool *ret_sent, struct error *err) MUST_CHECK;

/* The same for a unary method: the one reply, in the arena. NULL when it failed. */
ProtobufCMessage *channel_call_one(struct channel *ch, const struct catalog_method *method,
	const ProtobufCMessage *request, int64_t timeout_ms, struct arena *arena, bool *ret_sent,
	struct error *err) MUST_CHECK;

#endif
