/*
 * h2.h: one HTTP/2 connection as its two neighbours see it: conn.c moves its bytes, call.c speaks on
 * its streams. nghttp2 itself is known to h2.c only.
 */
#ifndef RADIOSHOP_H2_H
#define RADIOSHOP_H2_H

#include "rpc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct call;
struct h2;
struct share;

/* For conn.c. */

/*
 * A server session; SETTINGS wait to be sent. wake is called whenever there is something to send, from
 * anywhere, and only takes note of it. NULL when memory is short. peer is copied.
 */
struct h2 *h2_new(struct rpc *rpc, const struct peer *peer, void (*wake)(void *owner), void *owner) MUST_CHECK;
/* Calls that still run are cancelled. */
void h2_free(struct h2 *h2);

/* Takes what the peer sent. False: the session is broken, send what is left and end the connection. */
bool h2_receive(struct h2 *h2, const uint8_t *bytes, size_t len) MUST_CHECK;
/* How many bytes h2_receive() is to get at once at most, so that they hold few calls. */
size_t h2_bite(const struct h2 *h2);
/* The next bytes to send, at most about 16 KiB, valid until the next call; 0: nothing now; -1: broken. */
ssize_t h2_send(struct h2 *h2, const uint8_t **ret_bytes);
/* Nothing more will come or go: the connection can be ended once the bytes that were taken are out. */
bool h2_ended(const struct h2 *h2);

/*
 * The two steps of a parting: tell the client to go elsewhere; a round trip later, name the last stream that counts.
 * stopping: the daemon ends, so calls that would wait for ever end too.
 */
void h2_shutdown_notice(struct h2 *h2);
void h2_goaway(struct h2 *h2, bool stopping);
/* Asks the peer for a sign of life. */
void h2_ping(struct h2 *h2);
/* Whether a call found that the principal is locked out or unknown. */
bool h2_is_locked_out(const struct h2 *h2);
/* The peer may not stay: nothing but a GOAWAY will be sent, and nothing is taken any more. Not in a callback. */
void h2_cut(struct h2 *h2);

/* Since when no call is open, monotonic ms; 0 when one is. */
int64_t h2_idle_since(const struct h2 *h2);
/*
 * Called a few times a second. Ends the session of a peer that does not begin to speak HTTP/2, or does not end its
 * headers, within handshake_timeout_ms; resets calls whose replies it does not take within stall_timeout_ms.
 */
void h2_check_time(struct h2 *h2, int64_t now_ms);

/* What the peer's principal has in use, on this connection and on others. */
struct share *h2_share(const struct h2 *h2);

/* For call.c. */

enum { H2_FIELDS_MAX = 40 }; /* of one HEADERS frame that we send */

/* One header field of a reply. The value is copied; the name is a literal, or copied too. */
struct h2_field {
	const char *name, *value;
	bool copy_name;
};

/* Response headers; last: nothing follows them (as trailers-only). Without last, h2 pulls the body with call_pull(). */
void h2_respond(struct h2 *h2, struct call *call, const struct h2_field *fields, size_t count, bool last);
/* Trailers; only from within call_pull(). */
void h2_trailers(struct h2 *h2, struct call *call, const struct h2_field *fields, size_t count);
/* The call has taken that many request bytes: the stream's window may open again for them. */
void h2_consume(struct h2 *h2, struct call *call, size_t len);
/* The call has bytes or trailers to give again. */
void h2_resume(struct h2 *h2, struct call *call);
/* Ends the stream with RST_STREAM(CANCEL): the reply cannot be finished. */
void h2_reset(struct h2 *h2, struct call *call);
/* Whether it is the peer's flow control that keeps the reply from going out. */
bool h2_shut(const struct h2 *h2, const struct call *call);
/* The database does not let the principal in: conn.c will end the connection when this has been said to the call. */
void h2_locked_out(struct h2 *h2);

/*
 * Whether another call may begin: not while replies of a peer that does not read pile up. When it said
 * no, call_room() follows as soon as there is.
 */
bool h2_has_room(struct h2 *h2);
/* Reply bytes that all calls of the connection have waiting; calls report what they add and drop. */
void h2_queued_add(struct h2 *h2, size_t bytes);
void h2_queued_sub(struct h2 *h2, size_t bytes);
/* The same for request bytes that calls hold. */
size_t h2_held(const struct h2 *h2);
void h2_held_add(struct h2 *h2, size_t bytes);
void h2_held_sub(struct h2 *h2, size_t bytes);

struct rpc *h2_rpc(const struct h2 *h2);
const struct peer *h2_peer(const struct h2 *h2);

#endif
