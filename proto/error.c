/*
 * error.c: names of the gRPC status codes, and filling a struct error.
 *
 * Called by everybody; owns nothing.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[STATUS_OK] = "OK",
	[STATUS_CANCELLED] = "CANCELLED",
	[STATUS_UNKNOWN] = "UNKNOWN",
	[STATUS_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
	[STATUS_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
	[STATUS_NOT_FOUND] = "NOT_FOUND",
	[STATUS_ALREADY_EXISTS] = "ALREADY_EXISTS",
	[STATUS_PERMISSION_DENIED] = "PERMISSION_DENIED",
	[STATUS_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
	[STATUS_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
	[STATUS_ABORTED] = "ABORTED",
	[STATUS_OUT_OF_RANGE] = "OUT_OF_RANGE",
	[STATUS_UNIMPLEMENTED] = "UNIMPLEMENTED",
	[STATUS_INTERNAL] = "INTERNAL",
	[STATUS_UNAVAILABLE] = "UNAVAILABLE",
	[STATUS_DATA_LOSS] = "DATA_LOSS",
	[STATUS_UNAUTHENTICATED] = "UNAUTHENTICATED",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == STATUS_COUNT, "every status has a name");

const char *status_name(int code)
{
	if (code < 0 || code >= STATUS_COUNT)
		return "UNKNOWN";
	return names[code];
}

bool status_from_name(const char *name, enum status *ret_code)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_code = (enum status)i;
			return true;
		}
	}
	return false;
}

bool error_set(struct error *err, enum status code, const char *field, const char *format, ...)
{
	va_list ap;
	int n;

	if (err == NULL)
		return false;
	memset(err, 0, sizeof(*err));
	err->code = code;
	if (field != NULL)
		snprintf(err->field, sizeof(err->field), "%s", field);
	va_start(ap, format);
	n = vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	/* A cut must not leave half a UTF-8 character: the text travels in protobuf strings. */
	if (n >= (int)sizeof(err->text)) {
		size_t end = sizeof(err->text) - 1;

		while (end > 0 && ((unsigned char)err->text[end - 1] & 0xC0) == 0x80)
			end--;
		if (end > 0 && (unsigned char)err->text[end - 1] >= 0xC0)
			end--;
		err->text[end] = '\0';
	}
	return false;
}
