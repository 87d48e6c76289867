/*
 * pgtype.c: PostgreSQL's binary formats. Called by bind.c for parameters and row.c for columns;
 * owns nothing. Calendar arithmetic after Howard Hinnant, "chrono-compatible low-level date algorithms".
 */
#include "pgtype.h"

#include <string.h>

/* Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01. */
enum { EPOCH_DAYS = 10957 };
#define EPOCH_SECONDS (INT64_C(86400) * EPOCH_DAYS)

static const struct pgtype_row {
	uint32_t type, element;
	const char *name;
} pgtypes[] = {
	{PGTYPE_BOOL, 0, "bool"},
	{PGTYPE_BYTEA, 0, "bytea"},
	{PGTYPE_INT8, 0, "int8"},
	{PGTYPE_INT2, 0, "int2"},
	{PGTYPE_INT4, 0, "int4"},
	{PGTYPE_TEXT, 0, "text"},
	{PGTYPE_JSON, 0, "json"},
	{PGTYPE_FLOAT8, 0, "float8"},
	{PGTYPE_BOOL_ARRAY, PGTYPE_BOOL, "bool[]"},
	{PGTYPE_INT4_ARRAY, PGTYPE_INT4, "int4[]"},
	{PGTYPE_TEXT_ARRAY, PGTYPE_TEXT, "text[]"},
	{PGTYPE_INT8_ARRAY, PGTYPE_INT8, "int8[]"},
	{PGTYPE_FLOAT8_ARRAY, PGTYPE_FLOAT8, "float8[]"},
	{PGTYPE_VARCHAR, 0, "varchar"},
	{PGTYPE_DATE, 0, "date"},
	{PGTYPE_TIMESTAMPTZ, 0, "timestamptz"},
	{PGTYPE_UUID, 0, "uuid"},
	{PGTYPE_JSONB, 0, "jsonb"},
};

static const struct pgtype_row *pgtype_find(uint32_t type)
{
	for (size_t i = 0; i < sizeof(pgtypes) / sizeof(pgtypes[0]); i++) {
		if (pgtypes[i].type == type)
			return &pgtypes[i];
	}
	return NULL;
}

const char *pgtype_name(uint32_t type)
{
	const struct pgtype_row *row = pgtype_find(type);

	return row ? row->name : "another type";
}

uint32_t pgtype_element(uint32_t type)
{
	const struct pgtype_row *row = pgtype_find(type);

	return row ? row->element : 0;
}

