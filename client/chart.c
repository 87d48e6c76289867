/*
 * chart.c: the charts of page.c. All numbers in the SVG are made here.
 * Owns nothing.
 */
#include "chart.h"

#include "html.h"

#include <stdlib.h>
#include <string.h>

/* In units of the drawing: 480 wide, so that text is still read on a telephone. */
enum { WIDTH = 480, LABEL = 84, NOTE = 112, ROW = 30, BAR = 18, HEIGHT = 210, FOOT = 26, HEAD = 20 };

static double sum(const struct bar *b)
{
	double total = 0;

	for (int i = 0; i < CHART_PARTS; i++)
		total += b->parts[i];
	return total;
}

static double longest(const struct chart *c)
{
	double most = 0;

	for (size_t i = 0; i < c->count; i++)
		most = sum(&c->bars[i]) > most ? sum(&c->bars[i]) : most;
	return most;
}

static void begin(FILE *out, TALLOC_CTX *ctx, const struct chart *c, int height)
{
	fprintf(out,
		"<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title %s-text\" "
		"xmlns=\"http://www.w3.org/2000/svg\">\n"
		"<title id=\"%s-title\">%s</title>\n<desc id=\"%s-text\">%s</desc>\n",
		WIDTH, height, c->id, c->id, c->id, html_text(ctx, c->title), c->id, html_text(ctx, c->description));
}

static void rectangle(FILE *out, int part, double x, double y, double width, double height)
{
	if (width > 0 && height > 0)
		fprintf(out, "<rect class=\"p%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", part, x, y,
			width, height);
}

void chart_rows(FILE *out, const struct chart *c, int whole)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	double room = WIDTH - LABEL - NOTE, most = longest(c);

	begin(out, ctx, c, (int)c->count * ROW + 4);
	for (size_t i = 0; i < c->count; i++) {
		const struct bar *b = &c->bars[i];
		double y = (double)i * ROW + 4, x = LABEL, of = whole ? sum(b) : most;

		fprintf(out, "<text class=\"label\" x=\"%d\" y=\"%.1f\">%s</text>\n", LABEL - 8, y + BAR - 4,
			html_text(ctx, b->label));
		for (int part = 0; part < CHART_PARTS && of > 0; part++) {
			rectangle(out, part, x, y, room * b->parts[part] / of, BAR);
			x += room * b->parts[part] / of;
		}
		fprintf(out, "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 8, y + BAR - 4,
			html_text(ctx, b->note));
	}
	fputs("</svg>\n", out);
	talloc_free(ctx);
}

void chart_columns(FILE *out, const struct chart *c)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	double most = longest(c), step = c->count > 0 ? (double)WIDTH / (double)c->count : WIDTH,
	       room = HEIGHT - HEAD - FOOT;
	size_t every = c->count > 12 ? (c->count + 5) / 6 : 1;

	begin(out, ctx, c, HEIGHT);
	fprintf(out, "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", HEIGHT - FOOT, WIDTH,
		HEIGHT - FOOT);
	for (size_t i = 0; i < c->count; i++) {
		const struct bar *b = &c->bars[i];
		double x = (double)i * step, y = HEIGHT - FOOT, middle = x + step / 2;

		for (int part = 0; part < CHART_PARTS && most > 0; part++) {
			double height = room * b->parts[part] / most;

			y -= height;
			rectangle(out, part, x + step * 0.12, y, step * 0.76, height);
		}
		if ((double)strlen(b->note) * 8 <= step + 2 && sum(b) > 0)
			fprintf(out, "<text class=\"value\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", middle, y - 4,
				html_text(ctx, b->note));
		if (i % every == 0 && (every == 1 || middle < WIDTH - 40))
			fprintf(out, "<text class=\"foot%s\" x=\"%.1f\" y=\"%d\">%s</text>\n", every > 1 ? " long" : "",
				every > 1 ? x + step * 0.12 : middle, HEIGHT - 8, html_text(ctx, b->label));
	}
	fputs("</svg>\n", out);
	talloc_free(ctx);
}
