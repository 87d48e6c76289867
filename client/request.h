/*
 * request.h: the request of a command, from a file, the words, the positions and the flags, in this order.
 */
#ifndef RADIOSHOP_REQUEST_H
#define RADIOSHOP_REQUEST_H

#include "flags.h"
#include "session.h"

/* A request and, where the row has `fetch`, the request of the Get method that goes before it. */
struct prepared {
	const struct command *command; /* NULL for `call` */
	const struct catalog_method *method, *fetch_method;
	struct flag_set *flags;
	ProtobufCMessage *request, *fetch; /* fetch NULL: nothing to read first */
	bool fetched;                      /* the Get has been made */
	char request_id[37];               /* "" for reads */
};

/*
 * Makes the request of a command from argv. False: USAGE, naming the flag or the position. Lives in the session's
 * memory.
 */
bool prepare(struct session *s, const struct command *c, const struct catalog_method *method, int argc,
	char *const *argv, struct prepared *ret, struct error *err) MUST_CHECK;

/* Whether the request still lacks something that `take` reads from the Get method. */
bool needs_fetch(const struct prepared *p);
/* Copies what `take` names from fetch's reply into the request, but for what was given. */
bool take_fields(const char *take, const ProtobufCMessage *reply, ProtobufCMessage *request, struct arena *arena,
	struct error *err) MUST_CHECK;

/* "NUMBER" or "AGENCY PLAN" of a row's positions for usage lines; owned by ctx. */
char *positions_shown(TALLOC_CTX *ctx, const struct command *c);
/* "TAG" of asset.tag; owned by ctx. */
char *position_name(TALLOC_CTX *ctx, const char *dotted);

/* Sets the string field request_id, where the message has one. */
void set_request_id(ProtobufCMessage *request, const char *id, struct arena *arena);

#endif
