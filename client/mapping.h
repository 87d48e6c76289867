/*
 * mapping.h: which columns of a csv file make up which fields of a row.
 *
 * Without a mapping file, columns are known by their names and the usual other names of them ("Serial Number", "S/N").
 * A mapping file has lines `field = template`. In a template {column} is the cell, {hash:column,column} ten hexadecimal
 * digits that depend on these cells ({hash:*}: on all), and {#} the ordinal of the row among the rows for which the
 * rest of the template came out the same: equal rows stay separate records, and the same file gives the same values
 * again.
 * {{ and }} are braces. # begins a comment line. Where rows may have values of fields, field.NAME is a field, too.
 *
 * A line `field: said = meant` behind that of the field gives our word for another program's: `status: Deployed =
 * in_service`. Case does not matter; `*x` is what ends in x, and `*` whatever no other line says.
 */
#ifndef RADIOSHOP_MAPPING_H
#define RADIOSHOP_MAPPING_H

#include "csv_rows.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <talloc.h>

struct mapping;

/* Other names that a field's column has: blank-separated, in csv_plain_name's form. */
struct column_alias {
	const char *field, *aliases;
};

/*
 * From the header: a column is a field of row by the field's name or by an alias (table ended by field == NULL). Owned
 * by ctx. False when two columns are the same field, or none is known.
 */
struct mapping *mapping_from_header(TALLOC_CTX *ctx, const struct csv_file *file, const ProtobufCMessageDescriptor *row,
	const struct column_alias *aliases, struct error *err) MUST_CHECK;
/* From the text of a mapping file. False names file and line: no such field, no such column, a broken template. */
struct mapping *mapping_parse(TALLOC_CTX *ctx, const char *name, const char *text, size_t len,
	const struct csv_file *file, const ProtobufCMessageDescriptor *row, struct error *err) MUST_CHECK;

size_t mapping_count(const struct mapping *m);
/* Name of the i-th mapped field. */
const char *mapping_field(const struct mapping *m, size_t i);
/* The one column it is made from, or the field's name where it is made from several or none. */
const char *mapping_column(const struct mapping *m, const char *field);
/* Whether a column is used by any field. */
bool mapping_uses(const struct mapping *m, size_t column);

/* The column of a row that says \clear while the i-th field is made of more than it; header.count if there is none. */
size_t mapping_mixed_mark(const struct mapping *m, size_t i, const struct csv_row *row);

/*
 * The value of the i-th field for a row; owned by ctx. Rows must come in the order of the file, each once for every
 * field, since {#} counts. *ret_ordinal, if not NULL, is set to the ordinal when the template has one.
 */
char *mapping_value(TALLOC_CTX *ctx, struct mapping *m, size_t i, const struct csv_row *row, long *ret_ordinal);

#endif
