/*
 * talk.h: the part of a call that a builtin answers; see builtin.h for what its handlers see.
 */
#ifndef RADIOSHOP_TALK_H
#define RADIOSHOP_TALK_H

#include "builtin.h"

#include <stdbool.h>

struct call;

/* The program's builtin for ":path", or NULL. */
const struct builtin *builtin_find(const struct rpc *rpc, const char *path);
/* One step in the state TALKING: tells the handler what came: the call, room, a message, the half-close. True: there
 * may be more to do. */
bool talk_step(struct call *call);

#endif
