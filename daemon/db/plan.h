/*
 * plan.h: the compiled mapping of one statement: request fields to parameters, columns to reply fields.
 *
 * Made by statement_check() from the embedded SQL, the two message descriptors and what the server
 * says of the prepared statement; read by bind.c and row.c. Lives until statement_forget().
 */
#ifndef RADIOSHOP_PLAN_H
#define RADIOSHOP_PLAN_H

#include "statement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param_source {
	PARAM_FIELD,      /* a field of the request */
	PARAM_EACH,       /* the same field of every element of a repeated message, as an array */
	PARAM_PAGE_KEY,   /* where the page begins: NULL or text[] */
	PARAM_PAGE_LIMIT, /* rows to fetch */
};

struct plan_param {
	const char *name;
	enum param_source source;
	uint32_t type;          /* enum pgtype */
	struct field_path each; /* PARAM_EACH: the repeated field, in the request */
	struct field_path path; /* in the request, or in an element of `each` */
	bool is_filter;         /* part of what a page token belongs to */
};

enum column_target {
	COLUMN_ROW,   /* a field of the row message */
	COLUMN_REPLY, /* a field of the reply beside it */
	COLUMN_PAGE_KEY,
	COLUMN_REFUSAL,
};

struct plan_column {
	char *name;
	enum column_target target;
	struct field_path path;
	bool null_seen; /* a NULL came for a field without presence, and the log has it */
};

struct statement_plan {
	size_t param_count, column_count;
	struct plan_param *params;
	struct plan_column *columns;
	const ProtobufCFieldDescriptor *row_field; /* of the reply; NULL when the row is the reply */
	const ProtobufCMessageDescriptor *row_message;
	const ProtobufCFieldDescriptor *request_id, *page_size, *page_token, *next_page_token; /* NULL if none */
	int page_key_column, refusal_column;                                                   /* -1 if none */
};

/* What the server says of a prepared statement. */
struct statement_shape {
	size_t param_count, column_count;
	const uint32_t *param_types;
	const struct shape_column {
		const char *name;
		uint32_t type;
		bool nullable; /* a plain table column without NOT NULL */
	} * columns;
};

/* What is wrong with a database or its statements: all of it goes to the log, the first is kept. */
struct faults {
	unsigned count;
	struct error first;
};
void fault_add(struct faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Compiles the mapping and keeps it as s->plan. False, and every misfit added to faults, when a
 * parameter is no request field, a column no reply field, or their types are not an accepted pair.
 */
bool statement_check(struct statement *s, const struct statement_shape *shape, struct faults *faults) MUST_CHECK;
/* Frees the plan. Fine when there is none. */
void statement_forget(struct statement *s);

/* Writes have a request_id: one transaction each, answered once. */
bool statement_is_write(const struct statement *s);

/* Whether a column of that type may fill the field. */
bool column_fits(const ProtobufCFieldDescriptor *f, uint32_t type);
/* google.protobuf.Timestamp, the one message that travels as timestamptz. */
bool field_is_timestamp(const ProtobufCFieldDescriptor *f);
/* Whether NULL is a value of the field: it has presence, or its empty value means "none". */
bool field_takes_null(const ProtobufCFieldDescriptor *f, uint32_t type);

#endif
