/*
 * The settings of the daemon: one row each, and everything that reads rows.
 *
 * Called by main and daemon.c, and by the fuzzer. A row gives the reader, --print-config, the reload and the
 * example file (which a test holds against config_print) all they know of a key. Owns nothing.
 */
#include "config_key.h"

#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 100 };

/* clang-format off */
#define NUMBER(field, min, max, initial, reload, help) \
	{#field, KEY_INT, offsetof(struct config, field), min, max, NULL, initial, reload, help}
#define STRING(field, type, initial, reload, help) \
	{#field, type, offsetof(struct config, field), 0, 0, NULL, initial, reload, help}
#define CHOICE(field, choices, initial, reload, help) \
	{#field, KEY_CHOICE, offsetof(struct config, field), 0, 0, choices, initial, reload, help}
/* clang-format on */

const struct config_key config_keys[] = {
	STRING(listen, KEY_ADDRESS, "127.0.0.1:8443", RESTART,
		"Where to accept clients: ADDRESS:PORT, or [ADDRESS]:PORT for IPv6. 0.0.0.0 and [::] mean every "
		"address of this machine."),
	CHOICE(listen_shared, "no yes", "no", RESTART,
		"Whether other daemons of the same user may listen on the same ADDRESS:PORT. yes: several instances "
		"share the clients, for more cores; each needs a metrics_listen of its own. no: a second one refuses "
		"to start."),
	STRING(metrics_listen, KEY_ADDRESS_OR_NONE, "127.0.0.1:9443", RESTART,
		"Where to answer /metrics, /healthz and /readyz in plain HTTP. Nothing protects it, so keep it on "
		"loopback or behind a firewall. Empty: not at all."),
	STRING(tls_certificate, KEY_PATH, "/etc/radioshop/server.pem", RELOAD,
		"The daemon's certificate, PEM, followed by those between it and the CA if there are any."),
	STRING(tls_key, KEY_PATH, "/etc/radioshop/server.key", RELOAD,
		"The secret key of the certificate, PEM. Nobody but the daemon's user may read it: mode 0600, or 0640 "
		"when root owns it."),
	STRING(tls_client_ca, KEY_PATH, "/etc/radioshop/ca.pem", RELOAD,
		"The shop's own CA, PEM. Only people with a certificate of this CA get in."),
	STRING(tls_client_crl, KEY_PATH_OR_NONE, "/etc/radioshop/crl.pem", RELOAD,
		"The CA's list of certificates that were taken back, PEM. A missing or outdated list stops the start. "
		"Empty: certificates cannot be taken back before they end."),
	CHOICE(tls_minimum, "1.3 1.2", "1.3", RELOAD,
		"The oldest TLS that is spoken. 1.2 is for clients that cannot do better, with ECDHE and AES-GCM "
		"only."),
	STRING(database, KEY_TEXT, "dbname=radioshop user=radioshop_app host=/run/postgresql", RESTART,
		"How to reach PostgreSQL: a libpq connection string. Prefer peer authentication or a passfile to a "
		"password in this file. Go to the server itself, not through a transaction pooler."),
	NUMBER(read_connections, 1, 64, "3", RESTART,
		"Database connections for short reads. Each carries many calls at once."),
	NUMBER(write_connections, 1, 128, "8", RESTART,
		"Database connections for writes. Each carries one call at a time."),
	NUMBER(slow_connections, 1, 64, "2", RESTART,
		"Database connections for imports, exports and lists that take long, so that these do not hold up the "
		"rest."),
	NUMBER(queue_calls, 1, 65536, "256", RESTART,
		"How many calls of each of the three kinds may wait for a database connection, half of them of one "
		"principal; more are told RESOURCE_EXHAUSTED."),
	NUMBER(connect_timeout_ms, 100, 300000, "5000", RESTART,
		"How long connecting to the database may take, in milliseconds."),
	NUMBER(lock_timeout_ms, 10, 300000, "3000", RESTART,
		"How long a statement may wait for a row that another call is changing, in milliseconds."),
	NUMBER(default_deadline_ms, 100, 3600000, "30000", RELOAD,
		"How long a call may take when its client set no deadline, in milliseconds."),
	NUMBER(max_deadline_ms, 100, 3600000, "120000", RELOAD,
		"The longest deadline a client can set, in milliseconds; longer ones are cut to this."),
	NUMBER(max_connections, 1, 100000, "2000", RELOAD, "Client connections at one time."),
	NUMBER(max_connections_per_address, 1, 100000, "200", RELOAD,
		"Client connections at one time from one IP address. A city behind one address needs as many as people "
		"at work. IPv6: from one /64 network."),
	NUMBER(max_handshakes, 1, 10000, "256", RELOAD,
		"TLS handshakes at one time. One more cuts off the one that has taken longest."),
	NUMBER(max_handshakes_per_s, 1, 100000, "50", RELOAD,
		"New client connections a second from one IP address (IPv6: from one /64 network). As many as "
		"max_connections_per_address may come at once."),
	NUMBER(max_streams, 1, 10000, "100", RELOAD, "Calls at one time on one client connection."),
	NUMBER(max_request_bytes, 1024, 67108864, "4194304", RELOAD, "The largest request message, in bytes."),
	NUMBER(max_header_bytes, 1024, 1048576, "16384", RELOAD, "All headers of one call together, in bytes."),
	NUMBER(call_memory_bytes, 65536, 1073741824, "16777216", RELOAD,
		"The memory one call may use for its request and its answer, in bytes."),
	NUMBER(calls_memory_bytes, 1048576, 2147483647, "268435456", RELOAD,
		"The memory all calls together may use, in bytes; one principal's calls may have half of it. More are "
		"told RESOURCE_EXHAUSTED. A connection costs 64 to 128 KiB besides."),
	NUMBER(handshake_timeout_ms, 100, 300000, "10000", RELOAD,
		"How long the TLS handshake may take, in milliseconds."),
	NUMBER(idle_timeout_ms, 1000, 86400000, "900000", RELOAD,
		"A client connection without a call for this long is closed, in milliseconds."),
	NUMBER(stall_timeout_ms, 1000, 3600000, "30000", RELOAD,
		"A client connection that should read or write but moves no byte for this long is closed, in "
		"milliseconds."),
	NUMBER(keepalive_ms, 1000, 3600000, "20000", RELOAD,
		"A client with an open call that has been silent for this long is sent a PING, in milliseconds. One "
		"that does not answer within stall_timeout_ms is taken for gone."),
	NUMBER(connection_age_ms, 1000, 86400000, "3600000", RELOAD,
		"A client connection that is this old, give or take a tenth, is told to make way for a new one, in "
		"milliseconds. Who is still let in is checked anew then."),
	NUMBER(connection_grace_ms, 0, 86400000, "150000", RELOAD,
		"How long calls may run on after that before they are cut off, in milliseconds."),
	NUMBER(drain_timeout_ms, 0, 3600000, "15000", RELOAD,
		"How long calls may run on after SIGTERM before they are cut off, in milliseconds."),
	CHOICE(log_level, "error warning info debug", "info", RELOAD,
		"What to log: error, warning, info (one line a call) or debug."),
};

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) == CONFIG_KEYS, "a row was added or lost");

int *config_int(struct config *c, const struct config_key *k)
{
	return (int *)(void *)((char *)c + k->offset);
}

char **config_text(struct config *c, const struct config_key *k)
{
	return (char **)(void *)((char *)c + k->offset);
}

static int int_value(const struct config *c, const struct config_key *k)
{
	int value;

	memcpy(&value, (const char *)c + k->offset, sizeof(value));
	return value;
}

static const char *text_value(const struct config *c, const struct config_key *k)
{
	char *value;

	memcpy(&value, (const char *)c + k->offset, sizeof(value));
	return value;
}

char *config_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (config_keys[i].type == KEY_INT)
			*config_int(c, &config_keys[i]) = (int)strtol(config_keys[i].initial, NULL, 10);
		else
			*config_text(c, &config_keys[i]) = config_copy(config_keys[i].initial);
	}
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (config_keys[i].type == KEY_INT)
			continue;
		free(*config_text(c, &config_keys[i]));
		*config_text(c, &config_keys[i]) = NULL;
	}
}

