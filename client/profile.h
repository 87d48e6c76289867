/*
 * profile.h: where the shop is and who I am: from options, environment, or a profile file, in this order.
 *
 * A profile is `key = value` lines (server, cacert, cert, key; # comments) in NAME.conf under
 * RADIOSHOP_CONFIG_DIR, else $XDG_CONFIG_HOME/radioshop, else ~/.config/radioshop. Relative paths are relative to
 * the file. default.conf is read when no profile is named, and may be missing.
 */
#ifndef RADIOSHOP_PROFILE_H
#define RADIOSHOP_PROFILE_H

#include "error.h"
#include "options.h"

#include <talloc.h>

/* All strings are owned by the profile's context. */
struct profile {
	const char *name;        /* "default" if none was named */
	const char *server;      /* HOST:PORT */
	const char *host, *port; /* its parts; host without brackets */
	const char *cacert, *cert, *key;
};

/* False: CONFIGURATION, saying what to create. */
bool profile_load(TALLOC_CTX *ctx, const struct options *o, struct profile *ret_profile, struct error *err) MUST_CHECK;

/* Reads the text of a profile file that lies in directory dir; name is for messages. Pure, for tests. */
bool profile_parse(TALLOC_CTX *ctx, const char *name, const char *dir, const char *text, size_t len,
	struct profile *profile, struct error *err) MUST_CHECK;

/* The directory of the profiles; owned by ctx. */
char *profile_directory(TALLOC_CTX *ctx);
/* $XDG_STATE_HOME/radioshop or ~/.local/state/radioshop: what must survive from one run to the next. */
char *state_directory(TALLOC_CTX *ctx);

#endif
