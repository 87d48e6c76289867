/*
 * h2_client_test.c: the client's side of HTTP/2 without a socket: what goes out, and what comes of the bytes a server
 * sends, in the order that a network would not give on demand.
 */
#include "h2_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
	DATA,
	HEADERS,
	RST_STREAM = 3,
	SETTINGS,
	PING = 6,
	GOAWAY,
	WINDOW_UPDATE,
	END_STREAM = 1,
	END_HEADERS = 4,
	ACK = 1
};

static const struct h2_header fields[] = {{":method", "POST"}, {":scheme", "https"}, {":path", "/a.B/C"},
	{":authority", "x"}, {"content-type", "application/grpc"}};
/* :status 200, content-type: application/grpc */
static const char answer[] = "\x88\x5f\x10"
			     "application/grpc";
static const char status_0[] = "\x00\x0bgrpc-status\x01"
			       "0";

static bool feed(struct h2_client *h, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len)
{
	uint8_t bytes[9 + 20000] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
	struct error err;

	memcpy(bytes + 9, payload, len);
	return h2_client_receive(h, bytes, 9 + len, &err);
}

/* Types of the frames that go out now, one letter each, without the preface; flags and payload of the last one. */
static const char *sent(struct h2_client *h, uint8_t *ret_flags, uint32_t *ret_word)
{
	static const char letters[] = "DHPRSUpGW";
	static char seen[1024];
	static uint8_t out[1 << 20];
	size_t len, n = 0, at = 0;
	struct error err;

	if (!h2_client_output(h, out, sizeof out, &len, &err))
		return "broken";
	if (len >= 24 && memcmp(out, "PRI *", 5) == 0)
		at = 24;
	for (; at + 9 <= len && n < sizeof seen - 1;) {
		size_t size = (size_t)out[at] << 16 | (size_t)out[at + 1] << 8 | out[at + 2];

		seen[n++] = letters[out[at + 3]];
		*ret_flags = out[at + 4];
		if (size >= 4)
			*ret_word = (uint32_t)out[at + 9] << 24 | (uint32_t)out[at + 10] << 16 |
				    (uint32_t)out[at + 11] << 8 | out[at + 12];
		at += 9 + size;
	}
	seen[n] = '\0';
	return seen;
}

struct test {
	struct h2_client *h;
	struct h2_stream s;
	uint8_t flags;
	uint32_t word;
	struct error err;
};

static void begin(struct test *t)
{
	*t = (struct test){.h = h2_client_new(NULL)};
	assert_true(h2_client_begin(t->h, &t->s, fields, sizeof fields / sizeof fields[0], &t->err));
	h2_stream_send(&t->s, (const uint8_t *)"\0\0\0\0\2hi", 7, true);
}

/* What is begun goes out, and the server takes our settings and sends its own. */
static void greet(struct test *t)
{
	sent(t->h, &t->flags, &t->word);
	assert_true(feed(t->h, SETTINGS, 0, 0, "", 0));
	assert_true(feed(t->h, SETTINGS, ACK, 0, "", 0));
}

static void end(struct test *t)
{
	h2_stream_release(&t->s);
	h2_client_free(t->h);
}

static void one_flight(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	assert_string_equal(sent(t.h, &t.flags, &t.word), "SWHD"); /* W: the connection's window */
	assert_int_equal(t.flags, END_STREAM);
	assert_true(h2_stream_is_sent(&t.s));
	assert_true(feed(t.h, SETTINGS, 0, 0, "", 0));
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, answer, sizeof answer - 1));
	assert_true(feed(t.h, DATA, 0, 1, "\0\0\0\0\3abc\0\0", 10));
	assert_true(h2_stream_next(&t.s, &t.err) && t.s.reader.complete);
	assert_memory_equal(t.s.reader.body, "abc", 3);
	frame_reader_next(&t.s.reader);
	assert_true(h2_stream_next(&t.s, &t.err) && !t.s.reader.complete && h2_stream_is_cut(&t.s));
	assert_true(feed(t.h, DATA, 0, 1, "\0\0\0", 3));
	assert_true(h2_stream_next(&t.s, &t.err) && t.s.reader.complete);
	frame_reader_next(&t.s.reader);
	assert_true(feed(t.h, HEADERS, END_HEADERS | END_STREAM, 1, status_0, sizeof status_0 - 1));
	assert_true(t.s.closed && t.s.ending.has_status && outcome(&t.s.ending, "x", &t.err));
	assert_string_equal(h2_headers_find(&t.s.initial, "content-type"), "application/grpc");
	assert_null(h2_headers_find(&t.s.initial, "grpc-status"));
	assert_string_equal(h2_headers_find(&t.s.trailing, "grpc-status"), "0");
	assert_true(h2_client_takes_calls(t.h));
	end(&t);
}

