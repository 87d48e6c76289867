/*
 * timestamp.c: RFC 3339. Called by the JSON codec and by the command's output.
 *
 * Own calendar arithmetic (Howard Hinnant's days_from_civil) because timegm knows no
 * errors and strptime depends on the locale. Owns nothing.
 */
#include "timestamp.h"

#include <inttypes.h>
#include <stdio.h>

static const int64_t first_second = INT64_C(-62135596800); /* 0001-01-01T00:00:00Z */
static const int64_t last_second = INT64_C(253402300799);  /* 9999-12-31T23:59:59Z */

enum { DAY_SECONDS = 86400 };

/* Days since 1970-01-01 of a date of the Gregorian calendar; year >= 1. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, year_of_era, day_of_year;

	y -= m <= 2;
	era = y / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_y, int64_t *ret_m, int64_t *ret_d)
{
	int64_t z = days + 719468, era, day_of_era, year_of_era, day_of_year, month;

	era = z / 146097; /* z is not negative from year 1 on */
	day_of_era = z - era * 146097;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	*ret_d = day_of_year - (153 * month + 2) / 5 + 1;
	*ret_m = month < 10 ? month + 3 : month - 9;
	*ret_y = year_of_era + era * 400 + (*ret_m <= 2);
}

bool timestamp_format(int64_t seconds, int32_t nanos, char out[TIMESTAMP_TEXT])
{
	int64_t days, rest, y, m, d;
	char fraction[12] = "";

	if (seconds < first_second || seconds > last_second || nanos < 0 || nanos > 999999999)
		return false;
	days = (seconds - first_second) / DAY_SECONDS + first_second / DAY_SECONDS;
	rest = seconds - days * DAY_SECONDS;
	civil_from_days(days, &y, &m, &d);
	if (nanos % 1000 != 0)
		snprintf(fraction, sizeof(fraction), ".%09" PRId32, nanos);
	else if (nanos % 1000000 != 0)
		snprintf(fraction, sizeof(fraction), ".%06" PRId32, nanos / 1000);
	else if (nanos != 0)
		snprintf(fraction, sizeof(fraction), ".%03" PRId32, nanos / 1000000);
	/* The remainders change nothing; they show the compiler that all of it fits. */
	snprintf(out, TIMESTAMP_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u%sZ", (unsigned)y % 10000, (unsigned)m % 100,
		(unsigned)d % 100, (unsigned)rest / 3600 % 24, (unsigned)rest / 60 % 60, (unsigned)rest % 60, fraction);
	return true;
}

struct cursor {
	const char *at, *end;
};

/* Exactly count digits, then the character after, unless that is NUL. */
static bool digits(struct cursor *c, unsigned count, char after, int64_t *ret_value)
{
	int64_t value = 0;

	for (unsigned i = 0; i < count; i++, c->at++) {
		if (c->at == c->end || *c->at < '0' || *c->at > '9')
			return false;
		value = value * 10 + (*c->at - '0');
	}
	if (after != '\0' && (c->at == c->end || *c->at++ != after))
		return false;
	*ret_value = value;
	return true;
}

static bool date_is_real(int64_t y, int64_t m, int64_t d)
{
	static const int64_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= length[m - 1] + (m == 2 && leap);
}

static bool read_fraction(struct cursor *c, int32_t *ret_nanos)
{
	int32_t nanos = 0, scale = 100000000;

	if (c->at < c->end && *c->at == '.') {
		c->at++;
		if (c->at == c->end || *c->at < '0' || *c->at > '9')
			return false;
		for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, scale /= 10) {
			if (scale == 0)
				return false;
			nanos += (*c->at - '0') * scale;
		}
	}
	*ret_nanos = nanos;
	return true;
}

/* Z or +hh:mm or -hh:mm, to the end of the text. */
static bool read_offset(struct cursor *c, int64_t *ret_seconds)
{
	int64_t hours, minutes;
	char sign;

	if (c->at == c->end)
		return false;
	sign = *c->at++;
	if (sign == 'Z') {
		*ret_seconds = 0;
		return c->at == c->end;
	}
	if ((sign != '+' && sign != '-') || !digits(c, 2, ':', &hours) || !digits(c, 2, '\0', &minutes))
		return false;
	if (c->at != c->end || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

bool timestamp_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos)
{
	struct cursor c = {text, text + len};
	int64_t y, month, d, h, minute, s, offset, seconds;
	int32_t nanos;

	if (!digits(&c, 4, '-', &y) || !digits(&c, 2, '-', &month) || !digits(&c, 2, '\0', &d))
		return false;
	if (c.at == c.end || *c.at != 'T')
		return false;
	c.at++;
	if (!digits(&c, 2, ':', &h) || !digits(&c, 2, ':', &minute) || !digits(&c, 2, '\0', &s))
		return false;
	if (!read_fraction(&c, &nanos) || !read_offset(&c, &offset))
		return false;
	if (!date_is_real(y, month, d) || h > 23 || minute > 59 || s > 59)
		return false;
	seconds = days_from_civil(y, month, d) * DAY_SECONDS + h * 3600 + minute * 60 + s - offset;
	if (seconds < first_second || seconds > last_second)
		return false;
	*ret_seconds = seconds;
	*ret_nanos = nanos;
	return true;
}
