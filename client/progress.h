/*
 * progress.h: a bar on stderr while long work goes on; nothing when stderr is no terminal.
 */
#ifndef RADIOSHOP_PROGRESS_H
#define RADIOSHOP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
	bool shown;
	const char *what; /* "rows" */
	size_t total;
	size_t drawn; /* the step last drawn */
};

/* total 0: it is not known, and the number done is shown instead of a bar. */
void progress_init(struct progress *p, const char *what, size_t total);
void progress_update(struct progress *p, size_t done);
/* Takes the bar away again. */
void progress_end(struct progress *p);

#endif
