/*
 * pgtype.h: PostgreSQL's binary formats of the types that statements use. Pure functions; the bytes
 * are the server's or a request's, so every length is checked.
 *
 * Source: the *_send and *_recv functions of PostgreSQL 15 (src/backend/utils/adt); integers are
 * big-endian, a date counts days and a timestamptz microseconds from 2000-01-01.
 */
#ifndef RADIOSHOP_PGTYPE_H
#define RADIOSHOP_PGTYPE_H

#include "arena.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Object ids of built-in types: fixed for ever (src/include/catalog/pg_type.dat). */
enum pgtype {
	PGTYPE_BOOL = 16,
	PGTYPE_BYTEA = 17,
	PGTYPE_INT8 = 20,
	PGTYPE_INT2 = 21,
	PGTYPE_INT4 = 23,
	PGTYPE_TEXT = 25,
	PGTYPE_JSON = 114,
	PGTYPE_FLOAT8 = 701,
	PGTYPE_BOOL_ARRAY = 1000,
	PGTYPE_INT4_ARRAY = 1007,
	PGTYPE_TEXT_ARRAY = 1009,
	PGTYPE_INT8_ARRAY = 1016,
	PGTYPE_FLOAT8_ARRAY = 1022,
	PGTYPE_VARCHAR = 1043,
	PGTYPE_DATE = 1082,
	PGTYPE_TIMESTAMPTZ = 1184,
	PGTYPE_UUID = 2950,
	PGTYPE_JSONB = 3802,
};

/* "text[]"; "another type" for one that is not listed above. Static storage. */
const char *pgtype_name(uint32_t type);
/* The element type of an array type, 0 for any other. */
uint32_t pgtype_element(uint32_t type);

void pg_put_u16(uint8_t *out, uint16_t value);
void pg_put_u32(uint8_t *out, uint32_t value);
void pg_put_u64(uint8_t *out, uint64_t value);
uint16_t pg_get_u16(const uint8_t *in);
uint32_t pg_get_u32(const uint8_t *in);
uint64_t pg_get_u64(const uint8_t *in);

/* Exactly YYYY-MM-DD, a day that exists, year 0001 to 9999. */
bool pg_date_parse(const char *text, size_t len, int32_t *ret_days) MUST_CHECK;
/* The reverse; false for infinity and years outside 0001 to 9999. */
bool pg_date_format(int32_t days, char ret_text[11]) MUST_CHECK;

/* Unix seconds and nanoseconds (0 to 999,999,999, cut to microseconds). False out of PostgreSQL's range. */
bool pg_timestamp_from_unix(int64_t seconds, int32_t nanos, int64_t *ret_micros) MUST_CHECK;
/* False for infinity. */
bool pg_timestamp_to_unix(int64_t micros, int64_t *ret_seconds, int32_t *ret_nanos) MUST_CHECK;

/* Reads a one-dimensional array, one element after the other. */
struct pg_array {
	size_t count; /* elements */
	const uint8_t *at, *end;
};
/* False when the bytes are not such an array of that element type. */
bool pg_array_open(struct pg_array *a, uint32_t element, const uint8_t *bytes, size_t len) MUST_CHECK;
/* The next element: NULL for a NULL. False when there is none or the bytes are cut short. */
bool pg_array_next(struct pg_array *a, const uint8_t **ret_bytes, size_t *ret_len) MUST_CHECK;

/* Bytes that grow in an arena, for parameters. After a failed append only `failed` says so. */
struct pg_bytes {
	struct arena *arena;
	uint8_t *bytes;
	size_t len, cap;
	bool failed;
};
void pg_bytes_append(struct pg_bytes *b, const void *bytes, size_t len);

/* Writes an array; elements are appended with pg_array_element, then finished. */
void pg_array_begin(struct pg_bytes *b, uint32_t element, size_t count);
/* bytes NULL for a NULL element. */
void pg_array_element(struct pg_bytes *b, const void *bytes, size_t len);

#endif
