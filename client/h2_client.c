/*
 * h2_client.c: nghttp2's client session, and the streams of gRPC calls on it. Called by connection.c and call.c; the
 * only file of the command that includes nghttp2.h.
 * Owns the session; streams are their callers'.
 */
#include "h2_client.h"

#include "metadata.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_WORDS = 64, HEADER_COST = 32, UNREAD_FIRST = 16 << 10 };

struct h2_client {
	nghttp2_session *session;
	struct error fault; /* why a callback gave up */
	bool faulty;
	bool dead;                 /* nghttp2 must not be asked anything more */
	struct h2_stream *streams; /* those that are not released */
	bool going, leaving;       /* GOAWAY came; or went out */
	unsigned pings;            /* sent and unanswered */
	size_t idle_bytes;         /* received in a row that moved no call on */
	int violation;             /* nghttp2's code for what the server did last */
	char last_words[LAST_WORDS];
	const uint8_t *pending; /* the session's, not yet copied out */
	size_t pending_len;
};

static int give_up(struct h2_client *h)
{
	h->faulty = true;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* nghttp2 knows no stream whose HEADERS have not gone out, so the list is our own; a channel has one call at a time. */
static struct h2_stream *stream_of(const struct h2_client *h, int32_t id)
{
	for (struct h2_stream *s = h->streams; s != NULL; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

/* ---- headers ---- */

static bool is(const uint8_t *text, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

static unsigned number(const uint8_t *text, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len && i < 3 && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	return n;
}

/* A header block with :status is an answer or an informational one before it; one without is trailers. */
static void note_http_status(struct h2_stream *s, unsigned http)
{
	s->in_trailers = false;
	s->in_informational = http >= 100 && http < 200;
	if (!s->in_informational)
		s->ending.http_status = http;
}

static void note_status(struct ending *e, const char *name, const char *value)
{
	size_t len = strlen(value);
	struct error details = {0};

	if (strcmp(name, "grpc-status") == 0) {
		e->has_status = true;
		e->status.code = status_of_text(value, len);
	} else if (strcmp(name, "grpc-message") == 0) {
		grpc_message_decode(value, len, e->status.text, sizeof e->status.text);
	} else if (strcmp(name, "grpc-status-details-bin") == 0 && status_details_decode(value, len, &details)) {
		memcpy(e->status.field, details.field, sizeof e->status.field);
		memcpy(e->status.reason, details.reason, sizeof e->status.reason);
		e->status.retry_after_ms = details.retry_after_ms;
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || strchr(", ", at[-1]) != NULL) && strchr(", ", at[len]) != NULL)
			return true;
	return false;
}

static void note_answer(struct h2_stream *s, const char *name, const char *value)
{
	if (strcmp(name, "content-type") == 0)
		snprintf(s->ending.content_type, sizeof s->ending.content_type, "%s", value);
	else if (strcmp(name, "grpc-encoding") == 0)
		s->reader.gzip = strcmp(value, "gzip") == 0;
	else if (strcmp(name, "grpc-accept-encoding") == 0)
		s->gzip_offered = has_word(value, "gzip");
}

static void keep(
	struct h2_stream *s, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len, bool is_end)
{
	/* What has no answer before it and ends the stream is an answer of trailers only. */
	struct h2_headers *to = s->in_trailers || is_end ? &s->trailing : &s->initial;
	struct h2_header *h;

	to->list = talloc_realloc(NULL, to->list, struct h2_header, (unsigned)to->count + 1);
	if (to->list == NULL)
		abort();
	h = &to->list[to->count++];
	h->name = talloc_strndup(to->list, (const char *)name, name_len);
	h->value = talloc_strndup(to->list, (const char *)value, value_len);
	if (h->name == NULL || h->value == NULL)
		abort();
	if (!s->in_trailers)
		note_answer(s, h->name, h->value);
	if (is_end)
		note_status(&s->ending, h->name, h->value);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2_stream *s = stream_of(user, frame->hd.stream_id);

	(void)session;
	if (s != NULL) {
		s->in_trailers = true;
		s->in_informational = false;
	}
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2_client *h = user;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	(void)session;
	(void)flags;
	if (s == NULL)
		return 0;
	s->header_bytes += name_len + value_len + HEADER_COST;
	if (s->header_bytes > H2_HEADERS_MAX) {
		error_set(&h->fault, STATUS_RESOURCE_EXHAUSTED, NULL, "it sends headers without end");
		return give_up(h);
	}
	if (is(name, name_len, ":status"))
		note_http_status(s, number(value, value_len));
	else if (!s->in_informational)
		keep(s, name, name_len, value, value_len, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
	return 0;
}

/* ---- data ---- */

static void put_unread(struct h2_stream *s, const uint8_t *bytes, size_t len)
{
	if (s->unread_at > 0) {
		memmove(s->unread, s->unread + s->unread_at, s->unread_len - s->unread_at);
		s->unread_len -= s->unread_at;
		s->unread_at = 0;
	}
	if (s->unread_len + len > s->unread_cap) {
		size_t cap = s->unread_cap < UNREAD_FIRST ? UNREAD_FIRST : s->unread_cap;

		while (cap < s->unread_len + len)
			cap *= 2;
		s->unread = realloc(s->unread, cap);
		if (s->unread == NULL)
			abort();
		s->unread_cap = cap;
	}
	memcpy(s->unread + s->unread_len, bytes, len);
	s->unread_len += len;
}

static int on_data_chunk(
	nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t len, void *user)
{
	struct h2_client *h = user;
	struct h2_stream *s = stream_of(h, stream_id);

	(void)flags;
	h->idle_bytes = 0;
	/* nghttp2 ends a server that sends beyond the window, so the unread bytes are bounded by it. */
	if (s != NULL)
		put_unread(s, bytes, len);
	else if (nghttp2_session_consume(session, stream_id, len) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static ssize_t read_out(nghttp2_session *session, int32_t stream_id, uint8_t *buffer, size_t size, uint32_t *flags,
	nghttp2_data_source *source, void *user)
{
	struct h2_client *h = user;
	struct h2_stream *s = stream_of(h, stream_id);
	size_t n;

	(void)session;
	(void)source;
	if (s == NULL || (s->out_at == s->out_len && !s->out_end))
		return NGHTTP2_ERR_DEFERRED;
	h->idle_bytes = 0;
	n = s->out_len - s->out_at;
	if (n > size)
		n = size;
	if (n > 0)
		memcpy(buffer, s->out + s->out_at, n);
	s->out_at += n;
	if (s->out_at == s->out_len && s->out_end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

/* ---- the end of a stream, and of the connection ---- */

static void note_goaway(struct h2_client *h, const nghttp2_goaway *goaway)
{
	size_t n = 0;

	h->going = true;
	for (size_t i = 0; i < goaway->opaque_data_len && n < LAST_WORDS - 1; i++)
		if (goaway->opaque_data[i] >= 0x20 && goaway->opaque_data[i] < 0x7f)
			h->last_words[n++] = (char)goaway->opaque_data[i];
	h->last_words[n] = '\0';
}

/* Called before a GOAWAY or RST_STREAM about it goes out. */
static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
	(void)session;
	(void)frame;
	((struct h2_client *)user)->violation = code;
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2_client *h = user;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		note_goaway(h, &frame->goaway);
	else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && h->pings > 0)
		h->pings--;
	else if (frame->hd.type == NGHTTP2_RST_STREAM && s != NULL)
		s->ending.reset = !s->closed;
	else if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && s != NULL)
		s->closed = s->closed || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t code, void *user)
{
	struct h2_stream *s = stream_of(user, stream_id);

	(void)session;
	/* With the server's END_STREAM it was over, whatever came of our half. */
	if (s == NULL || s->closed)
		return 0;
	s->closed = true;
	s->ending.reset_code = code;
	/* nghttp2 closes with this code, too, what a GOAWAY left out, and what it overtook on its way out. */
	s->ending.unprocessed = code == NGHTTP2_REFUSED_STREAM;
	return 0;
}

/* ---- the connection ---- */

static bool begin_session(struct h2_client *h)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_HEADERS_MAX},
	};
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	bool ok;

	if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
		abort();
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	ok = nghttp2_session_client_new2(&h->session, callbacks, h, option) == 0;
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	return ok &&
	       nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof settings[0]) ==
		       0 &&
	       nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, H2_WINDOW) == 0;
}

