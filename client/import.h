/*
 * import.h: one import: the file, the mapping, and what became of each row. Shared by import.c, batch.c and report.c.
 *
 * Rows of a kind with run_fields belong together where these fields say the same: a run, which is sent, kept and
 * refused as a whole.
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
	const char *column, *value, *reason; /* if refused; a reason may also be given for what is kept */
	size_t run;                          /* the first row of its run; the row itself where there are no runs */
	bool follows;                        /* refused because another row of its run is, which says why */
	const char *asset, *ticket;          /* of runs, as the shop has answered; may be NULL */
	int result;
};

struct import_kind {
	const char *field; /* the request's repeated field */
	size_t batch;
	const struct column_alias *aliases;
	const char *what;              /* "asset" */
	const char *const *run_fields; /* ended by NULL; NULL: every row by itself */
	const char *columns;           /* of the report, by commas; NULL: line, column, value, reason */
	bool assets;                   /* \clear empties a field; rows are compared with each other */
};

enum { RUN_ROWS_MAX = 100 };

struct import {
	struct session *session;
	const struct import_kind *kind;
	const struct catalog_method *method;
	const ProtobufCMessageDescriptor *row;
	struct flag_set *flags;
	const char *name, *map, *saved, *rejects, *agency, *format; /* saved: name of a mapping that the shop keeps */
	ProtobufCMessage *base;                                     /* what the flags said, for every batch */
	bool dry_run;
	uint8_t intent[16];
	unsigned char file_hash[32]; /* of what is in the file, and of how it is read */
	char shop_run[37];           /* UUID of the shop's record of this import; "" where the method has none */
	size_t shop_done;            /* rows that the shop has counted there */
	struct csv_file *file;
	struct mapping *mapping;
	struct import_row *rows;            /* as many as file->count */
	size_t done;                        /* rows with an outcome, for the bar */
	size_t sent;                        /* whole batches before this row have an answer */
	size_t created, changed, unchanged; /* of replies that only give sums */
	struct progress progress;
};

/* import.c: marks row i as refused; the texts are copied. The rest of its run is import_refuse_run()'s. */
void import_refuse(struct import *im, size_t i, const char *column, const char *value, const char *reason);
/* runs.c: marks the rows of row i's run that are not refused yet as refused for its sake. */
void import_refuse_run(struct import *im, size_t i);
/* runs.c: finds the runs, and refuses those that are not whole or not in one place. */
void import_find_runs(struct import *im);
/* import.c: every value of every row, in the order of the file, because {#} counts. */
void import_expand(struct import *im);
/* import.c: the message of row i; NULL when a value does not even have the field's form: then the row is refused. */
ProtobufCMessage *import_make_row(struct import *im, size_t i, struct arena *arena) MUST_CHECK;
/* saved_mapping.c: the text of the mapping im->saved. */
bool import_fetch_mapping(struct import *im, char **ret_text, struct error *err) MUST_CHECK;
/* row_conflict.c: refuses rows of assets that contradict another row of the file. */
void import_compare_rows(struct import *im);
/* import_run.c: begins the shop's record of this import, or finds the one that was broken off. */
bool import_begin_run(struct import *im, struct error *err) MUST_CHECK;
/* import_run.c: says in a request which record it belongs to, and that all rows before `done` are done with it. */
void import_name_run(const struct import *im, ProtobufCMessage *request, size_t done, struct arena *arena);
/* import_run.c: ends the record where no row was left to be sent that would have done it. */
bool import_end_run(struct import *im, struct error *err) MUST_CHECK;
/* batch.c: expands and sends all rows. False: err; the rows before im->sent have their outcome. */
bool import_rows(struct import *im, struct error *err) MUST_CHECK;

/* report.c: writes the refused rows, the rejects file and the summary. Returns the exit code. */
int import_report(struct import *im);

#endif
