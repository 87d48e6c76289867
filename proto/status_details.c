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
	DETAIL_BYTES = 1024,      /* one packed detail: field, text and what is around them */
	STATUS_BYTES = 4096,      /* the packed Status */
	DECODE_BYTES = 8192,      /* largest value that is read */
	DECODE_MEMORY = 64 * 1024 /* and what unpacking it may take */
};

#define TYPE_PREFIX "type.googleapis.com/"

struct details {
	Google__Protobuf__Any any[DETAIL_MAX];
	Google__Protobuf__Any *list[DETAIL_MAX];
	uint8_t bytes[DETAIL_MAX][DETAIL_BYTES];
	size_t count;
};

static bool details_add(struct details *d, const char *type_url, const ProtobufCMessage *m)
{
	Google__Protobuf__Any *any = &d->any[d->count];

	if (message_packed_size(m) > DETAIL_BYTES)
		return false;
	google__protobuf__any__init(any);
	/* protobuf-c has no const strings; packing only reads. */
	any->type_url = (char *)(uintptr_t)type_url;
	any->value.data = d->bytes[d->count];
	any->value.len = message_pack(m, d->bytes[d->count]);
	d->list[d->count++] = any;
	return true;
}

/* A protobuf string must be UTF-8 or foreign clients drop the whole status: bad bytes become '?'. */
static void copy_text(char *out, size_t out_size, const char *text)
{
	size_t len = strnlen(text, out_size - 1), at;

	memcpy(out, text, len);
	out[len] = '\0';
	while (text_check((const uint8_t *)out, len, &at) != TEXT_GOOD)
		out[at] = '?';
}

static bool add_reason(struct details *d, const char *reason)
{
	static char domain[] = "radioshop";
	Google__Rpc__ErrorInfo info;
	char text[sizeof(((struct error *)NULL)->reason)];

	google__rpc__error_info__init(&info);
	copy_text(text, sizeof(text), reason);
	info.reason = text;
	info.domain = domain;
	return details_add(d, TYPE_PREFIX "google.rpc.ErrorInfo", &info.base);
}

static bool add_field(struct details *d, const char *field, char *description)
{
	Google__Rpc__BadRequest__FieldViolation violation;
	Google__Rpc__BadRequest__FieldViolation *list[] = {&violation};
	Google__Rpc__BadRequest bad;
	char text[sizeof(((struct error *)NULL)->field)];

	google__rpc__bad_request__field_violation__init(&violation);
	google__rpc__bad_request__init(&bad);
	copy_text(text, sizeof(text), field);
	violation.field = text;
	violation.description = description;
	bad.n_field_violations = 1;
	bad.field_violations = list;
	return details_add(d, TYPE_PREFIX "google.rpc.BadRequest", &bad.base);
}

static bool add_retry(struct details *d, int32_t after_ms)
{
	Google__Protobuf__Duration delay;
	Google__Rpc__RetryInfo retry;

	google__protobuf__duration__init(&delay);
	google__rpc__retry_info__init(&retry);
	delay.seconds = after_ms / 1000;
	delay.nanos = after_ms % 1000 * 1000000;
	retry.retry_delay = &delay;
	return details_add(d, TYPE_PREFIX "google.rpc.RetryInfo", &retry.base);
}

size_t status_details_encode(const struct error *err, char *out, size_t out_size)
{
	struct details d = {.count = 0};
	Google__Rpc__Status status;
	char text[sizeof(err->text)];
	uint8_t packed[STATUS_BYTES];
	bool good = true;

	if (out_size == 0)
		return 0;
	out[0] = '\0';
	copy_text(text, sizeof(text), err->text);
	if (err->reason[0] != '\0')
		good = add_reason(&d, err->reason);
	if (good && err->field[0] != '\0')
		good = add_field(&d, err->field, text);
	if (good && err->retry_after_ms > 0)
		good = add_retry(&d, err->retry_after_ms);
	if (!good || d.count == 0)
		return 0;
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
