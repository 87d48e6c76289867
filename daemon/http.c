/*
 * http.c: the plain listener. Made by metrics.c. Owns the socket and its connections.
 *
 *   accepted ──► request ──► answer ──► written, SHUT_WR ──► the peer closes
 *      └───────────┴───────────┴──── broken, ten seconds over, pushed out ────► freed
 *
 * After the answer what still comes is thrown away until the peer closes: closing with bytes unread would reset the
 * connection, and the answer with it. A bufferevent may be freed in its own callback, libevent sees to that.
 */
#include "http.h"

#include "metrics.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum { CLIENTS_MAX = 32, REQUEST_MAX = 8192, REQUEST_S = 10, BACKLOG = 64, ACCEPT_PAUSE_S = 1 };

struct client {
	TAILQ_ENTRY(client) link;
	struct http_server *server;
	struct bufferevent *bytes;
	struct event deadline;
	bool answered;
};

struct http_server {
	struct event_base *base;
	struct evconnlistener *socket;
	struct event resume;                     /* takes accepting up again */
	TAILQ_HEAD(client_list, client) clients; /* the oldest first */
	unsigned count;
	http_page *page;
	void *owner;
};

static void client_free(struct client *c)
{
	TAILQ_REMOVE(&c->server->clients, c, link);
	c->server->count--;
	event_del(&c->deadline);
	bufferevent_free(c->bytes);
	free(c);
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {{200, "OK"}, {400, "Bad Request"}, {404, "Not Found"}, {405, "Method Not Allowed"},
		{431, "Request Header Fields Too Large"}, {503, "Service Unavailable"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == status)
			return rows[i].reason;
	}
	return "Unknown";
}

/* Sends the head and, unless it was asked for alone, the body, which is emptied. */
static void client_send(struct client *c, int status, const char *type, struct evbuffer *body, bool head_only)
{
	struct evbuffer *out = bufferevent_get_output(c->bytes);

	c->answered = true;
	evbuffer_add_printf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n%s"
		"Connection: close\r\n\r\n",
		status, reason_of(status), type, evbuffer_get_length(body),
		status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (!head_only)
		evbuffer_add_buffer(out, body);
}

static void client_answer(struct client *c, int status, const char *path, bool head_only)
{
	const char *type = "text/plain; charset=utf-8";
	struct evbuffer *body = evbuffer_new();

	if (!body) {
		client_free(c);
		return;
	}
	if (path)
		status = c->server->page(c->server->owner, path, body, &type);
	else
		evbuffer_add_printf(body, "%s\n", reason_of(status));
	client_send(c, status, type, body, head_only);
	evbuffer_free(body);
}

int http_request_line(char *line, const char **ret_path, bool *ret_head_only)
{
	char *rest = line, *method = strsep(&rest, " "), *path = strsep(&rest, " ");

	*ret_path = NULL;
	*ret_head_only = strcmp(method, "HEAD") == 0;
	if (!path || path[0] != '/' || !rest || strncmp(rest, "HTTP/1.", 7) != 0)
		return 400;
	if (!*ret_head_only && strcmp(method, "GET") != 0)
		return 405;
	path[strcspn(path, "?")] = '\0';
	*ret_path = path;
	return 200;
}

static void on_bytes(struct bufferevent *bytes, void *arg)
{
	struct client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bytes);
	const char *path;
	bool head_only;
	char *line;

	if (c->answered) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (evbuffer_search(in, "\r\n\r\n", 4, NULL).pos < 0) {
		if (evbuffer_get_length(in) >= REQUEST_MAX)
			client_answer(c, 431, NULL, false);
		return;
	}
	line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF_STRICT);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (line) {
		int status = http_request_line(line, &path, &head_only);

		client_answer(c, status, path, status == 200 && head_only);
	} else {
		client_free(c);
	}
	free(line);
}

static void on_written(struct bufferevent *bytes, void *arg)
{
	const struct client *c = arg;

	if (c->answered)
		shutdown(bufferevent_getfd(bytes), SHUT_WR);
}

static void on_broken(struct bufferevent *bytes, short what, void *arg)
{
	(void)bytes;
	(void)what;
	client_free(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_free(arg);
}

static void on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	struct http_server *s = arg;
	struct client *c = calloc(1, sizeof(*c));

	(void)socket;
	(void)address;
	(void)len;
	if (c)
		c->bytes = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->bytes) {
		free(c);
		evutil_closesocket(fd);
		return;
	}
	if (s->count >= CLIENTS_MAX)
		client_free(TAILQ_FIRST(&s->clients));
	c->server = s;
	TAILQ_INSERT_TAIL(&s->clients, c, link);
	s->count++;
	evtimer_assign(&c->deadline, s->base, on_deadline, c);
	event_add(&c->deadline, &(struct timeval){.tv_sec = REQUEST_S});
	bufferevent_setcb(c->bytes, on_bytes, on_written, on_broken, c);
	bufferevent_setwatermark(c->bytes, EV_READ, 0, REQUEST_MAX);
	bufferevent_enable(c->bytes, EV_READ | EV_WRITE);
}

/* Without this, libevent would spin while descriptors are out (DESIGN §9). */
static void on_accept_error(struct evconnlistener *socket, void *arg)
{
	struct http_server *s = arg;

	metrics_add(METRIC_ACCEPT_PAUSES, 1);
	evconnlistener_disable(socket);
	event_add(&s->resume, &(struct timeval){.tv_sec = ACCEPT_PAUSE_S});
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	const struct http_server *s = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(s->socket);
}

struct http_server *http_server_new(
	struct event_base *base, const char *address, const char *key, http_page *page, void *owner, struct error *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	struct sockaddr_storage bound;
	int len = sizeof(bound);

	if (!s) {
		(void)error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
		return NULL;
	}
	s->base = base;
	s->page = page;
	s->owner = owner;
	TAILQ_INIT(&s->clients);
	evtimer_assign(&s->resume, base, on_resume, s);
	errno = 0;
	if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&bound, &len) == 0)
		s->socket = evconnlistener_new_bind(base, on_accept, s,
			LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
			(const struct sockaddr *)&bound, len);
	if (!s->socket) {
		(void)error_set(err, STATUS_UNAVAILABLE, key, "cannot listen on %s %s: %s", key, address,
			errno == EADDRINUSE ? "another process listens there" : strerror(errno));
		http_server_free(s);
		return NULL;
	}
	evconnlistener_set_error_cb(s->socket, on_accept_error);
	return s;
}

void http_server_free(struct http_server *s)
{
	struct client *c;

	if (!s)
		return;
	while ((c = TAILQ_FIRST(&s->clients)))
		client_free(c);
	event_del(&s->resume);
	if (s->socket)
		evconnlistener_free(s->socket);
	free(s);
}
