/*
 * money.c: the one place of the command that turns dollars into cents and back. Used by the flags and the writers.
 * Owns nothing.
 */
#include "money.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whole dollars up to the point or the end; commas only between groups of three digits. */
static const char *read_dollars(const char *at, int64_t *ret_dollars)
{
	bool grouped = false;
	unsigned run = 0;
	int64_t sum = 0;

	for (;; at++) {
		if (*at == ',') {
			if (run == 0 || run > 3 || (grouped && run != 3))
				return NULL;
			grouped = true;
			run = 0;
			continue;
		}
		if (!is_digit(*at))
			break;
		if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum))
			return NULL;
		run++;
	}
	if (run == 0 || (grouped && run != 3))
		return NULL;
	*ret_dollars = sum;
	return at;
}

bool money_parse(const char *text, int64_t *ret_cents)
{
	bool negative = *text == '-';
	int64_t dollars, cents = 0;
	const char *at = text + (negative ? 1 : 0);

	if (*at == '$')
		at++;
	at = read_dollars(at, &dollars);
	if (at == NULL)
		return false;
	if (*at == '.') {
		if (!is_digit(at[1]))
			return false;
		cents = (at[1] - '0') * 10;
		at += 2;
		if (is_digit(*at))
			cents += *at++ - '0';
	}
	if (*at != '\0' || __builtin_mul_overflow(dollars, 100, &dollars) ||
		__builtin_add_overflow(dollars, cents, &dollars))
		return false;
	*ret_cents = negative ? -dollars : dollars;
	return true;
}

void money_format(int64_t cents, char out[MONEY_TEXT])
{
	uint64_t whole = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;

	snprintf(out, MONEY_TEXT, "%s%" PRIu64 ".%02" PRIu64, cents < 0 ? "-" : "", whole / 100, whole % 100);
}
