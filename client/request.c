/*
 * request.c: fills a request. Called by run.c, emit.c and import.c.
 * Owns nothing; requests live in the session's arena.
 */
#include "request.h"

#include "failure.h"
#include "field_text.h"
#include "message_json.h"
#include "metadata.h"
#include "store.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 16 << 20, LINES_MAX = 1 << 20, PATH_MAX_TEXT = 128 };

static bool no_memory(struct error *err)
{
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
}

char *position_name(TALLOC_CTX *ctx, const char *dotted)
{
	const char *dot = strrchr(dotted, '.');
	char *name = talloc_strdup(ctx, dot != NULL ? dot + 1 : dotted);

	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	name[strcspn(name, "?+")] = '\0';
	return name;
}

char *positions_shown(TALLOC_CTX *ctx, const struct command *c)
{
	const char *list = c->positional;
	char *text = talloc_strdup(ctx, ""), word[PATH_MAX_TEXT];

	while (word_next(&list, word, sizeof word)) {
		bool optional = strchr(word, '?') != NULL;
		const char *several = strchr(word, '+') != NULL ? "..." : "";

		text = talloc_asprintf_append(
			text, " %s%s%s", optional ? "[" : "", position_name(text, word), optional ? "]" : several);
	}
	return text;
}

/* Puts text into the field where the message has it as a scalar; *ret_done says whether it had. */
static bool try_set(ProtobufCMessage *m, const char *dotted, const char *text, const char *what, struct arena *arena,
	bool *ret_done, struct error *err)
{
	struct field_path path;

	if (m == NULL || !field_path_find(m->descriptor, dotted, &path) || !field_takes_text(field_path_leaf(&path)))
		return true;
	*ret_done = true;
	return field_set_text(m, &path, text, false, what, arena, err);
}

/* A file may have said it. */
static bool is_set(const ProtobufCMessage *m, const char *dotted)
{
	struct field_path path;
	const ProtobufCMessage *parent;

	if (!field_path_find(m->descriptor, dotted, &path) || !field_takes_text(field_path_leaf(&path)))
		return false;
	parent = message_parent(m, &path);
	return parent != NULL && message_has(parent, field_path_leaf(&path));
}

/* A line each of standard input, as a scanner types them; empty ones are passed over. */
static bool add_lines(struct session *s, struct prepared *p, const char *dotted, const char *name, struct error *err)
{
	bool done = false;
	char *text, *save;
	size_t len;

	if (!store_read(s->mem, "-", LINES_MAX, &text, &len, err))
		return false;
	if (strlen(text) != len)
		return usage_error(err, "standard input is no text");
	for (char *one = strtok_r(text, "\r\n", &save); one != NULL; one = strtok_r(NULL, "\r\n", &save)) {
		one += strspn(one, " \t");
		if (*one != '\0' && !try_set(p->request, dotted, one, name, &s->arena, &done, err))
			return false;
	}
	return true;
}

/* The words that are left as one text, with blanks between them. */
static bool fill_text(struct session *s, struct prepared *p, const char *dotted, const char *name,
	const struct command_line *line, size_t at, struct error *err)
{
	char *text = talloc_strdup(s->mem, at < line->word_count ? line->words[at] : "");
	bool done = false;

	while (at < line->word_count && ++at < line->word_count)
		text = talloc_asprintf_append(text, " %s", line->words[at]);
	if (*text != '\0')
		return try_set(p->request, dotted, text, name, &s->arena, &done, err);
	if (is_set(p->request, dotted))
		return true;
	return usage_error(err, "%s is missing: radioshop %s %s%s", name, p->command->noun, p->command->verb,
		positions_shown(s->mem, p->command));
}

static bool is_repeated(const ProtobufCMessage *m, const char *dotted)
{
	struct field_path path;

	return field_path_find(m->descriptor, dotted, &path) && field_path_leaf(&path)->label == PROTOBUF_C_LABEL_REPEATED;
}

