/*
 * catalog_symbol.c: walks a FileDescriptorProto and notes every name with its leading comment.
 *
 * Called by catalog.c only, at start. Owns nothing: all strings live in the caller's arena.
 */
#include "catalog_symbol.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_STEPS = 32, TABLE_FIRST = 256 };

/* Field numbers of descriptor.proto: SourceCodeInfo names a place by them. */
enum {
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	MESSAGE_FIELD = 2,
	MESSAGE_NESTED = 3,
	MESSAGE_ENUM = 4,
	ENUM_VALUE = 2,
	SERVICE_METHOD = 2,
};

struct walk {
	struct symbol_table *table;
	const struct catalog_file *file;
	const Google__Protobuf__SourceCodeInfo *source;
	struct arena *arena;
	int32_t path[PATH_STEPS];
	size_t path_len;
};

/* White space becomes single blanks; an empty line becomes a line break. */
static char *trim_comment(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1);
	size_t at = 0;

	if (out == NULL)
		return NULL;
	while (*text != '\0') {
		size_t blank = strspn(text, " \t\r\n");
		size_t word = strcspn(text + blank, " \t\r\n");

		if (at > 0 && word > 0 && blank > 0) {
			const char *first = memchr(text, '\n', blank);
			size_t left = first == NULL ? 0 : blank - (size_t)(first + 1 - text);

			out[at++] = left > 0 && memchr(first + 1, '\n', left) != NULL ? '\n' : ' ';
		}
		memcpy(out + at, text + blank, word);
		at += word;
		text += blank + word;
	}
	out[at] = '\0';
	return out;
}

static const char *find_comment(struct walk *w)
{
	for (size_t i = 0; w->source != NULL && i < w->source->n_location; i++) {
		const Google__Protobuf__SourceCodeInfo__Location *l = w->source->location[i];

		if (l->leading_comments != NULL && l->n_path == w->path_len &&
			memcmp(l->path, w->path, w->path_len * sizeof(w->path[0])) == 0)
			return trim_comment(w->arena, l->leading_comments);
	}
	return "";
}

static bool table_reserve(struct symbol_table *t, struct arena *a)
{
	size_t cap = t->cap == 0 ? TABLE_FIRST : t->cap * 2;
	struct symbol *grown;

	if (t->count < t->cap)
		return true;
	grown = arena_alloc_array(a, cap, sizeof(*grown));
	if (grown == NULL)
		return false;
	if (t->count > 0)
		memcpy(grown, t->list, t->count * sizeof(*grown));
	t->list = grown;
	t->cap = cap;
	return true;
}

/* Notes scope.name at the walk's path; returns the full name, NULL when memory is short. */
static const char *add(struct walk *w, const char *scope, const char *name)
{
	const size_t scope_len = strlen(scope), name_len = strlen(name);
	char *full = arena_alloc(w->arena, scope_len + name_len + 2);
	const char *comment = find_comment(w);

	if (full == NULL || comment == NULL || !table_reserve(w->table, w->arena))
		return NULL;
	memcpy(full, scope, scope_len);
	if (scope_len > 0)
		full[scope_len] = '.';
	memcpy(full + scope_len + (scope_len > 0), name, name_len);
	w->table->list[w->table->count++] = (struct symbol){full, comment, w->file};
	return full;
}

static bool step_in(struct walk *w, int32_t field, size_t index)
{
	if (w->path_len + 2 > PATH_STEPS)
		return false;
	w->path[w->path_len++] = field;
	w->path[w->path_len++] = (int32_t)index;
	return true;
}

static void step_out(struct walk *w)
{
	w->path_len -= 2;
}

/* A name that has nothing inside. */
static bool walk_leaf(struct walk *w, const char *scope, int32_t field, size_t index, const char *name)
{
	bool good = step_in(w, field, index) && add(w, scope, name) != NULL;

	if (good)
		step_out(w);
	return good;
}

static bool walk_enum(
	struct walk *w, const char *scope, int32_t field, size_t index, const Google__Protobuf__EnumDescriptorProto *e)
{
	if (!step_in(w, field, index) || add(w, scope, e->name) == NULL)
		return false;
	for (size_t i = 0; i < e->n_value; i++) {
		if (!walk_leaf(w, scope, ENUM_VALUE, i, e->value[i]->name))
			return false;
	}
	step_out(w);
	return true;
}

static bool walk_message(
	struct walk *w, const char *scope, int32_t field, size_t index, const Google__Protobuf__DescriptorProto *m)
{
	const char *full;

	if (!step_in(w, field, index))
		return false;
	full = add(w, scope, m->name);
	if (full == NULL)
		return false;
	for (size_t i = 0; i < m->n_field; i++) {
		if (!walk_leaf(w, full, MESSAGE_FIELD, i, m->field[i]->name))
			return false;
	}
	for (size_t i = 0; i < m->n_enum_type; i++) {
		if (!walk_enum(w, full, MESSAGE_ENUM, i, m->enum_type[i]))
			return false;
	}
	for (size_t i = 0; i < m->n_nested_type; i++) {
		if (!walk_message(w, full, MESSAGE_NESTED, i, m->nested_type[i]))
			return false;
	}
	step_out(w);
	return true;
}

static bool walk_service(
	struct walk *w, const char *scope, size_t index, const Google__Protobuf__ServiceDescriptorProto *s)
{
	const char *full;

	if (!step_in(w, FILE_SERVICE, index))
		return false;
	full = add(w, scope, s->name);
	if (full == NULL)
		return false;
	for (size_t i = 0; i < s->n_method; i++) {
		if (!walk_leaf(w, full, SERVICE_METHOD, i, s->method[i]->name))
			return false;
	}
	step_out(w);
	return true;
}

bool symbol_table_add_file(struct symbol_table *t, const Google__Protobuf__FileDescriptorProto *proto,
	const struct catalog_file *file, struct arena *a)
{
	struct walk w = {.table = t, .file = file, .source = proto->source_code_info, .arena = a};
	const char *package = proto->package == NULL ? "" : proto->package;

	for (size_t i = 0; i < proto->n_message_type; i++) {
		if (!walk_message(&w, package, FILE_MESSAGE, i, proto->message_type[i]))
			return false;
	}
	for (size_t i = 0; i < proto->n_enum_type; i++) {
		if (!walk_enum(&w, package, FILE_ENUM, i, proto->enum_type[i]))
			return false;
	}
	for (size_t i = 0; i < proto->n_service; i++) {
		if (!walk_service(&w, package, i, proto->service[i]))
			return false;
	}
	return true;
}

static int symbol_order(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

void symbol_table_sort(struct symbol_table *t)
{
	qsort(t->list, t->count, sizeof(t->list[0]), symbol_order);
}

const struct symbol *symbol_table_find(const struct symbol_table *t, const char *name)
{
	const struct symbol key = {.name = name};

	return t->count == 0 ? NULL : bsearch(&key, t->list, t->count, sizeof(t->list[0]), symbol_order);
}
