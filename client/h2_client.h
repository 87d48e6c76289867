/*
 * h2_client.h: gRPC's side of one HTTP/2 connection, as the client: bytes in, bytes out, no socket.
 *
 * Everything a server can send is bounded: header bytes of a stream, unread data by the window, frames that carry
 * nothing, the length of a message. Beyond a bound the connection is broken, and err says why.
 * Source: RFC 9113; gRPC's PROTOCOL-HTTP2.md.
 */
#ifndef RADIOSHOP_H2_CLIENT_H
#define RADIOSHOP_H2_CLIENT_H

#include "error.h"
#include "frame.h"
#include "outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

struct h2_client;

enum {
	H2_MESSAGE_MAX = 64 << 20, /* largest message that is taken, bytes, compressed or not */
	H2_WINDOW = 4 << 20,       /* bytes the server may send ahead of our reading */
	H2_HEADERS_MAX = 64 << 10, /* of all header blocks of a stream, counted as RFC 9113 section 6.5.2 does */
	H2_IDLE_MAX = 256 << 10,   /* bytes of frames in a row that move no call on: some 15000 PINGs */
};

struct h2_header {
	const char *name, *value; /* value: as it came, -bin still base64 */
};
struct h2_headers {
	struct h2_header *list; /* owned by the stream */
	size_t count;
};

/*
 * One call's stream. The caller owns it and must not move it between h2_client_begin and h2_stream_release.
 *
 *   begun --h2_stream_send(end)--> sent --the server's END_STREAM or RST_STREAM--> closed
 *     \_____ the server's end before all is sent, h2_client_cancel, GOAWAY _______/
 */
struct h2_stream {
	struct h2_client *client; /* NULL: released */
	struct h2_stream *next;
	int32_t id;
	struct ending ending;                /* whole once closed */
	struct h2_headers initial, trailing; /* what came; pseudo headers left out */
	size_t header_bytes;
	bool in_trailers, in_informational; /* the header block that is arriving */
	const uint8_t *out;                 /* being sent, borrowed */
	size_t out_len, out_at;
	bool out_end;    /* END_STREAM goes behind it */
	uint8_t *unread; /* received and not yet taken: at most H2_WINDOW bytes */
	size_t unread_at, unread_len, unread_cap;
	struct frame_reader reader;
	bool gzip_offered; /* the server said that it takes gzip */
	bool closed;
};

struct h2_client *h2_client_new(TALLOC_CTX *ctx);
void h2_client_free(struct h2_client *h);

/* Bytes from the server. False: the connection is broken, UNAVAILABLE or RESOURCE_EXHAUSTED or INTERNAL. */
bool h2_client_receive(struct h2_client *h, const uint8_t *bytes, size_t len, struct error *err) MUST_CHECK;
/* Fills out with what is to be sent; *ret_len 0: nothing now. False: the connection is broken. */
bool h2_client_output(struct h2_client *h, uint8_t *out, size_t size, size_t *ret_len, struct error *err) MUST_CHECK;

/* Whether another stream may begin: no GOAWAY came, and stream ids are left. */
bool h2_client_takes_calls(const struct h2_client *h);
/* What the server said about itself in GOAWAY, printable, "" if nothing. */
const char *h2_client_last_words(const struct h2_client *h);
/* PINGs sent that no answer came to yet. */
unsigned h2_client_pings(const struct h2_client *h);
void h2_client_ping(struct h2_client *h);
/* A GOAWAY goes out; nothing may begin after it. */
void h2_client_goodbye(struct h2_client *h);

/* Begins a stream with these fields, which are copied. False: err. h2_stream_release in either case. */
bool h2_client_begin(struct h2_client *h, struct h2_stream *s, const struct h2_header *fields, size_t count,
	struct error *err) MUST_CHECK;
/* RST_STREAM(CANCEL), unless both sides have ended it; nothing of it is heard after this. */
void h2_client_cancel(struct h2_stream *s);
/* Cancels the stream and forgets it. Fine on a zeroed one. */
void h2_stream_release(struct h2_stream *s);

/* Bytes to send, borrowed until h2_stream_is_sent; end: nothing follows. Not while others are on their way. */
void h2_stream_send(struct h2_stream *s, const uint8_t *bytes, size_t len, bool end);
/* Whether the bytes have gone out, or nobody wants them any more. */
bool h2_stream_is_sent(const struct h2_stream *s);

/*
 * The next message, if it has come as a whole: true with s->reader.complete, to be dropped with
 * frame_reader_next(&s->reader). The window opens as bytes are taken. False: err, this is no gRPC message or one
 * too large.
 */
bool h2_stream_next(struct h2_stream *s, struct error *err) MUST_CHECK;
/* Whether something has come that h2_stream_next has not given yet, or only in part. */
bool h2_stream_has_unread(const struct h2_stream *s);
/* Whether it ended in the middle of a message. */
bool h2_stream_is_cut(const struct h2_stream *s);

/* The value of a header, NULL if it did not come; the first one where there are several. */
const char *h2_headers_find(const struct h2_headers *headers, const char *name);

#endif
