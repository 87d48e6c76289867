/*
 * h2.c: fuzzes a whole connection behind TLS: h2, call, health, reflection and the request checks, with the real
 * pool against a database that is not there.
 *
 * The input is a list of operations (frames that are mostly well formed, turns of the loop, a drain), so that the
 * fuzzer reaches deep states. After the connection has gone, nothing may be left of its calls.
 */
#include "h2.h"
#include "builtin.h"
#include "catalog.h"
#include "config.h"
#include "log.h"
#include "method.h"
#include "pool.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_MAX = 2048 };

static const struct builtin *const builtins[] = {health_builtins, reflection_builtins, NULL};
static struct event_base *base;
static struct config config;
static struct rpc rpc;

struct input {
	const uint8_t *at, *end;
	uint32_t next_stream;
};

static const char *const paths[] = {
	"/grpc.health.v1.Health/Check",
	"/grpc.health.v1.Health/Watch",
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/radioshop.v1.AssetService/GetAsset",
	"/radioshop.v1.AssetService/ExportAssets",
	"/radioshop.v1.TicketService/LogRepair",
	"/radioshop.v1.Nothing/Here",
	"",
};

static const char *const extras[][2] = {
	{"x-nothing", "1"},
	{"grpc-timeout", "1m"},
	{"grpc-timeout", "99999999H"},
	{"grpc-timeout", "soon"},
	{"grpc-encoding", "gzip"},
	{"content-type", "text/plain"},
	{"content-length", "5"},
	{"te", "gzip"},
};

static uint8_t take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static void nothing(void *owner)
{
	(void)owner;
}

static void ready_changed(void *owner, bool ready)
{
	(void)owner;
	(void)ready;
}

static void pool_broken(void *owner, const struct error *err)
{
	(void)owner;
	(void)err;
}

static void begin(void)
{
	struct pool_config pool = {.conninfo = "host=/nonexistent", .queue_max = 8, .connect_timeout_ms = 1000};
	struct error err;
	size_t count;

	catalog_init();
	config_init(&config);
	config.max_header_bytes = 1024;
	config.max_request_bytes = 1024;
	config.call_memory_bytes = 65536;
	config.default_deadline_ms = 3; /* so that deadlines pass while the fuzzer runs */
	log_set_level(LOG_LEVEL_ERROR);
	if (!method_table_init(&err))
		abort();
	base = event_base_new();
	for (int i = 0; i < BACKEND_CLASSES; i++)
		pool.connections[i] = 1;
	rpc.base = base;
	rpc.builtins = builtins;
	rpc.config = &config;
	rpc.pool = pool_new(base, &pool, method_statements(&count), 0, ready_changed, pool_broken, NULL);
}

static void frame(struct h2 *h2, uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, size_t len)
{
	uint8_t bytes[9 + FRAME_MAX];

	bytes[0] = (uint8_t)(len >> 16);
	bytes[1] = (uint8_t)(len >> 8);
	bytes[2] = (uint8_t)len;
	bytes[3] = type;
	bytes[4] = flags;
	bytes[5] = (uint8_t)(stream >> 24);
	bytes[6] = (uint8_t)(stream >> 16);
	bytes[7] = (uint8_t)(stream >> 8);
	bytes[8] = (uint8_t)stream;
	if (len > 0)
		memcpy(bytes + 9, payload, len);
	(void)!h2_receive(h2, bytes, 9 + len);
}

/* HPACK: a literal that is not indexed. */
static size_t literal(uint8_t *out, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	out[0] = 0;
	out[1] = (uint8_t)n;
	memcpy(out + 2, name, n);
	out[2 + n] = (uint8_t)v;
	if (v > 0)
		memcpy(out + 3 + n, value, v);
	return 3 + n + v;
}

