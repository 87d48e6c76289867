/*
 * emit.c: `alert emit`, the nightly job. Called through the command table.
 * Owns the state file that remembers which answers have not been printed yet.
 *
 * The ledger in the database gives each alert out once. Between that answer and the mail there is this process, which
 * may die. So the request ids of a run are on disk before each call, and are forgotten only when the output is flushed:
 * the next run asks for the same answers again first. An alert is thus told at least once, and twice only after such a
 * death.
 */
#include "actions.h"
#include "alert_words.h"
#include "array.h"
#include "failure.h"
#include "help.h"
#include "metadata.h"
#include "output.h"
#include "request.h"
#include "run.h"
#include "store.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { EMIT_AT_ONCE = 1000, STATE_MAX = 1 << 20, EMIT_MEMORY = 1 << 30 };

struct emit {
	struct session *session;
	struct prepared call;
	char *state; /* path of the state file */
	int lock;
	json_t *ids;        /* request ids of this run, printed or not */
	size_t replayed;    /* how many of them a run before this one made */
	struct arena arena; /* all replies until they are printed */
	const ProtobufCMessage **alerts;
	size_t count;
};

static const char *text_of(const ProtobufCMessage *m, const char *field)
{
	struct field_path path;
	const char *text;

	if (!field_path_find(m->descriptor, field, &path))
		abort();
	text = *(const char *const *)message_value(m, field_path_leaf(&path), 0);
	return text != NULL ? text : "";
}

/* ---- the state file ---- */

/* One file for each profile, agency and urgency: another request would not be the same request. */
static bool open_state(struct emit *e, struct error *err)
{
	struct session *s = e->session;
	const char *agency = text_of(e->call.request, "agency");
	bool urgent = ((const Radioshop__V1__EmitAlertsRequest *)e->call.request)->urgent;
	char *dir = state_directory(s->mem), *lock;

	for (const char *c = agency; *c != '\0'; c++)
		if (*c == '/' || *c == '.')
			return usage_error(err, "--agency: '%s' is no code of an agency", agency);
	if (!store_make_directory(dir, err))
		return false;
	e->state = talloc_asprintf(s->mem, "%s/emit-%s%s%s%s.json", dir, s->profile.name, *agency != '\0' ? "-" : "",
		agency, urgent ? ".urgent" : "");
	lock = talloc_asprintf(s->mem, "%s.lock", e->state);
	e->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (e->lock < 0 || flock(e->lock, LOCK_EX) != 0)
		return output_error(err, "cannot lock %s: %s", lock, strerror(errno));
	return true;
}

/* What a run that died has left. Another server's ids mean nothing here. */
static bool read_state(struct emit *e, struct error *err)
{
	const char *server;
	json_t *state;
	size_t len;
	char *text;

	e->ids = json_array();
	if (access(e->state, F_OK) != 0)
		return true;
	if (!store_read(e->session->mem, e->state, STATE_MAX, &text, &len, err))
		return false;
	state = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	server = json_string_value(json_object_get(state, "server"));
	if (server != NULL && strcmp(server, e->session->profile.server) == 0)
		json_array_extend(e->ids, json_object_get(state, "requests"));
	json_decref(state);
	e->replayed = json_array_size(e->ids);
	return true;
}

static bool add_id(struct emit *e, const char *id, struct error *err)
{
	json_t *state;
	char *text;
	bool ok;

	json_array_append_new(e->ids, json_string(id));
	state = json_pack("{s:s, s:O}", "server", e->session->profile.server, "requests", e->ids);
	text = json_dumps(state, JSON_INDENT(2));
	json_decref(state);
	if (text == NULL)
		abort();
	ok = store_write(e->state, text, strlen(text), err);
	free(text);
	return ok;
}

/* ---- calls ---- */

static bool call_once(struct emit *e, const char *id, size_t *ret_count, struct error *err)
{
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessage *reply;
	size_t n;

	set_request_id(e->call.request, id, &e->session->arena);
	reply = session_call(e->session, e->call.method, e->call.request, BATCH_TIMEOUT_MS, &e->arena, NULL, err);
	if (reply == NULL)
		return false;
	reply_row(reply->descriptor, &field);
	n = message_count(reply, field);
	e->alerts = array_room(e->session->mem, e->alerts, e->count + n + 1, sizeof(const ProtobufCMessage *));
	for (size_t i = 0; i < n; i++)
		e->alerts[e->count++] = *(const ProtobufCMessage *const *)message_value(reply, field, i);
	*ret_count = n;
	return true;
}

