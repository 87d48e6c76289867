/*
 * talk.h: the part of a call that a builtin answers; see builtin.h for what its handlers see.
 */
#ifndef RADIOSHOP_TALK_H
#define RADIOSHOP_TALK_H

#include "builtin.h"

#include <stdbool.h>

struct call;

/* The builtin for ":path", or NULL. */
const struct builtin *builtin_find(const char *path);
/* One step in the state TALKING: gives the handler the message or the half-close that came. True: the status is
 * decided. */
bool talk_step(struct call *call);

#endif