bool config_validate(const struct config *c, struct error *err)
{
	if (c->default_deadline_ms > c->max_deadline_ms)
		return error_set(err, STATUS_INVALID_ARGUMENT, "default_deadline_ms",
			"default_deadline_ms (%d) must not be above max_deadline_ms (%d)", c->default_deadline_ms,
			c->max_deadline_ms);
	if (c->max_connections_per_address > c->max_connections)
		return error_set(err, STATUS_INVALID_ARGUMENT, "max_connections_per_address",
			"max_connections_per_address (%d) must not be above max_connections (%d)",
			c->max_connections_per_address, c->max_connections);
	/* A request is held as bytes and as a message at once. */
	if (c->call_memory_bytes / 2 < c->max_request_bytes)
		return error_set(err, STATUS_INVALID_ARGUMENT, "call_memory_bytes",
			"call_memory_bytes (%d) must be at least twice max_request_bytes (%d)", c->call_memory_bytes,
			c->max_request_bytes);
	if (c->calls_memory_bytes / 2 < c->call_memory_bytes)
		return error_set(err, STATUS_INVALID_ARGUMENT, "calls_memory_bytes",
			"calls_memory_bytes (%d) must be at least twice call_memory_bytes (%d)", c->calls_memory_bytes,
			c->call_memory_bytes);
	if (c->stall_timeout_ms > c->idle_timeout_ms)
		return error_set(err, STATUS_INVALID_ARGUMENT, "stall_timeout_ms",
			"stall_timeout_ms (%d) must not be above idle_timeout_ms (%d)", c->stall_timeout_ms,
			c->idle_timeout_ms);
	/* Port 0 lets the kernel choose, for each another one. */
	if (strcmp(c->listen, c->metrics_listen) == 0 && strcmp(strrchr(c->listen, ':'), ":0") != 0)
		return error_set(err, STATUS_INVALID_ARGUMENT, "metrics_listen",
			"listen and metrics_listen are both %.60s; give one another port", c->listen);
	return true;
}

