/*
 * output_table.c: tables and records for people, on libsmartcols. Two writers of output.h.
 * Owns the table until the writer ends.
 */
#include "output.h"

#include "failure.h"
#include "terminal.h"

#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values that should catch the eye. */
static const struct {
	const char *column, *value; /* value NULL: any but "" and "0" */
	const char *colour;
} emphases[] = {
	{"days_overdue", NULL, "red"},
	{"priority", "urgent", "red"},
	{"priority", "high", "yellow"},
	{"result", "failed", "red"},
	{"outcome", "refused", "red"},
};

static const char *emphasis(const struct column *c, const char *text)
{
	for (size_t i = 0; i < sizeof emphases / sizeof emphases[0]; i++) {
		if (strcmp(c->dotted, emphases[i].column) != 0)
			continue;
		if (emphases[i].value == NULL ? *text != '\0' && strcmp(text, "0") != 0
					      : strcmp(text, emphases[i].value) == 0)
			return emphases[i].colour;
	}
	return NULL;
}

/* Long free text gives way on a narrow terminal; codes and numbers never do. */
static bool may_give_way(const char *dotted)
{
	static const char *const texts[] = {"problem", "cause", "action", "notes", "description", "text", "name",
		"location", "assigned_to", "instructions", "before", "after", "display_name", "ack_note"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(dotted, texts[i]) == 0)
			return true;
	return false;
}

static bool table_begin(struct writer *w, struct error *err)
{
	struct libscols_table *table = scols_new_table();

	(void)err;
	if (table == NULL)
		abort();
	w->state = table;
	scols_table_set_stream(table, w->o.out);
	scols_table_enable_noheadings(table, !w->o.header);
	scols_table_enable_noencoding(table, 1); /* terminal_clean has done it, and would be done twice */
	scols_table_enable_colors(table, w->o.colours);
	scols_table_set_column_separator(table, "  ");
	for (size_t i = 0; i < w->column_count; i++) {
		const struct column *c = &w->columns[i];
		int flags = field_is_number(field_path_leaf(&c->path)) ? SCOLS_FL_RIGHT : 0;

		if (w->o.format == OUTPUT_TABLE && isatty(fileno(w->o.out)) == 1 && may_give_way(c->dotted))
			flags |= SCOLS_FL_TRUNC;
		if (scols_table_new_column(table, c->title, 0, flags) == NULL)
			abort();
	}
	return true;
}

/* A number that is not set, where the field cannot tell that from zero. */
static bool is_zero(const struct column *c, const ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *leaf = field_path_leaf(&c->path);
	const ProtobufCMessage *parent = message_parent(m, &c->path);

	return field_is_number(leaf) && !field_has_presence(leaf) && parent != NULL && !message_has(parent, leaf);
}

static bool table_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	struct libscols_line *line = scols_table_new_line(w->state, NULL);
	TALLOC_CTX *ctx = talloc_new(w);

	(void)err;
	if (line == NULL || ctx == NULL)
		abort();
	for (size_t i = 0; i < w->column_count; i++) {
		bool blank = w->o.blank_zeros && is_zero(&w->columns[i], m);
		char *text = terminal_clean(ctx, blank ? "" : column_text(ctx, &w->columns[i], m, VALUE_PEOPLE), false);
		const char *colour = w->o.colours ? emphasis(&w->columns[i], text) : NULL;

		if (scols_line_set_data(line, i, text) != 0)
			abort();
		if (colour != NULL)
			scols_cell_set_color(scols_line_get_cell(line, i), colour);
	}
	talloc_free(ctx);
	return true;
}

/*
 * libsmartcols measures by the locale, and goes round for ever where that has no such character: cron's has none beyond
 * ASCII. What we print is UTF-8, whatever the locale.
 */
static bool print_table(struct libscols_table *table)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before;
	bool ok;

	if (utf8 == (locale_t)0)
		return false;
	before = uselocale(utf8);
	ok = scols_print_table(table) == 0;
	uselocale(before);
	freelocale(utf8);
	return ok;
}

static bool table_end(struct writer *w, struct error *err)
{
	if (w->rows == 0)
		return true;
	if (!print_table(w->state))
		return output_error(err, "cannot write the table");
	return true;
}

static void table_release(struct writer *w)
{
	scols_unref_table(w->state);
	w->state = NULL;
}

const struct writer_ops table_writer = {table_begin, table_row, table_end, table_release};

static bool record_begin(struct writer *w, struct error *err)
{
	(void)w;
	(void)err;
	return true;
}

static int widest_title(const struct writer *w)
{
	size_t width = 0;

	for (size_t i = 0; i < w->column_count; i++)
		if (strlen(w->columns[i].title) > width)
			width = strlen(w->columns[i].title);
	return (int)width;
}

/* A value of several lines goes on under its first one. */
static void print_pair(FILE *out, const char *title, int width, const char *text)
{
	const char *newline;

	fprintf(out, "%-*s  ", width, title);
	while ((newline = strchr(text, '\n')) != NULL) {
		fprintf(out, "%.*s\n%*s  ", (int)(newline - text), text, width, "");
		text = newline + 1;
	}
	fprintf(out, "%s\n", text);
}

/* The rows inside a record, such as a ticket's entries, as a table under it. */
static bool print_children(
	struct writer *w, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct error *err)
{
	struct output_options o = {.format = OUTPUT_WIDE,
		.shape = SHAPE_LIST,
		.header = true,
		.blank_zeros = true,
		.colours = w->o.colours,
		.out = w->o.out};
	struct writer *children = writer_new(w, &o, field_message(f), err);
	bool ok = children != NULL;

	fprintf(w->o.out, "\n%s\n", column_title(w, f->name, false));
	for (size_t i = 0; ok && i < message_count(m, f); i++)
		ok = writer_row(children, *(const ProtobufCMessage *const *)message_value(m, f, i), err);
	ok = ok && writer_finish(children, err);
	writer_free(children);
	return ok;
}

static bool record_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	TALLOC_CTX *ctx = talloc_new(w);
	int width = widest_title(w);
	bool ok = true;

	for (size_t i = 0; i < w->column_count; i++) {
		const ProtobufCFieldDescriptor *leaf = field_path_leaf(&w->columns[i].path);
		const char *text;

		if (field_is_repeated(leaf) && field_message(leaf) != NULL)
			continue;
		text = column_text(ctx, &w->columns[i], m, VALUE_PEOPLE);
		if (*text != '\0' || w->o.format == OUTPUT_WIDE)
			print_pair(w->o.out, w->columns[i].title, width, terminal_clean(ctx, text, true));
	}
	for (size_t i = 0; ok && i < w->column_count; i++) {
		const ProtobufCFieldDescriptor *leaf = field_path_leaf(&w->columns[i].path);

		if (field_is_repeated(leaf) && field_message(leaf) != NULL && message_count(m, leaf) > 0)
			ok = print_children(w, m, leaf, err);
	}
	talloc_free(ctx);
	return ok;
}

static bool record_end(struct writer *w, struct error *err)
{
	(void)w;
	(void)err;
	return true;
}

const struct writer_ops record_writer = {record_begin, record_row, record_end, NULL};
