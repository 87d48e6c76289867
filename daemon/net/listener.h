/*
 * listener.h: accepts clients and owns their connections.
 *
 * Limits: connections in all and per address, new ones a second per address, handshakes at one time, time for the
 * handshake, idle time, age. When descriptors run out it stops accepting for a moment instead of spinning (DESIGN §9).
 */
#ifndef RADIOSHOP_LISTENER_H
#define RADIOSHOP_LISTENER_H

#include "config.h"
#include "error.h"
#include "tls.h"

#include <event2/event.h>
#include <stdbool.h>

struct listener;
struct rpc;

/* Binds and listens at once; err says which address and why not. config, tls and rpc outlive the listener (tls is
 * referenced). */
struct listener *listener_new(struct event_base *base, const struct config *config, struct tls *tls, struct rpc *rpc,
	struct error *err) MUST_CHECK;
/* Closes the socket and every connection at once. */
void listener_free(struct listener *l);

/* From now on new connections use tls and the limits of config; live ones whose certificate no longer passes are
 * closed. */
void listener_reload(struct listener *l, const struct config *config, struct tls *tls);

/* Stops accepting and sends GOAWAY to all; on_drained is called once when the last connection has gone. */
void listener_drain(struct listener *l, void (*on_drained)(void *owner), void *owner);

/* "127.0.0.1:8443" as bound (the port the kernel chose when 0 was asked for). */
const char *listener_address(const struct listener *l);
unsigned listener_connections(const struct listener *l);

#endif
