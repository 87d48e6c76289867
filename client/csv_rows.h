/*
 * csv_rows.h: a csv file as rows, whatever program wrote it.
 *
 * RFC 4180 with what is met in practice: BOM; CR, LF or CRLF; comma, semicolon or tab; cells that are no UTF-8 are
 * read as Windows-1252; the ' that guards a formula is taken off. A row that does not fit stays in the list with its
 * fault, so that it can be reported and written back.
 */
#ifndef RADIOSHOP_CSV_ROWS_H
#define RADIOSHOP_CSV_ROWS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

enum { CSV_CELL_MAX = 32 * 1024, CSV_COLUMNS_MAX = 512 };

struct csv_row {
	unsigned line, last_line; /* physical lines of the file, from 1; quoted newlines count */
	size_t count;
	char **cells;        /* UTF-8 */
	const char *fault;   /* NULL, or why the row cannot be used */
	size_t fault_column; /* index of the cell at fault, count if none */
};

struct csv_file {
	struct csv_row header;
	struct csv_row *rows;
	size_t count;
	size_t legacy_cells; /* read as Windows-1252 */
	char delimiter;
};

/*
 * Reads all rows; owned by ctx. name is for messages. False with INVALID_ARGUMENT naming the line: a quote that is
 * never closed, a cell over CSV_CELL_MAX, UTF-16 or other binary, no header, a column name that is there twice.
 */
bool csv_rows_read(TALLOC_CTX *ctx, const char *name, const char *text, size_t len, struct csv_file **ret_file,
	struct error *err) MUST_CHECK;

/* Index of the column with this name (case, blanks and punctuation do not matter), or header.count. */
size_t csv_column(const struct csv_file *file, const char *name);
/* serialnumber of "Serial Number"; owned by ctx. "#" stays. */
char *csv_plain_name(TALLOC_CTX *ctx, const char *name);

/* What other readers of such files need of it. Takes a byte order mark off. */
void csv_skip_mark(const char **text, size_t *len);
/* False when it is no text, or UTF-16. */
bool csv_check_text(const char *name, const char *text, size_t len, struct error *err) MUST_CHECK;
/* The bytes as UTF-8, from Windows-1252 where they are none: then *legacy grows. Owned by ctx. */
char *csv_utf8(TALLOC_CTX *ctx, const uint8_t *bytes, size_t len, size_t *legacy);

#endif
