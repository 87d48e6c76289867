/*
 * config_key.h: the rows behind config.h. Known to config.c, which has the table and everything that prints and
 * compares rows, and to config_read.c, which reads a file by them.
 */
#ifndef RADIOSHOP_CONFIG_KEY_H
#define RADIOSHOP_CONFIG_KEY_H

#include "config.h"

#include <stddef.h>

enum config_type {
	KEY_INT,     /* decimal, min..max */
	KEY_ADDRESS, /* ADDRESS:PORT or [ADDRESS]:PORT */
	KEY_ADDRESS_OR_NONE,
	KEY_PATH,
	KEY_PATH_OR_NONE,
	KEY_TEXT,
	KEY_CHOICE /* one of `choices` */
};

enum { RESTART, RELOAD };

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset;       /* of the member: int for KEY_INT, else char * */
	int min, max;        /* KEY_INT */
	const char *choices; /* KEY_CHOICE: words with a blank between */
	const char *initial;
	int reload; /* RELOAD: takes effect on SIGHUP */
	const char *help;
};

enum { CONFIG_KEYS = 34 };
extern const struct config_key config_keys[CONFIG_KEYS];

/* The member of c that a row stands for: for KEY_INT, and for all other types. */
int *config_int(struct config *c, const struct config_key *k);
char **config_text(struct config *c, const struct config_key *k);
/* A copy of text; ends the program when there is no memory, since this only happens at the start. */
char *config_copy(const char *text);

#endif
