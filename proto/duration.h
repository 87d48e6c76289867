/*
 * duration.h: google.protobuf.Duration as the JSON mapping writes it: seconds in decimal and an s. Pure functions.
 *
 * Seconds and nanoseconds have the same sign; at most 315576000000 whole seconds (10000 years) either way.
 */
#ifndef RADIOSHOP_DURATION_H
#define RADIOSHOP_DURATION_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DURATION_TEXT = 32 };

/* Writes -1.500s with 0, 3, 6 or 9 digits of fraction; false when out of range or the signs differ. */
bool duration_format(int64_t seconds, int32_t nanos, char out[DURATION_TEXT]) MUST_CHECK;
/* Reads the same, with any number of fraction digits up to 9. */
bool duration_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos) MUST_CHECK;

#endif
