/*
 * grpc.health.v1.Health: whether the daemon can serve, asked once (Check) or told at every change (Watch).
 *
 * Called by talk.c as a builtin and by daemon.c when readiness changes. Owns the list of open watches.
 * All services of the daemon stand on one database, so they have one answer. Rules of the protocol:
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
#include "builtin.h"
#include "catalog.h"
#include "grpc/health/v1/health.pb-c.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* One open Watch of a service that exists; one of an unknown service is told so once and then only kept open. */
struct watch {
	LIST_ENTRY(watch) link;
	struct call *call;
};

static LIST_HEAD(watch_list, watch) watches = LIST_HEAD_INITIALIZER(watches);
static bool serving;

static bool is_known(const char *service)
{
	const char *const *services;
	size_t count;

	if (*service == '\0')
		return true;
	services = catalog_services(&count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(services[i], service) == 0)
			return true;
	}
	return false;
}

static bool send_status(
	struct call *call, Grpc__Health__V1__HealthCheckResponse__ServingStatus status, struct error *err)
{
	Grpc__Health__V1__HealthCheckResponse response;

	grpc__health__v1__health_check_response__init(&response);
	response.status = status;
	return call_send(call, &response.base, err);
}

static bool send_serving(struct call *call, struct error *err)
{
	return send_status(call,
		serving ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
			: GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING,
		err);
}

static bool on_check(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Health__V1__HealthCheckRequest *request = (const void *)message;

	if (!is_known(request->service))
		return error_set(err, STATUS_NOT_FOUND, "service",
			"there is no service %.200s; see the list by reflection", request->service);
	return send_serving(call, err);
}

static bool on_watch(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	const Grpc__Health__V1__HealthCheckRequest *request = (const void *)message;
	struct watch *watch;

	if (!is_known(request->service))
		return send_status(call, GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN, err);
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "out of memory");
	watch->call = call;
	LIST_INSERT_HEAD(&watches, watch, link);
	call_set_data(call, watch);
	return send_serving(call, err);
}

/* A Watch goes on after the client's half-close, which is when the request came. */
static void keep_open(struct call *call)
{
	(void)call;
}

static void on_watch_close(struct call *call)
{
	struct watch *watch = call_data(call);

	if (!watch)
		return;
	LIST_REMOVE(watch, link);
	free(watch);
}

void health_set_serving(bool now)
{
	struct watch *watch, *next;
	struct error err;

	if (serving == now)
		return;
	serving = now;
	/* A call that ends takes its own watch out of the list, hence the saved next. */
	for (watch = LIST_FIRST(&watches); watch; watch = next) {
		next = LIST_NEXT(watch, link);
		if (!send_serving(watch->call, &err))
			call_finish(watch->call, &err);
	}
}

bool health_serving(void)
{
	return serving;
}

void health_end_watches(void)
{
	struct watch *watch, *next;
	struct error err;

	(void)error_set(&err, STATUS_UNAVAILABLE, NULL, "the daemon is ending; watch another one or try again");
	for (watch = LIST_FIRST(&watches); watch; watch = next) {
		next = LIST_NEXT(watch, link);
		call_finish(watch->call, &err);
	}
}

const struct builtin health_builtins[] = {
	{"/grpc.health.v1.Health/Check", .on_message = on_check},
	{"/grpc.health.v1.Health/Watch", .on_message = on_watch, .on_end = keep_open, .on_close = on_watch_close},
	{NULL},
};
