/*
 * alert_words.h: what people read of each kind of alert, in one table, in the order in which it is told. Called by
 * emit.c and notice.c. A new kind is one row.
 */
#ifndef RADIOSHOP_ALERT_WORDS_H
#define RADIOSHOP_ALERT_WORDS_H

#include "radioshop/v1/alert.pb-c.h"

#include <stddef.h>
#include <stdint.h>

struct alert_words {
	Radioshop__V1__AlertKind kind;
	const char *counted; /* "3 overdue" in a subject line */
	const char *heading; /* over the alerts of this kind */
	const char *day;     /* "due 2026-11-23" */
	const char *days[2]; /* "12 days overdue": at step 0, and from step 1 on; NULL: days say nothing here */
	const char *to_do;   /* a command that helps, and what it does; NULL: those for every alert do */
};

enum { ALERT_DAYS_MAX = 64 };

extern const struct alert_words alert_words[];
extern const size_t alert_words_count;

/* ", 12 days overdue", or nothing where days say nothing; of a table's row. Written to out, which it returns. */
const char *alert_days(const struct alert_words *words, int32_t days, int32_t step, char out[ALERT_DAYS_MAX]);

#endif
