/*
 * connect.c: the tables and grammars of the Connect protocol. Called by head.c, call.c and reply.c. Owns nothing.
 */
#include "connect.h"

#include "message.h"
#include "message_json.h"
#include "metadata.h"
#include "utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_DIGITS = 10 };

static const struct {
	const char *name;
	int http;
} codes[] = {
	[STATUS_OK] = {"ok", 200},
	[STATUS_CANCELLED] = {"canceled", 499},
	[STATUS_UNKNOWN] = {"unknown", 500},
	[STATUS_INVALID_ARGUMENT] = {"invalid_argument", 400},
	[STATUS_DEADLINE_EXCEEDED] = {"deadline_exceeded", 504},
	[STATUS_NOT_FOUND] = {"not_found", 404},
	[STATUS_ALREADY_EXISTS] = {"already_exists", 409},
	[STATUS_PERMISSION_DENIED] = {"permission_denied", 403},
	[STATUS_RESOURCE_EXHAUSTED] = {"resource_exhausted", 429},
	[STATUS_FAILED_PRECONDITION] = {"failed_precondition", 400},
	[STATUS_ABORTED] = {"aborted", 409},
	[STATUS_OUT_OF_RANGE] = {"out_of_range", 400},
	[STATUS_UNIMPLEMENTED] = {"unimplemented", 501},
	[STATUS_INTERNAL] = {"internal", 500},
	[STATUS_UNAVAILABLE] = {"unavailable", 503},
	[STATUS_DATA_LOSS] = {"data_loss", 500},
	[STATUS_UNAUTHENTICATED] = {"unauthenticated", 401},
};
_Static_assert(sizeof codes / sizeof *codes == STATUS_COUNT, "every status has its name and its HTTP status");

const char *connect_code(enum status code)
{
	return codes[code].name;
}

int connect_http_status(enum status code)
{
	return codes[code].http;
}

bool connect_timeout_parse(const char *text, size_t len, int64_t *ret_ms)
{
	int64_t ms = 0;

	if (len < 1 || len > TIMEOUT_DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		ms = ms * 10 + (text[i] - '0');
	}
	*ret_ms = ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : ms;
	return true;
}

/* Adds {"type","value","debug"} to the array. */
static bool add_detail(void *arg, const char *type, const ProtobufCMessage *detail)
{
	const size_t len = message_packed_size(detail), size = len / 3 * 4 + 5;
	uint8_t *bytes = malloc(len + 1);
	char *value = malloc(size);
	json_t *json = NULL;

	if (bytes && value) {
		(void)message_pack(detail, bytes);
		(void)base64_encode(bytes, len, value, size);
		json = json_pack(
			"{s:s,s:s,s:o*}", "type", type, "value", value, "debug", message_to_json(detail, JSON_PROTO));
	}
	free(bytes);
	free(value);
	return json_array_append_new(arg, json) == 0;
}

char *connect_error_text(const struct error *err, size_t *ret_len)
{
	char text[sizeof err->text], *body = NULL;
	json_t *details = json_array(), *json;

	text_copy(text, sizeof text, err->text);
	json = json_pack("{s:s,s:s}", "code", connect_code(err->code), "message", text);
	if (json && details && status_details_visit(err, add_detail, details) &&
		(json_array_size(details) == 0 || json_object_set(json, "details", details) == 0))
		body = json_dumps(json, JSON_COMPACT);
	json_decref(details);
	json_decref(json);
	*ret_len = body ? strlen(body) : 0;
	return body;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes percent-encoding in place, '+' for a blank. False: an escape is broken. */
static bool percent_decode(char *text, size_t *len)
{
	size_t at = 0;

	for (size_t i = 0; i < *len; i++) {
		int high = 0, low = 0;

		if (text[i] != '%') {
			text[at++] = text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (*len - i >= 3) {
			high = hex_digit(text[i + 1]);
			low = hex_digit(text[i + 2]);
		}
		if (*len - i < 3 || high < 0 || low < 0)
			return false;
		text[at++] = (char)(high << 4 | low);
		i += 2;
	}
	*len = at;
	return true;
}

/* A value in the query, as it stands there; at NULL: the parameter is not there. */
struct parameter {
	char *at;
	size_t len;
};

/* The first of that name. */
static struct parameter find_parameter(char *query, size_t len, const char *name)
{
	const size_t name_len = strlen(name);
	char *end = query + len;

	for (char *at = query; at < end;) {
		char *stop = memchr(at, '&', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);

		if (n > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=')
			return (struct parameter){at + name_len + 1, n - name_len - 1};
		at += n + 1;
	}
	return (struct parameter){NULL, 0};
}

static bool parameter_is(const struct parameter *p, const char *value)
{
	return p->at && p->len == strlen(value) && memcmp(p->at, value, p->len) == 0;
}

static bool decode_message(struct parameter message, bool base64, struct connect_query *query, struct error *err)
{
	if (!percent_decode(message.at, &message.len))
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"the parameter message of the query has a %% without two hexadecimal digits");
	query->message = (const uint8_t *)message.at;
	query->message_len = message.len;
	/* Three bytes replace four characters, so reading is always ahead of writing. */
	return !base64 ||
	       base64url_decode(message.at, message.len, (uint8_t *)message.at, message.len, &query->message_len) ||
	       error_set(err, STATUS_INVALID_ARGUMENT, NULL,
		       "the parameter message of the query is not base64 of the URL alphabet");
}

bool connect_query_parse(char *query, size_t len, struct connect_query *ret_query, int *ret_http, struct error *err)
{
	const struct parameter version = find_parameter(query, len, "connect"),
			       encoding = find_parameter(query, len, "encoding"),
			       compression = find_parameter(query, len, "compression"),
			       base64 = find_parameter(query, len, "base64"),
			       message = find_parameter(query, len, "message");

	*ret_http = 0;
	if (version.at && !parameter_is(&version, "v1"))
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "connect in the query must be v1");
	if (!message.at || !encoding.at)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"a GET needs encoding and message in its query: ?connect=v1&encoding=json&message=%%7B%%7D");
	if (compression.at && !parameter_is(&compression, "gzip") && !parameter_is(&compression, "identity"))
		return error_set(
			err, STATUS_UNIMPLEMENTED, NULL, "the compression is not supported: use gzip or identity");
	ret_query->json = parameter_is(&encoding, "json");
	ret_query->gzip = parameter_is(&compression, "gzip");
	if (!ret_query->json && !parameter_is(&encoding, "proto")) {
		*ret_http = 415;
		return error_set(err, STATUS_UNIMPLEMENTED, NULL, "encoding in the query must be json or proto");
	}
	return decode_message(message, parameter_is(&base64, "1"), ret_query, err);
}
