/*
 * interop_client.c: gRPC's interoperability cases with the command's channel as the client. A program of the tests.
 *
 * What the cases do: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
 */
#include "catalog.h"
#include "channel.h"
#include "metadata.h"

#include "interop.pb-c.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60 * 1000, MEMORY = 256 << 20, LARGE_REPLY = 314159, LARGE_REQUEST = 271828 };

#define METHOD(service, name, in, out, client, server)                                                                 \
	{                                                                                                              \
		"grpc.testing." service, name, "/grpc.testing." service "/" name, "",                                  \
			&grpc__testing__##in##__descriptor, &grpc__testing__##out##__descriptor, client, server        \
	}

static const struct catalog_method empty_call = METHOD("TestService", "EmptyCall", empty, empty, false, false),
				   unary_call = METHOD(
					   "TestService", "UnaryCall", simple_request, simple_response, false, false),
				   output_call = METHOD("TestService", "StreamingOutputCall",
					   streaming_output_call_request, streaming_output_call_response, false, true),
				   input_call = METHOD("TestService", "StreamingInputCall",
					   streaming_input_call_request, streaming_input_call_response, true, false),
				   duplex_call = METHOD("TestService", "FullDuplexCall", streaming_output_call_request,
					   streaming_output_call_response, true, true),
				   no_method = METHOD("TestService", "UnimplementedCall", empty, empty, false, false),
				   no_service = METHOD(
					   "UnimplementedService", "UnimplementedCall", empty, empty, false, false);

static const char help[] =
	"interop_client: runs gRPC's interoperability cases against a server of grpc.testing.TestService over TLS.\n"
	"\n"
	"  interop_client --port N --ca FILE --certificate FILE --key FILE [--host NAME] [--keepalive MS] CASE...\n"
	"\n"
	"  --host NAME          of the server's certificate, too; localhost if not given\n"
	"  --port N             its port\n"
	"  --ca FILE            the CA of the server, PEM\n"
	"  --certificate FILE   the client's certificate, PEM\n"
	"  --key FILE           its key, PEM\n"
	"  --keepalive MS       asks by a PING after so much silence, and waits as long for the answer\n"
	"  --help               print this and the names of the cases\n"
	"\n"
	"It prints CASE ok or CASE failed: WHY for each, and ends with 0 when all did.\n";

static uint8_t zeros[1 << 20];
static struct channel *channel;
static struct arena arena; /* of the case that runs */
static char failure[2048];

static bool failed(const char *what, const struct error *err)
{
	snprintf(failure, sizeof failure, "%s (%s: %s)", what, err != NULL ? status_name((int)err->code) : "",
		err != NULL ? err->text : "");
	return false;
}

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return failed(#condition, NULL);                                                               \
	} while (0)
#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return failed(#condition, &err);                                                               \
	} while (0)

/* ---- messages ---- */

static Grpc__Testing__Payload *payload(size_t size)
{
	Grpc__Testing__Payload *p = arena_alloc(&arena, sizeof *p);

	grpc__testing__payload__init(p);
	p->body.data = zeros;
	p->body.len = size;
	return p;
}

static Grpc__Testing__BoolValue *boolean(bool value)
{
	Grpc__Testing__BoolValue *b = arena_alloc(&arena, sizeof *b);

	grpc__testing__bool_value__init(b);
	b->value = value;
	return b;
}

static Grpc__Testing__EchoStatus *echo(int code, const char *message)
{
	Grpc__Testing__EchoStatus *e = arena_alloc(&arena, sizeof *e);

	grpc__testing__echo_status__init(e);
	e->code = code;
	e->message.data = (uint8_t *)arena_strndup(&arena, message, strlen(message));
	e->message.len = strlen(message);
	return e;
}

static Grpc__Testing__SimpleRequest large_request(void)
{
	Grpc__Testing__SimpleRequest r;

	grpc__testing__simple_request__init(&r);
	r.response_size = LARGE_REPLY;
	r.payload = payload(LARGE_REQUEST);
	return r;
}

