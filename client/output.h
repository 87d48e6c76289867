/*
 * output.h: records on stdout or in a file: one writer interface, four formats and a calendar.
 *
 * A writer gets rows of one message type and a choice of columns (dotted field paths). table and wide are
 * for people (local time, dollars, nothing that could drive a terminal); csv is for spreadsheets (RFC 4180, no
 * cell that would run as a formula); json is for programs (proto field names, integers as they are).
 */
#ifndef RADIOSHOP_OUTPUT_H
#define RADIOSHOP_OUTPUT_H

#include "error.h"
#include "message.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>
#include <talloc.h>

enum output_format { OUTPUT_TABLE = 0, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_CALENDAR, OUTPUT_HTML };

/* A calendar and the tables of a page are no formats of every list, and so have no names here. */
bool output_format_parse(const char *name, enum output_format *ret_format) MUST_CHECK;

/* What is written: many rows, one record with all its fields, or one record in short. */
enum output_shape { SHAPE_LIST = 0, SHAPE_RECORD, SHAPE_BRIEF };

struct output_options {
	enum output_format format;
	enum output_shape shape;
	bool header;        /* write the line of column names */
	bool formula_guard; /* csv only */
	bool colours;
	bool blank_zeros;         /* tables: numbers that are zero are left out */
	const char *user_columns; /* comma-separated, or NULL: what the person asked for */
	const char *columns;      /* blank-separated dotted paths: what the command shows; NULL: every scalar field */
	const char *wide;         /* the same: what `wide` adds; may be NULL */
	const char *fields;       /* the same: columns of fields that csv adds; may be NULL */
	const char *title;        /* calendars and pages: what to call it; may be NULL */
	FILE *out;
};

/* One column: where its value is, and how it is called. */
struct column {
	struct field_path path;
	const char *dotted; /* "asset.cost_cents" */
	const char *name;   /* csv header: dotted, money without _cents */
	const char *title;  /* table heading: "COST" */
	const char *field;  /* the column is the value of this field; or NULL */
	bool money;
};

struct writer;

/* Owned by ctx. False: USAGE when a column is asked for that the rows lack. */
struct writer *writer_new(TALLOC_CTX *ctx, const struct output_options *o, const ProtobufCMessageDescriptor *row,
	struct error *err) MUST_CHECK;
/* Writes or remembers a row; m is borrowed. */
bool writer_row(struct writer *w, const ProtobufCMessage *m, struct error *err) MUST_CHECK;
/* Writes what is still to be written and flushes. False: OUTPUT. */
bool writer_finish(struct writer *w, struct error *err) MUST_CHECK;
/* Frees it, finished or not. */
void writer_free(struct writer *w);

/*
 * The message of a reply that holds the records, by the same rule as the daemon's: its only message-typed field,
 * else the reply itself. *ret_field is that field, or NULL.
 */
const ProtobufCMessageDescriptor *reply_row(
	const ProtobufCMessageDescriptor *reply, const ProtobufCFieldDescriptor **ret_field);
/* The single record of a reply, or the reply itself; NULL when the record is not set. */
const ProtobufCMessage *reply_record(const ProtobufCMessage *reply);

/* Flushes out; false with OUTPUT when anything written to it was lost. */
bool output_flush(FILE *out, struct error *err) MUST_CHECK;

/* ---- for the writers ---- */

struct writer {
	struct output_options o;
	const ProtobufCMessageDescriptor *row;
	struct column *columns;
	size_t column_count;
	size_t rows; /* written so far */
	const struct writer_ops *ops;
	void *state; /* of the format, owned by the writer */
};

struct writer_ops {
	bool (*begin)(struct writer *w, struct error *err);
	bool (*row)(struct writer *w, const ProtobufCMessage *m, struct error *err);
	bool (*end)(struct writer *w, struct error *err);
	void (*release)(struct writer *w); /* NULL: nothing to release */
};

extern const struct writer_ops table_writer, record_writer, json_writer, csv_writer, calendar_writer, html_writer;

enum value_style { VALUE_PEOPLE, VALUE_CSV };

/* The column's value in m as text; "" when it is not set. Not cleaned. Owned by ctx. */
char *column_text(TALLOC_CTX *ctx, const struct column *c, const ProtobufCMessage *m, enum value_style style);
/* The same for one value of a field; i counts in a repeated field. */
char *value_text(TALLOC_CTX *ctx, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i,
	enum value_style style);
/* Whether the field holds cents. */
bool field_is_money(const ProtobufCFieldDescriptor *f);
/* Whether the field holds numbers, shown to the right and never guarded. */
bool field_is_number(const ProtobufCFieldDescriptor *f);
/* COST of asset.cost_cents, ASSIGNED TO of assigned_to. */
char *column_title(TALLOC_CTX *ctx, const char *dotted, bool money);

/*
 * csv: one cell, quoted where RFC 4180 wants it. guard puts a ' before text that a spreadsheet would run
 * as a formula; csv_unguard takes exactly that ' off again (it returns text or text + 1).
 */
void csv_cell(FILE *out, const char *text, bool guard);
const char *csv_unguard(const char *text);

#endif
