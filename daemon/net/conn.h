/*
 * conn.h: one client connection.
 */
#ifndef RADIOSHOP_CONN_H
#define RADIOSHOP_CONN_H

#include "metrics.h"
#include "rpc.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct conn_set;
struct h2;
struct ssl_st;

enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_CLOSING,
	CONN_LINGER,
	CONN_DEAD,
};

/* The members are conn.c's own; conn_set.c uses the links, dirty and address. */
struct conn {
	TAILQ_ENTRY(conn) link;      /* live or dead */
	TAILQ_ENTRY(conn) turn_link; /* dirty */
	TAILQ_ENTRY(conn) hand_link; /* shaking hands */
	TAILQ_ENTRY(conn) step_link; /* its handshake can go on */
	TAILQ_ENTRY(conn) read_link; /* has something to read */
	struct conn_set *set;
	enum conn_state state;
	bool dirty, can_step, can_read;
	bool gone_away;  /* the second GOAWAY is sent */
	bool locked_out; /* its principal may not stay */
	bool recheck;    /* the certificate has not been held against what was loaded last */
	int fd;
	struct ssl_st *ssl;
	struct h2 *h2; /* NULL until the handshake is done */
	struct event readable, writable;
	struct event again; /* more to write than one turn allows */
	int64_t since_ms;   /* when the state began */
	int64_t blocked_ms; /* since when the socket takes nothing; 0 when it does */
	int64_t heard_ms;   /* when bytes came last */
	int64_t pinged_ms;  /* when a PING was sent that nothing has followed; 0: none */
	int64_t leaving_ms; /* when the client was told to go elsewhere; 0: it was not */
	int64_t opened_ms;
	int age_permille;  /* of connection_age_ms: not all connections of one moment may end in one moment */
	int64_t expires_s; /* when the certificate ends, seconds since 1970 */
	enum certificate_noted { NOTE_NONE, NOTE_TOLD, NOTE_DONE } certificate_noted; /* certificate_note.c */
	size_t lingered;
	uint8_t *out; /* OUT_CAP bytes while something waits, else NULL */
	size_t out_len, out_sent;
	uint64_t origin; /* see admission.h */
	struct peer peer;
};

/* Takes over fd, a fresh non-blocking socket, and begins the handshake. False when memory is short: fd is closed. */
bool conn_start(struct conn_set *set, int fd, const struct sockaddr_storage *address, socklen_t len) MUST_CHECK;

/* For conn_set.c. */

/* Sends what there is to send; does nothing in a state without anything to send. */
void conn_flush(struct conn *c);
/* Reads a little and acts on it; calls conn_set_has_read() when there is nothing more to read for now. */
void conn_read(struct conn *c);
/* Ends the connection as soon as a limit of time is over. */
void conn_check_time(struct conn *c, int64_t now_ms);
/* Takes the next step of a handshake. */
void conn_step_handshake(struct conn *c);
/* Ends the connection when its certificate does not pass any more. */
void conn_check_certificate(struct conn *c);
/* Tells the client to go elsewhere; a second GOAWAY follows by conn_check_time(). */
void conn_drain(struct conn *c);
/* Ends an open connection, calls and all, whose peer may not stay: a GOAWAY is the last that it gets. */
void conn_cut(struct conn *c, enum metric counter, const char *why);
/* The same, for a principal that is locked out: with a notice, so that calls on their way are still told so. */
void conn_lock_out(struct conn *c);
/* Cuts a handshake short, to make place for another. */
void conn_push_out(struct conn *c);
/* Ends the connection at once; it is freed at the end of the turn. */
void conn_kill(struct conn *c);
void conn_free(struct conn *c);

/* "127.0.0.1:40112" or "[::1]:40112". */
void address_format(const struct sockaddr *address, socklen_t len, char *out, size_t size);

#endif
