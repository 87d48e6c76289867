/*
 * options.h: the options that every command takes, one table row each.
 *
 * They may stand anywhere on the line. Flags that come from a request's fields are flags.h's.
 */
#ifndef RADIOSHOP_OPTIONS_H
#define RADIOSHOP_OPTIONS_H

#include "error.h"
#include "output.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings are borrowed from argv. */
struct options {
	const char *profile, *server, *cacert, *cert, *key;
	const char *columns, *file, *request_id;
	enum output_format format;
	bool format_given;
	bool output_is_file; /* the command has a form of its own: --output names the file to write */
	const char *target;  /* that file; NULL or "-": standard output, if the command has no other */
	bool no_header, no_formula_guard, all, verbose, help, version;
	int64_t timeout_ms; /* 0 = the default */
	int64_t limit;      /* rows of a list; 0 = the default */
};

struct option_row {
	const char *name;  /* without the dashes */
	char letter;       /* or 0 */
	const char *value; /* what to call its value in help, NULL for a switch */
	const char *help;
	const char *choices; /* for completion: blank-separated values, "FILE", or NULL */
	bool (*set)(struct options *o, const char *value, struct error *err);
};

/* The rows; ended by name == NULL. */
extern const struct option_row option_rows[];

/*
 * If argv[*at] is a common option, takes it (and its value), moves *at behind it and sets *ret_taken.
 * False: it is one, but its value is missing or wrong.
 */
bool options_take(
	struct options *o, int argc, char *const *argv, int *at, bool *ret_taken, struct error *err) MUST_CHECK;

/* By name without the dashes; NULL if there is none. */
const struct option_row *option_find(const char *name);

#endif
