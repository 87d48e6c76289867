/*
 * output_csv.c: RFC 4180 for spreadsheets, but lines end in LF, for cut and read. A writer of output.h;
 * its cells are used by import's rejects file, too. Owns nothing.
 */
#include "output.h"

#include "clear_mark.h"

#include <string.h>

/* Whether a spreadsheet would take text for a formula once any number of our own ' are off it. */
static bool looks_like_formula(const char *text)
{
	text += strspn(text, "'");
	if (*text == '\t' || *text == '\r')
		return true;
	text += strspn(text, " ");
	return *text != '\0' && strchr("=+-@", *text) != NULL;
}

const char *csv_unguard(const char *text)
{
	return *text == '\'' && looks_like_formula(text + 1) ? text + 1 : text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void csv_cell(FILE *out, const char *text, bool guard)
{
	guard = guard && looks_like_formula(text);
	/* Readers strip the blanks around a cell that is not quoted, and guess the separator from a heading. */
	if (text[strcspn(text, ",;\t\"\r\n")] == '\0' && !is_blank(*text) &&
		(*text == '\0' || !is_blank(text[strlen(text) - 1]))) {
		fprintf(out, "%s%s", guard ? "'" : "", text);
		return;
	}
	fputs(guard ? "\"'" : "\"", out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static bool csv_begin(struct writer *w, struct error *err)
{
	(void)err;
	if (!w->o.header)
		return true;
	for (size_t i = 0; i < w->column_count; i++) {
		if (i > 0)
			fputc(',', w->o.out);
		csv_cell(w->o.out, w->columns[i].name, false);
	}
	fputs("\n", w->o.out);
	return true;
}

static bool csv_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	TALLOC_CTX *ctx = talloc_new(w);

	(void)err;
	for (size_t i = 0; i < w->column_count; i++) {
		const struct column *c = &w->columns[i];
		bool guard = w->o.formula_guard && !field_is_number(field_path_leaf(&c->path));

		if (i > 0)
			fputc(',', w->o.out);
		csv_cell(w->o.out, clear_mark_guard(ctx, column_text(ctx, c, m, VALUE_CSV)), guard);
	}
	fputs("\n", w->o.out);
	talloc_free(ctx);
	return true;
}

static bool csv_end(struct writer *w, struct error *err)
{
	(void)w;
	(void)err;
	return true;
}

const struct writer_ops csv_writer = {csv_begin, csv_row, csv_end, NULL};
