/*
 * fuzz/pgtype.c: bytes as a server might send them, through the readers of binary formats.
 */
#include "pgtype.h"
#include "target.h"

static void check_dates(const uint8_t *data, size_t size)
{
	int32_t days, back;
	char text[11];

	if (pg_date_parse((const char *)data, size, &days)) {
		if (!pg_date_format(days, text) || memcmp(text, data, 10) != 0)
			abort();
	}
	if (size >= 4 && pg_date_format((int32_t)pg_get_u32(data), text)) {
		if (!pg_date_parse(text, 10, &back) || back != (int32_t)pg_get_u32(data))
			abort();
	}
}

static void check_times(const uint8_t *data, size_t size)
{
	int64_t seconds, micros;
	int32_t nanos;

	if (size < 8 || !pg_timestamp_to_unix((int64_t)pg_get_u64(data), &seconds, &nanos))
		return;
	if (pg_timestamp_from_unix(seconds, nanos, &micros) && micros != (int64_t)pg_get_u64(data))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_array a;
	const uint8_t *bytes;
	size_t len, total = 0;

	check_dates(data, size);
	check_times(data, size);
	if (!pg_array_open(&a, PGTYPE_TEXT, data, size))
		return 0;
	while (pg_array_next(&a, &bytes, &len)) {
		for (size_t i = 0; i < len; i++)
			total += bytes[i]; /* touches every byte, so that one outside is seen */
	}
	return total == SIZE_MAX;
}