/* The words that are left all go into one repeated field; - stands for the lines of standard input. */
static bool fill_rest(struct session *s, struct prepared *p, const char *dotted, const char *name,
	const struct command_line *line, size_t at, struct error *err)
{
	bool done = false;

	for (; at < line->word_count; at++) {
		const char *word = line->words[at];

		if (!(strcmp(word, "-") == 0 ? add_lines(s, p, dotted, name, err)
					     : try_set(p->request, dotted, word, name, &s->arena, &done, err)))
			return false;
	}
	if (is_set(p->request, dotted))
		return true;
	return usage_error(err, "%s is missing: radioshop %s %s%s; - reads them from standard input, one a line", name,
		p->command->noun, p->command->verb, positions_shown(s->mem, p->command));
}

static bool fill_positions(struct session *s, struct prepared *p, const struct command_line *line, struct error *err)
{
	const char *list = p->command != NULL ? p->command->positional : NULL;
	char word[PATH_MAX_TEXT];
	size_t at = 0;

	while (word_next(&list, word, sizeof word)) {
		char *name = position_name(s->mem, word), *mark = strchr(word, '?'), *rest = strchr(word, '+');
		bool done = false;

		if (rest != NULL) {
			*rest = '\0';
			if (!is_repeated(p->request, word))
				return fill_text(s, p, word, name, line, at, err);
			return fill_rest(s, p, word, name, line, at, err);
		}
		if (mark != NULL)
			*mark = '\0';
		if (at >= line->word_count) {
			if (mark != NULL || is_set(p->request, word))
				continue;
			return usage_error(err, "%s is missing: radioshop %s %s%s", name, p->command->noun,
				p->command->verb, positions_shown(s->mem, p->command));
		}
		if (!try_set(p->fetch, word, line->words[at], name, &s->arena, &done, err) ||
			!try_set(p->request, word, line->words[at], name, &s->arena, &done, err))
			return false;
		if (!done)
			abort(); /* the row names a field that neither request has; command_test looks for it */
		at++;
	}
	if (at < line->word_count)
		return usage_error(err, "'%s' is one word too many; %s", line->words[at],
			strchr(line->words[at], ' ') != NULL ? "see --help" : "put text with blanks in quotes");
	return true;
}

static bool add_to_mask(struct session *s, struct prepared *p, const char *entry, struct error *err)
{
	struct field_path path;
	ProtobufCMessage *mask;
	const ProtobufCFieldDescriptor *paths;
	char *copy;

	if (!field_path_find(p->request->descriptor, "update_mask.paths", &path))
		abort();
	paths = field_path_leaf(&path);
	mask = message_make_parent(p->request, &path, &s->arena);
	if (mask == NULL)
		return no_memory(err);
	for (size_t i = 0; i < message_count(mask, paths); i++)
		if (strcmp(*(char *const *)message_value(mask, paths, i), entry) == 0)
			return true;
	copy = arena_strndup(&s->arena, entry, strlen(entry));
	return (copy != NULL && message_append(mask, paths, &copy, &s->arena)) || no_memory(err);
}

static bool fill_preset(struct session *s, struct prepared *p, struct error *err)
{
	const char *list = p->command != NULL ? p->command->preset : NULL;
	char word[PATH_MAX_TEXT];

	while (word_next(&list, word, sizeof word)) {
		char *equals = strchr(word, '=');
		struct field_path path;
		const char *dot;

		*equals = '\0';
		if (!field_path_find(p->request->descriptor, word, &path))
			abort();
		if (!field_set_text(p->request, &path, equals + 1, false, word, &s->arena, err))
			return false;
		dot = strchr(word, '.');
		if (p->flags->masked && dot != NULL && !add_to_mask(s, p, dot + 1, err))
			return false;
	}
	return true;
}

static bool fill_flags(struct session *s, struct prepared *p, const struct command_line *line, struct error *err)
{
	for (size_t i = 0; i < line->given_count; i++) {
		const struct given *g = &line->given[i];
		const char *value = g->value != NULL ? g->value : g->form == FLAG_NO ? "false" : "true";

		if (g->form != FLAG_CLEAR && !field_set_text(p->request, &g->flag->path, value, g->flag->dollars,
						     flag_shown(s->mem, g->flag), &s->arena, err))
			return false;
		if (g->flag->mask != NULL && !add_to_mask(s, p, g->flag->mask, err))
			return false;
	}
	return true;
}

