/*
 * run.c: runs a row of the command table. Called by main.c; its pieces by unsent.c.
 * Owns the writer of the command that runs.
 */
#include "run.h"

#include "actions.h"
#include "failure.h"
#include "fields.h"
#include "help.h"
#include "output.h"
#include "progress.h"
#include "spool.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_ROWS = 100, PAGE_ROWS = 500, PAGE_MEMORY = 256 << 20 };

int tell_failure(const struct prepared *p, const struct error *err)
{
	const struct flag *f = p->flags != NULL ? flag_of_field(p->flags, err->field) : NULL;
	char *where = NULL;
	int code;

	if (f != NULL)
		where = flag_shown(NULL, f);
	else if (err->field[0] != '\0' && err->code == STATUS_INVALID_ARGUMENT)
		where = position_name(NULL, err->field);
	code = failure_tell(err, where);
	talloc_free(where);
	if (err->code == STATUS_RESOURCE_EXHAUSTED && err->retry_after_ms > 0)
		hint("try again in %d seconds", (int)(err->retry_after_ms / 1000) + 1);
	return code;
}

bool run_prepared(
	struct session *s, struct prepared *p, ProtobufCMessage **ret_reply, bool *ret_sent, struct error *err)
{
	ProtobufCMessage *reply;

	*ret_sent = false;
	if (needs_fetch(p)) {
		reply = session_call(s, p->fetch_method, p->fetch, TIMEOUT_MS, &s->arena, NULL, err);
		if (reply == NULL || !take_fields(p->command->take, reply, p->request, &s->arena, err))
			return false;
		if (p->command->adapt != NULL && !p->command->adapt(reply, p->request, err))
			return false;
		p->fetched = true;
	}
	reply = session_call(s, p->method, p->request, TIMEOUT_MS, &s->arena, ret_sent, err);
	if (reply == NULL)
		return false;
	*ret_reply = reply;
	return true;
}

/* Reads show the whole record; writes say in one line what became of it. */
static enum output_shape shape_of(const struct prepared *p)
{
	const ProtobufCFieldDescriptor *field;

	reply_row(p->method->output, &field);
	if (field != NULL && field_is_repeated(field))
		return SHAPE_LIST;
	return p->flags->write && p->command != NULL && p->command->columns != NULL ? SHAPE_BRIEF : SHAPE_RECORD;
}

static struct writer *open_writer(struct session *s, const struct prepared *p, struct error *err)
{
	const struct command *c = p->command;
	struct output_options o =
		session_output(s, shape_of(p), c != NULL ? c->columns : NULL, c != NULL ? c->wide : NULL);
	const ProtobufCFieldDescriptor *field;

	if (p->method->server_streaming)
		o.shape = SHAPE_LIST;
	if (o.format == OUTPUT_CSV && o.shape == SHAPE_LIST && o.user_columns == NULL &&
		fields_of_row(reply_row(p->method->output, &field)) != NULL &&
		!fields_ask(s, p->request, &o.fields, err))
		return NULL;
	return writer_new(s->mem, &o, reply_row(p->method->output, &field), err);
}

/* Writes up to *left rows of a reply. */
static bool write_rows(struct writer *w, const ProtobufCMessage *reply, int64_t *left, struct error *err)
{
	const ProtobufCFieldDescriptor *field;

	reply_row(reply->descriptor, &field);
	if (field == NULL || !field_is_repeated(field)) {
		const ProtobufCMessage *record = reply_record(reply);

		return record == NULL || (*left)-- <= 0 || writer_row(w, record, err);
	}
	for (size_t i = 0; i < message_count(reply, field) && *left > 0; i++, --*left)
		if (!writer_row(w, *(const ProtobufCMessage *const *)message_value(reply, field, i), err))
			return false;
	return true;
}

static bool is_people(const struct session *s)
{
	return s->options.format == OUTPUT_TABLE || s->options.format == OUTPUT_WIDE;
}

static int64_t row_limit(const struct session *s)
{
	if (s->options.limit > 0)
		return s->options.limit;
	return s->options.all || !is_people(s) ? INT64_MAX : TABLE_ROWS;
}

static void set_page(struct prepared *p, int64_t left, const char *token, struct arena *arena)
{
	struct field_path size, page;
	int32_t rows = left < PAGE_ROWS ? (int32_t)left : PAGE_ROWS;
	char *copy = arena_strndup(arena, token, strlen(token));

	if (copy == NULL || !field_path_find(p->request->descriptor, "page_size", &size) ||
		!field_path_find(p->request->descriptor, "page_token", &page))
		abort();
	message_set(p->request, field_path_leaf(&size), &rows);
	message_set(p->request, field_path_leaf(&page), &copy);
}

static const char *next_token(const ProtobufCMessage *reply)
{
	struct field_path path;
	const char *token;

	if (!field_path_find(reply->descriptor, "next_page_token", &path))
		return "";
	token = *(const char *const *)message_value(reply, field_path_leaf(&path), 0);
	return token != NULL ? token : "";
}

