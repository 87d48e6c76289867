/*
 * failure.c: the table of exit codes and the lines on stderr. Used by every part of the command.
 * Owns nothing.
 */
#include "failure.h"

#include "terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *text;
} exit_codes[] = {
	{EXIT_DONE, "done"},
	{EXIT_LATE, "alert status: the alert job has not run for too long"},
	{EXIT_USAGE, "the command line is wrong"},
	{EXIT_REFUSED,
		"the shop refused the request, or some rows of a file or some recipients were refused, as wrong"},
	{EXIT_NOT_FOUND, "no such record or file"},
	{EXIT_UNAVAILABLE, "no answer from the shop; what was to be written is kept (radioshop unsent)"},
	{EXIT_FAULT, "a fault of the shop or of this command"},
	{EXIT_OUTPUT, "the output cannot be written"},
	{EXIT_AGAIN, "try again: the record has moved on, it took too long, or there was too much at once"},
	{EXIT_DENIED, "not allowed, or the certificate is not accepted"},
	{EXIT_CONFIG, "configuration is missing or wrong"},
};

static const enum exit_code by_status[STATUS_COUNT] = {
	[STATUS_OK] = EXIT_DONE,
	[STATUS_CANCELLED] = EXIT_AGAIN,
	[STATUS_UNKNOWN] = EXIT_FAULT,
	[STATUS_INVALID_ARGUMENT] = EXIT_REFUSED,
	[STATUS_DEADLINE_EXCEEDED] = EXIT_AGAIN,
	[STATUS_NOT_FOUND] = EXIT_NOT_FOUND,
	[STATUS_ALREADY_EXISTS] = EXIT_REFUSED,
	[STATUS_PERMISSION_DENIED] = EXIT_DENIED,
	[STATUS_RESOURCE_EXHAUSTED] = EXIT_AGAIN,
	[STATUS_FAILED_PRECONDITION] = EXIT_REFUSED,
	[STATUS_ABORTED] = EXIT_AGAIN,
	[STATUS_OUT_OF_RANGE] = EXIT_REFUSED,
	[STATUS_UNIMPLEMENTED] = EXIT_FAULT,
	[STATUS_INTERNAL] = EXIT_FAULT,
	[STATUS_UNAVAILABLE] = EXIT_UNAVAILABLE,
	[STATUS_DATA_LOSS] = EXIT_FAULT,
	[STATUS_UNAUTHENTICATED] = EXIT_DENIED,
};

static const struct {
	const char *reason;
	enum exit_code code;
} by_reason[] = {
	{REASON_USAGE, EXIT_USAGE},
	{REASON_CONFIG, EXIT_CONFIG},
	{REASON_OUTPUT, EXIT_OUTPUT},
	{REASON_FILE, EXIT_NOT_FOUND},
	{REASON_TLS, EXIT_DENIED},
};

static bool __attribute__((format(printf, 3, 0)))
own_error(struct error *err, const char *reason, const char *format, va_list args)
{
	char text[sizeof err->text];

	if (err == NULL)
		return false;
	vsnprintf(text, sizeof text, format, args);
	error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s", text);
	snprintf(err->reason, sizeof err->reason, "%s", reason);
	return false;
}

#define OWN_ERROR(name, reason)                                                                                        \
	bool name(struct error *err, const char *format, ...)                                                          \
	{                                                                                                              \
		va_list args;                                                                                          \
                                                                                                                       \
		va_start(args, format);                                                                                \
		own_error(err, reason, format, args);                                                                  \
		va_end(args);                                                                                          \
		return false;                                                                                          \
	}

OWN_ERROR(usage_error, REASON_USAGE)
OWN_ERROR(config_error, REASON_CONFIG)
OWN_ERROR(output_error, REASON_OUTPUT)
OWN_ERROR(file_error, REASON_FILE)

enum exit_code exit_code_of(const struct error *err)
{
	for (size_t i = 0; i < sizeof by_reason / sizeof by_reason[0]; i++)
		if (strcmp(err->reason, by_reason[i].reason) == 0)
			return by_reason[i].code;
	if ((int)err->code < 0 || err->code >= STATUS_COUNT)
		return EXIT_FAULT;
	return by_status[err->code];
}

bool exit_code_describe(unsigned i, int *ret_code, const char **ret_text)
{
	if (i >= sizeof exit_codes / sizeof exit_codes[0])
		return false;
	*ret_code = exit_codes[i].code;
	*ret_text = exit_codes[i].text;
	return true;
}

static void tell(const char *before, const char *where, const char *text)
{
	char *clean = terminal_clean(NULL, text, false),
	     *place = terminal_clean(NULL, where != NULL ? where : "", false);

	fprintf(stderr, "%s%s%s%s\n", before, place, *place != '\0' ? ": " : "", clean);
	talloc_free(clean);
	talloc_free(place);
}

int failure_tell(const struct error *err, const char *where)
{
	tell("radioshop: ", where, err->text[0] != '\0' ? err->text : status_name((int)err->code));
	return (int)exit_code_of(err);
}

void notice(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	tell("radioshop: ", NULL, text);
}

void hint(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	tell("  ", NULL, text);
}