/* A request of request_size bytes for replies of the given sizes. */
static Grpc__Testing__StreamingOutputCallRequest *output_request(
	size_t request_size, const int32_t *sizes, size_t count)
{
	Grpc__Testing__StreamingOutputCallRequest *r = arena_alloc(&arena, sizeof *r);

	grpc__testing__streaming_output_call_request__init(r);
	r->payload = request_size > 0 ? payload(request_size) : NULL;
	r->n_response_parameters = count;
	r->response_parameters = arena_alloc_array(&arena, count, sizeof *r->response_parameters);
	for (size_t i = 0; i < count; i++) {
		r->response_parameters[i] = arena_alloc(&arena, sizeof **r->response_parameters);
		grpc__testing__response_parameters__init(r->response_parameters[i]);
		r->response_parameters[i]->size = sizes[i];
	}
	return r;
}

/* ---- calls ---- */

static struct call *open_call(const struct catalog_method *method, int64_t timeout_ms, struct error *err)
{
	struct call_options options = {.timeout_ms = timeout_ms};

	return channel_open(channel, method, &options, err);
}

/* The next reply of a streaming call must have that many bytes; -1: it must have ended with OK. */
static bool expect_reply(struct call *c, int32_t size)
{
	struct error err = {0};
	ProtobufCMessage *m;
	Grpc__Testing__StreamingOutputCallResponse *reply;

	NEED(call_receive(c, &arena, &m, &err));
	reply = (Grpc__Testing__StreamingOutputCallResponse *)m;
	if (size < 0) {
		EXPECT(reply == NULL);
		return true;
	}
	EXPECT(reply != NULL && reply->payload != NULL && reply->payload->body.len == (size_t)size);
	return true;
}

/* The call must end with that status. */
static bool expect_end(struct call *c, enum status code, const char *text)
{
	struct error err = {0};
	ProtobufCMessage *reply = NULL;

	while (call_receive(c, &arena, &reply, &err))
		EXPECT(reply != NULL);
	NEED(err.code == code);
	NEED(text == NULL || strcmp(err.text, text) == 0);
	return true;
}

static bool expect_refusal(
	const struct catalog_method *method, const ProtobufCMessage *request, enum status code, const char *text)
{
	struct error err = {0};

	EXPECT(channel_call_one(channel, method, request, TIMEOUT_MS, &arena, NULL, &err) == NULL);
	NEED(err.code == code);
	NEED(text == NULL || strcmp(err.text, text) == 0);
	return true;
}

static bool expect_large_reply(const ProtobufCMessage *m)
{
	const Grpc__Testing__SimpleResponse *reply = (const Grpc__Testing__SimpleResponse *)m;

	EXPECT(reply->payload != NULL && reply->payload->body.len == LARGE_REPLY);
	EXPECT(memcmp(reply->payload->body.data, zeros, LARGE_REPLY) == 0);
	return true;
}

/* ---- the cases ---- */

static bool empty_unary(void)
{
	Grpc__Testing__Empty request;
	struct error err = {0};

	grpc__testing__empty__init(&request);
	NEED(channel_call_one(channel, &empty_call, &request.base, TIMEOUT_MS, &arena, NULL, &err) != NULL);
	return true;
}

static bool large_unary(void)
{
	Grpc__Testing__SimpleRequest request = large_request();
	struct error err = {0};
	ProtobufCMessage *reply = channel_call_one(channel, &unary_call, &request.base, TIMEOUT_MS, &arena, NULL, &err);

	NEED(reply != NULL);
	return expect_large_reply(reply);
}

static bool stream_in(struct call *c)
{
	static const size_t sizes[] = {27182, 8, 1828, 45904};
	struct error err = {0};
	ProtobufCMessage *reply;

	for (size_t i = 0; i < 4; i++) {
		Grpc__Testing__StreamingInputCallRequest request;

		grpc__testing__streaming_input_call_request__init(&request);
		request.payload = payload(sizes[i]);
		NEED(call_send(c, &request.base, i == 3, &err));
	}
	NEED(call_receive(c, &arena, &reply, &err));
	EXPECT(reply != NULL && ((Grpc__Testing__StreamingInputCallResponse *)reply)->aggregated_payload_size == 74922);
	NEED(call_receive(c, &arena, &reply, &err));
	EXPECT(reply == NULL);
	return true;
}

