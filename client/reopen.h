/*
 * reopen.h: `ticket reopen`: where a finished ticket goes.
 */
#ifndef RADIOSHOP_REOPEN_H
#define RADIOSHOP_REOPEN_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>

/*
 * Sets the state of a MoveTicketRequest to the one move that the closed or cancelled ticket of a GetTicketResponse has.
 * False: FAILED_PRECONDITION, the ticket is not finished.
 */
bool reopen_to(const ProtobufCMessage *fetched, ProtobufCMessage *request, struct error *err) MUST_CHECK;

#endif
