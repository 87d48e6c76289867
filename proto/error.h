/*
 * error.h: the only error vocabulary of both programs, gRPC's status codes.
 *
 * A function that can fail returns bool (or a pointer) and takes a trailing
 * `struct error *err`; on failure it has filled err, on success it has not
 * touched it. Codes: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
#ifndef RADIOSHOP_ERROR_H
#define RADIOSHOP_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
	STATUS_OK = 0,
	STATUS_CANCELLED = 1,
	STATUS_UNKNOWN = 2,
	STATUS_INVALID_ARGUMENT = 3,
	STATUS_DEADLINE_EXCEEDED = 4,
	STATUS_NOT_FOUND = 5,
	STATUS_ALREADY_EXISTS = 6,
	STATUS_PERMISSION_DENIED = 7,
	STATUS_RESOURCE_EXHAUSTED = 8,
	STATUS_FAILED_PRECONDITION = 9,
	STATUS_ABORTED = 10,
	STATUS_OUT_OF_RANGE = 11,
	STATUS_UNIMPLEMENTED = 12,
	STATUS_INTERNAL = 13,
	STATUS_UNAVAILABLE = 14,
	STATUS_DATA_LOSS = 15,
	STATUS_UNAUTHENTICATED = 16,
	STATUS_COUNT
};

/* What went wrong. All strings are NUL-terminated and cut to fit, never overrun. */
struct error {
	enum status code;
	char field[128];        /* dotted path of the request field at fault, or "" */
	char reason[64];        /* stable upper-case name for programs, or "" */
	char text[512];         /* one sentence for people, without a final full stop */
	int32_t retry_after_ms; /* hint for UNAVAILABLE; 0 = none */
};

/* "NOT_FOUND" for STATUS_NOT_FOUND; "UNKNOWN" for a code out of range. Static storage. */
const char *status_name(int code);

/* The reverse; false, *ret_code untouched, when no status has that name. */
bool status_from_name(const char *name, enum status *ret_code) MUST_CHECK;

/*
 * Fills err (which may be NULL) and returns false, so that a function can say
 * `return error_set(err, STATUS_NOT_FOUND, "asset", "no asset has the code %s", code);`.
 * field may be NULL.
 */
bool error_set(struct error *err, enum status code, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
