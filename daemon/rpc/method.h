/*
 * method.h: the table of methods, DESIGN §2: one row a method, and nothing else says what the API is.
 */
#ifndef RADIOSHOP_METHOD_H
#define RADIOSHOP_METHOD_H

#include "catalog.h"
#include "statement.h"

#include <stddef.h>

/* A row, joined at start with what the proto says of it. */
struct method {
	const struct catalog_method *contract;
	struct statement statement;
	size_t index; /* for counters */
};

/*
 * Joins the table with the catalog and the embedded SQL. False, with the row at fault in err, when a
 * radioshop.v1 method has no row, a row no method or no .sql file, a .sql file no row, or when the
 * row's rows/class contradict the proto (STREAM but unary; WRITE without request_id).
 */
bool method_table_init(struct error *err) MUST_CHECK;
const struct method *method_table(size_t *ret_count);
/* By ":path"; NULL if none. */
const struct method *method_by_path(const char *path, size_t len);
/* One row as it is written in method.c. */
struct method_row {
	const char *service, *name; /* "AssetService", "GetAsset" */
	enum statement_rows rows;
	enum backend_class class;
	const char *roles; /* PostgreSQL array text */
};
/* For tests: the rows, the rules between one row and its proto, and "GetAsset" as get_asset. */
const struct method_row *method_rows(size_t *ret_count);
bool method_row_check(
	const struct method_row *row, const struct catalog_method *contract, struct error *err) MUST_CHECK;
bool method_sql_name(const char *name, char *out, size_t size) MUST_CHECK;

/* All statements, for pool_new(). */
struct statement *const *method_statements(size_t *ret_count);

#endif