struct h2_client *h2_client_new(TALLOC_CTX *ctx)
{
	struct h2_client *h = talloc_zero(ctx, struct h2_client);

	if (h == NULL || !begin_session(h))
		abort(); /* only for want of memory */
	return h;
}

void h2_client_free(struct h2_client *h)
{
	if (h == NULL)
		return;
	while (h->streams != NULL)
		h2_stream_release(h->streams);
	nghttp2_session_del(h->session);
	talloc_free(h);
}

static bool broken(struct h2_client *h, ssize_t code, struct error *err)
{
	h->dead = true;
	if (!h->faulty)
		return error_set(err, STATUS_UNAVAILABLE, NULL, "it does not keep to HTTP/2 (%s)",
			nghttp2_strerror(h->violation != 0 ? h->violation : (int)code));
	*err = h->fault;
	return false;
}

bool h2_client_receive(struct h2_client *h, const uint8_t *bytes, size_t len, struct error *err)
{
	ssize_t used;

	if (h->dead)
		return broken(h, NGHTTP2_ERR_PROTO, err);
	h->idle_bytes += len;
	used = nghttp2_session_mem_recv(h->session, bytes, len);
	if (used < 0)
		return broken(h, used, err);
	if (h->idle_bytes <= H2_IDLE_MAX)
		return true;
	h->faulty = true;
	error_set(&h->fault, STATUS_UNAVAILABLE, NULL, "it sends nothing but frames without content");
	return broken(h, 0, err);
}

