/*
 * channel.c: fuzzes what a server sends to the command, behind TLS: the client's session, headers, messages, gzip, and
 * what the end of a call is taken for.
 *
 * The input is a list of operations: frames that are mostly well formed, bare bytes, reading, answering, giving up. A
 * fuzzer that had to make HPACK and frame lengths itself would get no further than the first frame.
 */
#include "h2_client.h"
#include "message.h"
#include "target.h"

#include "radioshop/v1/principal.pb-c.h"

enum { PAYLOAD_MAX = 2048, ROUNDS_MAX = 500 };

struct server {
	struct h2_client *h;
	struct h2_stream s;
	bool alive;
	uint32_t stream;
};

static const char *const values[][2] = {
	{":status", "200"},
	{":status", "103"},
	{":status", "503"},
	{"content-type", "application/grpc"},
	{"content-type", "text/html"},
	{"grpc-encoding", "gzip"},
	{"grpc-accept-encoding", "identity,deflate, gzip"},
	{"grpc-status", "0"},
	{"grpc-status", "14"},
	{"grpc-message", "caf%C3%A9 %"},
	{"grpc-status-details-bin", "CAgSCXNsb3cgZG93bhohCh0AAA"},
	{"x-long", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
};
enum { VALUES = sizeof values / sizeof values[0] };

/* A length and so many bytes, at most 255. */
static const uint8_t *take_counted(struct input *in, size_t *ret_len)
{
	*ret_len = take(in);
	return take_bytes(in, ret_len);
}

static void receive(struct server *sv, const uint8_t *bytes, size_t len)
{
	struct error err;

	sv->alive = sv->alive && h2_client_receive(sv->h, bytes, len, &err);
}

static void frame(struct server *sv, uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, size_t len)
{
	uint8_t bytes[9 + PAYLOAD_MAX] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};

	if (len > 0)
		memcpy(bytes + 9, payload, len);
	receive(sv, bytes, 9 + len);
}

/* HPACK literals that are not indexed. */
static void headers(struct server *sv, struct input *in)
{
	uint8_t block[PAYLOAD_MAX], flags = take(in) & 1, count = take(in) & 7;
	size_t n = 0;

	for (; count > 0; count--) {
		const char *const *field = values[take(in) % VALUES];
		size_t name = strlen(field[0]), value = strlen(field[1]);

		block[n++] = 0;
		block[n++] = (uint8_t)name;
		memcpy(block + n, field[0], name);
		block[n + name] = (uint8_t)value;
		memcpy(block + n + name + 1, field[1], value);
		n += name + 1 + value;
	}
	frame(sv, 1, (uint8_t)(4 | flags), sv->stream, block, n);
}

/* A message with its prefix, which may lie. */
static void message(struct server *sv, struct input *in)
{
	uint8_t bytes[5 + 255] = {0}, choice = take(in);
	size_t n;
	const uint8_t *content = take_counted(in, &n);

	if (n > 0)
		memcpy(bytes + 5, content, n);
	bytes[0] = choice & 1;
	bytes[4] = (uint8_t)(choice & 2 ? take(in) : n);
	bytes[1] = choice & 4 ? take(in) : 0;
	frame(sv, 0, choice & 8 ? 1 : 0, sv->stream, bytes, 5 + n);
}

static void other_frame(struct server *sv, struct input *in)
{
	uint8_t type = take(in), flags = take(in), stream = take(in) & 3;
	size_t n;
	const uint8_t *payload = take_counted(in, &n);

	frame(sv, type, flags, stream, payload, n);
}

static void bare_bytes(struct server *sv, struct input *in)
{
	size_t n;
	const uint8_t *bytes = take_counted(in, &n);

	receive(sv, bytes, n);
}

/* As call.c does it. */
static void read_messages(struct server *sv)
{
	struct error err;

	while (!outcome_is_foreign(&sv->s.ending) && h2_stream_next(&sv->s, &err) && sv->s.reader.complete) {
		struct arena arena;

		arena_init(&arena, NULL, 1 << 20);
		(void)!message_unpack(&radioshop__v1__get_caller_response__descriptor, sv->s.reader.body,
			sv->s.reader.body_len, &arena, &err);
		arena_release(&arena);
		frame_reader_next(&sv->s.reader);
	}
	if (sv->s.closed)
		(void)!outcome(&sv->s.ending, "localhost:7443", &err);
	expect(sv->s.unread_len - sv->s.unread_at <= H2_WINDOW);
	expect(sv->s.header_bytes <= 2 * H2_HEADERS_MAX);
}

static void send_out(struct server *sv)
{
	static uint8_t out[1 << 16];
	struct error err;
	size_t n;

	while (sv->alive && (sv->alive = h2_client_output(sv->h, out, sizeof out, &n, &err)) && n > 0)
		continue;
}

static void begin(struct server *sv)
{
	static const struct h2_header fields[] = {{":method", "POST"}, {":scheme", "https"}, {":path", "/a.B/C"},
		{":authority", "localhost"}, {"te", "trailers"}, {"content-type", "application/grpc"}};
	struct error err;

	h2_stream_release(&sv->s);
	if (!sv->alive || !h2_client_takes_calls(sv->h))
		return;
	sv->stream = 0;
	if (!h2_client_begin(sv->h, &sv->s, fields, sizeof fields / sizeof fields[0], &err))
		return;
	sv->stream = (uint32_t)sv->s.id;
	h2_stream_send(&sv->s, (const uint8_t *)"\0\0\0\0\2hi", 7, true);
}

static void operate(struct server *sv, struct input *in)
{
	switch (take(in) % 10) {
	case 0:
	case 1:
		headers(sv, in);
		break;
	case 2:
	case 3:
		message(sv, in);
		break;
	case 4:
		other_frame(sv, in);
		break;
	case 5:
		bare_bytes(sv, in);
		break;
	case 6:
		h2_client_cancel(&sv->s);
		break;
	case 7:
		begin(sv);
		break;
	case 8:
		h2_client_ping(sv->h);
		break;
	default:
		send_out(sv);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.at = data, .end = data + size};
	struct server sv = {.h = h2_client_new(NULL), .alive = true};

	begin(&sv);
	send_out(&sv);
	frame(&sv, 4, 0, 0, NULL, 0);
	frame(&sv, 4, 1, 0, NULL, 0);
	for (int i = 0; i < ROUNDS_MAX && in.at < in.end && sv.alive && sv.s.client != NULL; i++) {
		operate(&sv, &in);
		if (sv.s.client != NULL)
			read_messages(&sv);
	}
	if (sv.alive)
		h2_client_goodbye(sv.h);
	send_out(&sv);
	h2_stream_release(&sv.s);
	h2_client_free(sv.h);
	return 0;
}