static bool stream_out(struct call *c)
{
	static const int32_t sizes[] = {31415, 9, 2653, 58979};
	struct error err = {0};

	NEED(call_send(c, &output_request(0, sizes, 4)->base, true, &err));
	for (size_t i = 0; i < 4; i++)
		if (!expect_reply(c, sizes[i]))
			return false;
	return expect_reply(c, -1);
}

static bool play_ping_pong(struct call *c)
{
	static const int32_t replies[] = {31415, 9, 2653, 58979};
	static const size_t requests[] = {27182, 8, 1828, 45904};
	struct error err = {0};

	for (size_t i = 0; i < 4; i++) {
		NEED(call_send(c, &output_request(requests[i], &replies[i], 1)->base, false, &err));
		if (!expect_reply(c, replies[i]))
			return false;
	}
	NEED(call_send(c, NULL, true, &err));
	return expect_reply(c, -1);
}

static bool say_nothing(struct call *c)
{
	struct error err = {0};

	NEED(call_send(c, NULL, true, &err));
	return expect_reply(c, -1);
}

static bool cancel_at_once(struct call *c)
{
	call_cancel(c);
	return expect_end(c, STATUS_CANCELLED, NULL);
}

static bool cancel_after_one(struct call *c)
{
	static const int32_t size = 31415;
	struct error err = {0};

	NEED(call_send(c, &output_request(27182, &size, 1)->base, false, &err));
	if (!expect_reply(c, size))
		return false;
	call_cancel(c);
	return expect_end(c, STATUS_CANCELLED, NULL);
}

static bool ask_for_a_status(struct call *c)
{
	Grpc__Testing__StreamingOutputCallRequest *request = output_request(0, NULL, 0);
	struct error err = {0};

	request->response_status = echo(STATUS_UNKNOWN, "test status message");
	/* The server may have ended it by then: receiving says the same again. */
	NEED(call_send(c, &request->base, true, &err) || err.code == STATUS_UNKNOWN);
	return expect_end(c, STATUS_UNKNOWN, "test status message");
}

/* More each way than the windows hold, by turns: memory stays where it is. */
static bool send_much_both_ways(struct call *c)
{
	static const int32_t size = 512 << 10;
	struct error err = {0};

	for (size_t i = 0; i < 64; i++) {
		NEED(call_send(c, &output_request((size_t)size, &size, 1)->base, false, &err));
		if (!expect_reply(c, size))
			return false;
		arena_release(&arena);
		arena_init(&arena, NULL, MEMORY);
	}
	NEED(call_send(c, NULL, true, &err));
	return expect_reply(c, -1);
}

static bool with_call(const struct catalog_method *method, bool (*play)(struct call *))
{
	struct error err = {0};
	struct call *c = open_call(method, TIMEOUT_MS, &err);
	bool ok;

	NEED(c != NULL);
	ok = play(c);
	call_free(c);
	return ok;
}

static bool client_streaming(void)
{
	return with_call(&input_call, stream_in);
}

static bool server_streaming(void)
{
	return with_call(&output_call, stream_out);
}

static bool ping_pong(void)
{
	return with_call(&duplex_call, play_ping_pong);
}

static bool empty_stream(void)
{
	return with_call(&duplex_call, say_nothing);
}

static bool cancel_after_begin(void)
{
	return with_call(&input_call, cancel_at_once) && empty_unary();
}

static bool cancel_after_first_response(void)
{
	return with_call(&duplex_call, cancel_after_one) && empty_unary();
}

static bool much_both_ways(void)
{
	return with_call(&duplex_call, send_much_both_ways);
}

static bool timeout_on_sleeping_server(void)
{
	struct error err = {0};
	struct call *c;
	bool ok;

	if (!empty_unary()) /* the handshake is not what is measured */
		return false;
	c = open_call(&duplex_call, 1, &err);
	if (c == NULL) {
		NEED(err.code == STATUS_DEADLINE_EXCEEDED);
		return true;
	}
	ok = call_send(c, &output_request(27182, NULL, 0)->base, false, &err)
		     ? expect_end(c, STATUS_DEADLINE_EXCEEDED, NULL)
		     : err.code == STATUS_DEADLINE_EXCEEDED || failed("sending", &err);
	call_free(c);
	return ok && empty_unary();
}

