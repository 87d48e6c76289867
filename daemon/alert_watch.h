/*
 * alert_watch.h: asks the database when alerts were last decided, asked for and sent, for the metrics: a job that has
 * died says nothing by itself.
 *
 * One question every ten seconds; while an answer is out, no second one follows, and while the database is away the old
 * answer stays. Owned by metrics.c.
 */
#ifndef RADIOSHOP_ALERT_WATCH_H
#define RADIOSHOP_ALERT_WATCH_H

#include "arena.h"
#include "pool.h"

#include <event2/event_struct.h>
#include <stdbool.h>

struct rpc;
struct evbuffer;

enum { ALERT_TIMES = 4 };

struct alert_watch {
	const struct rpc *rpc;
	struct event timer;
	struct db_call call; /* while asking */
	struct arena arena;
	bool asking;
	int64_t times[ALERT_TIMES]; /* seconds since 1970; 0: never, or not known yet */
};

/* Begins to ask; rpc outlives it. */
void alert_watch_init(struct alert_watch *w, struct event_base *base, const struct rpc *rpc);
/* Before the pool goes away. */
void alert_watch_release(struct alert_watch *w);
/* Writes the metrics; none of what never was. */
void alert_watch_show(const struct alert_watch *w, struct evbuffer *out);

#endif
