/*
 * timestamp.h: points in time as RFC 3339 text. Pure functions.
 *
 * A time is what google.protobuf.Timestamp holds: seconds since 1970 in UTC, and nanoseconds
 * 0 to 999999999 on top. Years 1 to 9999; no leap seconds.
 */
#ifndef RADIOSHOP_TIMESTAMP_H
#define RADIOSHOP_TIMESTAMP_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_TEXT = 36 };

/* Writes 2026-01-31T12:00:00Z with 0, 3, 6 or 9 digits of fraction; false when out of range. */
bool timestamp_format(int64_t seconds, int32_t nanos, char out[TIMESTAMP_TEXT]) MUST_CHECK;
/* Reads the same, with any number of fraction digits up to 9, and Z or an offset such as -06:00. Capitals only, as JSON
 * has it. */
bool timestamp_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos) MUST_CHECK;

#endif