/* Not one of gRPC's: a call that is too late before it begins does not leave. */
static bool too_late(void)
{
	struct error err = {0};

	if (!empty_unary())
		return false;
	EXPECT(open_call(&empty_call, 0, &err) == NULL);
	NEED(err.code == STATUS_DEADLINE_EXCEEDED);
	return empty_unary();
}

static bool echoed(struct call *c)
{
	uint8_t bytes[8];
	size_t len;
	const char *initial = call_initial(c, "x-grpc-test-echo-initial"),
		   *trailing = call_trailing(c, "x-grpc-test-echo-trailing-bin");

	EXPECT(initial != NULL && strcmp(initial, "test_initial_metadata_value") == 0);
	EXPECT(trailing != NULL && base64_decode(trailing, strlen(trailing), bytes, sizeof bytes, &len));
	EXPECT(len == 3 && memcmp(bytes, "\xab\xab\xab", 3) == 0);
	return true;
}

static bool custom_metadata_of(const struct catalog_method *method, const ProtobufCMessage *request)
{
	static const struct h2_header metadata[] = {
		{"x-grpc-test-echo-initial", "test_initial_metadata_value"}, {"x-grpc-test-echo-trailing-bin", "q6ur"}};
	struct call_options options = {.timeout_ms = TIMEOUT_MS, .metadata = metadata, .metadata_count = 2};
	struct error err = {0};
	struct call *c = channel_open(channel, method, &options, &err);
	ProtobufCMessage *reply = NULL;
	bool ok;

	NEED(c != NULL);
	ok = call_send(c, request, true, &err) && call_receive(c, &arena, &reply, &err);
	ok = (ok && reply != NULL && call_receive(c, &arena, &reply, &err) && reply == NULL) ||
	     failed("the call", &err);
	ok = ok && echoed(c);
	call_free(c);
	return ok;
}

static bool custom_metadata(void)
{
	static const int32_t size = LARGE_REPLY;
	Grpc__Testing__SimpleRequest request = large_request();

	return custom_metadata_of(&unary_call, &request.base) &&
	       custom_metadata_of(&duplex_call, &output_request(LARGE_REQUEST, &size, 1)->base);
}

static bool status_code_and_message(void)
{
	Grpc__Testing__SimpleRequest request;

	grpc__testing__simple_request__init(&request);
	request.response_status = echo(STATUS_UNKNOWN, "test status message");
	return expect_refusal(&unary_call, &request.base, STATUS_UNKNOWN, "test status message") &&
	       with_call(&duplex_call, ask_for_a_status);
}

static bool special_status_message(void)
{
	static const char text[] = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n";
	Grpc__Testing__SimpleRequest request;

	grpc__testing__simple_request__init(&request);
	request.response_status = echo(STATUS_UNKNOWN, text);
	return expect_refusal(&unary_call, &request.base, STATUS_UNKNOWN, text);
}

static bool unimplemented_method(void)
{
	Grpc__Testing__Empty request;

	grpc__testing__empty__init(&request);
	return expect_refusal(&no_method, &request.base, STATUS_UNIMPLEMENTED, NULL);
}

static bool unimplemented_service(void)
{
	Grpc__Testing__Empty request;

	grpc__testing__empty__init(&request);
	return expect_refusal(&no_service, &request.base, STATUS_UNIMPLEMENTED, NULL);
}

/* A large unary call whose request is compressed or not, and whose reply is asked to be. */
static bool large_compressed(bool request_gzip, bool reply_gzip)
{
	struct call_options options = {.timeout_ms = TIMEOUT_MS, .gzip = request_gzip};
	Grpc__Testing__SimpleRequest request = large_request();
	struct error err = {0};
	struct call *c = channel_open(channel, &unary_call, &options, &err);
	ProtobufCMessage *reply = NULL;
	const char *encoding;
	bool ok;

	NEED(c != NULL);
	request.expect_compressed = boolean(request_gzip);
	request.response_compressed = boolean(reply_gzip);
	ok = call_send(c, &request.base, true, &err) && call_receive(c, &arena, &reply, &err) && reply != NULL;
	ok = ok ? expect_large_reply(reply) : failed("the call", &err);
	encoding = call_initial(c, "grpc-encoding");
	if (ok && reply_gzip && (encoding == NULL || strcmp(encoding, "gzip") != 0))
		ok = failed("the reply was not compressed", NULL);
	call_free(c);
	return ok;
}

