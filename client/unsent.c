/*
 * unsent.c: `radioshop unsent list|send|drop`: what the spool holds. Called through the command table.
 * Owns nothing.
 */
#include "actions.h"
#include "failure.h"
#include "flags.h"
#include "help.h"
#include "run.h"
#include "spool.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Reads the common options and at most one id. */
static bool read_words(struct session *s, int argc, char **argv, const char **ret_id, struct error *err)
{
	struct flag_set none = {0};
	struct command_line line;

	if (!command_line_read(s->mem, &none, argc, argv, &s->options, &line, err))
		return false;
	if (line.word_count > 1)
		return usage_error(err, "give one id, or none");
	*ret_id = line.word_count == 1 ? line.words[0] : NULL;
	return true;
}

static const char *member(const struct unsent *u, const char *key)
{
	const char *text = json_string_value(json_object_get(u->json, key));

	return text != NULL ? text : "";
}

static void print_entry(struct session *s, const struct unsent *u)
{
	time_t at = (time_t)(u->made_at / 1000000000);
	const char *slash = strrchr(member(u, "method"), '/');
	char *request = json_dumps(json_object_get(u->json, "request"), JSON_COMPACT);
	char when[32] = "";
	struct tm parts;

	if (localtime_r(&at, &parts) != NULL)
		strftime(when, sizeof when, "%Y-%m-%d %H:%M", &parts);
	printf("%s  %s  %s  %s\n", u->id, when, terminal_clean(s->mem, slash != NULL ? slash + 1 : "", false),
		terminal_clean(s->mem, request != NULL ? request : "", false));
	free(request);
}

int action_unsent_list(struct session *s, const struct command *c, int argc, char **argv)
{
	json_t *all = json_array();
	struct error err = {0};
	struct unsent **list;
	const char *id;
	size_t count;
	bool ok;

	ok = read_words(s, argc, argv, &id, &err);
	if (ok && s->options.help) {
		json_decref(all);
		return help_command(stdout, c);
	}
	ok = ok && spool_read(s->mem, &list, &count, &err);
	for (size_t i = 0; ok && i < count; i++) {
		if (s->options.format != OUTPUT_JSON)
			print_entry(s, list[i]);
		json_array_append(all, list[i]->json);
	}
	if (ok && s->options.format == OUTPUT_JSON) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(all);
	ok = ok && output_flush(stdout, &err);
	return ok ? EXIT_DONE : failure_tell(&err, NULL);
}

/* Sends one. What the shop refuses for good is kept until somebody drops it: it was typed by a person. */
static int send_entry(struct session *s, const struct unsent *u, bool *ret_unanswered)
{
	struct prepared p = {.method = NULL};
	struct error err = {0};
	ProtobufCMessage *reply;
	bool sent;
	int code;

	*ret_unanswered = false;
	if (!spool_prepare(s, u, &p, &err))
		return failure_tell(&err, u->id);
	if (!run_prepared(s, &p, &reply, &sent, &err)) {
		*ret_unanswered = err.code == STATUS_UNAVAILABLE || err.code == STATUS_DEADLINE_EXCEEDED;
		code = tell_failure(&p, &err);
		if (!*ret_unanswered)
			hint("it is kept; forget it with: radioshop unsent drop %s", u->id);
		return code;
	}
	if (!spool_drop(u, &err))
		return failure_tell(&err, NULL);
	printf("sent %s %s\n", u->id, p.method->name);
	return EXIT_DONE;
}

/* What one person typed is not to be sent as another. */
static bool is_wanted(const struct session *s, const struct unsent *u, const char *id)
{
	if (id != NULL && strcmp(u->id, id) != 0)
		return false;
	if (strcmp(member(u, "certificate"), spool_identity(s)) == 0)
		return true;
	notice("%s stays: it was typed with the certificate %s; send it with that one", u->id,
		member(u, "certificate"));
	return false;
}

/* Oldest first. Returns the exit code of the last one that failed. */
static int send_entries(struct session *s, struct unsent *const *list, size_t count, const char *id)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < count; i++) {
		bool unanswered;
		int one;

		if (!is_wanted(s, list[i], id))
			continue;
		one = send_entry(s, list[i], &unanswered);
		code = one != EXIT_DONE ? one : code;
		if (unanswered)
			break; /* the others would fare no better, and their order matters */
	}
	return code;
}

static bool has_id(struct unsent *const *list, size_t count, const char *id, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i]->id, id) == 0)
			return true;
	return file_error(err, "nothing unsent has the id %s; see radioshop unsent list", id);
}

int action_unsent_send(struct session *s, const struct command *c, int argc, char **argv)
{
	struct error err = {0};
	struct unsent **list;
	const char *id;
	size_t count;
	int code;

	if (!read_words(s, argc, argv, &id, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (!session_connect(s, &err) || !spool_read(s->mem, &list, &count, &err) ||
		(id != NULL && !has_id(list, count, id, &err)))
		return failure_tell(&err, NULL);
	code = send_entries(s, list, count, id);
	return output_flush(stdout, &err) ? code : failure_tell(&err, NULL);
}

int action_unsent_drop(struct session *s, const struct command *c, int argc, char **argv)
{
	struct error err = {0};
	struct unsent **list;
	const char *id;
	size_t count;

	if (!read_words(s, argc, argv, &id, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (id == NULL) {
		usage_error(&err, "ID is missing: radioshop unsent drop ID");
		return failure_tell(&err, NULL);
	}
	if (!spool_read(s->mem, &list, &count, &err) || !has_id(list, count, id, &err))
		return failure_tell(&err, NULL);
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i]->id, id) == 0 && !spool_drop(list[i], &err))
			return failure_tell(&err, NULL);
	return EXIT_DONE;
}
