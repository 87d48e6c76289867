/*
 * interop_server.c: grpc.testing.TestService on the daemon's own network and rpc layers, for the interoperability cases
 * of gRPC and for whoever's client wants to run them. A program of the tests: it has its own catalog and builtins and
 * no database.
 *
 * What the methods do: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
 */
#include "builtin.h"
#include "catalog.h"
#include "config.h"
#include "interop.pb-c.h"
#include "listener.h"
#include "rpc.h"
#include "tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_MAX = 4 * 1024 * 1024, STEPS_MAX = 4096 };

static const char help[] =
	"interop_server: serves grpc.testing.TestService over TLS, for the interoperability tests of gRPC.\n"
	"\n"
	"  interop_server --ca FILE --certificate FILE --key FILE [--port N]\n"
	"\n"
	"  --ca FILE            the CA of the clients, PEM\n"
	"  --certificate FILE   the server's certificate, PEM\n"
	"  --key FILE           its key, PEM, mode 0600\n"
	"  --port N             on 127.0.0.1; 0, as if not given, lets the kernel choose\n"
	"  --help               print this\n"
	"\n"
	"It prints the address it listens on, and ends on SIGTERM. A client needs a certificate of the CA with one "
	"URI\n"
	"name radioshop://principal/NAME; there is no database, so every NAME may call everything.\n";

extern const unsigned char interop_set[];
extern const size_t interop_set_len;

/* Payloads of replies: zeros, as the reference servers send. */
static uint8_t zeros[PAYLOAD_MAX];

/* One reply that a stream owes. */
struct step {
	int32_t size, interval_us;
	enum compression compression;
};

/*
 * What a stream of replies has still to say. It waits for the interval of a step, or for room; meanwhile the request
 * message that asked for it is paused over, so that its client cannot run ahead.
 */
struct conversation {
	struct call *call;
	struct event timer;
	struct step *steps;
	size_t count, next;
	bool waited; /* the interval of the next step is over */
	bool ends;   /* nothing more will be asked for */
};

static bool bad_size(struct error *err)
{
	return error_set(err, STATUS_INVALID_ARGUMENT, "size", "a payload has 0 to %d bytes", PAYLOAD_MAX);
}

/* The reference clients fail when they get what they did not ask for. */
static enum compression compression_of(const Grpc__Testing__BoolValue *wanted)
{
	return wanted && wanted->value ? COMPRESSION_ON : COMPRESSION_OFF;
}

/* False for a message that did not come as it says. */
static bool as_expected(const struct call *call, const Grpc__Testing__BoolValue *compressed, struct error *err)
{
	if (!compressed || !compressed->value || call_message_compressed(call))
		return true;
	return error_set(err, STATUS_INVALID_ARGUMENT, "expect_compressed", "the message did not come compressed");
}

/* False with the status that the client asked to be told. */
static bool echo_status(const Grpc__Testing__EchoStatus *status, struct error *err)
{
	if (!status || status->code == STATUS_OK)
		return true;
	return error_set(err,
		status->code > 0 && status->code < STATUS_COUNT ? (enum status)status->code : STATUS_UNKNOWN, NULL,
		"%.*s", (int)status->message.len, (const char *)status->message.data);
}

/* Every method gives back what custom_metadata sends. */
static bool echo_metadata(struct call *call, struct error *err)
{
	for (const struct metadata_field *f = call_metadata(call); f; f = f->next) {
		if (strcmp(f->name, "x-grpc-test-echo-initial") == 0 &&
			!call_set_header(call, f->name, f->value, f->len, err))
			return false;
		if (strcmp(f->name, "x-grpc-test-echo-trailing-bin") == 0 &&
			!call_set_trailer(call, f->name, f->value, f->len, err))
			return false;
	}
	return true;
}

/* ---- one message each way ---- */

static bool on_empty(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	Grpc__Testing__Empty reply;

	(void)message;
	grpc__testing__empty__init(&reply);
	return call_send(call, &reply.base, err);
}

static bool on_unary(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Testing__SimpleRequest *request = (const void *)message;
	Grpc__Testing__SimpleResponse reply;
	Grpc__Testing__Payload payload;

	if (!as_expected(call, request->expect_compressed, err) || !echo_status(request->response_status, err))
		return false;
	if (request->response_size < 0 || request->response_size > PAYLOAD_MAX)
		return bad_size(err);
	grpc__testing__simple_response__init(&reply);
	grpc__testing__payload__init(&payload);
	payload.body = (ProtobufCBinaryData){.len = (size_t)request->response_size, .data = zeros};
	reply.payload = &payload;
	if (request->fill_username)
		reply.username = (char *)(uintptr_t)call_principal(call);
	if (request->fill_server_id)
		reply.server_id = (char *)(uintptr_t) "radioshop";
	call_set_compression(call, compression_of(request->response_compressed));
	return call_send(call, &reply.base, err);
}

