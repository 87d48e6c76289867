/*
 * options.c: the table of common options and its reader. Called by main.c and flags.c.
 * Owns nothing; values stay in argv.
 */
#include "options.h"

#include "failure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OPTION(field)                                                                                             \
	static bool set_##field(struct options *o, const char *value, struct error *err)                               \
	{                                                                                                              \
		(void)err;                                                                                             \
		o->field = value;                                                                                      \
		return true;                                                                                           \
	}
#define SWITCH_OPTION(field)                                                                                           \
	static bool set_##field(struct options *o, const char *value, struct error *err)                               \
	{                                                                                                              \
		(void)value;                                                                                           \
		(void)err;                                                                                             \
		o->field = true;                                                                                       \
		return true;                                                                                           \
	}

TEXT_OPTION(profile)
TEXT_OPTION(server)
TEXT_OPTION(cacert)
TEXT_OPTION(cert)
TEXT_OPTION(key)
TEXT_OPTION(columns)
TEXT_OPTION(file)
TEXT_OPTION(request_id)
SWITCH_OPTION(no_header)
SWITCH_OPTION(no_formula_guard)
SWITCH_OPTION(all)
SWITCH_OPTION(verbose)
SWITCH_OPTION(help)
SWITCH_OPTION(version)

static bool set_output(struct options *o, const char *value, struct error *err)
{
	if (o->output_is_file) {
		o->target = value;
		return true;
	}
	if (!output_format_parse(value, &o->format))
		return usage_error(err, "--output is table, wide, json or csv, not '%s'", value);
	o->format_given = true;
	return true;
}

static bool read_count(const char *value, int64_t most, int64_t *ret_count)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < 1 || n > most)
		return false;
	*ret_count = n;
	return true;
}

static bool set_timeout(struct options *o, const char *value, struct error *err)
{
	int64_t seconds;

	if (!read_count(value, 86400, &seconds))
		return usage_error(err, "--timeout is a number of seconds from 1 to 86400, not '%s'", value);
	o->timeout_ms = seconds * 1000;
	return true;
}

static bool set_limit(struct options *o, const char *value, struct error *err)
{
	if (!read_count(value, INT64_MAX / 2, &o->limit))
		return usage_error(err, "--limit is a number of rows from 1 on, not '%s'", value);
	return true;
}

const struct option_row option_rows[] = {
	{"profile", 0, "NAME", "Use the profile NAME.conf", NULL, set_profile},
	{"server", 0, "HOST:PORT", "Where the shop's daemon is", NULL, set_server},
	{"cacert", 0, "FILE", "Certificate of the shop's CA", "FILE", set_cacert},
	{"cert", 0, "FILE", "Your certificate", "FILE", set_cert},
	{"key", 0, "FILE", "The key of your certificate", "FILE", set_key},
	{"output", 'o', "FORMAT",
		"table, wide, json or csv; for due feed, report page and attachment get the file to write",
		"table wide json csv", set_output},
	{"columns", 0, "A,B", "Show just these columns", NULL, set_columns},
	{"no-header", 0, NULL, "Leave out the line of column names", NULL, set_no_header},
	{"no-formula-guard", 0, NULL, "Do not put ' before csv cells that a spreadsheet would run as formulas", NULL,
		set_no_formula_guard},
	{"limit", 0, "N", "At most N rows of a list (100 on tables, all in json and csv)", NULL, set_limit},
	{"all", 0, NULL, "All rows of a list", NULL, set_all},
	{"file", 'f', "FILE", "Read the request's fields from a JSON file, - for standard input; flags win", "FILE",
		set_file},
	{"request-id", 0, "UUID", "The id of this intent: the same one twice is done once", NULL, set_request_id},
	{"timeout", 0, "SECONDS", "How long to wait for each answer (30)", NULL, set_timeout},
	{"verbose", 'v', NULL, "Say on stderr what is called", NULL, set_verbose},
	{"help", 'h', NULL, "Show help for what was typed so far", NULL, set_help},
	{"version", 'V', NULL, "Show the version", NULL, set_version},
	{NULL, 0, NULL, NULL, NULL, NULL},
};

const struct option_row *option_find(const char *name)
{
	for (const struct option_row *r = option_rows; r->name != NULL; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* The row that arg names, with *ret_value set to what follows = (or the letter), NULL if nothing does. */
static const struct option_row *match(const char *arg, const char **ret_value)
{
	for (const struct option_row *r = option_rows; r->name != NULL; r++) {
		size_t n = strlen(r->name);

		*ret_value = NULL;
		if (arg[1] == '-' && strncmp(arg + 2, r->name, n) == 0 && (arg[2 + n] == '\0' || arg[2 + n] == '=')) {
			if (arg[2 + n] == '=')
				*ret_value = arg + 3 + n;
			return r;
		}
		if (r->letter != 0 && arg[1] == r->letter && (arg[2] == '\0' || r->value != NULL)) {
			if (arg[2] != '\0')
				*ret_value = arg[2] == '=' ? arg + 3 : arg + 2;
			return r;
		}
	}
	return NULL;
}

bool options_take(struct options *o, int argc, char *const *argv, int *at, bool *ret_taken, struct error *err)
{
	const char *arg = argv[*at], *value = NULL;
	const struct option_row *row = NULL;

	if (arg[0] == '-' && arg[1] != '\0')
		row = match(arg, &value);
	*ret_taken = row != NULL;
	if (row == NULL)
		return true;
	if (row->value == NULL && value != NULL)
		return usage_error(err, "--%s takes no value", row->name);
	++*at;
	if (row->value != NULL && value == NULL) {
		if (*at >= argc)
			return usage_error(err, "--%s needs a value: %s", row->name, row->value);
		value = argv[(*at)++];
	}
	return row->set(o, value, err);
}
