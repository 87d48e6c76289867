/*
 * statement.h: the SQL of the methods, and the promise that it fits the contract.
 *
 * Each sql/NAME.sql is embedded at build with its :named.parameters in order. A statement is
 * prepared on every backend; the first time, its parameters and columns are checked
 * against the request and the reply message, so that a mismatch stops the start and not a call.
 */
#ifndef RADIOSHOP_STATEMENT_H
#define RADIOSHOP_STATEMENT_H

#include "error.h"
#include "message.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* How many rows a statement returns, and what becomes of them. */
enum statement_rows {
	ROWS_ONE,  /* exactly one; zero is NOT_FOUND, two are INTERNAL */
	ROWS_LIST, /* any number, into the reply's repeated message field */
	ROWS_PAGE, /* as LIST, keyset-paged: asks for one more than page_size, makes next_page_token */
	/* As PAGE, but each row is one reply message, and pages follow until one is empty or its last row has no
	   page_key. */
	ROWS_STREAM,
};

/* Which connections run it (DESIGN §5). */
enum backend_class {
	BACKEND_READ,  /* short reads */
	BACKEND_WRITE, /* one transaction each, idempotent by request_id */
	BACKEND_SLOW,  /* imports, exports, filtered lists */
	BACKEND_CLASSES
};

/* The embedded text of one .sql file. Made by sql/embed.py; see embedded_statements. */
struct embedded_sql {
	const char *name;              /* file name without .sql */
	const char *text;              /* with $1, $2 … */
	const char *const *parameters; /* names for $1, $2 …; NULL-terminated */
};
extern const struct embedded_sql embedded_sql[]; /* sorted by name */
extern const size_t embedded_sql_count;
const struct embedded_sql *embedded_sql_find(const char *name);

/*
 * One statement as a method declares it. The table of methods owns these; they live as long
 * as the program. `plan` belongs to statement.c: the compiled mapping, made by statement_check().
 */
struct statement {
	const char *name; /* of the .sql file */
	enum statement_rows rows;
	enum backend_class class;
	const char *roles;  /* PostgreSQL array text: {technician,admin} */
	const char *method; /* "AssetService.GetAsset", kept with events and requests */
	const ProtobufCMessageDescriptor *request, *reply;
	struct statement_plan *plan;
};

#endif
