/*
 * flags.h: the flags of a command, from its request's descriptor.
 *
 * A flag is a field's own name with dashes: --assigned-to. Fields of nested messages are flat; where two would clash,
 * both carry their parent's name. A field in cents is typed in dollars without the -cents, or in cents with it. A
 * switch has --no-x. Where the request has an update_mask, a flag puts its field into it, and --clear-x puts it there
 * without a value. Abbreviations are not taken.
 */
#ifndef RADIOSHOP_FLAGS_H
#define RADIOSHOP_FLAGS_H

#include "catalog.h"
#include "command.h"
#include "error.h"
#include "message.h"
#include "options.h"

#include <talloc.h>

struct flag {
	const char *name;   /* without dashes in front: "cost" */
	const char *dotted; /* "asset.cost_cents" */
	struct field_path path;
	const char *mask; /* what it adds to update_mask ("cost_cents"), or NULL */
	bool dollars;     /* typed in dollars */
	bool is_switch;   /* a bool: takes no value */
	bool needed;      /* the row says that it must be given */
	bool choice;      /* it or another that is marked so */
};

struct flag_set {
	const ProtobufCMessageDescriptor *request;
	struct flag *flags;
	size_t count;
	bool masked; /* the request has an update_mask */
	bool paged;  /* it has page_size and page_token */
	bool write;  /* it has a request_id */
};

/* Owned by ctx. command may be NULL: every field, for `call`. */
struct flag_set *flag_set_new(
	TALLOC_CTX *ctx, const struct command *command, const ProtobufCMessageDescriptor *request);

/* By name; *ret_form tells --no-x and --clear-x from --x. NULL if there is none. */
enum flag_form { FLAG_SET, FLAG_NO, FLAG_CLEAR };
const struct flag *flag_find(const struct flag_set *set, const char *name, size_t len, enum flag_form *ret_form);

/* The flag whose field an error names ("serial", "asset.serial"), or NULL. */
const struct flag *flag_of_field(const struct flag_set *set, const char *field);

/* What was typed. Strings are borrowed from argv. */
struct given {
	const struct flag *flag;
	enum flag_form form;
	const char *value; /* NULL for --clear-x, --x and --no-x */
};

struct command_line {
	struct given *given;
	size_t given_count;
	const char **words; /* what is no flag */
	size_t word_count;
};

/* Reads argv: flags of set, common options into options, words. False: USAGE, with the nearest flag suggested. */
bool command_line_read(TALLOC_CTX *ctx, const struct flag_set *set, int argc, char *const *argv,
	struct options *options, struct command_line *ret_line, struct error *err) MUST_CHECK;

/* The word of candidates (ended by NULL) that was probably meant, or NULL. */
const char *nearest_word(const char *typed, const char *const *candidates);

/* "--cost" for people: the flag's name with dashes; owned by ctx. */
char *flag_shown(TALLOC_CTX *ctx, const struct flag *flag);
/* assigned-to of assigned_to; owned by ctx. */
char *kebab(TALLOC_CTX *ctx, const char *name);

#endif
