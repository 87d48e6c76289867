/*
 * failure.h: exit codes, and how an error is told to the person who typed the command.
 *
 * The codes are sysexits.h's where one fits. Errors keep the gRPC vocabulary of error.h; what is the
 * command's own (usage, configuration, output) is told apart by err->reason.
 */
#ifndef RADIOSHOP_FAILURE_H
#define RADIOSHOP_FAILURE_H

#include "error.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_LATE = 1,         /* alert status: the job has not run for too long */
	EXIT_USAGE = 64,       /* the command line is wrong */
	EXIT_REFUSED = 65,     /* the shop refused the request as wrong, or some rows of a file */
	EXIT_NOT_FOUND = 66,   /* no such record, or no such file */
	EXIT_UNAVAILABLE = 69, /* no answer from the shop */
	EXIT_FAULT = 70,       /* a fault of the shop or of this command */
	EXIT_OUTPUT = 73,      /* the output cannot be written */
	EXIT_AGAIN = 75,       /* try again: the record has moved on, too slow, or too much at once */
	EXIT_DENIED = 77,      /* not allowed, or the certificate is not accepted */
	EXIT_CONFIG = 78       /* no or wrong configuration */
};

/* Values of err->reason for errors that arise here and not in the shop. */
#define REASON_USAGE  "USAGE"
#define REASON_CONFIG "CONFIGURATION"
#define REASON_OUTPUT "OUTPUT"
#define REASON_FILE   "FILE"
#define REASON_TLS    "CERTIFICATE"

/* Fill err with that reason, return false. */
bool usage_error(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool config_error(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool output_error(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool file_error(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum exit_code exit_code_of(const struct error *err);
/* One row of the table for help and the manual; false when i is beyond the last. */
bool exit_code_describe(unsigned i, int *ret_code, const char **ret_text) MUST_CHECK;

/* Says it on stderr, cleaned: "radioshop: WHERE: text". where may be NULL. Returns the exit code. */
int failure_tell(const struct error *err, const char *where);
/* A line on stderr that is no failure: "radioshop: text". */
void notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line that says what to do next, indented under the failure. */
void hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