static void request(struct h2 *h2, struct input *in)
{
	uint8_t block[FRAME_MAX], choice = take(in);
	const char *const *extra = extras[choice >> 3 & 7];
	size_t n = 0;

	n += literal(block + n, ":method", choice & 0x40 ? "GET" : "POST");
	n += literal(block + n, ":scheme", "https");
	n += literal(block + n, ":authority", "localhost");
	n += literal(block + n, ":path", paths[choice & 7]);
	if (strcmp(extra[0], "content-type") != 0)
		n += literal(block + n, "content-type", "application/grpc");
	if (strcmp(extra[0], "te") != 0)
		n += literal(block + n, "te", "trailers");
	n += literal(block + n, extra[0], extra[1]);
	frame(h2, 1, choice & 0x80 ? 5 : 4, in->next_stream, block, n);
	in->next_stream += 2;
}

/* One of the last eight streams. */
static uint32_t some_stream(struct input *in, uint8_t choice)
{
	uint32_t back = 2 * (uint32_t)(choice & 7) + 2;

	return in->next_stream > back ? in->next_stream - back : 1;
}

static void message(struct h2 *h2, struct input *in, bool prefix)
{
	uint8_t bytes[FRAME_MAX] = {0}, choice = take(in);
	size_t len = take(in), n = 0;

	if (len > (size_t)(in->end - in->at))
		len = (size_t)(in->end - in->at);
	if (prefix) {
		bytes[4] = (uint8_t)len;
		n = 5;
	}
	memcpy(bytes + n, in->at, len);
	in->at += len;
	frame(h2, 0, choice >> 7, some_stream(in, choice), bytes, n + len);
}

static void raw_frame(struct h2 *h2, struct input *in)
{
	uint8_t bytes[64], type = take(in), flags = take(in), choice = take(in);
	size_t len = choice >> 3;

	for (size_t i = 0; i < len; i++)
		bytes[i] = take(in);
	frame(h2, type, flags, choice & 1 ? 0 : some_stream(in, choice), bytes, len);
}

static void send_some(struct h2 *h2, unsigned count)
{
	const uint8_t *bytes;

	for (unsigned i = 0; i < count && h2_send(h2, &bytes) > 0; i++)
		;
}

static void operation(struct h2 *h2, struct input *in)
{
	const uint8_t number[4] = {0, 0, 0, 8};
	uint8_t op = take(in);

	switch (op & 15) {
	case 0:
	case 1:
		request(h2, in);
		break;
	case 2:
		message(h2, in, false);
		break;
	case 3:
	case 4:
		message(h2, in, true);
		break;
	case 5:
		frame(h2, 3, 0, some_stream(in, op >> 4), number, 4);
		break;
	case 6:
		frame(h2, 8, 0, op & 0x80 ? 0 : some_stream(in, op >> 4), number, 4);
		break;
	case 7: {
		const uint8_t window[6] = {0, 4, 0, 0, take(in), take(in)};

		frame(h2, 4, 0, 0, window, 6);
		break;
	}
	case 8:
		raw_frame(h2, in);
		break;
	case 9:
		health_set_serving(op & 0x80);
		break;
	case 10:
		rpc.draining = true;
		h2_shutdown_notice(h2);
		break;
	case 11:
		h2_goaway(h2);
		break;
	case 12:
		event_base_loop(base, EVLOOP_NONBLOCK);
		break;
	default:
		send_some(h2, op >> 4);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	const struct peer peer = {.principal = "fuzz", .address = "127.0.0.1:1"};
	struct input in = {.at = data, .end = data + size, .next_stream = 1};
	struct h2 *h2;

	if (!base)
		begin();
	rpc.draining = false;
	h2 = h2_new(&rpc, &peer, nothing, NULL);
	if (!h2)
		return 0;
	(void)!h2_receive(h2, (const uint8_t *)preface, 24);
	frame(h2, 4, 0, 0, NULL, 0);
	while (in.at < in.end && !h2_ended(h2))
		operation(h2, &in);
	event_base_loop(base, EVLOOP_NONBLOCK);
	send_some(h2, 1000);
	h2_free(h2);
	if (rpc.call_bytes != 0)
		abort();
	return 0;
}