/* Each page has its own memory, so that a list of any length fits. */
static bool list_pages(struct session *s, struct prepared *p, struct writer *w, bool *ret_more, struct error *err)
{
	int64_t left = row_limit(s);
	char *token = talloc_strdup(s->mem, "");
	bool ok;

	do {
		struct arena page;
		ProtobufCMessage *reply;

		arena_init(&page, NULL, PAGE_MEMORY);
		set_page(p, left, token, &s->arena);
		reply = session_call(s, p->method, p->request, TIMEOUT_MS, &page, NULL, err);
		ok = reply != NULL && write_rows(w, reply, &left, err);
		talloc_free(token);
		token = talloc_strdup(s->mem, ok ? next_token(reply) : "");
		arena_release(&page);
	} while (ok && *token != '\0' && left > 0);
	*ret_more = *token != '\0';
	return ok;
}

/*
 * After a failure a table of what came is still of use to a person, but an array that looks complete would deceive a
 * program: it stays open. Returns whether all is well; err is the first failure.
 */
static bool end_output(struct session *s, struct writer *w, bool ok, struct error *err)
{
	struct error later = {0};

	if (ok)
		return writer_finish(w, err);
	if (w->rows > 0 && is_people(s) && !writer_finish(w, &later))
		failure_tell(&later, NULL);
	return false;
}

bool open_target(struct session *s, struct store_file **ret_file, struct error *err)
{
	*ret_file = NULL;
	if (s->options.target == NULL || strcmp(s->options.target, "-") == 0)
		return true;
	*ret_file = store_begin(s->mem, s->options.target, err);
	if (*ret_file != NULL)
		s->out = store_stream(*ret_file);
	return *ret_file != NULL;
}

bool close_target(struct session *s, struct store_file *file, bool ok, struct error *err)
{
	if (file == NULL)
		return ok;
	s->out = stdout;
	if (ok)
		return store_commit(file, err);
	store_abandon(file);
	return false;
}

int run_list(struct session *s, struct prepared *p)
{
	struct error err = {0};
	bool more = false, ok;
	struct store_file *file;
	struct writer *w;

	/* First the configuration, so that its errors come before the first byte of output. */
	if (!session_connect(s, &err) || !open_target(s, &file, &err))
		return tell_failure(p, &err);
	w = open_writer(s, p, &err);
	if (w == NULL) {
		if (close_target(s, file, false, &err))
			abort(); /* it never is, of what failed */
		return tell_failure(p, &err);
	}
	ok = list_pages(s, p, w, &more, &err);
	ok = end_output(s, w, ok, &err);
	if (ok && more && is_people(s))
		notice("there is more: use --limit or --all");
	else if (ok && w->rows == 0 && is_people(s) && isatty(STDERR_FILENO) == 1)
		notice("nothing found");
	writer_free(w);
	ok = close_target(s, file, ok, &err);
	return ok ? EXIT_DONE : tell_failure(p, &err);
}

struct stream {
	struct writer *writer;
	int64_t left;
	bool flush; /* somebody watches: write each row as it comes */
	struct progress progress;
};

static bool on_stream_reply(const ProtobufCMessage *reply, void *data, struct error *err)
{
	struct stream *st = data;

	if (!write_rows(st->writer, reply, &st->left, err) || (st->flush && !output_flush(stdout, err)))
		return false;
	progress_update(&st->progress, st->writer->rows);
	return st->left > 0 || error_set(err, STATUS_CANCELLED, NULL, "enough");
}

static int run_stream(struct session *s, struct prepared *p)
{
	struct stream st = {.left = s->options.limit > 0 ? s->options.limit : INT64_MAX};
	struct error err = {0};
	bool ok;

	st.flush = strstr(p->method->name, "Watch") != NULL;
	if (st.flush && !s->options.format_given)
		s->options.format = OUTPUT_CSV; /* a table is only drawn at its end */
	if (!session_connect(s, &err) || (st.writer = open_writer(s, p, &err)) == NULL)
		return tell_failure(p, &err);
	if (isatty(STDOUT_FILENO) != 1)
		progress_init(&st.progress, "rows", 0);
	ok = session_stream(s, p->method, p->request, on_stream_reply, &st, &err);
	progress_end(&st.progress);
	if (!ok && err.code == STATUS_CANCELLED && st.left <= 0)
		ok = true;
	ok = end_output(s, st.writer, ok, &err);
	writer_free(st.writer);
	return ok ? EXIT_DONE : tell_failure(p, &err);
}

static bool write_reply(struct session *s, struct prepared *p, const ProtobufCMessage *reply, struct error *err)
{
	struct writer *w = open_writer(s, p, err);
	int64_t left = INT64_MAX;
	bool ok = w != NULL && write_rows(w, reply, &left, err) && writer_finish(w, err);

	writer_free(w);
	return ok;
}

/* Nobody answered: what was to be written is kept, under the id that makes sending it twice harmless. */
static bool is_unanswered(const struct error *err)
{
	return err->code == STATUS_UNAVAILABLE || err->code == STATUS_DEADLINE_EXCEEDED;
}

