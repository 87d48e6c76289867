/*
 * import.h: one import: the file, the mapping, and what became of each row. Shared by import.c and report.c.
 */
#ifndef RADIOSHOP_IMPORT_H
#define RADIOSHOP_IMPORT_H

#include "csv_rows.h"
#include "mapping.h"
#include "progress.h"
#include "run.h"
#include "session.h"

enum import_outcome {
	OUTCOME_UNKNOWN = 0,
	OUTCOME_CREATED,
	OUTCOME_CHANGED,
	OUTCOME_UNCHANGED,
	OUTCOME_REFUSED,
	OUTCOME_COUNTED /* in one of the reply's sums */
};

struct import_row {
	enum import_outcome outcome;
	char **values;                       /* by mapped field; NULL when the row has a fault */
	long ordinal;                        /* what {#} was, 0 if there is none */
	const char *column, *value, *reason; /* if refused */
};

struct import_kind {
	const char *field; /* the request's repeated field */
	size_t batch;
	const struct column_alias *aliases;
	const char *what; /* "asset" */
};

struct import {
	struct session *session;
	const struct import_kind *kind;
	const struct catalog_method *method;
	const ProtobufCMessageDescriptor *row;
	struct flag_set *flags;
	const char *name, *map, *rejects, *agency;
	ProtobufCMessage *base; /* what the flags said, for every batch */
	bool dry_run;
	uint8_t intent[16];
	struct csv_file *file;
	struct mapping *mapping;
	struct import_row *rows;            /* as many as file->count */
	size_t done;                        /* rows with an outcome, for the bar */
	size_t sent;                        /* whole batches before this row have an answer */
	size_t created, changed, unchanged; /* of replies that only give sums */
	struct progress progress;
};

/* import.c: marks row i as refused; the texts are copied. */
void import_refuse(struct import *im, size_t i, const char *column, const char *value, const char *reason);
/* import.c: every value of every row, in the order of the file, because {#} counts. */
void import_expand(struct import *im);
/* import.c: the message of row i; NULL when a value does not even have the field's form: then the row is refused. */
ProtobufCMessage *import_make_row(struct import *im, size_t i, struct arena *arena) MUST_CHECK;
/* batch.c: expands and sends all rows. False: err; the rows before im->sent have their outcome. */
bool import_rows(struct import *im, struct error *err) MUST_CHECK;

/* report.c: writes the refused rows, the rejects file and the summary. Returns the exit code. */
int import_report(struct import *im);

#endif