static void informational(void **state)
{
	/* :status 103, content-type: text/html, link: x */
	static const char early[] = "\x08\x03"
				    "103\x0f\x10\x09text/html\x00\x04link\x01x";
	struct test t;

	(void)state;
	begin(&t);
	greet(&t);
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, early, sizeof early - 1));
	assert_int_equal(t.s.ending.http_status, 0);
	assert_string_equal(t.s.ending.content_type, "");
	assert_int_equal(t.s.initial.count, 0);
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, answer, sizeof answer - 1));
	assert_int_equal(t.s.ending.http_status, 200);
	assert_int_equal(t.s.initial.count, 1);
	end(&t);
}

/* GOAWAY is read before the request has gone out: it never goes. */
static void goaway_overtakes(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	assert_true(feed(t.h, SETTINGS, 0, 0, "", 0));
	assert_true(feed(t.h, GOAWAY, 0, 0, "\x7f\xff\xff\xff\0\0\0\0bye\x1b", 12));
	assert_null(strchr(sent(t.h, &t.flags, &t.word), 'H'));
	assert_true(t.s.closed && t.s.ending.unprocessed);
	assert_false(h2_client_takes_calls(t.h));
	assert_string_equal(h2_client_last_words(t.h), "bye");
	end(&t);
}

static void goaway_and_the_last_stream(void **state)
{
	struct test t;

	(void)state;
	for (int last = 0; last <= 1; last++) {
		char payload[8] = {0, 0, 0, (char)last, 0, 0, 0, 0};

		begin(&t);
		greet(&t);
		assert_true(feed(t.h, GOAWAY, 0, 0, "\x7f\xff\xff\xff\0\0\0\0", 8));
		assert_false(t.s.closed);
		assert_true(feed(t.h, GOAWAY, 0, 0, payload, 8));
		assert_int_equal(t.s.closed, last == 0);
		assert_int_equal(t.s.ending.unprocessed, last == 0);
		end(&t);
	}
}

/* The window opens by what was taken, not by what came; what never is taken is given back at the end. */
static void the_window_follows_the_reader(void **state)
{
	static uint8_t zeros[16384];
	struct test t;
	size_t came = 0;

	(void)state;
	begin(&t);
	greet(&t);
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, answer, sizeof answer - 1));
	for (; came < H2_WINDOW - sizeof zeros; came += sizeof zeros)
		assert_true(feed(t.h, DATA, 0, 1, zeros, sizeof zeros));
	assert_string_equal(sent(t.h, &t.flags, &t.word), "S");
	/* Zeros are empty messages, five bytes each. */
	for (size_t i = 0; i < came / 5; i++) {
		assert_true(h2_stream_next(&t.s, &t.err) && t.s.reader.complete);
		frame_reader_next(&t.s.reader);
	}
	assert_string_equal(sent(t.h, &t.flags, &t.word), "WW");
	while (came < 2 * H2_WINDOW && feed(t.h, DATA, 0, 1, zeros, sizeof zeros))
		came += sizeof zeros;
	assert_true(t.s.unread_cap <= 2 * H2_WINDOW);
	sent(t.h, &t.flags, &t.word);
	assert_true(came < 2 * H2_WINDOW || strcmp(sent(t.h, &t.flags, &t.word), "broken") == 0 || t.s.closed);
	end(&t);
}

