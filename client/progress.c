/*
 * progress.c: draws the bar. Called by import.c and run.c.
 * Owns the last line of the terminal between init and end.
 */
#include "progress.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, ROWS_A_STEP = 256 };

void progress_init(struct progress *p, const char *what, size_t total)
{
	const char *term = getenv("TERM");

	*p = (struct progress){.what = what, .total = total, .drawn = SIZE_MAX};
	p->shown = isatty(STDERR_FILENO) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
	progress_update(p, 0);
}

static void draw_bar(const struct progress *p, size_t done, size_t percent)
{
	size_t full = percent * BAR / 100;
	char bar[BAR + 1];

	memset(bar, '.', BAR);
	memset(bar, '#', full < BAR ? full : BAR);
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3zu%%  %zu of %zu %s", bar, percent, done, p->total, p->what);
}

void progress_update(struct progress *p, size_t done)
{
	size_t step = p->total > 0 ? (size_t)((double)done * 100 / (double)p->total) : done / ROWS_A_STEP;

	if (!p->shown || step == p->drawn)
		return;
	p->drawn = step;
	if (p->total > 0)
		draw_bar(p, done, step);
	else
		fprintf(stderr, "\r%zu %s", done, p->what);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%*s\r", BAR + 60, "");
	p->shown = false;
}
