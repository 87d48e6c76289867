/*
 * metadata.c: fuzzes the grammars of headers and trailers; what was written must be read back.
 */
#include "metadata.h"
#include "target.h"
#include "timestamp.h"

enum { TEXT = 1024 };

static void timeouts(const char *text, size_t len)
{
	char out[16];
	int64_t ms, again;

	if (!grpc_timeout_parse(text, len, &ms))
		return;
	expect(ms >= 1 && ms <= INT32_MAX);
	grpc_timeout_format(ms, out);
	expect(grpc_timeout_parse(out, strlen(out), &again));
	expect(again >= ms && again - ms < 3600000);
}

static void messages(const char *text, size_t len)
{
	char plain[TEXT + 1], coded[TEXT * 3 + 1], back[TEXT + 1];
	size_t n;

	n = grpc_message_decode(text, len, back, sizeof(back));
	expect(n <= len && back[n] == '\0');
	memcpy(plain, text, len);
	plain[len] = '\0';
	n = grpc_message_encode(plain, coded, sizeof(coded));
	for (size_t i = 0; i < n; i++)
		expect(coded[i] >= 0x20 && coded[i] <= 0x7E);
	expect(grpc_message_decode(coded, n, back, sizeof(back)) == strlen(plain));
	expect(strcmp(plain, back) == 0);
	n = grpc_message_encode(plain, coded, len / 2 + 1);
	expect(n <= len / 2 && coded[n] == '\0');
}

static void base64(const char *text, size_t len)
{
	char coded[TEXT * 2];
	uint8_t bytes[TEXT];
	size_t n, got;

	n = base64_encode((const uint8_t *)text, len, coded, sizeof(coded));
	expect(base64_decode(coded, n, bytes, len, &got) && got == len && memcmp(bytes, text, len) == 0);
	n = base64url_encode((const uint8_t *)text, len, coded, sizeof(coded));
	expect(base64url_decode(coded, n, bytes, len, &got) && got == len && memcmp(bytes, text, len) == 0);
	if (base64_decode(text, len, bytes, sizeof(bytes), &got)) {
		n = base64_encode(bytes, got, coded, sizeof(coded));
		/* One text for the same bytes, but for the padding. */
		expect(n <= len && memcmp(coded, text, n) == 0);
	}
}

/* A time that is read is written, and read again as the same time. */
static void timestamps(const char *text, size_t len)
{
	int64_t seconds, again;
	int32_t nanos, again_nanos;
	char out[TIMESTAMP_TEXT];

	if (!timestamp_parse(text, len, &seconds, &nanos))
		return;
	expect(timestamp_format(seconds, nanos, out));
	expect(timestamp_parse(out, strlen(out), &again, &again_nanos));
	expect(again == seconds && again_nanos == nanos);
}

static void uuids(const char *text, size_t len)
{
	uint8_t uuid[16];
	char out[37];

	if (!uuid_parse(text, len, uuid))
		return;
	uuid_format(uuid, out);
	expect(memcmp(out, text, 36) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size > TEXT)
		return 0;
	timeouts(text, size);
	messages(text, size);
	base64(text, size);
	timestamps(text, size);
	uuids(text, size);
	(void)content_type_is_grpc(text, size);
	return 0;
}
