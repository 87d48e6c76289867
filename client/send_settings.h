/*
 * send_settings.h: how this host sends: send.conf beside the profiles, lines `key = value`, # comments.
 *
 * What names a host, a password or a directory is here and not in the shop: a route says who is told, the host says by
 * what.
 */
#ifndef RADIOSHOP_SEND_SETTINGS_H
#define RADIOSHOP_SEND_SETTINGS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/* Texts are owned by the context that read them; "" where nothing is set. */
struct send_settings {
	const char *mail;          /* smtp://HOST[:PORT], smtps://HOST[:PORT], or the path of a sendmail program */
	const char *mail_from;     /* the sender's address */
	const char *mail_tls;      /* of smtp://: required, offered or never */
	const char *mail_ca;       /* file with the CA of the relay; "": the system's */
	const char *mail_user;     /* "": none */
	const char *mail_password; /* path of a file */
	const char *mail_hello;    /* what this host calls itself; "": its name */
	const char *webhook_ca;    /* file with the CA of the receivers; "": the system's */
	const char *secrets;       /* directory of the keys: AGENCY/NAME; "": secrets/ beside send.conf */
	const char *files;         /* directory of the files: AGENCY/NAME; "": none, and file routes wait */
	const char *timeout_s;     /* for one message, 1 to 300; "": 30 */
};

/* The settings of this host; without the file all are empty. False: CONFIGURATION. */
bool send_settings_load(TALLOC_CTX *ctx, struct send_settings *ret, struct error *err) MUST_CHECK;
/* Reads the text of the file in directory dir. Pure, for tests. */
bool send_settings_parse(TALLOC_CTX *ctx, const char *file, const char *dir, const char *text, size_t len,
	struct send_settings *ret, struct error *err) MUST_CHECK;
/* Seconds for one message. */
unsigned send_settings_timeout(const struct send_settings *s);

/*
 * A secret of this host, without the line end after it: a file that nobody else may read. Owned by ctx.
 * False: CONFIGURATION, saying which file and what to do.
 */
bool send_secret_read(TALLOC_CTX *ctx, const char *path, const char **ret_secret, struct error *err) MUST_CHECK;

#endif
