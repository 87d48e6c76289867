/*
 * conn_set.h: all connections of one listener.
 */
#ifndef RADIOSHOP_CONN_SET_H
#define RADIOSHOP_CONN_SET_H

#include "admission.h"
#include "config.h"
#include "rpc.h"
#include "tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct conn;

TAILQ_HEAD(conn_list, conn);

/*
 * The connections of one listener. Once a loop turn, after the callbacks of the turn, those that have something to read
 * are read by turns, as far as their principals' time goes; then those that have something to send are flushed (one
 * SSL_write each) and those that are dead are freed.
 */
struct conn_set {
	struct event_base *base;
	const struct config *config;
	struct tls *tls; /* for new connections; a reference */
	struct rpc *rpc;
	struct conn_list live, dead;
	struct conn_list dirty; /* has something to send; linked by `turn_link` */
	unsigned count;         /* live and dead ones */
	struct conn_list hands; /* in their handshake, the one that has taken longest first; linked by `hand_link` */
	struct conn_list steps; /* of these, those that can go on; linked by `step_link` */
	struct conn_list reads; /* open and with something to read, in their order; linked by `read_link` */
	unsigned hand_count;
	uint64_t read_turn; /* which one it is */
	struct admission admission;
	struct event turn, sweep;
	struct event step;             /* the next few handshakes */
	struct event read;             /* what can be read in this turn */
	struct event recheck;          /* the next few certificates after a reload */
	int64_t draining_since_ms;     /* 0: not draining */
	void (*on_empty)(void *owner); /* called in the turn that frees the last one while draining */
	void *owner;
	int64_t log_second_ms; /* refusals logged in this second are counted, more are not logged */
	unsigned logged, not_logged;
};

/* config, tls (referenced) and rpc as in listener_new. */
void conn_set_init(
	struct conn_set *set, struct event_base *base, const struct config *config, struct tls *tls, struct rpc *rpc);
/* Ends and frees every connection at once. */
void conn_set_release(struct conn_set *set);
/* See listener_reload(). */
void conn_set_reload(struct conn_set *set, const struct config *config, struct tls *tls);
/* See listener_drain(). */
void conn_set_drain(struct conn_set *set);
/* How many come from there, see admission.h. */
unsigned conn_set_count_from(const struct conn_set *set, uint64_t origin);
/* Another handshake is to begin: ends the one that has taken longest if there are too many. */
void conn_set_make_room(struct conn_set *set);
/* Whether another line about a refused peer may be logged: 20 a second, then they are only counted. */
bool conn_set_may_log(struct conn_set *set);

/*
 * For conn.c: a new one; one whose handshake can go on, or is over; one with something to read, or nothing more; one
 * with something to send; one to be freed.
 */
void conn_set_add(struct conn_set *set, struct conn *c);
void conn_set_can_step(struct conn_set *set, struct conn *c);
void conn_set_greeted(struct conn_set *set, struct conn *c);
void conn_set_can_read(struct conn_set *set, struct conn *c);
void conn_set_has_read(struct conn_set *set, struct conn *c);
void conn_set_soil(struct conn_set *set, struct conn *c);
void conn_set_bury(struct conn_set *set, struct conn *c);

#endif
