/*
 * details.c: grpc-status-details-bin as a server might send it: what is understood of it fits and is text; and what we
 * write is read back. The input is the value itself, and the bytes that a value stands for.
 */
#include "metadata.h"
#include "target.h"
#include "utf8.h"

enum { BYTES = 2048 };

static void read_value(const char *text, size_t len)
{
	struct error err = {.code = STATUS_OK};

	if (!status_details_decode(text, len, &err))
		expect(err.field[0] == '\0' && err.reason[0] == '\0' && err.retry_after_ms == 0);
	expect(memchr(err.field, '\0', sizeof err.field) && memchr(err.reason, '\0', sizeof err.reason));
	expect(err.retry_after_ms >= 0);
}

static void write_value(const uint8_t *data, size_t size)
{
	struct error err = {.code = STATUS_ABORTED, .retry_after_ms = (int32_t)size}, back = {0};
	char coded[8192];
	size_t n;

	memcpy(err.text, data, size < sizeof err.text ? size : sizeof err.text - 1);
	memcpy(err.field, data, size < sizeof err.field ? size : sizeof err.field - 1);
	memcpy(err.reason, data, size < sizeof err.reason ? size : sizeof err.reason - 1);
	n = status_details_encode(&err, coded, sizeof coded);
	if (size == 0)
		return;
	expect(n > 0 && status_details_decode(coded, n, &back));
	expect(back.retry_after_ms == err.retry_after_ms && strlen(back.field) == strlen(err.field));
	expect(text_check((const uint8_t *)back.field, strlen(back.field), NULL) == TEXT_GOOD);
	expect(text_check((const uint8_t *)back.reason, strlen(back.reason), NULL) == TEXT_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char coded[BYTES * 4 / 3 + 4];

	if (size > BYTES)
		return 0;
	read_value((const char *)data, size);
	read_value(coded, base64_encode(data, size, coded, sizeof coded));
	write_value(data, size);
	return 0;
}
