/*
 * h2.c: fuzzes a whole connection behind TLS: h2, call, query, health, reflection and the request checks, with a pool that
 * answers what the input says and a clock that moves when the input says.
 *
 * An input that begins with HTTP/2's preface is the recording of a client: it is fed as it is, in pieces, and its calls
 * are answered. Any other is a list of operations (frames that are mostly well formed, turns of the loop, answers of the
 * database, a drain), so that the fuzzer reaches deep states. After the connection has gone, nothing may be left of its
 * calls.
 */
#include "builtin.h"
#include "catalog.h"
#include "clock.h"
#include "config.h"
#include "h2.h"
#include "log.h"
#include "message.h"
#include "method.h"
#include "pool.h"
#include "target.h"

#include <event2/event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, ROWS_MAX = 100, ROW_TEXT = 3000 };

static const struct builtin *const builtins[] = {health_builtins, reflection_builtins, NULL};
static struct event_base *base;
static struct config config;
static struct rpc rpc;

/* A client's side of the connection. */
struct client {
	struct h2 *h2;
	struct input in;
	uint32_t next_stream;
	bool broken; /* the daemon would end the connection now */
};

/* ---- the clock: deadlines pass when the input says so, and the same input always does the same ---- */

static int64_t now_ms = 1000000;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	ret->tv_sec = (time_t)(now_ms / 1000);
	ret->tv_nsec = (long)(now_ms % 1000 * 1000000);
	return 0;
}

/* ---- the pool: calls wait, oldest first, until they are answered or abandoned ---- */

static struct db_call *waiting;

void pool_submit(struct pool *pool, struct db_call *call)
{
	struct db_call **at = &waiting;

	(void)pool;
	expect(call->request || call->unfit);
	expect(call->statement && call->arena && call->done && call->deadline_ms > 0);
	while (*at)
		at = &(*at)->next;
	call->next = NULL;
	*at = call;
}

void pool_abandon(struct pool *pool, struct db_call *call)
{
	struct db_call **at = &waiting;

	(void)pool;
	while (*at && *at != call)
		at = &(*at)->next;
	expect(*at == call);
	*at = call->next;
}

bool pool_ready(const struct pool *pool)
{
	(void)pool;
	return true;
}

const struct statement pool_locked_out = {.name = ""};
const struct statement pool_note_certificates = {.name = ""};
const struct statement pool_alert_times = {.name = "alert_times"};

void pool_stats(const struct pool *pool, struct pool_stats *ret_stats)
{
	(void)pool;
	memset(ret_stats, 0, sizeof *ret_stats);
}

/* A reply, its first text as long as len says. NULL when the call's memory does not hold it. */
static ProtobufCMessage *make_reply(const struct db_call *call, size_t len)
{
	ProtobufCMessage *m = message_new(call->statement->reply, call->arena);
	char *text = arena_alloc(call->arena, len + 1);

	if (!m || !text)
		return NULL;
	memset(text, 'x', len);
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (f->type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(f)) {
			message_set(m, f, &text);
			break;
		}
	}
	return m;
}

static void answer_rows(struct db_call *call, uint8_t choice)
{
	size_t count = choice % ROWS_MAX;

	call->ret_rows = arena_alloc_array(call->arena, count + 1, sizeof(ProtobufCMessage *));
	for (size_t i = 0; call->ret_rows && i < count; i++) {
		call->ret_rows[i] = make_reply(call, choice & 1 ? ROW_TEXT : 3);
		if (!call->ret_rows[i])
			break;
		call->row_count = i + 1;
	}
	call->ret_page_key = choice & 2 ? arena_strndup(call->arena, "key", 3) : NULL;
}

/* One answer of any kind. It may lead to a new question. */
static void answer(uint8_t kind, uint8_t choice)
{
	static const uint8_t kept[ROW_TEXT];
	struct db_call *call = waiting;

	if (!call)
		return;
	waiting = call->next;
	memset(&call->error, 0, sizeof call->error);
	if (call->unfit) {
		call->error = *call->unfit;
	} else if (kind % 4 == 0) {
		error_set(&call->error, 1 + choice % (STATUS_COUNT - 1), choice & 32 ? "asset.tag" : NULL, "no");
		call->error.retry_after_ms = choice & 64 ? 1000 : 0;
	} else if (call->statement->rows == ROWS_STREAM) {
		answer_rows(call, choice);
	} else if (kind % 4 == 1) {
		call->replayed = kept;
		call->replayed_len = (size_t)choice * 10;
	} else if (kind % 4 == 2) {
		call->reply = make_reply(call, (size_t)choice * 100);
	} /* else a statement that gave nothing */
	call->done(call);
}

