/*
 * flags.c: builds the flags of a command and reads the command line. Called by run.c, help.c and completion.c.
 * Owns nothing; sets and lines belong to the caller's context.
 */
#include "flags.h"

#include "array.h"
#include "failure.h"
#include "field_text.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

char *kebab(TALLOC_CTX *ctx, const char *name)
{
	char *text = talloc_strdup(ctx, name);

	if (text == NULL)
		abort();
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '_' || *c == '.' ? '-' : *c;
	return text;
}

char *flag_shown(TALLOC_CTX *ctx, const struct flag *flag)
{
	return talloc_asprintf(ctx, "--%s", flag->name);
}

static bool in_list(const char *list, const char *word)
{
	char next[128];

	while (word_next(&list, next, sizeof next)) {
		next[strcspn(next, "?=")] = '\0';
		if (strcmp(next, word) == 0)
			return true;
	}
	return false;
}

/* Whether the row needs the field, and whether as one of several, of which any will do. */
static bool in_needs(const char *list, const char *word, bool *ret_choice)
{
	char next[128];

	while (word_next(&list, next, sizeof next)) {
		*ret_choice = strchr(next, '|') != NULL;
		for (char *save, *one = strtok_r(next, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save))
			if (strcmp(one, word) == 0)
				return true;
	}
	return *ret_choice = false;
}

/* A positional that may be left out is offered as a flag, too. */
static bool is_position(const char *list, const char *word)
{
	char next[128];

	while (word_next(&list, next, sizeof next)) {
		next[strcspn(next, "+")] = '\0';
		if (strcmp(next, word) == 0)
			return true;
	}
	return false;
}

static bool is_offered(const struct command *c, const char *dotted)
{
	if (strcmp(dotted, "request_id") == 0 || strcmp(dotted, "page_size") == 0 || strcmp(dotted, "page_token") == 0)
		return false;
	if (c == NULL)
		return true;
	if (is_position(c->positional, dotted) || in_list(c->preset, dotted))
		return false;
	if (c->fields == NULL)
		return true;
	return *c->fields == '-' ? !in_list(c->fields + 1, dotted) : in_list(c->fields, dotted);
}

static struct flag *add_flag(struct flag_set *set, const char *name, const char *dotted, const struct field_path *path)
{
	struct flag *f;

	set->flags = array_room(set, set->flags, set->count + 1, sizeof(struct flag));
	f = &set->flags[set->count++];
	*f = (struct flag){.name = name, .dotted = dotted, .path = *path};
	return f;
}

/* Fields of the record behind an update_mask go into it, but for those that say which record and which revision. */
static const char *mask_entry(const struct flag_set *set, const struct command *c, const char *dotted)
{
	const char *dot = strchr(dotted, '.');

	if (!set->masked || dot == NULL || strcmp(dot, ".revision") == 0 || (c != NULL && in_list(c->take, dotted)))
		return NULL;
	return dot + 1;
}

static void add_field(struct flag_set *set, const struct command *c, const char *dotted, const struct field_path *path)
{
	const ProtobufCFieldDescriptor *leaf = field_path_leaf(path);
	const char *name = leaf->name;
	struct flag *f;

	if (!field_takes_text(leaf) || !is_offered(c, dotted))
		return;
	field_shorthand(leaf, &name);
	for (int dollars = field_is_money(leaf); dollars >= 0; dollars--) {
		char *shown = kebab(set, name);

		if (dollars)
			shown[strlen(shown) - strlen("-cents")] = '\0';
		f = add_flag(set, shown, dotted, path);
		f->dollars = dollars;
		f->is_switch = leaf->type == PROTOBUF_C_TYPE_BOOL && !field_is_repeated(leaf);
		f->mask = mask_entry(set, c, dotted);
		f->needed = c != NULL && in_needs(c->need, dotted, &f->choice);
	}
}

static void add_message(struct flag_set *set, const struct command *c, const ProtobufCMessageDescriptor *d,
	const char *prefix, unsigned depth)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *dotted = talloc_asprintf(set, "%s%s%s", prefix, *prefix != '\0' ? "." : "", f->name);
		const ProtobufCMessageDescriptor *inner = field_message(f);
		struct field_path path;

		if (inner != NULL && !field_is_repeated(f)) {
			if (depth < 3 && strncmp(inner->name, "google.protobuf.", 16) != 0)
				add_message(set, c, inner, dotted, depth + 1);
			continue;
		}
		if (field_path_find(set->request, dotted, &path))
			add_field(set, c, dotted, &path);
	}
}

/* Two flags of one name both get their parent's name in front; a common option keeps its name. */
static void part_clashes(struct flag_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct flag *a = &set->flags[i];
		bool clash = false;

		for (size_t j = i + 1; j < set->count; j++) {
			struct flag *b = &set->flags[j];

			if (strcmp(a->name, b->name) != 0)
				continue;
			b->name = kebab(set, b->dotted);
			clash = true;
		}
		if (clash || option_find(a->name) != NULL)
			a->name = strchr(a->dotted, '.') != NULL ? kebab(set, a->dotted)
								 : talloc_asprintf(set, "request-%s", a->name);
	}
}

struct flag_set *flag_set_new(TALLOC_CTX *ctx, const struct command *command, const ProtobufCMessageDescriptor *request)
{
	struct flag_set *set = talloc_zero(ctx, struct flag_set);
	struct field_path path;

	if (set == NULL)
		abort();
	set->request = request;
	set->masked = field_path_find(request, "update_mask", &path);
	set->paged = field_path_find(request, "page_token", &path) && field_path_find(request, "page_size", &path);
	set->write = field_path_find(request, "request_id", &path);
	add_message(set, command, request, "", 0);
	part_clashes(set);
	return set;
}

