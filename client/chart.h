/*
 * chart.h: bar charts as inline SVG, with no script and nothing from elsewhere.
 *
 * Colours are the classes p0, p1 and p2 of the page. Each chart has a title and a description for those who do not see
 * it; every number in it stands in a table of the page, too.
 */
#ifndef RADIOSHOP_CHART_H
#define RADIOSHOP_CHART_H

#include <stddef.h>
#include <stdio.h>

enum { CHART_PARTS = 3 };

/* One bar: its parts stand behind each other, none is negative. Texts need not be encoded. */
struct bar {
	const char *label; /* what it is of */
	const char *note;  /* what it says, in words or numbers */
	double parts[CHART_PARTS];
};

struct chart {
	const char *id; /* letters only, one of its own in the page */
	const char *title, *description;
	const struct bar *bars;
	size_t count;
};

/* A line a bar, its label before and its note behind it. whole: each bar is as long as the others. */
void chart_rows(FILE *out, const struct chart *c, int whole);
/* A column a bar, its note above and its label below it, where there is room. */
void chart_columns(FILE *out, const struct chart *c);

#endif
