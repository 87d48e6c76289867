/*
 * csv_rows.c: reads csv with libcsv and adds what it lacks: line numbers, encodings, limits. Called by import.c.
 * Owns the parser while it reads; rows belong to the caller's context.
 */
#include "csv_rows.h"

#include "array.h"
#include "output.h"
#include "utf8.h"

#include <csv.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What libcsv calls FIELD_BEGUN: inside a cell; together with `quoted`, inside a quoted one. */
enum { PARSER_IN_CELL = 2 };

struct reader {
	struct csv_file *file;
	struct csv_parser parser;
	struct csv_row row; /* being read */
	bool begun;         /* row.line is set */
	bool too_many;
	size_t rows_size;
	unsigned line;
};

/* 0x80 to 0x9f of Windows-1252; 0 where it has nothing. */
static const uint16_t windows_1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030,
	0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
	0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

static size_t write_utf8(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3f));
	out[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

static char *from_windows_1252(TALLOC_CTX *ctx, const uint8_t *bytes, size_t len)
{
	char *out = array_room(ctx, NULL, len * 3 + 1, sizeof(char)), *at = out;

	if (out == NULL)
		abort();
	for (size_t i = 0; i < len; i++) {
		uint32_t code = bytes[i];

		if (code >= 0x80 && code < 0xa0)
			code = windows_1252[code - 0x80] != 0 ? windows_1252[code - 0x80] : 0xfffd;
		at += write_utf8(code, at);
	}
	*at = '\0';
	return out;
}

static bool is_utf8(const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char_len(bytes, len);

		if (n == 0)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

char *csv_utf8(TALLOC_CTX *ctx, const uint8_t *bytes, size_t len, size_t *legacy)
{
	char *text;

	if (!is_utf8(bytes, len)) {
		++*legacy;
		return from_windows_1252(ctx, bytes, len);
	}
	text = talloc_strndup(ctx, (const char *)bytes, len);
	if (text == NULL)
		abort();
	return text;
}

static char *read_cell(struct reader *r, const uint8_t *bytes, size_t len)
{
	char *text = csv_utf8(r->file, bytes, len, &r->file->legacy_cells);

	/* Old programs end lines in cells with CR LF or CR. */
	for (char *from = text, *to = text;; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		*to++ = *from == '\r' ? '\n' : *from;
		if (*from == '\0')
			break;
	}
	if (r->row.fault == NULL && text_check((const uint8_t *)text, strlen(text), NULL) != TEXT_GOOD) {
		r->row.fault = "contains a control character";
		r->row.fault_column = r->row.count;
	}
	return text;
}

static void on_cell(void *cell, size_t len, void *data)
{
	struct reader *r = data;
	struct csv_row *row = &r->row;
	const char *text;

	if (row->count == CSV_COLUMNS_MAX) {
		r->too_many = true;
		return;
	}
	row->cells = array_room(r->file, row->cells, row->count + 1, sizeof(char *));
	row->cells[row->count] = read_cell(r, cell != NULL ? cell : (const void *)"", len);
	text = csv_unguard(row->cells[row->count]);
	row->cells[row->count] += text - row->cells[row->count];
	row->count++;
}

static void check_shape(struct reader *r, struct csv_row *row)
{
	const size_t wanted = r->file->header.count;
	char *text;

	if (row->count == wanted || r->file->header.cells == NULL)
		return;
	text = talloc_asprintf(r->file, "has %zu cells where the header has %zu", row->count, wanted);
	if (row->last_line > row->line)
		text = talloc_asprintf_append(text, ", from line %u to line %u: is a quote missing or one too many?",
			row->line, row->last_line);
	row->fault = text;
	row->fault_column = row->count;
}

static void on_row(int terminator, void *data)
{
	struct reader *r = data;
	struct csv_file *f = r->file;

	(void)terminator;
	r->row.last_line = r->line;
	if (!r->begun)
		r->row.line = r->line;
	check_shape(r, &r->row);
	if (f->header.cells == NULL) {
		f->header = r->row;
	} else {
		if (f->count == r->rows_size) {
			r->rows_size = r->rows_size == 0 ? 256 : r->rows_size * 2;
			f->rows = array_room(f, f->rows, r->rows_size, sizeof(struct csv_row));
		}
		f->rows[f->count++] = r->row;
	}
	r->row = (struct csv_row){.count = 0};
	r->begun = false;
}

/* The delimiter that the first line has most of, outside quotes. */
static char find_delimiter(const char *text, size_t len)
{
	static const char choices[] = ",;\t";
	size_t counts[3] = {0, 0, 0}, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < len && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
		const char *found = text[i] != '\0' ? strchr(choices, text[i]) : NULL;

		if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && found != NULL)
			counts[found - choices]++;
	}
	for (size_t i = 1; i < 3; i++)
		if (counts[i] > counts[best])
			best = i;
	return choices[best];
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
			return false;
	return true;
}