/* The fields that a file names are what it wants changed, unless it has a mask of its own. */
static bool mask_from_json(struct session *s, struct prepared *p, json_t *json, struct error *err)
{
	const char *key, *inner_key;
	json_t *value, *inner;

	if (json_object_get(json, "update_mask") != NULL || json_object_get(json, "updateMask") != NULL)
		return true;
	json_object_foreach(json, key, value)
	{
		json_object_foreach(value, inner_key, inner)
		{
			for (size_t i = 0; i < p->flags->count; i++) {
				const struct flag *f = &p->flags->flags[i];

				if (f->mask != NULL && strcmp(f->mask, inner_key) == 0 &&
					!add_to_mask(s, p, f->mask, err))
					return false;
			}
		}
	}
	return true;
}

static bool fill_file(struct session *s, struct prepared *p, struct error *err)
{
	const char *file = s->options.file;
	json_error_t where;
	json_t *json;
	size_t len;
	char *text;
	bool ok;

	if (file == NULL)
		return true;
	if (!store_read(s->mem, file, FILE_MAX, &text, &len, err))
		return false;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	if (json == NULL)
		return usage_error(err, "%s line %d is no JSON: %s", file, where.line, where.text);
	ok = message_merge_json(p->request, json, &s->arena, err);
	if (!ok) {
		char told[sizeof err->text];

		snprintf(told, sizeof told, "%s", err->text);
		usage_error(err, "%s: %s", strcmp(file, "-") == 0 ? "standard input" : file, told);
	}
	ok = ok && (!p->flags->masked || mask_from_json(s, p, json, err));
	json_decref(json);
	return ok;
}

static bool has_one_of(const ProtobufCMessage *m, char *choices)
{
	for (char *save, *one = strtok_r(choices, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save)) {
		if (is_set(m, one))
			return true;
	}
	return false;
}

static bool check_needs(struct session *s, const struct prepared *p, struct error *err)
{
	const char *list = p->command != NULL ? p->command->need : NULL;
	char word[PATH_MAX_TEXT], names[PATH_MAX_TEXT];

	while (word_next(&list, word, sizeof word)) {
		char *shown = talloc_strdup(s->mem, "");

		snprintf(names, sizeof names, "%s", word);
		if (has_one_of(p->request, word))
			continue;
		for (char *save, *one = strtok_r(names, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save)) {
			const struct flag *f = flag_of_field(p->flags, one);

			shown = talloc_asprintf_append(
				shown, "%s%s", *shown != '\0' ? " or " : "", f != NULL ? flag_shown(shown, f) : one);
		}
		return usage_error(
			err, "%s is needed; see radioshop %s %s --help", shown, p->command->noun, p->command->verb);
	}
	return true;
}

void set_request_id(ProtobufCMessage *request, const char *id, struct arena *arena)
{
	struct field_path path;
	char *copy;

	if (!field_path_find(request->descriptor, "request_id", &path))
		return;
	copy = arena_strndup(arena, id, strlen(id));
	if (copy == NULL)
		abort();
	message_set(request, field_path_leaf(&path), &copy);
}

/* Flag, else what the file says, else a new one: made once a run, so that a repeat is told from a new intent. */
static bool choose_request_id(struct session *s, struct prepared *p, struct error *err)
{
	struct field_path path;
	const char *from_file;
	uint8_t uuid[16];

	if (!p->flags->write)
		return true;
	if (!field_path_find(p->request->descriptor, "request_id", &path))
		abort();
	from_file = *(char *const *)message_value(p->request, field_path_leaf(&path), 0);
	uuid_random(uuid);
	if (s->options.request_id != NULL && !uuid_parse(s->options.request_id, strlen(s->options.request_id), uuid))
		return usage_error(err, "--request-id: '%s' is no UUID", s->options.request_id);
	if (s->options.request_id == NULL && from_file != NULL && *from_file != '\0' &&
		!uuid_parse(from_file, strlen(from_file), uuid))
		return usage_error(err, "%s: request_id '%s' is no UUID", s->options.file, from_file);
	uuid_format(uuid, p->request_id);
	set_request_id(p->request, p->request_id, &s->arena);
	if (s->options.verbose)
		notice("request id %s", p->request_id);
	return true;
}

