/*
 * cancel.h: has the server stop what a connection runs. Private to db/.
 *
 * PQcancel() connects and waits, and libpq before 17 has nothing else. So a thread of its own waits in it, with all
 * signals blocked, and shares nothing with the event loop but the requests that go to and fro through a socket.
 */
#ifndef RADIOSHOP_CANCEL_H
#define RADIOSHOP_CANCEL_H

#include "error.h"

#include <event2/event.h>
#include <libpq-fe.h>
#include <stdbool.h>

/* A request that the thread has not begun after this is dropped: what it was meant for may be long over. */
enum { CANCEL_FRESH_MS = 500 };

struct canceller;

/*
 * done is called from the loop, once for each request. When delivered, the server has signalled its process before
 * that: what the connection is sent from then on is safe. Otherwise the request was dropped or failed, and may in rare
 * cases still arrive. NULL when there is no thread or no memory: then nothing is cancelled.
 */
struct canceller *canceller_new(struct event_base *base, void (*done)(void *owner, bool delivered));
/* At the end of the process: waits for the thread, but not for the network. done is not called any more. */
void canceller_free(struct canceller *c);

/* Asks for what conn runs when the request arrives. False when too many are under way, or c is NULL. */
bool canceller_ask(struct canceller *c, PGconn *conn, void *owner) MUST_CHECK;
/* done will not be called for the owner's requests. */
void canceller_forget(struct canceller *c, const void *owner);

#endif
