/*
 * Counters, and the plain HTTP listener that shows them: /metrics, /healthz, /readyz.
 *
 * Counted by net and rpc; the server is made by daemon.c. Owns the counters (one set a process) and the http_server.
 * Text format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include "metrics.h"

#include "alert_watch.h"
#include "http.h"
#include "listener.h"
#include "method.h"
#include "pool.h"
#include "rpc.h"
#include "tls.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { METHODS_MAX = 256, BUCKETS = 14 };

/* Rows of one name stand together; the first has the help of all, the others differ by their label. */
static const struct {
	const char *name, *help, *label;
} metric_rows[] = {
	[METRIC_CONNECTIONS_ACCEPTED] = {"radioshop_connections_accepted_total", "Client connections taken."},
	[METRIC_REFUSED_TOTAL] = {"radioshop_connections_refused_total",
		"Client connections closed at once, over a limit.", "limit=\"max_connections\""},
	[METRIC_REFUSED_ADDRESS] = {"radioshop_connections_refused_total", NULL,
		"limit=\"max_connections_per_address\""},
	[METRIC_REFUSED_RATE] = {"radioshop_connections_refused_total", NULL, "limit=\"max_handshakes_per_s\""},
	[METRIC_HANDSHAKES_FAILED] = {"radioshop_handshakes_failed_total",
		"TLS handshakes that failed: no certificate, a wrong one, or a client that gave up."},
	[METRIC_HANDSHAKES_PUSHED_OUT] = {"radioshop_handshakes_pushed_out_total",
		"TLS handshakes ended to make place for others, over max_handshakes; they are among the failed ones "
		"too."},
	[METRIC_CUT_REVOKED] = {"radioshop_connections_cut_total",
		"Open client connections that were ended because their peer may not stay.", "why=\"revoked\""},
	[METRIC_CUT_EXPIRED] = {"radioshop_connections_cut_total", NULL, "why=\"expired\""},
	[METRIC_CUT_LOCKED_OUT] = {"radioshop_connections_cut_total", NULL, "why=\"locked_out\""},
	[METRIC_CUT_AGE] = {"radioshop_connections_cut_total", NULL, "why=\"age\""},
	[METRIC_SILENT] = {"radioshop_clients_gone_total", "Client connections ended because nobody answered a PING."},
	[METRIC_ACCEPT_PAUSES] = {"radioshop_accept_pauses_total",
		"Times that file descriptors ran out and accepting paused."},
	[METRIC_CONTROL_FRAME_FLOODS] = {"radioshop_control_frame_floods_total",
		"Connections ended because they sent more control frames than a client needs."},
	[METRIC_STALLS] = {"radioshop_stalls_total", "Connections and replies ended because nothing moved."},
	[METRIC_RELOADS] = {"radioshop_reloads_total",
		"Times that SIGHUP had the settings and certificates read again.", "outcome=\"taken\""},
	[METRIC_RELOADS_REFUSED] = {"radioshop_reloads_total", NULL, "outcome=\"refused\""},
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
	struct http_server *http;
	const struct rpc *rpc;
	struct listener *const *listener;
	const struct tls *const *tls;
	time_t started;
	struct alert_watch alerts;
};

static bool reload_failed;

void metrics_reload(bool good)
{
	reload_failed = !good;
	metrics_add(good ? METRIC_RELOADS : METRIC_RELOADS_REFUSED, 1);
}

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
	counter(out, "radioshop_database_questions_total",
		"How often the database was asked who of the connected is locked out.", s.questions);
	counter(out, "radioshop_database_replays_total", "Repeated request ids answered with the first answer.",
		s.replays);
	counter(out, "radioshop_database_shared_total",
		"Reads that used the identity which one before them had entered.", s.shared);
	counter(out, "radioshop_database_retries_total", "Calls sent again after a failure that changed nothing.",
		s.retries);
	counter(out, "radioshop_database_cancels_total",
		"Statements that the server was asked to stop, since nobody waited for them any more.", s.cancels);
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

static void show_counter(struct evbuffer *out, size_t i)
{
	const char *label = metric_rows[i].label;

	if (metric_rows[i].help)
		head(out, metric_rows[i].name, "counter", metric_rows[i].help);
	evbuffer_add_printf(out, "%s%s%s%s %" PRIu64 "\n", metric_rows[i].name, label ? "{" : "", label ? label : "",
		label ? "}" : "", counters[i]);
}

/* How long something is good for; nothing when there is none of it (0). Below 0 once it is over. */
static void show_seconds_left(struct evbuffer *out, const char *name, const char *help, int64_t end)
{
	if (end == 0)
		return;
	head(out, name, "gauge", help);
	evbuffer_add_printf(out, "%s %" PRId64 "\n", name, end - (int64_t)time(NULL));
}

static void show_tls(struct evbuffer *out, const struct tls *tls)
{
	const struct tls_dates *dates = tls_dates(tls);

	show_seconds_left(out, "radioshop_tls_certificate_seconds_left",
		"How long the daemon's certificate is still valid, or one between it and its CA.", dates->certificate);
	show_seconds_left(out, "radioshop_tls_client_ca_seconds_left",
		"How long the CA of the clients is still valid; of several, the first to end.", dates->client_ca);
	show_seconds_left(out, "radioshop_tls_client_crl_seconds_left",
		"How long until the list of revoked certificates must have been renewed, or no client gets in.",
		dates->crl);
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
	gauge(out, "radioshop_reload_failed",
		"1 when the last reload was refused and older settings or certificates are in force.", reload_failed);
	if (*s->tls)
		show_tls(out, *s->tls);
	alert_watch_show(&s->alerts, out);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		show_counter(out, i);
	if (s->rpc->pool)
		show_pool(out, s->rpc->pool);
	show_calls(out);
	show_durations(out);
}

static int show_page(void *owner, const char *path, struct evbuffer *body, const char **ret_type)
{
	const struct metrics_server *s = owner;

	if (strcmp(path, "/metrics") == 0) {
		*ret_type = "text/plain; version=0.0.4; charset=utf-8";
		show_all(body, s);
		return 200;
	}
	if (strcmp(path, "/healthz") == 0) {
		evbuffer_add_printf(body, "alive\n");
		return 200;
	}
	if (strcmp(path, "/readyz") != 0) {
		evbuffer_add_printf(body, "there is /metrics, /healthz and /readyz\n");
		return 404;
	}
	if (is_ready(s)) {
		evbuffer_add_printf(body, "ready\n");
		return 200;
	}
	evbuffer_add_printf(body, "not ready: %s\n",
		s->rpc->draining ? "the daemon is ending; new calls are refused"
				 : "the database cannot be reached; the log says why, and the daemon keeps trying");
	return 503;
}

struct metrics_server *metrics_server_new(struct event_base *base, const char *address, const struct rpc *rpc,
	struct listener *const *listener, const struct tls *const *tls, struct error *err)
{
	struct metrics_server *s = calloc(1, sizeof(*s));

	if (!s) {
		(void)error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
		return NULL;
	}
	s->rpc = rpc;
	s->listener = listener;
	s->tls = tls;
	s->started = time(NULL);
	s->http = http_server_new(base, address, "metrics_listen", show_page, s, err);
	if (!s->http) {
		free(s);
		return NULL;
	}
	alert_watch_init(&s->alerts, base, rpc);
	return s;
}

void metrics_server_free(struct metrics_server *s)
{
	if (!s)
		return;
	alert_watch_release(&s->alerts);
	http_server_free(s->http);
	free(s);
}