static bool call_all(struct emit *e, struct error *err)
{
	size_t n = EMIT_AT_ONCE;

	for (size_t i = 0; i < e->replayed; i++) {
		const char *id = json_string_value(json_array_get(e->ids, i));
		struct error told = {0};

		if (id == NULL || call_once(e, id, &n, &told))
			continue;
		if (exit_code_of(&told) != EXIT_REFUSED) {
			*err = told;
			return false;
		}
		/* Only another version of this command can have made it; it must not stop every night to come. */
		notice("what the run before this one asked for (%s) is refused: %s", id, told.text);
	}
	do {
		uint8_t uuid[16];
		char id[37];

		uuid_random(uuid);
		uuid_format(uuid, id);
		if (!add_id(e, id, err) || !call_once(e, id, &n, err))
			return false;
	} while (n >= EMIT_AT_ONCE);
	return true;
}

/* ---- text for mail ---- */

/* What is said of an alert on one line: its asset or what else it is about, the day, and whose it is. */
static void print_alert(struct emit *e, const Radioshop__V1__Alert *alert, const struct alert_words *words)
{
	TALLOC_CTX *ctx = talloc_new(e->session->mem);
	const char *tag = terminal_clean(ctx, alert->tag, false);
	char days[ALERT_DAYS_MAX];

	printf("    %-16s  %-10s  %s %s%s", *tag != '\0' ? tag : terminal_clean(ctx, alert->subject, false),
		terminal_clean(ctx, alert->plan, false), words->day, terminal_clean(ctx, alert->due_on, false),
		alert_days(words, alert->days_overdue, alert->step, days));
	if (*alert->what != '\0')
		printf("  %s", terminal_clean(ctx, alert->what, false));
	if (*alert->assigned_to != '\0')
		printf("  %s", terminal_clean(ctx, alert->assigned_to, false));
	putchar('\n');
	talloc_free(ctx);
}

static void print_agency(struct emit *e, const char *agency)
{
	printf("%s\n", terminal_clean(e->session->mem, agency, false));
	for (size_t k = 0; k < alert_words_count; k++) {
		bool headed = false;

		for (size_t i = 0; i < e->count; i++) {
			const Radioshop__V1__Alert *a = (const Radioshop__V1__Alert *)e->alerts[i];

			if (a->kind != alert_words[k].kind || strcmp(a->agency, agency) != 0)
				continue;
			if (!headed)
				printf("  %s\n", alert_words[k].heading);
			headed = true;
			print_alert(e, a, &alert_words[k]);
		}
	}
}

/* Agencies in the order in which they first come; there are few of them. */
static void print_text(struct emit *e)
{
	bool first = true;

	for (size_t i = 0; i < e->count; i++) {
		const char *agency = text_of(e->alerts[i], "agency");
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(text_of(e->alerts[j], "agency"), agency) == 0;
		if (seen)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		print_agency(e, agency);
	}
}

static bool print_rows(struct emit *e, struct error *err)
{
	struct session *s = e->session;
	struct output_options o = session_output(s, SHAPE_LIST, e->call.command->columns, e->call.command->wide);
	const ProtobufCFieldDescriptor *field;
	struct writer *w = writer_new(s->mem, &o, reply_row(e->call.method->output, &field), err);
	bool ok = w != NULL;

	for (size_t i = 0; ok && i < e->count; i++)
		ok = writer_row(w, e->alerts[i], err);
	ok = ok && writer_finish(w, err);
	writer_free(w);
	return ok;
}

/* Nothing to say is said with nothing, so that cron sends no mail; programs always get their array. */
static bool print_all(struct emit *e, struct error *err)
{
	bool plain = e->session->options.format == OUTPUT_TABLE && e->session->options.columns == NULL;

	if (e->count == 0 && e->session->options.format != OUTPUT_JSON)
		return true;
	if (!plain)
		return print_rows(e, err);
	print_text(e);
	return output_flush(stdout, err);
}

static bool emit(struct emit *e, struct error *err)
{
	int32_t limit = EMIT_AT_ONCE;
	struct field_path path;

	if (!field_path_find(e->call.request->descriptor, "limit", &path))
		abort();
	message_set(e->call.request, field_path_leaf(&path), &limit);
	if (!session_connect(e->session, err) || !open_state(e, err) || !read_state(e, err) || !call_all(e, err) ||
		!print_all(e, err))
		return false;
	/* Only now is it safe to forget the ids. */
	return unlink(e->state) == 0 || errno == ENOENT ||
	       output_error(err, "cannot remove %s: %s", e->state, strerror(errno));
}

int action_emit(struct session *s, const struct command *c, int argc, char **argv)
{
	struct emit e = {.session = s, .lock = -1};
	struct error err = {0};
	bool ok;

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &e.call, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	arena_init(&e.arena, NULL, EMIT_MEMORY);
	ok = emit(&e, &err);
	arena_release(&e.arena);
	json_decref(e.ids);
	if (e.lock >= 0)
		close(e.lock);
	return ok ? EXIT_DONE : tell_failure(&e.call, &err);
}
