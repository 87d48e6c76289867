/*
 * builtin.h: methods that the daemon answers itself, without a statement: health and reflection.
 *
 * The call machinery gives each message as it comes and takes any number back, so these may
 * stream both ways. Handlers never block.
 */
#ifndef RADIOSHOP_BUILTIN_H
#define RADIOSHOP_BUILTIN_H

#include "arena.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

struct call;
struct rpc; /* what all calls share; see rpc/rpc.h */

struct builtin {
	const char *path; /* "/grpc.health.v1.Health/Check" */
	/*
	 * A request message came. Unary and server-streaming methods get it after END_STREAM and exactly
	 * once; with client streaming, one by one. False ends the call with err.
	 */
	bool (*on_message)(struct call *call, const ProtobufCMessage *request, struct error *err);
	/* The client half-closed. NULL: the call ends OK. */
	void (*on_end)(struct call *call);
	/* The call is going away, however it ended. NULL: nothing to tidy. */
	void (*on_close)(struct call *call);
};

/* For handlers. */
bool call_send(struct call *call, const ProtobufCMessage *message, struct error *err) MUST_CHECK; /* copied */
void call_finish(struct call *call, const struct error *err);                                     /* NULL: OK */
void *call_data(struct call *call); /* one pointer for the handler */
void call_set_data(struct call *call, void *data);
struct rpc *call_rpc(struct call *call);
/* Lives as long as the call; with client streaming only as long as on_message. */
struct arena *call_arena(struct call *call);

extern const struct builtin health_builtins[];     /* rpc/health.c; ended by path == NULL */
extern const struct builtin reflection_builtins[]; /* rpc/reflection.c; ended by path == NULL */

/* rpc/health.c: called when readiness changes; tells every Watch that is open. */
void health_set_serving(bool serving);
bool health_serving(void);
/* Ends every Watch, so that none holds up the drain; after health_set_serving(false). */
void health_end_watches(void);

#endif
