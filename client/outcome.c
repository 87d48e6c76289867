/*
 * outcome.c: the tables of how calls end. Called by call.c and h2_client.c.
 * Owns nothing.
 */
#include "outcome.h"

#include "metadata.h"

#include <string.h>

enum { HTTP_OK = 200, REFUSED_STREAM = 0x7 };

static const struct {
	unsigned http;
	enum status status;
} http_rows[] = {
	{400, STATUS_INTERNAL},
	{401, STATUS_UNAUTHENTICATED},
	{403, STATUS_PERMISSION_DENIED},
	{404, STATUS_UNIMPLEMENTED},
	{429, STATUS_UNAVAILABLE},
	{502, STATUS_UNAVAILABLE},
	{503, STATUS_UNAVAILABLE},
	{504, STATUS_UNAVAILABLE},
};

/* By the code of RFC 9113 section 7. The sentence goes on from the server's name. */
static const struct {
	enum status status;
	const char *sentence;
} reset_rows[] = {
	[0x0] = {STATUS_INTERNAL, "ended the call without a status"},
	[0x1] = {STATUS_INTERNAL, "broke the call off: it does not keep to HTTP/2 (PROTOCOL_ERROR)"},
	[0x2] = {STATUS_INTERNAL, "broke the call off: it has a fault (INTERNAL_ERROR)"},
	[0x3] = {STATUS_INTERNAL, "broke the call off: too much came at once (FLOW_CONTROL_ERROR)"},
	[0x4] = {STATUS_INTERNAL, "broke the call off: its settings got no answer (SETTINGS_TIMEOUT)"},
	[0x5] = {STATUS_INTERNAL, "broke the call off: it was over already (STREAM_CLOSED)"},
	[0x6] = {STATUS_INTERNAL, "broke the call off: a frame has a wrong size (FRAME_SIZE_ERROR)"},
	[REFUSED_STREAM] = {STATUS_UNAVAILABLE, "does not take calls now"},
	[0x8] = {STATUS_CANCELLED, "gave the call up"},
	[0x9] = {STATUS_INTERNAL, "broke the call off: headers cannot be read (COMPRESSION_ERROR)"},
	[0xa] = {STATUS_INTERNAL, "broke the call off: its own connection failed (CONNECT_ERROR)"},
	[0xb] = {STATUS_RESOURCE_EXHAUSTED, "wants fewer calls"},
	[0xc] = {STATUS_PERMISSION_DENIED, "does not find the connection safe enough (INADEQUATE_SECURITY)"},
	[0xd] = {STATUS_INTERNAL, "wants HTTP/1.1; is this the shop's daemon?"},
};
enum { RESET_ROWS = sizeof reset_rows / sizeof reset_rows[0] };

enum status status_of_http(unsigned http)
{
	for (size_t i = 0; i < sizeof http_rows / sizeof http_rows[0]; i++)
		if (http_rows[i].http == http)
			return http_rows[i].status;
	return STATUS_UNKNOWN;
}

enum status status_of_reset(uint32_t code)
{
	return code < RESET_ROWS ? reset_rows[code].status : STATUS_UNKNOWN;
}

enum status status_of_text(const char *text, size_t len)
{
	unsigned code = 0;

	if (len == 0 || len > 2 || (len == 2 && text[0] == '0'))
		return STATUS_UNKNOWN;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return STATUS_UNKNOWN;
		code = code * 10 + (unsigned)(text[i] - '0');
	}
	return code < STATUS_COUNT ? (enum status)code : STATUS_UNKNOWN;
}

static bool is_grpc(const struct ending *e)
{
	return content_type_is_grpc(e->content_type, strlen(e->content_type));
}

bool outcome_is_foreign(const struct ending *e)
{
	return e->http_status != 0 && (e->http_status != HTTP_OK || !is_grpc(e));
}

static bool is_reset(const struct ending *e)
{
	return e->reset || e->reset_code != 0;
}

static bool reset_outcome(const struct ending *e, const char *server, struct error *err)
{
	if (e->reset_code >= RESET_ROWS)
		return error_set(err, STATUS_UNKNOWN, NULL, "%s broke the call off with the unknown code %lu", server,
			(unsigned long)e->reset_code);
	return error_set(
		err, reset_rows[e->reset_code].status, NULL, "%s %s", server, reset_rows[e->reset_code].sentence);
}

bool outcome(const struct ending *e, const char *server, struct error *err)
{
	if (e->has_status) {
		if (e->status.code == STATUS_OK)
			return true;
		*err = e->status;
		return false;
	}
	if (e->http_status != 0 && e->http_status != HTTP_OK) {
		enum status status = status_of_http(e->http_status);

		/* What is unavailable now may well be the shop behind a proxy. */
		return error_set(err, status, NULL, "%s answered with HTTP status %u%s", server, e->http_status,
			status == STATUS_UNAVAILABLE ? "" : "; is this the shop's daemon?");
	}
	if (outcome_is_foreign(e))
		return error_set(err, STATUS_UNKNOWN, NULL, "%s answered with %s, which is not gRPC", server,
			e->content_type[0] != '\0' ? e->content_type : "no content-type");
	if (is_reset(e))
		return reset_outcome(e, server, err);
	return error_set(err, STATUS_UNKNOWN, NULL, "%s ended the call without a status", server);
}
