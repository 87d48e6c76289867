/*
 * session.c: the state of one run. Made by main.c, used by everything that calls the shop.
 * Owns the memory, the profile and the channel of the run.
 */
#include "session.h"

#include "failure.h"
#include "terminal.h"

#include <stdlib.h>
#include <unistd.h>

enum { SESSION_MEMORY = 512 << 20 };

void session_init(struct session *s)
{
	*s = (struct session){.mem = talloc_new(NULL), .out = stdout};
	if (s->mem == NULL)
		abort();
	arena_init(&s->arena, NULL, SESSION_MEMORY);
}

void session_release(struct session *s)
{
	channel_free(s->channel);
	arena_release(&s->arena);
	talloc_free(s->mem);
	*s = (struct session){.mem = NULL};
}

bool session_connect(struct session *s, struct error *err)
{
	if (s->connected)
		return true;
	if (!profile_load(s->mem, &s->options, &s->profile, err))
		return false;
	s->channel = channel_new(s->mem, &s->profile);
	s->connected = true;
	return true;
}

static int64_t timeout(const struct session *s, int64_t default_ms)
{
	return s->options.timeout_ms > 0 ? s->options.timeout_ms : default_ms;
}

ProtobufCMessage *session_call(struct session *s, const struct catalog_method *method, const ProtobufCMessage *request,
	int64_t default_timeout_ms, struct arena *arena, bool *ret_sent, struct error *err)
{
	if (ret_sent != NULL)
		*ret_sent = false;
	if (!session_connect(s, err))
		return NULL;
	if (s->options.verbose)
		notice("calling %s at %s", method->path, s->profile.server);
	return channel_call_one(s->channel, method, request, timeout(s, default_timeout_ms), arena, ret_sent, err);
}

bool session_stream(struct session *s, const struct catalog_method *method, const ProtobufCMessage *request,
	channel_on_reply on_reply, void *data, struct error *err)
{
	if (!session_connect(s, err))
		return false;
	if (s->options.verbose)
		notice("calling %s at %s", method->path, s->profile.server);
	return channel_call(s->channel, method, request, timeout(s, STREAM_TIMEOUT_MS), on_reply, data, NULL, err);
}

struct output_options session_output(
	const struct session *s, enum output_shape shape, const char *columns, const char *wide)
{
	return (struct output_options){
		.format = s->options.format,
		.shape = shape,
		.header = !s->options.no_header,
		.formula_guard = !s->options.no_formula_guard,
		.colours = terminal_colours(STDOUT_FILENO),
		.user_columns = s->options.columns,
		.columns = columns,
		.wide = wide,
		.title = s->title,
		.out = s->out,
	};
}