/* ---- many messages in ---- */

static bool on_input_begin(struct call *call, struct error *err)
{
	int32_t *sum = calloc(1, sizeof *sum);

	if (!sum)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
	call_set_data(call, sum);
	return echo_metadata(call, err);
}

static bool on_input(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Testing__StreamingInputCallRequest *request = (const void *)message;
	int32_t *sum = call_data(call);
	size_t len = request->payload ? request->payload->body.len : 0;

	if (__builtin_add_overflow(*sum, len, sum))
		return error_set(err, STATUS_OUT_OF_RANGE, NULL, "more than the sum can hold");
	return as_expected(call, request->expect_compressed, err);
}

static void on_input_end(struct call *call)
{
	Grpc__Testing__StreamingInputCallResponse reply;
	const int32_t *sum = call_data(call);
	struct error err;

	grpc__testing__streaming_input_call_response__init(&reply);
	reply.aggregated_payload_size = *sum;
	call_finish(call, call_send(call, &reply.base, &err) ? NULL : &err);
}

static void on_input_close(struct call *call)
{
	free(call_data(call));
}

/* ---- many messages out ---- */

static bool send_step(struct conversation *c, const struct step *step, struct error *err)
{
	Grpc__Testing__StreamingOutputCallResponse reply;
	Grpc__Testing__Payload payload;

	grpc__testing__streaming_output_call_response__init(&reply);
	grpc__testing__payload__init(&payload);
	payload.body = (ProtobufCBinaryData){.len = (size_t)step->size, .data = zeros};
	reply.payload = &payload;
	call_set_compression(c->call, step->compression);
	return call_send(c->call, &reply.base, err);
}

/* Sends what is due; goes on when the timer or on_room says so, and then with the client's next message. */
static void play(struct conversation *c)
{
	struct error err;

	while (c->next < c->count) {
		const struct step *step = &c->steps[c->next];
		const struct timeval interval = {step->interval_us / 1000000, step->interval_us % 1000000};

		if (step->interval_us > 0 && !c->waited) {
			evtimer_add(&c->timer, &interval);
			return;
		}
		if (!call_has_room(c->call))
			return;
		c->waited = false;
		c->next++;
		if (!send_step(c, step, &err)) {
			call_finish(c->call, &err);
			return;
		}
	}
	c->count = c->next = 0;
	if (c->ends)
		call_finish(c->call, NULL);
	else
		call_resume(c->call);
}

static void on_interval(evutil_socket_t fd, short what, void *arg)
{
	struct conversation *c = arg;

	(void)fd;
	(void)what;
	c->waited = true;
	play(c);
}

static bool on_output_begin(struct call *call, struct error *err)
{
	struct conversation *c = calloc(1, sizeof *c);

	if (!c)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
	c->call = call;
	evtimer_assign(&c->timer, call_rpc(call)->base, on_interval, c);
	call_set_data(call, c);
	return echo_metadata(call, err);
}

static bool add_steps(
	struct conversation *c, const Grpc__Testing__StreamingOutputCallRequest *request, struct error *err)
{
	size_t count = request->n_response_parameters;
	struct step *steps;

	if (count > STEPS_MAX - c->count)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "more than %d replies at once", STEPS_MAX);
	if (count == 0)
		return true;
	steps = realloc(c->steps, (c->count + count) * sizeof *steps);
	if (!steps)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
	c->steps = steps;
	for (size_t i = 0; i < count; i++) {
		const Grpc__Testing__ResponseParameters *wanted = request->response_parameters[i];

		if (wanted->size < 0 || wanted->size > PAYLOAD_MAX || wanted->interval_us < 0)
			return bad_size(err);
		steps[c->count++] = (struct step){
			.size = wanted->size,
			.interval_us = wanted->interval_us,
			.compression = compression_of(wanted->compressed),
		};
	}
	return true;
}

/* The status comes instead of replies, as in the reference servers. */
static bool on_output(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Testing__StreamingOutputCallRequest *request = (const void *)message;
	struct conversation *c = call_data(call);

	if (!echo_status(request->response_status, err) || !add_steps(c, request, err))
		return false;
	call_pause(call);
	play(c);
	return true;
}

static bool on_half_duplex(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Testing__StreamingOutputCallRequest *request = (const void *)message;

	return echo_status(request->response_status, err) && add_steps(call_data(call), request, err);
}

static void on_half_duplex_end(struct call *call)
{
	struct conversation *c = call_data(call);

	c->ends = true;
	play(c);
}