bool h2_client_output(struct h2_client *h, uint8_t *out, size_t size, size_t *ret_len, struct error *err)
{
	*ret_len = 0;
	if (h->dead)
		return broken(h, NGHTTP2_ERR_PROTO, err);
	while (*ret_len < size) {
		size_t n;

		if (h->pending_len == 0) {
			ssize_t made = nghttp2_session_mem_send(h->session, &h->pending);

			if (made < 0)
				return broken(h, made, err);
			h->pending_len = (size_t)made;
		}
		if (h->pending_len == 0)
			break;
		n = size - *ret_len < h->pending_len ? size - *ret_len : h->pending_len;
		memcpy(out + *ret_len, h->pending, n);
		h->pending += n;
		h->pending_len -= n;
		*ret_len += n;
	}
	/* After a violation nghttp2 sends its GOAWAY, and then neither reads nor writes. */
	if (*ret_len == 0 && !h->leaving && nghttp2_session_want_read(h->session) == 0)
		return broken(h, NGHTTP2_ERR_PROTO, err);
	return true;
}

bool h2_client_takes_calls(const struct h2_client *h)
{
	return !h->dead && !h->going && !h->leaving && nghttp2_session_check_request_allowed(h->session) != 0;
}

const char *h2_client_last_words(const struct h2_client *h)
{
	return h->last_words;
}

unsigned h2_client_pings(const struct h2_client *h)
{
	return h->pings;
}

void h2_client_ping(struct h2_client *h)
{
	if (nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL) != 0)
		abort(); /* only for want of memory */
	h->pings++;
}

void h2_client_goodbye(struct h2_client *h)
{
	h->leaving = true;
	if (nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR) != 0)
		abort(); /* only for want of memory */
}