static void keep_unsent(struct session *s, const struct prepared *p, bool sent)
{
	struct error err = {0};

	if (!spool_keep(s, p, &err)) {
		failure_tell(&err, NULL);
		hint("nothing was kept: repeat the command with --request-id %s", p->request_id);
		return;
	}
	hint(sent ? "it is not known whether it was done; it is kept, and nothing is done twice. Send it with:"
		  : "it was not done, but it is kept. Send it with:");
	hint("radioshop unsent send %s", p->request_id);
}

/* What the shop finds odd about what it has written, one line each: the record itself is the output. */
static void tell_warnings(const ProtobufCMessage *reply)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "warnings");

	if (f == NULL || f->type != PROTOBUF_C_TYPE_STRING || !field_is_repeated(f))
		return;
	for (size_t i = 0; i < message_count(reply, f); i++)
		notice("warning: %s", *(const char *const *)message_value(reply, f, i));
}

static int run_unary(struct session *s, struct prepared *p)
{
	struct error err = {0};
	ProtobufCMessage *reply;
	bool sent;
	int code;

	if (!run_prepared(s, p, &reply, &sent, &err)) {
		code = tell_failure(p, &err);
		if (p->flags->write && is_unanswered(&err))
			keep_unsent(s, p, sent);
		return code;
	}
	if (!write_reply(s, p, reply, &err))
		return tell_failure(p, &err);
	tell_warnings(reply);
	return EXIT_DONE;
}

static int run_method(
	struct session *s, const struct command *c, const struct catalog_method *method, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct error err = {0};

	if (!prepare(s, c, method, argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return c != NULL && c->method != NULL ? help_command(stdout, c) : help_method(stdout, method);
	if (method->client_streaming) {
		usage_error(&err, "%s takes a stream of requests; this command sends just one", method->name);
		return failure_tell(&err, NULL);
	}
	if (method->server_streaming)
		return run_stream(s, &p);
	return p.flags->paged ? run_list(s, &p) : run_unary(s, &p);
}

int run_command(struct session *s, const struct command *c, int argc, char **argv)
{
	const struct catalog_method *method = catalog_method_by_name(c->method);

	if (method == NULL)
		abort(); /* command_test checks every row */
	return run_method(s, c, method, argc, argv);
}

int action_export(struct session *s, const struct command *c, int argc, char **argv)
{
	struct options before = s->options;
	struct command_line line;
	struct error err = {0};

	/* The format must be known before the writer opens, and csv is what an export is for. */
	if (!command_line_read(s->mem, flag_set_new(s->mem, c, catalog_method_by_name(c->method)->input), argc, argv,
		    &before, &line, &err))
		return failure_tell(&err, NULL);
	if (!before.format_given)
		s->options.format = OUTPUT_CSV;
	return run_command(s, c, argc, argv);
}

int action_call(struct session *s, const struct command *c, int argc, char **argv)
{
	const struct catalog_method *method;
	struct error err = {0};

	if (argc > 0 && strcmp(argv[0], "--resend") == 0)
		return action_unsent_send(s, c, argc - 1, argv + 1);
	if (argc == 0 || argv[0][0] == '-')
		return help_methods(stdout);
	method = catalog_method_by_name(argv[0]);
	if (method == NULL) {
		usage_error(&err, "there is no method %s; radioshop call --help lists them", argv[0]);
		return failure_tell(&err, NULL);
	}
	return run_method(s, NULL, method, argc - 1, argv + 1);
}

int action_health(struct session *s, const struct command *c, int argc, char **argv)
{
	const struct catalog_method *method = catalog_method_by_name(c->method);
	struct prepared p = {.command = c};
	struct error err = {0};
	struct field_path path;
	ProtobufCMessage *reply;
	char label[64] = "";
	bool sent;

	if (!prepare(s, c, method, argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (!run_prepared(s, &p, &reply, &sent, &err) || !write_reply(s, &p, reply, &err))
		return tell_failure(&p, &err);
	/* A script asks for the exit code, not for the text. */
	if (!field_path_find(reply->descriptor, "status", &path) ||
		!enum_label(field_path_leaf(&path)->descriptor,
			*(const int *)message_value(reply, field_path_leaf(&path), 0), label, sizeof label))
		return EXIT_FAULT;
	return strcmp(label, "serving") == 0 ? EXIT_DONE : EXIT_UNAVAILABLE;
}

int action_alert_status(struct session *s, const struct command *c, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct error err = {0};
	struct field_path path;
	ProtobufCMessage *reply;
	bool sent, late = false;
	const ProtobufCFieldDescriptor *rows;

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (!run_prepared(s, &p, &reply, &sent, &err) || !write_reply(s, &p, reply, &err))
		return tell_failure(&p, &err);
	if (!field_path_find(reply_row(reply->descriptor, &rows), "problem", &path))
		abort();
	for (size_t i = 0; i < message_count(reply, rows); i++) {
		const ProtobufCMessage *row = *(const ProtobufCMessage *const *)message_value(reply, rows, i);
		const char *problem = *(const char *const *)message_value(row, field_path_leaf(&path), 0);

		late = late || (problem != NULL && *problem != '\0');
	}
	return late ? EXIT_LATE : EXIT_DONE;
}