/* Help as comment lines of at most HELP_COLUMN characters. */
static void print_help(const char *help, FILE *out)
{
	while (*help != '\0') {
		size_t len = strlen(help), cut = HELP_COLUMN;

		if (len > cut) {
			while (cut > 0 && help[cut] != ' ')
				cut--;
			len = cut;
		}
		fprintf(out, "# %.*s\n", (int)len, help);
		help += len;
		while (*help == ' ')
			help++;
	}
}

static bool holds_password(const char *conninfo)
{
	const char *uri = strstr(conninfo, "://"), *at = uri ? strchr(uri, '@') : NULL;
	const char *colon = at ? memchr(uri + 3, ':', (size_t)(at - uri - 3)) : NULL;

	return strstr(conninfo, "password") || colon;
}

void config_print(const struct config *c, FILE *out)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_keys[i];

		if (i > 0)
			fputc('\n', out);
		print_help(k->help, out);
		if (k->type == KEY_INT)
			fprintf(out, "# %d to %d. ", k->min, k->max);
		else
			fputs("# ", out);
		fprintf(out, "Default: %s. %s\n", k->initial, k->reload ? "A reload is enough." : "Needs a restart.");
		if (k->type == KEY_INT)
			fprintf(out, "%s = %d\n", k->name, int_value(c, k));
		else if (k->type == KEY_TEXT && holds_password(text_value(c, k)))
			fprintf(out, "# %s is set, but holds a password and is not shown.\n", k->name);
		else
			fprintf(out, "%s =%s%s\n", k->name, *text_value(c, k) != '\0' ? " " : "", text_value(c, k));
	}
}

static bool same_value(const struct config *a, const struct config *b, const struct config_key *k)
{
	if (k->type == KEY_INT)
		return int_value(a, k) == int_value(b, k);
	return strcmp(text_value(a, k), text_value(b, k)) == 0;
}

static void append_name(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	if (len < size)
		snprintf(list + len, size - len, "%s%s", len > 0 ? "," : "", name);
}

void config_reload(struct config *c, struct config *next, char *ret_restart, size_t size)
{
	if (size > 0)
		ret_restart[0] = '\0';
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_keys[i];

		if (same_value(c, next, k))
			continue;
		if (!k->reload) {
			append_name(ret_restart, size, k->name);
		} else if (k->type == KEY_INT) {
			*config_int(c, k) = int_value(next, k);
		} else {
			/* next gets ours, and frees it. */
			char *ours = *config_text(c, k);

			*config_text(c, k) = *config_text(next, k);
			*config_text(next, k) = ours;
		}
	}
}
