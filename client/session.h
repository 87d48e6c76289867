/*
 * session.h: one run of the command: its options, its memory, its connection to the shop.
 */
#ifndef RADIOSHOP_SESSION_H
#define RADIOSHOP_SESSION_H

#include "arena.h"
#include "catalog.h"
#include "channel.h"
#include "options.h"
#include "profile.h"

#include <talloc.h>

struct session {
	TALLOC_CTX *mem; /* everything of this run */
	struct options options;
	FILE *out;              /* where output goes: stdout, or the file of --output */
	const char *title;      /* of a calendar, or NULL */
	struct arena arena;     /* requests and single replies */
	struct profile profile; /* valid once connected is true */
	struct channel *channel;
	bool connected; /* the profile is loaded; the channel connects at its first call */
};

/* How long to wait where --timeout does not say: a call, a stream, a batch of an import. */
enum { TIMEOUT_MS = 30 * 1000, STREAM_TIMEOUT_MS = 24 * 3600 * 1000, BATCH_TIMEOUT_MS = 120 * 1000 };

void session_init(struct session *s);
void session_release(struct session *s);

/* Loads the profile. False: CONFIGURATION. */
bool session_connect(struct session *s, struct error *err) MUST_CHECK;

/* The one reply of a unary method, in the arena; NULL when it failed. *ret_sent as in channel.h, may be NULL. */
ProtobufCMessage *session_call(struct session *s, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t default_timeout_ms, struct arena *arena, bool *ret_sent, struct error *err) MUST_CHECK;
/* Every reply of a method that streams. */
bool session_stream(struct session *s, const struct catalog_method *method, const ProtobufCMessage *request,
	channel_on_reply on_reply, void *data, struct error *err) MUST_CHECK;

/* What the common options say about output, for rows of a command. columns and wide may be NULL. */
struct output_options session_output(
	const struct session *s, enum output_shape shape, const char *columns, const char *wide);

#endif
