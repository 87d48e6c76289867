/*
 * The life of the daemon: start, serve, reload, drain, end.
 *
 * Called by main.c. Owns the event loop, the configuration in force, the TLS context, the pool, both
 * listeners and the signals; frees all of it before it returns.
 */
#include "daemon.h"

#include "builtin.h"
#include "catalog.h"
#include "config.h"
#include "listener.h"
#include "log.h"
#include "method.h"
#include "metrics.h"
#include "notify.h"
#include "pool.h"
#include "rpc.h"
#include "tls.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { STREAM_PAGE_ROWS = 500, SPARE_DESCRIPTORS = 64, DAY_S = 24 * 60 * 60, CERTIFICATE_WARNING_DAYS = 30 };

/* What is answered without a statement. */
static const struct builtin *const builtins[] = {health_builtins, reflection_builtins, NULL};

struct daemon {
	const char *config_path;
	struct config config;
	struct event_base *base;
	struct event *reload; /* active while one is asked for */
	struct tls *tls;
	struct rpc rpc;
	struct listener *listener;
	struct metrics_server *metrics;
	struct event *hup, *term, *interrupt, *watchdog, *drain_timer, *calendar;
	bool was_ready; /* once: from then on faults go to the log instead of one plain line */
	enum daemon_exit status;
};

/* One plain line, for whoever starts it by hand or reads the journal. */
static enum daemon_exit complain(enum daemon_exit status, const char *text)
{
	fprintf(stderr, "radioshopd: %s\n", text);
	return status;
}

static void set_log_level(const struct config *config)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {{"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"info", LOG_LEVEL_INFO},
		{"debug", LOG_LEVEL_DEBUG}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].name, config->log_level) == 0)
			log_set_level(levels[i].level);
	}
}

/* Reads and validates into *c, which the caller releases whatever the result. path NULL: the defaults. */
static bool load_config(struct config *c, const char *path, struct error *err)
{
	struct error fault;

	config_init(c);
	if (path && !config_read(c, path, err))
		return false;
	if (!config_validate(c, &fault))
		return error_set(err, fault.code, fault.field, "%.200s: %s", path ? path : "defaults", fault.text);
	return true;
}

static struct pool_config pool_settings(const struct config *c)
{
	return (struct pool_config){
		.conninfo = c->database,
		.connections = {[BACKEND_READ] = (unsigned)c->read_connections,
			[BACKEND_WRITE] = (unsigned)c->write_connections,
			[BACKEND_SLOW] = (unsigned)c->slow_connections},
		.queue_max = (unsigned)c->queue_calls,
		.connect_timeout_ms = c->connect_timeout_ms,
		.lock_timeout_ms = c->lock_timeout_ms,
		.stream_page = STREAM_PAGE_ROWS,
	};
}

/* As many descriptors as we may have; says so when they are fewer than the limits promise. */
static void raise_descriptor_limit(const struct config *c)
{
	rlim_t need = (rlim_t)c->max_connections + (rlim_t)c->read_connections + (rlim_t)c->write_connections +
		      (rlim_t)c->slow_connections + SPARE_DESCRIPTORS;
	struct rlimit limit;
	char have[24], want[24];

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= need)
		return;
	snprintf(have, sizeof(have), "%ju", (uintmax_t)limit.rlim_max);
	snprintf(want, sizeof(want), "%ju", (uintmax_t)need);
	log_event(LOG_LEVEL_WARNING, "few_descriptors", "limit", have, "needed", want, "advice",
		"raise LimitNOFILE or lower max_connections", NULL);
}

/* ---- readiness ---- */

static void on_pool_change(void *owner, bool ready)
{
	struct daemon *d = owner;

	if (d->rpc.draining)
		return;
	health_set_serving(ready);
	if (ready) {
		notify_send("READY=1\nSTATUS=Serving.");
		log_event(LOG_LEVEL_INFO, d->was_ready ? "ready_again" : "ready", "version", RADIOSHOP_VERSION,
			"listen", listener_address(d->listener), "metrics", d->config.metrics_listen, NULL);
		d->was_ready = true;
	} else {
		notify_send("STATUS=The database cannot be reached; calls are refused until it is back.");
		log_event(LOG_LEVEL_WARNING, "database_away", "text", "calls are refused until it is back", NULL);
	}
}