void pg_put_u16(uint8_t *out, uint16_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

void pg_put_u32(uint8_t *out, uint32_t value)
{
	pg_put_u16(out, (uint16_t)(value >> 16));
	pg_put_u16(out + 2, (uint16_t)value);
}

void pg_put_u64(uint8_t *out, uint64_t value)
{
	pg_put_u32(out, (uint32_t)(value >> 32));
	pg_put_u32(out + 4, (uint32_t)value);
}

uint16_t pg_get_u16(const uint8_t *in)
{
	return (uint16_t)((in[0] << 8) | in[1]);
}

uint32_t pg_get_u32(const uint8_t *in)
{
	return ((uint32_t)pg_get_u16(in) << 16) | pg_get_u16(in + 2);
}

uint64_t pg_get_u64(const uint8_t *in)
{
	return ((uint64_t)pg_get_u32(in) << 32) | pg_get_u32(in + 4);
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* The number in len digits at text, or -1. */
static int digits(const char *text, size_t len)
{
	int value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

bool pg_date_parse(const char *text, size_t len, int32_t *ret_days)
{
	int year, month, day, era, year_of_era, day_of_year;

	if (len != 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = digits(text, 4);
	month = digits(text + 5, 2);
	day = digits(text + 8, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	/* The year is taken to begin in March, so that the leap day is its last. */
	year -= month <= 2;
	era = year / 400;
	year_of_era = year % 400;
	day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	*ret_days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468 -
		    EPOCH_DAYS;
	return true;
}

bool pg_date_format(int32_t days, char ret_text[11])
{
	int32_t since_0000, era, day_of_era, year_of_era, day_of_year, shifted_month, year, month, day;

	if (days < -730119 || days > 2921939) /* 0001-01-01, 9999-12-31 */
		return false;
	since_0000 = days + EPOCH_DAYS + 719468; /* from 0000-03-01; not negative after the check */
	era = since_0000 / 146097;
	day_of_era = since_0000 % 146097;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted_month = (5 * day_of_year + 2) / 153;
	day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	year = year_of_era + era * 400 + (month <= 2);
	for (int i = 3; i >= 0; i--, year /= 10)
		ret_text[i] = (char)('0' + year % 10);
	ret_text[4] = ret_text[7] = '-';
	ret_text[5] = (char)('0' + month / 10);
	ret_text[6] = (char)('0' + month % 10);
	ret_text[8] = (char)('0' + day / 10);
	ret_text[9] = (char)('0' + day % 10);
	ret_text[10] = '\0';
	return true;
}

bool pg_timestamp_from_unix(int64_t seconds, int32_t nanos, int64_t *ret_micros)
{
	int64_t micros;

	if (nanos < 0 || nanos > 999999999)
		return false;
	/* 0001-01-01 to 9999-12-31, the range of google.protobuf.Timestamp, lies within PostgreSQL's. */
	if (seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799))
		return false;
	micros = (seconds - EPOCH_SECONDS) * 1000000;
	*ret_micros = micros + nanos / 1000;
	return true;
}

bool pg_timestamp_to_unix(int64_t micros, int64_t *ret_seconds, int32_t *ret_nanos)
{
	int64_t seconds = micros / 1000000, rest = micros % 1000000;

	if (micros == INT64_MIN || micros == INT64_MAX)
		return false;
	if (rest < 0) {
		seconds--;
		rest += 1000000;
	}
	*ret_seconds = seconds + EPOCH_SECONDS;
	*ret_nanos = (int32_t)rest * 1000;
	return true;
}

bool pg_array_open(struct pg_array *a, uint32_t element, const uint8_t *bytes, size_t len)
{
	uint32_t dimensions, count;

	if (len < 12 || pg_get_u32(bytes + 8) != element)
		return false;
	dimensions = pg_get_u32(bytes);
	a->count = 0;
	a->at = bytes + 12;
	a->end = bytes + len;
	if (dimensions == 0)
		return len == 12;
	if (dimensions != 1 || len < 20)
		return false;
	count = pg_get_u32(bytes + 12);
	a->at = bytes + 20;
	if (count > (len - 20) / 4) /* each element has a length before it */
		return false;
	a->count = count;
	return true;
}

bool pg_array_next(struct pg_array *a, const uint8_t **ret_bytes, size_t *ret_len)
{
	const uint8_t *bytes;
	uint32_t len;

	if (a->count == 0 || a->end - a->at < 4)
		return false;
	len = pg_get_u32(a->at);
	bytes = a->at + 4;
	if (len == UINT32_MAX) {
		*ret_bytes = NULL;
		*ret_len = 0;
		a->at = bytes;
		a->count--;
		return true;
	}
	if (len > (size_t)(a->end - bytes))
		return false;
	*ret_bytes = bytes;
	*ret_len = len;
	a->at = bytes + len;
	a->count--;
	return true;
}

void pg_bytes_append(struct pg_bytes *b, const void *bytes, size_t len)
{
	size_t need;

	if (b->failed)
		return;
	if (__builtin_add_overflow(b->len, len, &need) || need > INT32_MAX) {
		b->failed = true;
		return;
	}
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		uint8_t *grown;

		while (cap < need)
			cap *= 2;
		grown = arena_alloc(b->arena, cap);
		if (!grown) {
			b->failed = true;
			return;
		}
		if (b->len)
			memcpy(grown, b->bytes, b->len);
		b->bytes = grown;
		b->cap = cap;
	}
	if (len)
		memcpy(b->bytes + b->len, bytes, len);
	b->len = need;
}

void pg_array_begin(struct pg_bytes *b, uint32_t element, size_t count)
{
	uint8_t head[20];

	if (count > INT32_MAX) {
		b->failed = true;
		return;
	}
	pg_put_u32(head, count > 0);
	pg_put_u32(head + 4, 1); /* may hold NULLs; the server looks for itself */
	pg_put_u32(head + 8, element);
	pg_put_u32(head + 12, (uint32_t)count);
	pg_put_u32(head + 16, 1); /* the first subscript */
	pg_bytes_append(b, head, count > 0 ? 20 : 12);
}

void pg_array_element(struct pg_bytes *b, const void *bytes, size_t len)
{
	uint8_t head[4];

	if (len > INT32_MAX) {
		b->failed = true;
		return;
	}
	pg_put_u32(head, bytes ? (uint32_t)len : UINT32_MAX);
	pg_bytes_append(b, head, sizeof(head));
	if (bytes)
		pg_bytes_append(b, bytes, len);
}
