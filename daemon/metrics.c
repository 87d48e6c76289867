/*
 * Counters, and the plain HTTP listener that shows them: /metrics, /healthz, /readyz.
 *
 * Counted by net and rpc; the server is made by daemon.c. Owns the counters (one set a process) and the evhttp.
 * Text format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include "metrics.h"

#include "listener.h"
#include "method.h"
#include "pool.h"
#include "rpc.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	METHODS_MAX = 256,
	BUCKETS = 14,
	HTTP_TIMEOUT_S = 10,
	HTTP_HEADER_MAX = 8192,
	HTTP_BODY_MAX = 1024,
	ACCEPT_PAUSE_S = 1
};

static const struct {
	const char *name, *help;
} metric_rows[] = {
	[METRIC_CONNECTIONS_ACCEPTED] = {"radioshop_connections_accepted_total", "Client connections taken."},
	[METRIC_CONNECTIONS_REFUSED] = {"radioshop_connections_refused_total",
		"Client connections closed at once, over a limit."},
	[METRIC_HANDSHAKES_FAILED] = {"radioshop_handshakes_failed_total",
		"TLS handshakes that failed: no certificate, a wrong one, or a client that gave up."},
	[METRIC_ACCEPT_PAUSES] = {"radioshop_accept_pauses_total",
		"Times that file descriptors ran out and accepting paused."},
	[METRIC_CONTROL_FRAME_FLOODS] = {"radioshop_control_frame_floods_total",
		"Connections ended because they sent more control frames than a client needs."},
	[METRIC_STALLS] = {"radioshop_stalls_total", "Connections and replies ended because nothing moved."},
	[METRIC_BYTES_IN] = {"radioshop_received_bytes_total", "Bytes from clients, after decryption."},
	[METRIC_BYTES_OUT] = {"radioshop_sent_bytes_total", "Bytes to clients, before encryption."},
};
_Static_assert(sizeof(metric_rows) / sizeof(metric_rows[0]) == METRIC_COUNT, "each metric has a name and a help");

/* Upper bounds in microseconds, and as Prometheus wants to see them. */
static const struct {
	int64_t micros;
	const char *seconds;
} buckets[BUCKETS] = {{500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"},
	{25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"}, {500000, "0.5"}, {1000000, "1"},
	{2500000, "2.5"}, {10000000, "10"}, {30000000, "30"}};

/* What is known of one method's calls; below[i] counts those that no smaller bucket took. */
struct tally {
	uint64_t by_status[STATUS_COUNT], below[BUCKETS], count, micros;
};

static uint64_t counters[METRIC_COUNT];
static struct tally tallies[METHODS_MAX + 1]; /* the last one is for builtin and unknown methods */

struct metrics_server {
	struct evhttp *http;
	struct event *resume; /* takes accepting up again */
	struct evconnlistener *socket;
	const struct rpc *rpc;
	struct listener *const *listener;
	time_t started;
};

void metrics_add(enum metric m, uint64_t n)
{
	counters[m] += n;
}

void metrics_call(int method, enum status code, int64_t micros)
{
	struct tally *t = &tallies[method >= 0 && method < METHODS_MAX ? method : METHODS_MAX];
	size_t i = 0;

	t->by_status[(unsigned)code < STATUS_COUNT ? code : STATUS_UNKNOWN]++;
	t->count++;
	t->micros += micros > 0 ? (uint64_t)micros : 0;
	while (i < BUCKETS && micros > buckets[i].micros)
		i++;
	if (i < BUCKETS)
		t->below[i]++;
}

static void head(struct evbuffer *out, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct evbuffer *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "gauge", help);
	evbuffer_add_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void counter(struct evbuffer *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "counter", help);
	evbuffer_add_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* Walks the methods, the last one being "other". */
static const struct tally *tally_at(size_t i, const char **ret_name)
{
	const struct method *methods;
	size_t count;

	methods = method_table(&count);
	if (i < count && i < METHODS_MAX) {
		*ret_name = methods[i].statement.method;
		return &tallies[methods[i].index < METHODS_MAX ? methods[i].index : METHODS_MAX];
	}
	*ret_name = "other";
	return i == count ? &tallies[METHODS_MAX] : NULL;
}

static void show_calls(struct evbuffer *out)
{
	const struct tally *t;
	const char *name;

	head(out, "radioshop_calls_total", "counter", "Calls that have ended, by method and gRPC status.");
	for (size_t i = 0; (t = tally_at(i, &name)) != NULL; i++) {
		for (int status = 0; status < STATUS_COUNT; status++) {
			/* OK is there from the beginning, so that a rate can be taken of the first call. */
			if (t->by_status[status] > 0 || status == STATUS_OK)
				evbuffer_add_printf(out,
					"radioshop_calls_total{method=\"%s\",status=\"%s\"} %" PRIu64 "\n", name,
					status_name(status), t->by_status[status]);
		}
	}
}

static void show_durations(struct evbuffer *out)
{
	const struct tally *t;
	const char *name;

	head(out, "radioshop_call_duration_seconds", "histogram",
		"Time from a call's headers to its status, by method.");
	for (size_t i = 0; (t = tally_at(i, &name)) != NULL; i++) {
		uint64_t sum = 0;

		if (t->count == 0)
			continue;
		for (size_t b = 0; b < BUCKETS; b++) {
			sum += t->below[b];
			evbuffer_add_printf(out,
				"radioshop_call_duration_seconds_bucket{method=\"%s\",le=\"%s\"} %" PRIu64 "\n", name,
				buckets[b].seconds, sum);
		}
		evbuffer_add_printf(out,
			"radioshop_call_duration_seconds_bucket{method=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name,
			t->count);
		evbuffer_add_printf(out,
			"radioshop_call_duration_seconds_sum{method=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", name,
			t->micros / 1000000, t->micros % 1000000);
		evbuffer_add_printf(
			out, "radioshop_call_duration_seconds_count{method=\"%s\"} %" PRIu64 "\n", name, t->count);
	}
}

static void show_class(struct evbuffer *out, const char *name, const char *help, const unsigned values[BACKEND_CLASSES])
{
	static const char *const classes[BACKEND_CLASSES] = {"read", "write", "slow"};

	head(out, name, "gauge", help);
	for (size_t i = 0; i < BACKEND_CLASSES; i++)
		evbuffer_add_printf(out, "%s{class=\"%s\"} %u\n", name, classes[i], values[i]);
}

static void show_pool(struct evbuffer *out, const struct pool *pool)
{
	struct pool_stats s;

	pool_stats(pool, &s);
	show_class(out, "radioshop_database_connections", "Database connections that are open.", s.backends);
	show_class(out, "radioshop_database_connections_idle", "Database connections with nothing to do.", s.idle);
	show_class(out, "radioshop_database_queue", "Calls waiting for a database connection.", s.queued);
	counter(out, "radioshop_database_calls_total", "Calls given to the database.", s.calls);
	counter(out, "radioshop_database_replays_total", "Repeated request ids answered with the first answer.",
		s.replays);
	counter(out, "radioshop_database_retries_total", "Calls sent again after a failure that changed nothing.",
		s.retries);
	counter(out, "radioshop_database_connects_total", "Database connections made.", s.connects);
	counter(out, "radioshop_database_connect_failures_total", "Database connections that could not be made.",
		s.connect_failures);
}

/* Resident pages, from /proc/self/statm; 0 where it cannot be read. */
static uint64_t resident_bytes(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long resident = 0;

	if (statm) {
		if (fscanf(statm, "%*u %lu", &resident) != 1)
			resident = 0;
		fclose(statm);
	}
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool is_ready(const struct metrics_server *s)
{
	return s->rpc->pool && pool_ready(s->rpc->pool) && !s->rpc->draining;
}

static void show_all(struct evbuffer *out, const struct metrics_server *s)
{
	head(out, "radioshop_build_info", "gauge", "Always 1; says which version runs.");
	evbuffer_add_printf(out, "radioshop_build_info{version=\"%s\"} 1\n", RADIOSHOP_VERSION);
	gauge(out, "radioshop_ready",
		"1 when calls can be served: the database is there and the daemon is not draining.", is_ready(s));
	gauge(out, "radioshop_draining", "1 after SIGTERM.", s->rpc->draining);
	gauge(out, "process_start_time_seconds", "When the daemon started, in seconds since 1970.",
		(uint64_t)s->started);
	gauge(out, "process_resident_memory_bytes", "Memory in use.", resident_bytes());
	gauge(out, "radioshop_connections", "Client connections that are open.",
		*s->listener ? listener_connections(*s->listener) : 0);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		counter(out, metric_rows[i].name, metric_rows[i].help, counters[i]);
	if (s->rpc->pool)
		show_pool(out, s->rpc->pool);
	show_calls(out);
	show_durations(out);
}

/* Sends what is in body (text when NULL) and frees it. */
static void answer(
	struct evhttp_request *request, int status, const char *type, struct evbuffer *body, const char *text)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *out = body ? body : evbuffer_new();

	if (!out) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	if (!body)
		evbuffer_add_printf(out, "%s\n", text);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_send_reply(request, status, NULL, out);
	evbuffer_free(out);
}

static const char plain[] = "text/plain; charset=utf-8";

static void on_metrics(struct evhttp_request *request, void *arg)
{
	struct evbuffer *out = evbuffer_new();

	if (!out) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	show_all(out, arg);
	answer(request, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", out, NULL);
}

static void on_healthz(struct evhttp_request *request, void *arg)
{
	(void)arg;
	answer(request, HTTP_OK, plain, NULL, "alive");
}

static void on_readyz(struct evhttp_request *request, void *arg)
{
	const struct metrics_server *s = arg;

	if (is_ready(s))
		answer(request, HTTP_OK, plain, NULL, "ready");
	else if (s->rpc->draining)
		answer(request, HTTP_SERVUNAVAIL, plain, NULL,
			"not ready: the daemon is ending; new calls are refused");
	else
		answer(request, HTTP_SERVUNAVAIL, plain, NULL,
			"not ready: the database cannot be reached; the log says why, and the daemon keeps trying");
}

static void on_other(struct evhttp_request *request, void *arg)
{
	(void)arg;
	answer(request, HTTP_NOTFOUND, plain, NULL, "there is /metrics, /healthz and /readyz");
}

/* Without this, libevent would spin while descriptors are out (DESIGN §9). */
static void on_accept_error(struct evconnlistener *socket, void *arg)
{
	const struct metrics_server *s = arg;
	const struct timeval pause = {.tv_sec = ACCEPT_PAUSE_S};

	metrics_add(METRIC_ACCEPT_PAUSES, 1);
	evconnlistener_disable(socket);
	event_add(s->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	const struct metrics_server *s = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(s->socket);
}

/* ADDRESS:PORT, as config.c has checked it. */
static bool bind_to(struct metrics_server *s, const char *address, struct error *err)
{
	const char *colon = strrchr(address, ':');
	struct evhttp_bound_socket *bound;
	char host[64];
	size_t len;
	bool six = address[0] == '[';

	if (!colon)
		return error_set(err, STATUS_INVALID_ARGUMENT, "metrics_listen", "metrics_listen must be ADDRESS:PORT");
	len = (size_t)(colon - address) - (six ? 2 : 0);
	snprintf(host, sizeof(host), "%.*s", (int)len, address + (six ? 1 : 0));
	errno = 0;
	bound = evhttp_bind_socket_with_handle(s->http, host, (ev_uint16_t)strtoul(colon + 1, NULL, 10));
	if (!bound)
		return error_set(err, STATUS_UNAVAILABLE, "metrics_listen", "cannot listen on metrics_listen %s: %s",
			address, strerror(errno));
	s->socket = evhttp_bound_socket_get_listener(bound);
	evconnlistener_set_error_cb(s->socket, on_accept_error);
	return true;
}

static void set_limits(struct evhttp *http)
{
	evhttp_set_timeout(http, HTTP_TIMEOUT_S);
	evhttp_set_max_headers_size(http, HTTP_HEADER_MAX);
	evhttp_set_max_body_size(http, HTTP_BODY_MAX);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
}

struct metrics_server *metrics_server_new(struct event_base *base, const char *address, const struct rpc *rpc,
	struct listener *const *listener, struct error *err)
{
	struct metrics_server *s = calloc(1, sizeof(*s));

	if (s) {
		s->http = evhttp_new(base);
		s->resume = evtimer_new(base, on_resume, s);
	}
	if (!s || !s->http || !s->resume) {
		metrics_server_free(s);
		(void)error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
		return NULL;
	}
	s->rpc = rpc;
	s->listener = listener;
	s->started = time(NULL);
	set_limits(s->http);
	evhttp_set_cb(s->http, "/metrics", on_metrics, s);
	evhttp_set_cb(s->http, "/healthz", on_healthz, s);
	evhttp_set_cb(s->http, "/readyz", on_readyz, s);
	evhttp_set_gencb(s->http, on_other, s);
	if (!bind_to(s, address, err)) {
		metrics_server_free(s);
		return NULL;
	}
	return s;
}

void metrics_server_free(struct metrics_server *s)
{
	if (!s)
		return;
	if (s->resume)
		event_free(s->resume);
	if (s->http)
		evhttp_free(s->http);
	free(s);
}