static bool make_messages(struct session *s, struct prepared *p, struct error *err)
{
	p->request = message_new(p->method->input, &s->arena);
	if (p->command != NULL && p->command->fetch != NULL) {
		p->fetch_method = catalog_method_by_name(p->command->fetch);
		if (p->fetch_method == NULL)
			abort();
		p->fetch = message_new(p->fetch_method->input, &s->arena);
		if (p->fetch == NULL)
			return no_memory(err);
	}
	return p->request != NULL || no_memory(err);
}

/* An update that names no field would change nothing; better to say so here. */
static bool check_mask(const struct prepared *p, struct error *err)
{
	struct field_path path;
	const ProtobufCMessage *mask;

	if (p->command == NULL || !p->flags->masked ||
		!field_path_find(p->request->descriptor, "update_mask.paths", &path))
		return true;
	mask = message_parent(p->request, &path);
	if (mask != NULL && message_count(mask, field_path_leaf(&path)) > 0)
		return true;
	return usage_error(err, "nothing to change: give at least one flag; see radioshop %s %s --help",
		p->command->noun, p->command->verb);
}

bool prepare(struct session *s, const struct command *c, const struct catalog_method *method, int argc,
	char *const *argv, struct prepared *ret, struct error *err)
{
	struct prepared p = {.command = c, .method = method};
	struct command_line line;

	p.flags = flag_set_new(s->mem, c, method->input);
	if (!command_line_read(s->mem, p.flags, argc, argv, &s->options, &line, err))
		return false;
	if (s->options.help) {
		*ret = p;
		return true;
	}
	if (!make_messages(s, &p, err) || !fill_file(s, &p, err) || !fill_preset(s, &p, err) ||
		!fill_positions(s, &p, &line, err) || !fill_flags(s, &p, &line, err) || !check_needs(s, &p, err) ||
		!check_mask(&p, err) || !choose_request_id(s, &p, err))
		return false;
	*ret = p;
	return true;
}

bool needs_fetch(const struct prepared *p)
{
	const char *take = p->fetch != NULL ? p->command->take : NULL;
	char word[PATH_MAX_TEXT];

	if (p->fetch != NULL && p->command->adapt != NULL && !p->fetched)
		return true;
	while (word_next(&take, word, sizeof word)) {
		word[strcspn(word, "=")] = '\0';
		if (!is_set(p->request, word))
			return true;
	}
	return false;
}

static const ProtobufCMessage *reach(const ProtobufCMessage *m, const char *dotted, struct field_path *ret_path)
{
	if (!field_path_find(m->descriptor, dotted, ret_path))
		abort();
	return message_parent(m, ret_path);
}

bool take_fields(const char *take, const ProtobufCMessage *reply, ProtobufCMessage *request, struct arena *arena,
	struct error *err)
{
	char word[PATH_MAX_TEXT];

	while (word_next(&take, word, sizeof word)) {
		char *equals = strchr(word, '=');
		struct field_path to, from;
		const ProtobufCMessage *holder;
		ProtobufCMessage *parent;
		const void *value;

		if (equals != NULL)
			*equals = '\0';
		holder = reach(reply, equals != NULL ? equals + 1 : word, &from);
		if (holder == NULL)
			return error_set(err, STATUS_INTERNAL, NULL, "the shop answered without the record");
		if (!field_path_find(request->descriptor, word, &to))
			abort();
		parent = message_make_parent(request, &to, arena);
		if (parent == NULL)
			return no_memory(err);
		value = message_value(holder, field_path_leaf(&from), 0);
		if (!message_has(parent, field_path_leaf(&to)))
			message_set(parent, field_path_leaf(&to), value);
	}
	return true;
}
