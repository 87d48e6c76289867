/*
 * connection.h: HTTP/2 over TLS to the shop, moved on in turns by whoever waits for something.
 */
#ifndef RADIOSHOP_CONNECTION_H
#define RADIOSHOP_CONNECTION_H

#include "error.h"
#include "h2_client.h"
#include "profile.h"

#include <stdint.h>
#include <talloc.h>

struct connection;

/*
 * When to ask whether the other side lives, by an HTTP/2 PING. The kernel asks the host much sooner (transport.c); this
 * is for a daemon that hangs. gRPC servers forgive two PINGs within five minutes in which they sent nothing.
 */
struct keepalive {
	int64_t silence_ms;  /* of the server, while a call runs */
	int64_t patience_ms; /* for the answer */
};
enum { KEEPALIVE_SILENCE_MS = 310 * 1000, KEEPALIVE_PATIENCE_MS = 20 * 1000 };

/* Connects until deadline_ms (of clock_ms). profile is borrowed. NULL: as transport_open. */
struct connection *connection_open(TALLOC_CTX *ctx, const struct profile *profile, const struct keepalive *keepalive,
	int64_t deadline_ms, struct error *err) MUST_CHECK;
/* Says goodbye, if anybody may hear it, and closes. NULL is fine. Its calls must have ended. */
void connection_free(struct connection *c);

struct h2_client *connection_h2(struct connection *c);
const struct profile *connection_profile(const struct connection *c);

/*
 * One turn: sends and receives what goes at once; when nothing does, waits for it. False: DEADLINE_EXCEEDED, and the
 * connection is as good as before; anything else, and it is broken.
 */
bool connection_turn(struct connection *c, int64_t deadline_ms, struct error *err) MUST_CHECK;
/* Sends what goes at once, for a last word that nobody waits for. */
void connection_flush(struct connection *c);

/* Takes what has come since the last call; false when no other call can be made on it. */
bool connection_is_good(struct connection *c);
/* It must not be used for another call. */
void connection_distrust(struct connection *c);
/* When the last byte came, of clock_ms. */
int64_t connection_heard_ms(const struct connection *c);

#endif