static const struct flag *by_name(const struct flag_set *set, const char *name, size_t len)
{
	for (size_t i = 0; i < set->count; i++)
		if (strlen(set->flags[i].name) == len && memcmp(set->flags[i].name, name, len) == 0)
			return &set->flags[i];
	return NULL;
}

const struct flag *flag_find(const struct flag_set *set, const char *name, size_t len, enum flag_form *ret_form)
{
	const struct flag *f = by_name(set, name, len);

	*ret_form = FLAG_SET;
	if (f == NULL && len > 3 && strncmp(name, "no-", 3) == 0) {
		f = by_name(set, name + 3, len - 3);
		*ret_form = FLAG_NO;
		return f != NULL && f->is_switch ? f : NULL;
	}
	if (f == NULL && len > 6 && strncmp(name, "clear-", 6) == 0) {
		f = by_name(set, name + 6, len - 6);
		*ret_form = FLAG_CLEAR;
		return f != NULL && f->mask != NULL ? f : NULL;
	}
	return f;
}

const struct flag *flag_of_field(const struct flag_set *set, const char *field)
{
	size_t len = strlen(field);

	if (len == 0)
		return NULL;
	for (size_t i = 0; i < set->count; i++) {
		const char *dotted = set->flags[i].dotted;
		size_t n = strlen(dotted);

		if (strcmp(dotted, field) == 0 ||
			(n > len && dotted[n - len - 1] == '.' && strcmp(dotted + n - len, field) == 0))
			return &set->flags[i];
	}
	return NULL;
}

/* ---- the command line ---- */

static void add_given(
	TALLOC_CTX *ctx, struct command_line *line, const struct flag *flag, enum flag_form form, const char *value)
{
	line->given = array_room(ctx, line->given, line->given_count + 1, sizeof(struct given));
	line->given[line->given_count++] = (struct given){flag, form, value};
}

static void add_word(TALLOC_CTX *ctx, struct command_line *line, const char *word)
{
	line->words = array_room(ctx, line->words, line->word_count + 1, sizeof(const char *));
	line->words[line->word_count++] = word;
}

static bool unknown_flag(const struct flag_set *set, const char *arg, struct error *err)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char **names = array_room(ctx, NULL, set->count * 3 + 64, sizeof(const char *)), *meant;
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++) {
		names[n++] = flag_shown(ctx, &set->flags[i]);
		if (set->flags[i].is_switch)
			names[n++] = talloc_asprintf(ctx, "--no-%s", set->flags[i].name);
		if (set->flags[i].mask != NULL)
			names[n++] = talloc_asprintf(ctx, "--clear-%s", set->flags[i].name);
	}
	for (const struct option_row *r = option_rows; r->name != NULL && n < set->count * 3 + 63; r++)
		names[n++] = talloc_asprintf(ctx, "--%s", r->name);
	names[n] = NULL;
	meant = nearest_word(arg, names);
	if (meant != NULL)
		usage_error(err, "there is no flag %.*s here; did you mean %s?", (int)strcspn(arg, "="), arg, meant);
	else
		usage_error(err, "there is no flag %.*s here; see --help", (int)strcspn(arg, "="), arg);
	talloc_free(ctx);
	return false;
}

static bool read_flag(TALLOC_CTX *ctx, const struct flag_set *set, int argc, char *const *argv, int *at,
	struct command_line *line, struct error *err)
{
	const char *arg = argv[(*at)++], *equals = strchr(arg, '=');
	size_t len = equals != NULL ? (size_t)(equals - arg) : strlen(arg);
	enum flag_form form;
	const struct flag *f = NULL;

	if (len > 2 && arg[1] == '-')
		f = flag_find(set, arg + 2, len - 2, &form);
	if (f == NULL)
		return unknown_flag(set, arg, err);
	if (form != FLAG_SET && equals != NULL)
		return usage_error(err, "%.*s takes no value", (int)len, arg);
	if (form != FLAG_SET || (f->is_switch && equals == NULL)) {
		add_given(ctx, line, f, form, NULL);
		return true;
	}
	if (equals == NULL && *at >= argc)
		return usage_error(err, "%s needs a value", arg);
	add_given(ctx, line, f, form, equals != NULL ? equals + 1 : argv[(*at)++]);
	return true;
}

bool command_line_read(TALLOC_CTX *ctx, const struct flag_set *set, int argc, char *const *argv,
	struct options *options, struct command_line *ret_line, struct error *err)
{
	struct command_line line = {0};
	int at = 0;

	while (at < argc) {
		bool taken;

		if (strcmp(argv[at], "--") == 0) {
			for (at++; at < argc; at++)
				add_word(ctx, &line, argv[at]);
			break;
		}
		if (!options_take(options, argc, argv, &at, &taken, err))
			return false;
		if (taken)
			continue;
		if (argv[at][0] != '-' || argv[at][1] == '\0')
			add_word(ctx, &line, argv[at++]);
		else if (!read_flag(ctx, set, argc, argv, &at, &line, err))
			return false;
	}
	*ret_line = line;
	return true;
}

/* Edit distance, bounded: words here are short, and further than three edits is no typing error. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
	unsigned row[65];
	size_t b_len = strlen(b);

	if (a_len > 64 || b_len > 64)
		return 64;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 0; i < a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b_len; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[b_len];
}

const char *nearest_word(const char *typed, const char *const *candidates)
{
	size_t len = strcspn(typed, "=");
	unsigned least = len - strspn(typed, "-") < 6 ? 2 : 3;
	const char *found = NULL;

	for (; *candidates != NULL; candidates++) {
		unsigned d = distance(typed, len, *candidates);

		if (d < least || (d == least && found == NULL)) {
			least = d;
			found = *candidates;
		}
	}
	return found;
}