static void released_while_unread(void **state)
{
	static uint8_t zeros[16384];
	struct test t;

	(void)state;
	begin(&t);
	greet(&t);
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, answer, sizeof answer - 1));
	for (int i = 0; i < 200; i++)
		assert_true(feed(t.h, DATA, 0, 1, zeros, sizeof zeros));
	h2_stream_release(&t.s);
	/* Late frames of the stream are counted, too: the connection's window must come back. */
	assert_true(feed(t.h, DATA, 0, 1, zeros, sizeof zeros));
	assert_non_null(strchr(sent(t.h, &t.flags, &t.word), 'W'));
	assert_true(h2_client_takes_calls(t.h));
	end(&t);
}

static void cancelled(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	h2_client_cancel(&t.s); /* before it has gone out: nobody hears of it */
	h2_stream_release(&t.s);
	assert_null(strchr(sent(t.h, &t.flags, &t.word), 'H'));
	end(&t);
	begin(&t);
	sent(t.h, &t.flags, &t.word);
	h2_client_cancel(&t.s);
	assert_string_equal(sent(t.h, &t.flags, &t.word), "R");
	assert_int_equal(t.word, 8);
	end(&t);
}

/* The server ends the call before it has the whole request: the rest is not sent, and the stream is given up. */
static void an_early_end(void **state)
{
	static const char only_trailers[] = "\x88\x5f\x10"
					    "application/grpc\x00\x0bgrpc-status\x01"
					    "7";
	static uint8_t large[200000];
	struct test t;

	(void)state;
	begin(&t);
	h2_stream_send(&t.s, large, sizeof large, true);
	sent(t.h, &t.flags, &t.word);
	assert_false(h2_stream_is_sent(&t.s)); /* the server's first window is 65535 */
	assert_true(feed(t.h, SETTINGS, 0, 0, "", 0));
	assert_true(feed(t.h, HEADERS, END_HEADERS | END_STREAM, 1, only_trailers, sizeof only_trailers - 1));
	assert_true(t.s.closed && h2_stream_is_sent(&t.s));
	assert_false(outcome(&t.s.ending, "x", &t.err));
	assert_int_equal(t.err.code, STATUS_PERMISSION_DENIED);
	h2_stream_release(&t.s);
	assert_string_equal(sent(t.h, &t.flags, &t.word), "SR");
	end(&t);
}

static void pings(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	greet(&t);
	h2_client_ping(t.h);
	assert_int_equal(h2_client_pings(t.h), 1);
	assert_non_null(strchr(sent(t.h, &t.flags, &t.word), 'p'));
	assert_true(feed(t.h, PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8));
	assert_int_equal(h2_client_pings(t.h), 0);
	assert_true(feed(t.h, PING, 0, 0, "12345678", 8));
	assert_string_equal(sent(t.h, &t.flags, &t.word), "p");
	assert_int_equal(t.flags, ACK);
	end(&t);
}

/* Frames that move nothing end the connection, however many a server that works may send. */
static void idle_frames(void **state)
{
	struct test t;
	unsigned n = 0;

	(void)state;
	begin(&t);
	greet(&t);
	while (n < 1000000 && feed(t.h, PING, 0, 0, "12345678", 8)) {
		n++;
		sent(t.h, &t.flags, &t.word);
	}
	assert_in_range(n, 10000, 20000);
	assert_string_equal(sent(t.h, &t.flags, &t.word), "broken");
	end(&t);
	begin(&t);
	greet(&t);
	assert_true(feed(t.h, HEADERS, END_HEADERS, 1, answer, sizeof answer - 1));
	for (n = 0; n < 100000; n++) {
		sent(t.h, &t.flags, &t.word);
		if (n % 5000 == 0) {
			assert_true(feed(t.h, DATA, 0, 1, "\0\0\0\0\0", 5));
			assert_true(h2_stream_next(&t.s, &t.err) && t.s.reader.complete);
			frame_reader_next(&t.s.reader);
		}
		assert_true(feed(t.h, PING, 0, 0, "12345678", 8));
	}
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flight),
		cmocka_unit_test(informational),
		cmocka_unit_test(goaway_overtakes),
		cmocka_unit_test(goaway_and_the_last_stream),
		cmocka_unit_test(the_window_follows_the_reader),
		cmocka_unit_test(released_while_unread),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(an_early_end),
		cmocka_unit_test(pings),
		cmocka_unit_test(idle_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