/* ---- streams ---- */

static nghttp2_nv header(const char *name, const char *value)
{
	/* nghttp2 copies both and changes neither, but its type says it could. */
	union {
		const char *in;
		uint8_t *out;
	} n = {.in = name}, v = {.in = value};

	return (nghttp2_nv){n.out, v.out, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

bool h2_client_begin(
	struct h2_client *h, struct h2_stream *s, const struct h2_header *fields, size_t count, struct error *err)
{
	nghttp2_data_provider body = {.read_callback = read_out};
	nghttp2_nv *list = talloc_array(h, nghttp2_nv, (unsigned)count + 1);
	int32_t id;

	if (list == NULL)
		abort();
	for (size_t i = 0; i < count; i++)
		list[i] = header(fields[i].name, fields[i].value);
	*s = (struct h2_stream){.client = h, .next = h->streams};
	frame_reader_init(&s->reader, H2_MESSAGE_MAX);
	id = nghttp2_submit_request(h->session, NULL, list, count, &body, NULL);
	talloc_free(list);
	if (id < 0) {
		*s = (struct h2_stream){.client = NULL};
		return error_set(err, STATUS_UNAVAILABLE, NULL, "cannot begin a call: %s", nghttp2_strerror(id));
	}
	s->id = id;
	h->streams = s;
	return true;
}

void h2_client_cancel(struct h2_stream *s)
{
	struct h2_client *h = s->client;

	/* A stream whose HEADERS have not gone out is none to nghttp2 yet: then there is our word for it. */
	if (!h->dead && (!s->closed || nghttp2_session_get_stream_local_close(h->session, s->id) == 0) &&
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL) != 0)
		abort(); /* only for want of memory */
	s->closed = true;
}

void h2_stream_release(struct h2_stream *s)
{
	struct h2_client *h = s->client;

	if (h == NULL)
		return;
	h2_client_cancel(s);
	/* What was received and not taken counts against the connection's window until now. */
	if (!h->dead && nghttp2_session_consume_connection(h->session, s->unread_len - s->unread_at) != 0)
		abort(); /* only for want of memory */
	for (struct h2_stream **at = &h->streams; *at != NULL; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	frame_reader_release(&s->reader);
	free(s->unread);
	talloc_free(s->initial.list);
	talloc_free(s->trailing.list);
	*s = (struct h2_stream){.client = NULL};
}

void h2_stream_send(struct h2_stream *s, const uint8_t *bytes, size_t len, bool end)
{
	s->out = bytes;
	s->out_len = len;
	s->out_at = 0;
	s->out_end = end;
	/* It fails where the body is not waiting: before the first bytes, and when the stream is closed. */
	if (!s->client->dead)
		(void)nghttp2_session_resume_data(s->client->session, s->id);
}

bool h2_stream_is_sent(const struct h2_stream *s)
{
	return s->closed || s->out_at == s->out_len;
}

bool h2_stream_next(struct h2_stream *s, struct error *err)
{
	while (!s->reader.complete && s->unread_at < s->unread_len) {
		size_t used;

		if (!frame_reader_feed(&s->reader, s->unread + s->unread_at, s->unread_len - s->unread_at, &used, err))
			return false;
		s->unread_at += used;
		if (!s->client->dead && nghttp2_session_consume(s->client->session, s->id, used) != 0)
			return error_set(err, STATUS_INTERNAL, NULL, "the flow control of HTTP/2 failed");
	}
	return true;
}

bool h2_stream_has_unread(const struct h2_stream *s)
{
	return s->reader.complete || s->unread_at < s->unread_len;
}

bool h2_stream_is_cut(const struct h2_stream *s)
{
	return !frame_reader_at_boundary(&s->reader);
}

const char *h2_headers_find(const struct h2_headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (strcmp(headers->list[i].name, name) == 0)
			return headers->list[i].value;
	return NULL;
}
