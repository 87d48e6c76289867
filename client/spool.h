/*
 * spool.h: writes that got no answer, kept on disk until they get one.
 *
 * One file a write, REQUEST_ID.json in the state directory's unsent/, mode 0600: method, request, the row's fetch and
 * take, when. The request id is in the request, so that sending it again does nothing twice.
 */
#ifndef RADIOSHOP_SPOOL_H
#define RADIOSHOP_SPOOL_H

#include "request.h"
#include "session.h"

#include <jansson.h>

/* Who this session is: the path of its certificate. Owned by the session's memory; needs a connected session. */
char *spool_identity(const struct session *s);

/* Keeps the write. False: OUTPUT. */
bool spool_keep(struct session *s, const struct prepared *p, struct error *err) MUST_CHECK;

struct unsent {
	char *id; /* request id */
	char *path;
	json_t *json;       /* what the file holds */
	json_int_t made_at; /* nanoseconds since 1970 */
};

/* All of them, oldest first; owned by ctx, the JSON too. False: OUTPUT or FILE. */
bool spool_read(TALLOC_CTX *ctx, struct unsent ***ret_list, size_t *ret_count, struct error *err) MUST_CHECK;
/* The prepared call of an entry, in the session's memory. */
bool spool_prepare(struct session *s, const struct unsent *u, struct prepared *ret, struct error *err) MUST_CHECK;
/* Forgets it. */
bool spool_drop(const struct unsent *u, struct error *err) MUST_CHECK;

#endif
