/*
 * rpc.h: what all calls share: the database, the limits, the state of the daemon.
 */
#ifndef RADIOSHOP_RPC_H
#define RADIOSHOP_RPC_H

#include "config.h"
#include "pool.h"

#include <event2/event.h>
#include <stdbool.h>

struct builtin;

/* Owned by daemon.c; plain data, lives as long as any call. */
struct rpc {
	struct event_base *base;
	struct pool *pool;
	const struct builtin *const *builtins; /* tables of builtin.h, as the program names them; NULL after the last */
	const struct config *config;           /* the one in force; limits are read at each use */
	bool draining;                         /* new calls are refused with UNAVAILABLE */
	size_t call_bytes;                     /* memory of all calls' requests and replies; see calls_memory_bytes */
	size_t call_bytes_peak;                /* since memory was last given back to the system */
};

/* Who is at the other end of a connection. */
struct peer {
	char principal[128]; /* name from the certificate */
	char address[64];    /* "127.0.0.1:40112", for the log */
};

#endif
