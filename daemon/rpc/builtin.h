/*
 * builtin.h: methods that the program answers itself, without a statement: health and reflection.
 *
 * The call machinery gives each message as it comes and takes any number back, so these may
 * stream both ways. Handlers never block.
 *
 * Neither side can flood the other. In: HTTP/2's window of the stream opens again only for messages that were taken,
 * so a handler that pauses holds its client up. Out: while more replies wait than a client has read, no further
 * message is given, and a handler that makes replies by itself asks call_has_room() first.
 */
#ifndef RADIOSHOP_BUILTIN_H
#define RADIOSHOP_BUILTIN_H

#include "arena.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct rpc; /* what all calls share; see rpc/rpc.h */

/* One field of metadata. The value of a name that ends in -bin is bytes, of any other text. */
struct metadata_field {
	struct metadata_field *next; /* NULL after the last */
	const char *name;            /* in lower case */
	const char *value;           /* len bytes and a NUL */
	size_t len;
};

/* A row. Every function but on_message may be NULL. */
struct builtin {
	const char *path; /* "/grpc.health.v1.Health/Check" */
	/*
	 * A request message came. Unary and server-streaming methods get it after END_STREAM and exactly
	 * once; with client streaming, one by one. False ends the call with err.
	 */
	bool (*on_message)(struct call *call, const ProtobufCMessage *request, struct error *err);
	/* The client half-closed, and every message has been taken. NULL: the call ends OK. */
	void (*on_end)(struct call *call);
	/* The call is going away, however it ended. Not called without on_begin's turn having come. */
	void (*on_close)(struct call *call);
	/* Before all others, and before the response headers: the place to set metadata. False ends the call with err.
	 */
	bool (*on_begin)(struct call *call, struct error *err);
	/* There is room for replies again, after call_has_room() had said no. */
	void (*on_room)(struct call *call);
	bool metadata; /* wants call_metadata(); nobody else pays for keeping it */
};

/* Of the messages of a reply. Never against the client's grpc-accept-encoding. */
enum compression {
	COMPRESSION_AUTO, /* where it is worth it */
	COMPRESSION_ON,
	COMPRESSION_OFF /* in on_begin of a stream: for the whole call */
};

/* For handlers. */
bool call_send(struct call *call, const ProtobufCMessage *message, struct error *err) MUST_CHECK; /* copied */
/* Whether the client reads what it is sent. When it said no, on_room follows as soon as it does. */
bool call_has_room(struct call *call);
/* For the messages sent from now on. */
void call_set_compression(struct call *call, enum compression compression);
/* From within on_message: whether the message came compressed. */
bool call_message_compressed(const struct call *call);
void call_finish(struct call *call, const struct error *err); /* NULL: OK */
void *call_data(struct call *call);                           /* one pointer for the handler */
void call_set_data(struct call *call, void *data);
struct rpc *call_rpc(struct call *call);
const char *call_principal(const struct call *call); /* the name in the client's certificate */
/* What came with the request, in order, names several times as they came; for rows with metadata. Lives as long as the
 * call. */
const struct metadata_field *call_metadata(const struct call *call);
/* Adds metadata to the response headers, before on_begin or the first on_message returns; false: see metadata_set(). */
bool call_set_header(struct call *call, const char *name, const void *value, size_t len, struct error *err) MUST_CHECK;
/* Adds metadata to the trailers, any time. */
bool call_set_trailer(struct call *call, const char *name, const void *value, size_t len, struct error *err) MUST_CHECK;
/* From within on_message: the message is not done with yet, no other is given, and the client is held up. */
void call_pause(struct call *call);
/* The message that paused is done with: the next may come. */
void call_resume(struct call *call);
/* Lives as long as the call; with client streaming, like the message: until on_message returns, or call_resume(). */
struct arena *call_arena(struct call *call);

extern const struct builtin health_builtins[];     /* rpc/health.c; ended by path == NULL */
extern const struct builtin reflection_builtins[]; /* rpc/reflection.c; ended by path == NULL */

/* rpc/health.c: called when readiness changes; tells every Watch that is open. */
void health_set_serving(bool serving);
bool health_serving(void);
/* Ends every Watch, so that none holds up the drain; after health_set_serving(false). */
void health_end_watches(void);

#endif
