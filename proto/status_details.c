/*
 * status_details.c: struct error as google.rpc.Status in grpc-status-details-bin, and back.
 *
 * Called by the daemon's call when it writes trailers and by the command's channel when it
 * reads them. Pure; an arena lives for the length of the call.
 */
#include "arena.h"
#include "message.h"
#include "metadata.h"
#include "utf8.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#include <stdio.h>
#include <string.h>

enum {
	DETAIL_MAX = 3,
	DETAIL_BYTES = 1024, /* one packed detail: field, text and what is around them */
	TYPE_URL_BYTES = 64,
	STATUS_BYTES = 4096,      /* the packed Status */
	DECODE_BYTES = 8192,      /* largest value that is read */
	DECODE_MEMORY = 64 * 1024 /* and what unpacking it may take */
};

struct details {
	Google__Protobuf__Any any[DETAIL_MAX];
	Google__Protobuf__Any *list[DETAIL_MAX];
	char type_url[DETAIL_MAX][TYPE_URL_BYTES];
	uint8_t bytes[DETAIL_MAX][DETAIL_BYTES];
	size_t count;
};

/* Packs one detail beside the others. */
static bool details_add(void *arg, const char *type, const ProtobufCMessage *m)
{
	struct details *d = arg;
	Google__Protobuf__Any *any = &d->any[d->count];

	if (d->count == DETAIL_MAX || message_packed_size(m) > DETAIL_BYTES)
		return false;
	google__protobuf__any__init(any);
	snprintf(d->type_url[d->count], sizeof(d->type_url[0]), "type.googleapis.com/%s", type);
	any->type_url = d->type_url[d->count];
	any->value.data = d->bytes[d->count];
	any->value.len = message_pack(m, d->bytes[d->count]);
	d->list[d->count++] = any;
	return true;
}

typedef bool detail_visit(void *arg, const char *type, const ProtobufCMessage *detail);

static bool visit_reason(const struct error *err, detail_visit *visit, void *arg)
{
	static char domain[] = "radioshop";
	Google__Rpc__ErrorInfo info;
	char text[sizeof(err->reason)];

	google__rpc__error_info__init(&info);
	text_copy(text, sizeof(text), err->reason);
	info.reason = text;
	info.domain = domain;
	return visit(arg, "google.rpc.ErrorInfo", &info.base);
}

static bool visit_field(const struct error *err, detail_visit *visit, void *arg)
{
	Google__Rpc__BadRequest__FieldViolation violation;
	Google__Rpc__BadRequest__FieldViolation *list[] = {&violation};
	Google__Rpc__BadRequest bad;
	char field[sizeof(err->field)], text[sizeof(err->text)];

	google__rpc__bad_request__field_violation__init(&violation);
	google__rpc__bad_request__init(&bad);
	text_copy(field, sizeof(field), err->field);
	text_copy(text, sizeof(text), err->text);
	violation.field = field;
	violation.description = text;
	bad.n_field_violations = 1;
	bad.field_violations = list;
	return visit(arg, "google.rpc.BadRequest", &bad.base);
}

static bool visit_retry(const struct error *err, detail_visit *visit, void *arg)
{
	Google__Protobuf__Duration delay;
	Google__Rpc__RetryInfo retry;

	google__protobuf__duration__init(&delay);
	google__rpc__retry_info__init(&retry);
	delay.seconds = err->retry_after_ms / 1000;
	delay.nanos = err->retry_after_ms % 1000 * 1000000;
	retry.retry_delay = &delay;
	return visit(arg, "google.rpc.RetryInfo", &retry.base);
}

bool status_details_visit(const struct error *err, detail_visit *visit, void *arg)
{
	return (err->reason[0] == '\0' || visit_reason(err, visit, arg)) &&
	       (err->field[0] == '\0' || visit_field(err, visit, arg)) &&
	       (err->retry_after_ms <= 0 || visit_retry(err, visit, arg));
}

size_t status_details_encode(const struct error *err, char *out, size_t out_size)
{
	struct details d = {.count = 0};
	Google__Rpc__Status status;
	char text[sizeof(err->text)];
	uint8_t packed[STATUS_BYTES];

	if (out_size == 0)
		return 0;
	out[0] = '\0';
	if (!status_details_visit(err, details_add, &d) || d.count == 0)
		return 0;
	text_copy(text, sizeof(text), err->text);
	google__rpc__status__init(&status);
	status.code = (int32_t)err->code;
	status.message = text;
	status.n_details = d.count;
	status.details = d.list;
	if (message_packed_size(&status.base) > sizeof(packed))
		return 0;
	return base64_encode(packed, message_pack(&status.base, packed), out, out_size);
}

static bool detail_unpack(const Google__Protobuf__Any *any, const char *type, const ProtobufCMessageDescriptor *d,
	struct arena *a, ProtobufCMessage **ret_message)
{
	const char *slash = strrchr(any->type_url, '/');

	if (slash == NULL || strcmp(slash + 1, type) != 0)
		return false;
	*ret_message = message_unpack(d, any->value.data, any->value.len, a, NULL);
	return *ret_message != NULL;
}

static int32_t delay_ms(const Google__Protobuf__Duration *delay)
{
	int64_t ms;

	if (delay == NULL || delay->seconds < 0 || delay->nanos < 0 || delay->nanos > 999999999)
		return 0;
	if (delay->seconds > INT32_MAX / 1000 - 1)
		return INT32_MAX;
	ms = delay->seconds * 1000 + (delay->nanos + 999999) / 1000000;
	return (int32_t)ms;
}

static void read_detail(const Google__Protobuf__Any *any, struct arena *a, struct error *err)
{
	ProtobufCMessage *m;

	if (detail_unpack(any, "google.rpc.ErrorInfo", &google__rpc__error_info__descriptor, a, &m)) {
		const Google__Rpc__ErrorInfo *info = (const Google__Rpc__ErrorInfo *)m;

		snprintf(err->reason, sizeof(err->reason), "%s", info->reason);
	} else if (detail_unpack(any, "google.rpc.BadRequest", &google__rpc__bad_request__descriptor, a, &m)) {
		const Google__Rpc__BadRequest *bad = (const Google__Rpc__BadRequest *)m;

		if (bad->n_field_violations > 0)
			snprintf(err->field, sizeof(err->field), "%s", bad->field_violations[0]->field);
	} else if (detail_unpack(any, "google.rpc.RetryInfo", &google__rpc__retry_info__descriptor, a, &m)) {
		err->retry_after_ms = delay_ms(((const Google__Rpc__RetryInfo *)m)->retry_delay);
	}
}

bool status_details_decode(const char *text, size_t len, struct error *err)
{
	uint8_t packed[DECODE_BYTES];
	struct arena a;
	ProtobufCMessage *m;
	size_t packed_len;

	if (!base64_decode(text, len, packed, sizeof(packed), &packed_len))
		return false;
	arena_init(&a, NULL, DECODE_MEMORY);
	m = message_unpack(&google__rpc__status__descriptor, packed, packed_len, &a, NULL);
	if (m != NULL) {
		const Google__Rpc__Status *status = (const Google__Rpc__Status *)m;

		for (size_t i = 0; i < status->n_details; i++)
			read_detail(status->details[i], &a, err);
	}
	arena_release(&a);
	return m != NULL;
}
