/*
 * testee.c: our codec as the official protobuf conformance runner sees it: messages in from protobuf or JSON, out
 * as protobuf or JSON. Reads requests on standard input and answers on standard output, each behind its length.
 *
 * Built and run by tests/conformance/run. Not asked, and so skipped: proto2, text format, JSON with unknown
 * fields ignored (ours are refused).
 */
#include "message.h"
#include "message_json.h"

#include "conformance.pb-c.h"
#include "google/protobuf/test_messages_proto3.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 64 * 1024 * 1024 };

static char *take_text(struct arena *a, const char *text)
{
	char *copy = arena_strndup(a, text, strlen(text));

	if (!copy)
		abort();
	return copy;
}

static void skip(Conformance__ConformanceResponse *response, struct arena *a, const char *why)
{
	response->result_case = CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_SKIPPED;
	response->skipped = take_text(a, why);
}

static ProtobufCMessage *read_payload(
	const Conformance__ConformanceRequest *request, struct arena *a, struct error *err)
{
	const ProtobufCMessageDescriptor *d = &protobuf_test_messages__proto3__test_all_types_proto3__descriptor;

	if (request->payload_case == CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_JSON_PAYLOAD)
		return message_from_json_text(d, request->json_payload, strlen(request->json_payload), a, err);
	return message_unpack(d, request->protobuf_payload.data, request->protobuf_payload.len, a, err);
}

static void write_payload(
	const ProtobufCMessage *m, bool json, Conformance__ConformanceResponse *response, struct arena *a)
{
	if (json) {
		json_t *tree = message_to_json(m, JSON_PROTO);
		char *text = tree ? json_dumps(tree, JSON_COMPACT) : NULL;

		response->result_case = text ? CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_JSON_PAYLOAD
					     : CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_SERIALIZE_ERROR;
		response->json_payload = take_text(a, text ? text : "no JSON says this");
		free(text);
		json_decref(tree);
	} else {
		response->result_case = CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_PROTOBUF_PAYLOAD;
		response->protobuf_payload.len = message_packed_size(m);
		response->protobuf_payload.data = arena_alloc(a, response->protobuf_payload.len + 1);
		if (!response->protobuf_payload.data)
			abort();
		(void)message_pack(m, response->protobuf_payload.data);
	}
}

static void answer(
	const Conformance__ConformanceRequest *request, Conformance__ConformanceResponse *response, struct arena *a)
{
	bool json = request->requested_output_format == CONFORMANCE__WIRE_FORMAT__JSON;
	struct error err = {.code = STATUS_OK};
	ProtobufCMessage *m;

	/* The runner's first request asks for failures that the testee knows of: an empty set. */
	if (strcmp(request->message_type, "conformance.FailureSet") == 0) {
		response->result_case = CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_PROTOBUF_PAYLOAD;
		return;
	}
	if (strcmp(request->message_type, "protobuf_test_messages.proto3.TestAllTypesProto3") != 0 ||
		request->payload_case == CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_TEXT_PAYLOAD ||
		request->payload_case == CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_JSPB_PAYLOAD ||
		(!json && request->requested_output_format != CONFORMANCE__WIRE_FORMAT__PROTOBUF) ||
		request->test_category == CONFORMANCE__TEST_CATEGORY__JSON_IGNORE_UNKNOWN_PARSING_TEST) {
		skip(response, a, "not in the contract");
		return;
	}
	m = read_payload(request, a, &err);
	if (m) {
		write_payload(m, json, response, a);
		return;
	}
	response->result_case = CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_PARSE_ERROR;
	response->parse_error = take_text(a, err.text);
}

static void put_length(uint8_t out[4], size_t len)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(len >> 8 * i);
}

/* False at the end of the input. */
static bool serve_one(void)
{
	Conformance__ConformanceResponse response = CONFORMANCE__CONFORMANCE_RESPONSE__INIT;
	Conformance__ConformanceRequest *request;
	uint8_t head[4], *bytes;
	struct arena a;
	size_t len;

	if (fread(head, 1, 4, stdin) != 4)
		return false;
	len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	arena_init(&a, NULL, MEMORY);
	bytes = arena_alloc(&a, len + 1);
	if (!bytes || fread(bytes, 1, len, stdin) != len)
		abort();
	request = conformance__conformance_request__unpack(&a.allocator, len, bytes);
	if (!request)
		abort();
	answer(request, &response, &a);
	len = conformance__conformance_response__get_packed_size(&response);
	bytes = arena_alloc(&a, len + 1);
	if (!bytes)
		abort();
	(void)conformance__conformance_response__pack(&response, bytes);
	put_length(head, len);
	if (fwrite(head, 1, 4, stdout) != 4 || fwrite(bytes, 1, len, stdout) != len || fflush(stdout) != 0)
		abort();
	arena_release(&a);
	return true;
}

int main(void)
{
	while (serve_one())
		;
	return 0;
}
