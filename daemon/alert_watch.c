/*
 * alert_watch.c: asks when the alert job last did its work. Owned by metrics.c. Owns the question while it is out.
 */
#include "alert_watch.h"

#include "clock.h"
#include "rpc.h"
#include "share.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_EVERY_S = 10, ANSWER_MS = 10000, ARENA_BYTES = 64 * 1024 };

/* In the order of the answer. */
static const struct {
	const char *name, *help;
} shown[ALERT_TIMES] = {
	{"radioshop_alert_last_decided_timestamp_seconds", "When alert emit last said all there was to say; of several "
							   "agencies, the one for which it is longest ago."},
	{"radioshop_alert_last_claimed_timestamp_seconds", "When alert send last asked what there is to send; of "
							   "several agencies, the one for which it is longest ago."},
	{"radioshop_alert_last_sent_timestamp_seconds", "When a message of alerts was last delivered."},
	{"radioshop_alert_oldest_waiting_timestamp_seconds",
		"When the oldest message that is not delivered yet was made."},
};

static void on_answer(struct db_call *call)
{
	struct alert_watch *w = call->owner;

	w->asking = false;
	if (call->error.code == STATUS_OK && call->row_count == ALERT_TIMES)
		for (size_t i = 0; i < ALERT_TIMES; i++)
			w->times[i] = strtoll(call->ret_texts[i], NULL, 10);
	arena_release(&w->arena);
}

static void ask(struct alert_watch *w)
{
	struct share *nobody = share_of("");

	if (!nobody)
		return;
	arena_init(&w->arena, NULL, ARENA_BYTES);
	w->call = (struct db_call){
		.statement = &pool_alert_times,
		.argument = "{}",
		.share = nobody,
		.call_id = "alert_watch",
		.deadline_ms = clock_ms() + ANSWER_MS,
		.arena = &w->arena,
		.done = on_answer,
		.owner = w,
	};
	w->asking = true;
	pool_submit(w->rpc->pool, &w->call);
	share_unref(nobody); /* the pool has its own reference as long as it needs one */
}

/* Early at first, so that a daemon that has just started does not look as if nothing had ever run. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct alert_watch *w = arg;
	bool ready = w->rpc->pool && pool_ready(w->rpc->pool);

	(void)fd;
	(void)what;
	if (!w->asking && ready)
		ask(w);
	event_add(&w->timer, &(struct timeval){.tv_sec = ready ? ASK_EVERY_S : 1});
}

void alert_watch_init(struct alert_watch *w, struct event_base *base, const struct rpc *rpc)
{
	memset(w, 0, sizeof *w);
	w->rpc = rpc;
	event_assign(&w->timer, base, -1, 0, on_timer, w);
	event_add(&w->timer, &(struct timeval){.tv_sec = 1});
}

void alert_watch_release(struct alert_watch *w)
{
	event_del(&w->timer);
	if (w->asking)
		pool_abandon(w->rpc->pool, &w->call);
	arena_release(&w->arena);
}

void alert_watch_show(const struct alert_watch *w, struct evbuffer *out)
{
	for (size_t i = 0; i < ALERT_TIMES; i++)
		if (w->times[i] > 0)
			evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", shown[i].name,
				shown[i].help, shown[i].name, shown[i].name, w->times[i]);
}