/* ---- the client ---- */

static const char *const paths[] = {
	"/grpc.health.v1.Health/Check",
	"/grpc.health.v1.Health/Watch",
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	"/radioshop.v1.AssetService/GetAsset",
	"/radioshop.v1.AssetService/ExportAssets",
	"/radioshop.v1.AssetService/ListAssets",
	"/radioshop.v1.TicketService/LogRepair",
	"/radioshop.v1.Nothing/Here",
	"",
};

/* One field of a request is this one. */
static const char *const extras[][2] = {
	{"x-nothing", "1"},
	{"grpc-timeout", "1m"},
	{"grpc-timeout", "99999999H"},
	{"grpc-timeout", "soon"},
	{"grpc-encoding", "gzip"},
	{"grpc-encoding", "br"},
	{"grpc-accept-encoding", "identity,gzip"},
	{"content-type", "text/plain"},
	{"content-type", "application/grpc+proto"},
	{"content-type", "application/json"},
	{"content-type", "application/proto"},
	{"connect-protocol-version", "1"},
	{"connect-timeout-ms", "1"},
	{"content-length", "5"},
	{"te", "gzip"},
	{":method", "GET"},
};

static void nothing(void *owner)
{
	(void)owner;
}

static void begin(void)
{
	struct error err;

	catalog_init();
	config_init(&config);
	config.max_header_bytes = 1024;
	config.max_request_bytes = 1024;
	config.call_memory_bytes = 512 * 1024;
	log_set_level(LOG_LEVEL_ERROR);
	expect(method_table_init(&err));
	base = event_base_new();
	rpc.base = base;
	rpc.builtins = builtins;
	rpc.config = &config;
}

static void frame(struct client *c, uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, size_t len)
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
	c->broken = c->broken || !h2_receive(c->h2, bytes, 9 + len);
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

/* Three bytes: the path, the field that is special, and whether the request ends with its headers. */
static void request(struct client *c)
{
	static const char *const usual[][2] = {{":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"},
		{"content-type", "application/grpc"}, {"te", "trailers"}};
	const char *path = paths[take(&c->in) % (sizeof paths / sizeof *paths)];
	const char *const *extra = extras[take(&c->in) % (sizeof extras / sizeof *extras)];
	uint8_t block[FRAME_MAX], choice = take(&c->in);
	size_t n = literal(block, ":path", path);

	if (extra[0][0] == ':')
		n += literal(block + n, extra[0], extra[1]);
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (strcmp(usual[i][0], extra[0]) != 0)
			n += literal(block + n, usual[i][0], usual[i][1]);
	if (extra[0][0] != ':')
		n += literal(block + n, extra[0], extra[1]);
	frame(c, 1, choice & 1 ? 5 : 4, c->next_stream, block, n);
	c->next_stream += 2;
}

/* One of the last eight streams. */
static uint32_t some_stream(const struct client *c, uint8_t choice)
{
	uint32_t back = 2 * (uint32_t)(choice & 7) + 2;

	return c->next_stream > back ? c->next_stream - back : 1;
}

static void message(struct client *c, bool prefix)
{
	uint8_t bytes[FRAME_MAX] = {0}, choice = take(&c->in);
	size_t len = take(&c->in), n = prefix ? 5 : 0;
	const uint8_t *body = take_bytes(&c->in, &len);

	if (prefix) {
		bytes[0] = choice >> 6 & 1; /* compressed */
		bytes[4] = (uint8_t)len;
	}
	memcpy(bytes + n, body, len);
	frame(c, 0, choice >> 7, some_stream(c, choice), bytes, n + len);
}

static void raw_frame(struct client *c)
{
	uint8_t bytes[64], type = take(&c->in), flags = take(&c->in), choice = take(&c->in);
	size_t len = choice >> 3;

	for (size_t i = 0; i < len; i++)
		bytes[i] = take(&c->in);
	frame(c, type, flags, choice & 1 ? 0 : some_stream(c, choice), bytes, len);
}

