/*
 * metrics.h: counters, and the plain listener that shows them: /metrics (Prometheus text), /healthz, /readyz.
 */
#ifndef RADIOSHOP_METRICS_H
#define RADIOSHOP_METRICS_H

#include "error.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct rpc;
struct listener;
struct metrics_server;
struct tls;

/* Things that are merely counted. The name and the help of each are a row in metrics.c. */
enum metric {
	METRIC_CONNECTIONS_ACCEPTED,
	METRIC_REFUSED_TOTAL,   /* over max_connections */
	METRIC_REFUSED_ADDRESS, /* over max_connections_per_address */
	METRIC_REFUSED_RATE,    /* over max_handshakes_per_s */
	METRIC_HANDSHAKES_FAILED,
	METRIC_HANDSHAKES_PUSHED_OUT, /* over max_handshakes */
	METRIC_CUT_REVOKED,           /* live connections whose peer may not stay: certificate taken back, */
	METRIC_CUT_EXPIRED,           /* certificate ended, */
	METRIC_CUT_LOCKED_OUT,        /* principal locked out or unknown, */
	METRIC_CUT_AGE,               /* calls that did not end in connection_grace_ms */
	METRIC_SILENT,                /* no answer to a PING */
	METRIC_ACCEPT_PAUSES,         /* descriptors ran out */
	METRIC_CONTROL_FRAME_FLOODS,  /* connections ended over their frame budget */
	METRIC_STALLS,                /* connections and replies ended because nothing moved */
	METRIC_RELOADS,
	METRIC_RELOADS_REFUSED,
	METRIC_BYTES_IN,
	METRIC_BYTES_OUT,
	METRIC_COUNT
};

void metrics_add(enum metric m, uint64_t n);
/* One finished call. method: index of method_table(), or -1 for builtin and unknown ones. */
void metrics_call(int method, enum status code, int64_t micros);

/* A reload has ended: good, or refused. */
void metrics_reload(bool good);

/*
 * Starts the HTTP listener; NULL address part or a non-loopback one is the operator's choice.
 * readyz is 200 when pool_ready() and not draining.
 */
struct metrics_server *metrics_server_new(struct event_base *base, const char *address, const struct rpc *rpc,
	struct listener *const *listener, const struct tls *const *tls, struct error *err) MUST_CHECK;
void metrics_server_free(struct metrics_server *s);

#endif
