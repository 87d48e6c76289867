/*
 * config.h: the settings of the daemon, one table row each.
 *
 * File: `key = value` lines, # comments. Every key has a row in config.c with type, range, default, whether a
 * reload may change it, and a sentence of help; the reader, --print-config, reload and the man page's key list
 * follow from the row. An unknown key or a bad value is an error with file and line.
 */
#ifndef RADIOSHOP_CONFIG_H
#define RADIOSHOP_CONFIG_H

#include "error.h"

#include <stdbool.h>
#include <stdio.h>

/* Paths and strings are malloc'ed and owned here. */
struct config {
	char *listen;         /* ADDRESS:PORT of the gRPC listener */
	char *listen_shared;  /* "yes": other processes may listen there too */
	char *metrics_listen; /* ADDRESS:PORT of /metrics, /healthz, /readyz; "" for none */
	char *tls_certificate, *tls_key, *tls_client_ca, *tls_client_crl; /* PEM files; crl may be "" */
	char *tls_minimum;                                                /* "1.3" or "1.2" */
	char *database;                                                   /* libpq connection string */
	int read_connections, write_connections, slow_connections;
	int queue_calls; /* calls waiting for a connection, a class */
	int connect_timeout_ms, lock_timeout_ms;
	int default_deadline_ms, max_deadline_ms;
	int max_connections, max_connections_per_address, max_handshakes, max_handshakes_per_s, max_streams;
	int max_request_bytes, max_header_bytes, call_memory_bytes, calls_memory_bytes;
	int handshake_timeout_ms, idle_timeout_ms, stall_timeout_ms, drain_timeout_ms;
	int keepalive_ms, connection_age_ms, connection_grace_ms;
	char *log_level;
};

void config_init(struct config *c); /* the defaults */
void config_release(struct config *c);
/* Reads path over the defaults. False: err->text says file, line and what to do. */
bool config_read(struct config *c, const char *path, struct error *err) MUST_CHECK;
/* Reads the bytes of a file; name is for messages. Pure, for tests and fuzzing. */
bool config_parse(struct config *c, const char *name, const char *text, size_t len, struct error *err) MUST_CHECK;
/* Checks what no single key can: key pairs that must agree. */
bool config_validate(const struct config *c, struct error *err) MUST_CHECK;
/* Every key, its help as comment, its value. */
void config_print(const struct config *c, FILE *out);
/*
 * Takes the keys that a reload may change from `next` into `c`. Writes the names of keys that differ
 * but need a restart into ret_restart (comma-separated, "" if none).
 */
void config_reload(struct config *c, struct config *next, char *ret_restart, size_t size);

#endif