/* The database is one that must not be served. Not freed here: the pool is on the stack above us. */
static void on_pool_fatal(void *owner, const struct error *err)
{
	struct daemon *d = owner;

	if (d->was_ready)
		log_event(LOG_LEVEL_ERROR, "fatal", "text", err->text, NULL);
	else
		complain(DAEMON_EXIT_FAILED, err->text);
	d->status = DAEMON_EXIT_FAILED;
	event_base_loopexit(d->base, NULL);
}

/* ---- what runs out ---- */

static void warn_of_end(const char *event, const char *key, const char *path, int64_t seconds_left)
{
	char days[24];

	snprintf(days, sizeof(days), "%" PRId64, seconds_left / DAY_S);
	log_event(LOG_LEVEL_WARNING, event, key, path, "days_left", days, "advice",
		"put a new one in its place and reload", NULL);
}

/* Said at the start, at each reload, and once a day: early enough, and often enough to be seen. */
static void warn_of_ends(const struct daemon *d)
{
	const struct tls_dates *dates = tls_dates(d->tls);
	const int64_t now = (int64_t)time(NULL), soon = now + (int64_t)CERTIFICATE_WARNING_DAYS * DAY_S;

	if (dates->certificate <= soon)
		warn_of_end("certificate_ends_soon", "tls_certificate", d->config.tls_certificate,
			dates->certificate - now);
	if (dates->client_ca <= soon)
		warn_of_end("client_ca_ends_soon", "tls_client_ca", d->config.tls_client_ca, dates->client_ca - now);
	/* A list lives days, not years: the last quarter of its life is late. */
	if (dates->crl && (dates->crl - now) * 4 <= dates->crl - dates->crl_since)
		warn_of_end("crl_ends_soon", "tls_client_crl", d->config.tls_client_crl, dates->crl - now);
}

static void on_calendar(evutil_socket_t fd, short what, void *owner)
{
	(void)fd;
	(void)what;
	warn_of_ends(owner);
}

/* ---- reload ---- */

static bool reload(struct daemon *d, char *ret_restart, size_t size, struct error *err)
{
	struct config next;
	struct tls *tls;

	if (!load_config(&next, d->config_path, err)) {
		config_release(&next);
		return false;
	}
	tls = tls_new(&next, err);
	if (!tls) {
		config_release(&next);
		return false;
	}
	config_reload(&d->config, &next, ret_restart, size);
	config_release(&next);
	set_log_level(&d->config);
	listener_reload(d->listener, &d->config, tls);
	tls_unref(d->tls);
	d->tls = tls;
	warn_of_ends(d);
	return true;
}

static void on_reload(evutil_socket_t signal, short what, void *owner)
{
	struct daemon *d = owner;
	char restart[512], notice[600];
	struct error err;
	bool good;

	(void)signal;
	(void)what;
	if (d->rpc.draining)
		return;
	notify_reloading();
	good = reload(d, restart, sizeof(restart), &err);
	metrics_reload(good);
	if (good) {
		snprintf(notice, sizeof(notice), "%s", health_serving() ? "STATUS=Serving." : "");
		log_event(LOG_LEVEL_INFO, "reloaded", "file", d->config_path, NULL);
		if (restart[0] != '\0')
			log_event(LOG_LEVEL_WARNING, "restart_needed", "keys", restart, "text",
				"these keys changed in the file and take effect at the next start", NULL);
	} else {
		log_event(LOG_LEVEL_ERROR, "reload_refused", "text", err.text, "advice",
			"the old settings stay in force; correct this and reload again", NULL);
		snprintf(notice, sizeof(notice), "STATUS=Reload refused, the old settings stay in force: %s", err.text);
	}
	if (d->was_ready) {
		notify_send("READY=1");
		if (notice[0] != '\0')
			notify_send(notice);
	}
}

/* libevent calls once for each signal: however many came at once, they ask for one reload, and clients come in between. */
static void on_hup(evutil_socket_t signal, short what, void *owner)
{
	struct daemon *d = owner;

	(void)signal;
	(void)what;
	event_active(d->reload, EV_TIMEOUT, 0);
}

