/*
 * query.h: the part of a call that a statement answers.
 */
#ifndef RADIOSHOP_QUERY_H
#define RADIOSHOP_QUERY_H

#include <stdbool.h>

struct call;

/* Unpacks and checks the request and hands it to the pool: the call is RUNNING, or its status is decided. */
void query_begin(struct call *call);
/* One step in RUNNING: queues what the database answered. */
bool query_step(struct call *call);
/* One step in REPLYING: fetches the next page of a stream once the client has taken most of the last. */
bool query_step_stream(struct call *call);
/* Lets go of a statement that still runs; its end is nobody's concern any more. Fine when none does. */
void query_abandon(struct call *call);

#endif
