/*
 * help.h: help at every level, from the tables and the comments of the protos.
 */
#ifndef RADIOSHOP_HELP_H
#define RADIOSHOP_HELP_H

#include "catalog.h"
#include "command.h"

#include <stdio.h>

/* Each returns EXIT_DONE, or EXIT_OUTPUT when out cannot be written. */
int help_top(FILE *out);
int help_noun(FILE *out, const struct noun *noun);
int help_command(FILE *out, const struct command *c);
int help_method(FILE *out, const struct catalog_method *method);
/* The list of methods for `call`. */
int help_methods(FILE *out);
/* All commands and options for the manual, in scdoc's language. */
int help_manual(FILE *out);

/* One sentence about a command: its own, or its rpc's comment. Not owned. */
const char *command_summary(const struct command *c);

#endif