/* ---- drain ---- */

static void on_drained(void *owner)
{
	struct daemon *d = owner;

	log_event(LOG_LEVEL_INFO, "drained", NULL);
	event_base_loopexit(d->base, NULL);
}

static void on_drain_timeout(evutil_socket_t fd, short what, void *owner)
{
	struct daemon *d = owner;
	char connections[24];

	(void)fd;
	(void)what;
	snprintf(connections, sizeof(connections), "%u", listener_connections(d->listener));
	log_event(LOG_LEVEL_WARNING, "drain_timeout", "connections", connections, "text",
		"calls that still ran were cut off", NULL);
	event_base_loopexit(d->base, NULL);
}

/* First time: finish what runs. Second time: end now. */
static void on_end(evutil_socket_t signal, short what, void *owner)
{
	struct daemon *d = owner;
	const struct timeval limit = {.tv_sec = d->config.drain_timeout_ms / 1000,
		.tv_usec = (suseconds_t)(d->config.drain_timeout_ms % 1000) * 1000};

	(void)what;
	if (d->rpc.draining) {
		event_base_loopexit(d->base, NULL);
		return;
	}
	log_event(LOG_LEVEL_INFO, "draining", "signal", signal == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
	notify_send("STOPPING=1\nSTATUS=Finishing the calls that run.");
	d->rpc.draining = true;
	/* Those who watch hear it before their connection is told to go. */
	health_set_serving(false);
	health_end_watches();
	event_add(d->drain_timer, &limit);
	listener_drain(d->listener, on_drained, d);
}

/* ---- start and end ---- */

static void on_watchdog(evutil_socket_t fd, short what, void *owner)
{
	(void)fd;
	(void)what;
	(void)owner;
	notify_send("WATCHDOG=1");
}

static bool out_of_memory(struct error *err)
{
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
}

static bool start_events(struct daemon *d, struct error *err)
{
	int64_t usec = notify_watchdog_usec() / 2;
	const struct timeval period = {.tv_sec = usec / 1000000, .tv_usec = usec % 1000000}, day = {.tv_sec = DAY_S};

	signal(SIGPIPE, SIG_IGN);
	d->reload = event_new(d->base, -1, 0, on_reload, d);
	d->hup = d->reload ? evsignal_new(d->base, SIGHUP, on_hup, d) : NULL;
	d->term = evsignal_new(d->base, SIGTERM, on_end, d);
	d->interrupt = evsignal_new(d->base, SIGINT, on_end, d);
	d->drain_timer = evtimer_new(d->base, on_drain_timeout, d);
	d->watchdog = event_new(d->base, -1, EV_PERSIST, on_watchdog, d);
	d->calendar = event_new(d->base, -1, EV_PERSIST, on_calendar, d);
	if (!d->hup || !d->term || !d->interrupt || !d->drain_timer || !d->watchdog || !d->calendar)
		return out_of_memory(err);
	if (event_add(d->hup, NULL) != 0 || event_add(d->term, NULL) != 0 || event_add(d->interrupt, NULL) != 0 ||
		event_add(d->calendar, &day) != 0 || (usec > 0 && event_add(d->watchdog, &period) != 0))
		return out_of_memory(err);
	return true;
}

/*
 * Listens before the database is there: a client that comes early is told UNAVAILABLE, which it may repeat, instead
 * of finding nobody. Readiness waits for the pool.
 */
static bool start_serving(struct daemon *d, struct error *err)
{
	struct pool_config settings = pool_settings(&d->config);
	struct statement *const *statements;
	size_t count;

	d->listener = listener_new(d->base, &d->config, d->tls, &d->rpc, err);
	if (!d->listener)
		return false;
	if (d->config.metrics_listen[0] != '\0') {
		d->metrics = metrics_server_new(d->base, d->config.metrics_listen, &d->rpc, &d->listener,
			(const struct tls *const *)&d->tls, err);
		if (!d->metrics)
			return false;
	}
	statements = method_statements(&count);
	d->rpc.pool = pool_new(d->base, &settings, statements, count, on_pool_change, on_pool_fatal, d);
	return d->rpc.pool || out_of_memory(err);
}

static bool start(struct daemon *d, struct error *err)
{
	if (!method_table_init(err))
		return false;
	d->tls = tls_new(&d->config, err);
	if (!d->tls)
		return false;
	d->base = event_base_new();
	if (!d->base)
		return out_of_memory(err);
	d->rpc.base = d->base;
	d->rpc.builtins = builtins;
	d->rpc.config = &d->config;
	raise_descriptor_limit(&d->config);
	warn_of_ends(d);
	return start_events(d, err) && start_serving(d, err);
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

/* From the outside in: connections abandon their calls, then the pool goes, then what all stand on. */
static void daemon_release(struct daemon *d)
{
	listener_free(d->listener);
	d->listener = NULL;
	metrics_server_free(d->metrics);
	pool_free(d->rpc.pool);
	tls_unref(d->tls);
	free_event(d->hup);
	free_event(d->reload);
	free_event(d->term);
	free_event(d->interrupt);
	free_event(d->drain_timer);
	free_event(d->watchdog);
	free_event(d->calendar);
	if (d->base)
		event_base_free(d->base);
	libevent_global_shutdown();
	config_release(&d->config);
	catalog_release();
}

enum daemon_exit daemon_run(const char *config_path)
{
	struct daemon d = {.config_path = config_path, .status = DAEMON_EXIT_OK};
	struct error err;

	catalog_init();
	if (!load_config(&d.config, config_path, &err)) {
		config_release(&d.config);
		catalog_release();
		return complain(DAEMON_EXIT_CONFIG, err.text);
	}
	set_log_level(&d.config);
	if (!start(&d, &err)) {
		d.status = complain(DAEMON_EXIT_FAILED, err.text);
	} else {
		notify_send("STATUS=Waiting for the database.");
		event_base_dispatch(d.base);
		if (d.status == DAEMON_EXIT_OK)
			log_event(LOG_LEVEL_INFO, "ended", NULL);
	}
	daemon_release(&d);
	return d.status;
}

/* ---- without serving ---- */

static bool check_part(FILE *out, const char *part, const char *detail, bool ok, const struct error *err)
{
	if (ok)
		fprintf(out, "%-14s ok  %s\n", part, detail);
	else
		fprintf(stderr, "radioshopd: %s: %s\n", part, err->text);
	return ok;
}

static bool check_database(const struct config *c, FILE *out)
{
	struct pool_config settings = pool_settings(c);
	struct statement *const *statements;
	struct error err;
	char detail[64];
	size_t count;
	bool ok;

	statements = method_statements(&count);
	snprintf(detail, sizeof(detail), "%zu statements prepared and checked", count);
	ok = pool_check(&settings, statements, count, &err);
	return check_part(out, "database", detail, ok, &err);
}

static bool check_parts(const struct config *c, const char *config_path, FILE *out)
{
	struct error err;
	char detail[64];
	size_t count;
	struct tls *tls;
	bool ok;

	check_part(out, "configuration", config_path, true, NULL);
	tls = tls_new(c, &err);
	ok = check_part(out, "certificates", c->tls_certificate, tls != NULL, &err);
	tls_unref(tls);
	if (!method_table_init(&err))
		return check_part(out, "methods", "", false, &err);
	(void)method_table(&count);
	snprintf(detail, sizeof(detail), "%zu methods, each with its contract and its statement", count);
	check_part(out, "methods", detail, true, NULL);
	return check_database(c, out) && ok;
}

enum daemon_exit daemon_check(const char *config_path, FILE *out)
{
	enum daemon_exit status;
	struct config config;
	struct error err;

	catalog_init();
	if (load_config(&config, config_path, &err))
		status = check_parts(&config, config_path, out) ? DAEMON_EXIT_OK : DAEMON_EXIT_FAILED;
	else
		status = complain(DAEMON_EXIT_CONFIG, err.text);
	config_release(&config);
	catalog_release();
	return status;
}

enum daemon_exit daemon_print_config(const char *config_path, FILE *out)
{
	enum daemon_exit status = DAEMON_EXIT_OK;
	struct config config;
	struct error err;

	if (load_config(&config, config_path, &err))
		config_print(&config, out);
	else
		status = complain(DAEMON_EXIT_CONFIG, err.text);
	config_release(&config);
	return status;
}