/* Up to and with the next line end (CR LF is one), but never more than a chunk. */
static size_t next_segment(const char *text, size_t len, bool *ret_line_end)
{
	enum { CHUNK = 16 * 1024 };
	size_t n = 0;

	while (n < len && n < CHUNK && text[n] != '\n' && text[n] != '\r')
		n++;
	*ret_line_end = n < len && n < CHUNK;
	if (*ret_line_end)
		n += text[n] == '\r' && n + 1 < len && text[n + 1] == '\n' ? 2 : 1;
	return n;
}

static bool feed(struct reader *r, const char *name, const char *text, size_t len, struct error *err)
{
	r->line = 1;
	while (len > 0) {
		bool line_end;
		size_t n = next_segment(text, len, &line_end);

		if (!r->begun && !is_blank(text, n)) {
			r->begun = true;
			r->row.line = r->line;
		}
		if (csv_parse(&r->parser, text, n, on_cell, on_row, r) != n)
			abort(); /* it fails in strict mode or without memory only */
		if (r->parser.entry_pos > CSV_CELL_MAX)
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
				"%s line %u: a cell is longer than %d bytes; is a quote missing?", name, r->row.line,
				CSV_CELL_MAX);
		if (r->too_many)
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s line %u: more than %d cells", name,
				r->line, CSV_COLUMNS_MAX);
		text += n;
		len -= n;
		r->line += line_end;
	}
	if (r->parser.quoted && r->parser.pstate == PARSER_IN_CELL)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"%s line %u: a quote is opened in this row and never closed", name, r->row.line);
	csv_fini(&r->parser, on_cell, on_row, r);
	return true;
}

char *csv_plain_name(TALLOC_CTX *ctx, const char *name)
{
	char *plain = talloc_strdup(ctx, name), *to = plain;

	if (plain == NULL)
		abort();
	for (const char *from = name; *from != '\0'; from++)
		if (isalnum((unsigned char)*from) || (unsigned char)*from >= 0x80 || *from == '#')
			*to++ = (char)tolower((unsigned char)*from);
	*to = '\0';
	return plain;
}

size_t csv_column(const struct csv_file *file, const char *name)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *wanted = csv_plain_name(ctx, name);
	size_t i;

	for (i = 0; i < file->header.count; i++)
		if (strcmp(csv_plain_name(ctx, file->header.cells[i]), wanted) == 0)
			break;
	talloc_free(ctx);
	return i;
}

static bool check_header(const char *name, const struct csv_file *f, struct error *err)
{
	if (f->header.cells == NULL)
		return error_set(
			err, STATUS_INVALID_ARGUMENT, NULL, "%s is empty; its first line must name the columns", name);
	if (f->header.fault != NULL)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s line %u: the header %s", name, f->header.line,
			f->header.fault);
	for (size_t i = 0; i < f->header.count; i++)
		if (f->header.cells[i][0] != '\0' && csv_column(f, f->header.cells[i]) < i)
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s line %u: there are two columns '%s'",
				name, f->header.line, f->header.cells[i]);
	return true;
}

bool csv_check_text(const char *name, const char *text, size_t len, struct error *err)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s is UTF-16; save it as 'CSV UTF-8'", name);
	if (memchr(text, '\0', len) != NULL)
		return error_set(
			err, STATUS_INVALID_ARGUMENT, NULL, "%s is no text; save the table as 'CSV UTF-8'", name);
	return true;
}

void csv_skip_mark(const char **text, size_t *len)
{
	if (*len >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
		*text += 3;
		*len -= 3;
	}
}

bool csv_rows_read(
	TALLOC_CTX *ctx, const char *name, const char *text, size_t len, struct csv_file **ret_file, struct error *err)
{
	struct csv_file *file = talloc_zero(ctx, struct csv_file);
	struct reader r = {.file = file};
	bool ok;

	if (file == NULL || csv_init(&r.parser, 0) != 0)
		abort();
	csv_skip_mark(&text, &len);
	file->delimiter = find_delimiter(text, len);
	csv_set_delim(&r.parser, (unsigned char)file->delimiter);
	ok = csv_check_text(name, text, len, err) && feed(&r, name, text, len, err) && check_header(name, file, err);
	csv_free(&r.parser);
	if (!ok) {
		talloc_free(file);
		return false;
	}
	*ret_file = file;
	return true;
}