static bool server_compressed_unary(void)
{
	return large_compressed(false, true) && large_compressed(false, false);
}

static bool client_compressed_unary(void)
{
	return large_compressed(true, false) && large_compressed(false, false);
}

/* A stream that stays open until the server, or the keepalive, ends it: not one of gRPC's. */
static bool wait_for_ever(void)
{
	struct error err = {0};
	struct call *c = open_call(&duplex_call, TIMEOUT_MS, &err);
	ProtobufCMessage *reply;
	bool ok;

	NEED(c != NULL);
	ok = call_receive(c, &arena, &reply, &err);
	call_free(c);
	return ok || failed("waiting", &err);
}

static const struct {
	const char *name;
	bool (*run)(void);
} cases[] = {
	{"empty_unary", empty_unary},
	{"large_unary", large_unary},
	{"client_streaming", client_streaming},
	{"server_streaming", server_streaming},
	{"ping_pong", ping_pong},
	{"empty_stream", empty_stream},
	{"cancel_after_begin", cancel_after_begin},
	{"cancel_after_first_response", cancel_after_first_response},
	{"timeout_on_sleeping_server", timeout_on_sleeping_server},
	{"custom_metadata", custom_metadata},
	{"status_code_and_message", status_code_and_message},
	{"special_status_message", special_status_message},
	{"unimplemented_method", unimplemented_method},
	{"unimplemented_service", unimplemented_service},
	{"server_compressed_unary", server_compressed_unary},
	{"client_compressed_unary", client_compressed_unary},
	{"much_both_ways", much_both_ways},
	{"too_late", too_late},
	{"wait_for_ever", wait_for_ever},
};

static bool run_case(const char *name)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool ok;

		if (strcmp(cases[i].name, name) != 0)
			continue;
		arena_init(&arena, NULL, MEMORY);
		ok = cases[i].run();
		arena_release(&arena);
		printf("%s %s%s\n", name, ok ? "ok" : "failed: ", ok ? "" : failure);
		return ok;
	}
	printf("%s failed: there is no such case\n", name);
	return false;
}

static int usage(FILE *out, int code)
{
	fputs(help, out);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		fprintf(out, "    %s\n", cases[i].name);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"host", required_argument, NULL, 'h'},
		{"port", required_argument, NULL, 'p'}, {"ca", required_argument, NULL, 'a'},
		{"certificate", required_argument, NULL, 'c'}, {"key", required_argument, NULL, 'k'},
		{"keepalive", required_argument, NULL, 'i'}, {"help", no_argument, NULL, '?'}, {0}};
	struct profile profile = {.name = "interop", .host = "localhost"};
	struct keepalive keepalive = {KEEPALIVE_SILENCE_MS, KEEPALIVE_PATIENCE_MS};
	bool ok = true;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			profile.host = optarg;
			break;
		case 'p':
			profile.port = optarg;
			break;
		case 'a':
			profile.cacert = optarg;
			break;
		case 'c':
			profile.cert = optarg;
			break;
		case 'k':
			profile.key = optarg;
			break;
		case 'i':
			keepalive.silence_ms = keepalive.patience_ms = strtoll(optarg, NULL, 10);
			break;
		default:
			return usage(stdout, option == '?' && argc == 2 ? 0 : 64);
		}
	}
	if (!profile.port || !profile.cacert || !profile.cert || !profile.key || optind == argc)
		return usage(stderr, 64);
	profile.server = talloc_asprintf(NULL, "%s:%s", profile.host, profile.port);
	signal(SIGPIPE, SIG_IGN);
	channel = channel_new(NULL, &profile);
	channel_keepalive(channel, &keepalive);
	for (int i = optind; i < argc; i++)
		ok = run_case(argv[i]) && ok;
	channel_free(channel);
	talloc_free((void *)(uintptr_t)profile.server);
	return ok ? 0 : 1;
}
