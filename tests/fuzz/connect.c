/*
 * connect.c: fuzzes the grammars that Connect brings: spans of time, the text of an error, and the query of a GET.
 *
 * First line: connect-timeout-ms, or a Duration as JSON has it. Second line: the sentence of an error. The rest: the
 * query.
 */
#include "connect.h"
#include "duration.h"
#include "target.h"

#include <jansson.h>

static void check_span(const char *text, size_t len)
{
	int64_t ms = 0, seconds = 0, seconds_again = 0;
	int32_t nanos = 0, nanos_again = 0;
	char out[DURATION_TEXT];

	if (connect_timeout_parse(text, len, &ms))
		expect(len >= 1 && len <= 10 && ms >= 1 && ms <= INT32_MAX);
	if (duration_parse(text, len, &seconds, &nanos)) {
		expect(duration_format(seconds, nanos, out));
		expect(duration_parse(out, strlen(out), &seconds_again, &nanos_again));
		expect(seconds == seconds_again && nanos == nanos_again);
	}
}

/* Whatever the sentence is made of, the body is JSON and says so much. */
static void check_error(const char *text, size_t len)
{
	struct error err = {.code = STATUS_UNAVAILABLE, .retry_after_ms = 1, .field = "a.b", .reason = "R"};
	size_t body_len;
	char *body;
	json_t *json;

	if (len >= sizeof err.text)
		len = sizeof err.text - 1;
	memcpy(err.text, text, len);
	body = connect_error_text(&err, &body_len);
	expect(body && body_len == strlen(body));
	json = json_loadb(body, body_len, JSON_REJECT_DUPLICATES, NULL);
	expect(json && json_array_size(json_object_get(json, "details")) == 3);
	json_decref(json);
	free(body);
}

static void check_query(const uint8_t *bytes, size_t len)
{
	/* Of its very size, so that a sanitizer sees a step too far. */
	char *query = malloc(len + (len == 0));
	struct connect_query got = {false};
	struct error err = {.code = STATUS_OK};
	int http = -1;

	expect(query != NULL);
	if (len > 0)
		memcpy(query, bytes, len);
	if (connect_query_parse(query, len, &got, &http, &err)) {
		expect(err.code == STATUS_OK && http == 0);
		expect(got.message >= (uint8_t *)query && got.message + got.message_len <= (uint8_t *)query + len);
	} else {
		expect(err.code == STATUS_INVALID_ARGUMENT || err.code == STATUS_UNIMPLEMENTED);
		expect(http == 0 || http == 415);
	}
	free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const char *line;
	size_t len;

	line = take_until(&in, '\n', &len);
	check_span(line, len);
	line = take_until(&in, '\n', &len);
	if (len > 0)
		check_error(line, len);
	check_query(in.at, input_left(&in));
	return 0;
}
