/*
 * command.h: the table of commands: which words call which method, and how the answer is shown.
 *
 * One row a command. Flags, help, completion and the manual follow from the row and from the method's
 * descriptors. A test checks every row against the catalog, and that every method has a row.
 */
#ifndef RADIOSHOP_COMMAND_H
#define RADIOSHOP_COMMAND_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>
#include <stddef.h>

struct session;

struct command {
	const char *noun;
	const char *verb;       /* "" for a noun that is a command by itself */
	const char *method;     /* "AssetService.GetAsset"; NULL for a command that only runs here */
	const char *positional; /* dotted fields of the request (or of fetch's) by position; ? may be left out, + takes
				   the rest */
	const char *columns;    /* of tables, dotted fields of the reply's row; NULL: all */
	const char *wide;       /* what wide adds */
	const char *preset;     /* "state=received": fields that the words themselves say */
	const char *fields;     /* fields offered as flags: all if NULL, all but these if it begins with - */
	const char *need;       /* fields that must be given; a|b: one of them */
	const char *fetch;      /* a Get method called first: it reads what `take` names */
	const char *take;       /* "revision=ticket.revision asset.id": request field = field of fetch's reply */
	/* After `take`: what else the request owes to what fetch read. NULL: nothing. False: err, nothing is called. */
	bool (*adapt)(const ProtobufCMessage *fetched, ProtobufCMessage *request, struct error *err);
	const char *help; /* one line; NULL: the rpc's comment */
	const char *example;
	bool file;  /* it writes a file of one form: --output names it */
	bool alone; /* the noun without a verb means this row */
	/* Does it; argv begins behind the words. NULL: the row says it all (run.h). Returns the exit code. */
	int (*run)(struct session *s, const struct command *c, int argc, char **argv);
};

struct noun {
	const char *name, *help;
};

extern const struct noun nouns[];       /* in the order of help; ended by name == NULL */
extern const struct command commands[]; /* ended by noun == NULL */
/* Methods that deliberately have no row and are reached with `call` only; ended by NULL. */
extern const char *const methods_without_row[];

const struct noun *noun_find(const char *name);
/* The row for these words; verb NULL: the row of the noun alone. NULL if there is none. */
const struct command *command_find(const char *noun, const char *verb);

/*
 * Walks a blank-separated list: copies the next word to out and moves *list behind it. False at the end. A word that
 * does not fit aborts: the lists are the table's own.
 */
bool word_next(const char **list, char *out, size_t out_size);

#endif
