/*
 * output_html.c: rows as a table of a page. A writer of output.h; used by page.c only.
 * Owns nothing.
 */
#include "output.h"

#include "html.h"

static bool html_begin(struct writer *w, struct error *err)
{
	(void)err;
	fputs("<div class=\"scroll\"><table>\n", w->o.out);
	if (w->o.title != NULL)
		fprintf(w->o.out, "<caption>%s</caption>\n", html_text(w, w->o.title));
	fputs("<thead><tr>", w->o.out);
	for (size_t i = 0; i < w->column_count; i++)
		fprintf(w->o.out, "<th scope=\"col\"%s>%s</th>",
			field_is_number(field_path_leaf(&w->columns[i].path)) ? " class=\"n\"" : "",
			html_text(w, w->columns[i].title));
	fputs("</tr></thead>\n<tbody>\n", w->o.out);
	return true;
}

static bool html_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	TALLOC_CTX *ctx = talloc_new(w);

	(void)err;
	fputs("<tr>", w->o.out);
	for (size_t i = 0; i < w->column_count; i++)
		fprintf(w->o.out, "<td%s>%s</td>",
			field_is_number(field_path_leaf(&w->columns[i].path)) ? " class=\"n\"" : "",
			html_text(ctx, column_text(ctx, &w->columns[i], m, VALUE_PEOPLE)));
	fputs("</tr>\n", w->o.out);
	talloc_free(ctx);
	return true;
}

static bool html_end(struct writer *w, struct error *err)
{
	(void)err;
	fputs("</tbody>\n</table></div>\n", w->o.out);
	return true;
}

const struct writer_ops html_writer = {html_begin, html_row, html_end, NULL};
