/*
 * run.h: a command that its row describes completely: request, fetch, call, pages, output, errors, unsent writes.
 */
#ifndef RADIOSHOP_RUN_H
#define RADIOSHOP_RUN_H

#include "request.h"
#include "session.h"
#include "store.h"

/* Does it and says what went wrong. Returns the exit code. */
int run_command(struct session *s, const struct command *c, int argc, char **argv);

/*
 * Reads what `take` wants and then makes the call. False: err; *ret_sent says whether the write may have reached the
 * shop. The reply is in the session's arena.
 */
bool run_prepared(struct session *s, struct prepared *p, ProtobufCMessage **ret_reply, bool *ret_sent,
	struct error *err) MUST_CHECK;

/* Calls for page after page and writes the rows, to the file of --output if the command has one. Returns the exit code.
 */
int run_list(struct session *s, struct prepared *p);

/* The file of --output, where the command writes one: the session's output goes there until it is closed. False:
 * OUTPUT. */
bool open_target(struct session *s, struct store_file **ret_file, struct error *err) MUST_CHECK;
/* Only what is whole (ok) takes the place of what was there. False: not ok, or OUTPUT. */
bool close_target(struct session *s, struct store_file *file, bool ok, struct error *err) MUST_CHECK;

/* Says an error of a call with the flag or position at fault in front, and a hint. Returns the exit code. */
int tell_failure(const struct prepared *p, const struct error *err);

#endif
