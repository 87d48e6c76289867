/*
 * certificate_note.h: notes in the database when the certificates of those who connect end, so that the alert job can
 * say so before somebody stands before a closed door.
 *
 * Nobody else knows: certificates are made by a CA that the shop does not run. What new connections have shown is told
 * in one statement every few seconds, and the database writes what it does not know yet, once a day for each
 * certificate. No call waits for it; what fails is tried again a minute later as long as the connection lives.
 */
#ifndef RADIOSHOP_CERTIFICATE_NOTE_H
#define RADIOSHOP_CERTIFICATE_NOTE_H

#include "arena.h"
#include "pool.h"

#include <event2/event_struct.h>
#include <stdbool.h>

struct conn_set;

struct certificate_note {
	struct conn_set *set;
	struct event timer;
	struct db_call call; /* while telling */
	struct arena arena;
	bool telling;
	bool failed; /* the last time; the log has it */
};

/* Begins to note; set outlives it. */
void certificate_note_init(struct certificate_note *n, struct conn_set *set);
/* Before the pool goes away. */
void certificate_note_release(struct certificate_note *n);

#endif