/* The same frame again and again: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA or one of no known type. */
static void flood(struct client *c, uint8_t choice)
{
	static const struct {
		uint8_t type, len;
		bool on_stream;
	} kinds[] = {{6, 8, false}, {4, 0, false}, {2, 5, true}, {8, 4, false}, {0, 0, true}, {200, 0, false}};
	static const uint8_t zeros[8], one[4] = {0, 0, 0, 1};
	size_t kind = choice % (sizeof kinds / sizeof *kinds);
	unsigned count = 5U * take(&c->in);

	for (unsigned i = 0; i < count && !c->broken && !h2_ended(c->h2); i++)
		frame(c, kinds[kind].type, 0, kinds[kind].on_stream ? some_stream(c, 0) : 0,
			kinds[kind].type == 8 ? one : zeros, kinds[kind].len);
}

static void send_some(struct h2 *h2, unsigned count)
{
	const uint8_t *bytes;

	for (unsigned i = 0; i < count && h2_send(h2, &bytes) > 0; i++)
		;
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void pass_time(uint8_t amount)
{
	now_ms += (int64_t)1 << (amount % 18);
	turn();
}

static void settings(struct client *c)
{
	const uint8_t window[6] = {0, 4, 0, 0, take(&c->in), take(&c->in)};

	frame(c, 4, 0, 0, window, 6);
}

static void operation(struct client *c)
{
	const uint8_t number[4] = {0, 0, 0, 8};
	uint8_t op = take(&c->in);

	switch (op & 15) {
	case 0:
	case 1:
		request(c);
		break;
	case 2:
		message(c, false);
		break;
	case 3:
	case 4:
		message(c, true);
		break;
	case 5:
		frame(c, 3, 0, some_stream(c, op >> 4), number, 4);
		break;
	case 6:
		frame(c, 8, 0, op & 0x80 ? 0 : some_stream(c, op >> 4), number, 4);
		break;
	case 7:
		settings(c);
		break;
	case 8:
		raw_frame(c);
		break;
	case 9:
		health_set_serving(op & 0x80);
		break;
	case 10:
		rpc.draining = true;
		health_end_watches();
		h2_shutdown_notice(c->h2);
		break;
	case 11:
		h2_goaway(c->h2, true);
		break;
	case 12:
		pass_time(op >> 4);
		break;
	case 13:
		answer(op >> 4, take(&c->in));
		break;
	case 14:
		flood(c, op >> 4);
		break;
	default:
		send_some(c->h2, op >> 4);
		break;
	}
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE = sizeof preface - 1 };

/* Pieces of any size; what the calls ask is answered in turn by every kind of answer. */
static void replay_recording(struct client *c)
{
	uint8_t kind = 0;

	while (input_left(&c->in) > 0 && !h2_ended(c->h2)) {
		size_t len = 1 + input_left(&c->in) % 97;
		const uint8_t *bytes = take_bytes(&c->in, &len);

		if (!h2_receive(c->h2, bytes, len))
			break;
		turn();
		kind++;
		answer(kind, (uint8_t)(kind * 3));
		send_some(c->h2, 8);
	}
}

static void perform(struct client *c)
{
	expect(h2_receive(c->h2, (const uint8_t *)preface, PREFACE));
	frame(c, 4, 0, 0, NULL, 0);
	while (input_left(&c->in) > 0 && !c->broken && !h2_ended(c->h2))
		operation(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct peer peer = {.principal = "fuzz", .address = "127.0.0.1:1"};
	struct client c = {.in = {data, data + size}, .next_stream = 1};

	if (!base)
		begin();
	rpc.draining = false;
	c.h2 = h2_new(&rpc, &peer, nothing, NULL);
	expect(c.h2);
	if (size > PREFACE && memcmp(data, preface, PREFACE) == 0)
		replay_recording(&c);
	else
		perform(&c);
	turn();
	send_some(c.h2, 1000);
	expect(h2_idle_since(c.h2) >= 0);
	h2_check_time(c.h2, clock_ms());
	h2_free(c.h2);
	expect(rpc.call_bytes == 0 && !waiting);
	return 0;
}