static void on_output_room(struct call *call)
{
	play(call_data(call));
}

static void on_output_close(struct call *call)
{
	struct conversation *c = call_data(call);

	if (!c)
		return;
	evtimer_del(&c->timer);
	free(c->steps);
	free(c);
}

#define PATH(name) "/grpc.testing.TestService/" name

static const struct builtin test_builtins[] = {
	{PATH("EmptyCall"), .on_begin = echo_metadata, .on_message = on_empty, .metadata = true},
	{PATH("UnaryCall"), .on_begin = echo_metadata, .on_message = on_unary, .metadata = true},
	{PATH("CacheableUnaryCall"), .on_begin = echo_metadata, .on_message = on_unary, .metadata = true},
	{PATH("StreamingInputCall"), .on_begin = on_input_begin, .on_message = on_input, .on_end = on_input_end,
		.on_close = on_input_close, .metadata = true},
	{PATH("StreamingOutputCall"), .on_begin = on_output_begin, .on_message = on_output, .on_room = on_output_room,
		.on_close = on_output_close, .metadata = true},
	{PATH("FullDuplexCall"), .on_begin = on_output_begin, .on_message = on_output, .on_room = on_output_room,
		.on_close = on_output_close, .metadata = true},
	{PATH("HalfDuplexCall"), .on_begin = on_output_begin, .on_message = on_half_duplex,
		.on_end = on_half_duplex_end, .on_room = on_output_room, .on_close = on_output_close, .metadata = true},
	{NULL},
};

/* ---- the program ---- */

struct server {
	struct event_base *base;
	struct config config;
	struct rpc rpc;
	struct tls *tls;
	struct listener *listener;
	struct event *term;
};

static void load_catalog(void)
{
	static const ProtobufCServiceDescriptor *const services[] = {&grpc__testing__test_service__descriptor};
	static struct catalog_source source = {.set = interop_set, .services = services, .service_count = 1};

	source.set_len = interop_set_len;
	catalog_load(&source);
}

static bool read_arguments(int argc, char **argv, struct config *config, struct error *err)
{
	static const struct option options[] = {
		{"ca", required_argument, NULL, 'c'},
		{"certificate", required_argument, NULL, 't'},
		{"key", required_argument, NULL, 'k'},
		{"port", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *ca = "", *certificate = "", *key = "", *port = "0";
	char text[4096];
	int option, n;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			ca = optarg;
		else if (option == 't')
			certificate = optarg;
		else if (option == 'k')
			key = optarg;
		else if (option == 'p')
			port = optarg;
		else
			exit(fputs(help, option == 'h' ? stdout : stderr) < 0 || option != 'h');
	}
	n = snprintf(text, sizeof text,
		"listen = 127.0.0.1:%s\ntls_client_ca = %s\ntls_certificate = %s\ntls_key = %s\ntls_client_crl =\n",
		port, ca, certificate, key);
	config_init(config);
	return n > 0 && (size_t)n < sizeof text && config_parse(config, "arguments", text, (size_t)n, err);
}

static void on_drained(void *owner)
{
	struct server *s = owner;

	event_base_loopexit(s->base, NULL);
}

static void on_term(evutil_socket_t signal_number, short what, void *owner)
{
	struct server *s = owner;

	(void)signal_number;
	(void)what;
	s->rpc.draining = true;
	listener_drain(s->listener, on_drained, s);
}

static bool start(struct server *s, struct error *err)
{
	static const struct builtin *const builtins[] = {test_builtins, NULL};

	s->tls = tls_new(&s->config, err);
	s->base = s->tls ? event_base_new() : NULL;
	if (!s->base)
		return false;
	s->rpc = (struct rpc){.base = s->base, .config = &s->config, .builtins = builtins};
	s->listener = listener_new(s->base, &s->config, s->tls, &s->rpc, err);
	s->term = evsignal_new(s->base, SIGTERM, on_term, s);
	return s->listener && s->term && event_add(s->term, NULL) == 0;
}

int main(int argc, char **argv)
{
	struct server s = {.base = NULL};
	struct error err = {.text = "out of memory"};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	load_catalog();
	ok = read_arguments(argc, argv, &s.config, &err) && start(&s, &err);
	if (ok) {
		printf("interop_server: listening on %s\n", listener_address(s.listener));
		fflush(stdout);
		event_base_dispatch(s.base);
	} else {
		fprintf(stderr, "interop_server: %s\n", err.text);
	}
	if (s.listener)
		listener_free(s.listener);
	if (s.term)
		event_free(s.term);
	tls_unref(s.tls);
	if (s.base)
		event_base_free(s.base);
	libevent_global_shutdown();
	config_release(&s.config);
	catalog_release();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
