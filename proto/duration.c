/*
 * duration.c: spans of time as text. Called by the JSON codec. Owns nothing.
 */
#include "duration.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t seconds_max = INT64_C(315576000000);

enum { NANOS_MAX = 999999999 };

bool duration_format(int64_t seconds, int32_t nanos, char out[DURATION_TEXT])
{
	bool negative = seconds < 0 || nanos < 0;
	char fraction[12] = "";

	if (seconds < -seconds_max || seconds > seconds_max || nanos < -NANOS_MAX || nanos > NANOS_MAX)
		return false;
	if (negative && (seconds > 0 || nanos > 0))
		return false;
	seconds = negative ? -seconds : seconds;
	nanos = negative ? -nanos : nanos;
	if (nanos % 1000 != 0)
		snprintf(fraction, sizeof(fraction), ".%09" PRId32, nanos);
	else if (nanos % 1000000 != 0)
		snprintf(fraction, sizeof(fraction), ".%06" PRId32, nanos / 1000);
	else if (nanos != 0)
		snprintf(fraction, sizeof(fraction), ".%03" PRId32, nanos / 1000000);
	snprintf(out, DURATION_TEXT, "%s%" PRId64 "%ss", negative ? "-" : "", seconds, fraction);
	return true;
}

bool duration_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos)
{
	const char *at = text, *end = text + len, *digits;
	int32_t nanos = 0, scale = NANOS_MAX / 10 + 1, sign = 1;
	int64_t seconds = 0;

	if (at < end && *at == '-') {
		sign = -1;
		at++;
	}
	for (digits = at; at < end && *at >= '0' && *at <= '9' && seconds <= seconds_max; at++)
		seconds = seconds * 10 + (*at - '0');
	if (at == digits || seconds > seconds_max)
		return false;
	if (at < end && *at == '.') {
		for (digits = ++at; at < end && *at >= '0' && *at <= '9' && scale > 0; at++, scale /= 10)
			nanos += (*at - '0') * scale;
		if (at == digits)
			return false;
	}
	if (end - at != 1 || *at != 's')
		return false;
	*ret_seconds = sign * seconds;
	*ret_nanos = sign * nanos;
	return true;
}
