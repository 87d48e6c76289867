/*
 * analyser_log.c: reads the pass/fail log of an analyser line by line. Called by import.c. Owns nothing: rows belong to
 * the caller's context.
 */
#include "analyser_log.h"

#include "array.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum log_column {
	SERIAL = 0,
	TAG,
	TESTED_AT,
	ANALYSER,
	PLAN,
	PROCEDURE,
	STEP,
	VALUE,
	UNIT,
	FREQUENCY,
	LOW,
	HIGH,
	VERDICT,
	NOTES,
	COLUMNS,
	DAY = COLUMNS, /* these two make up TESTED_AT */
	TIME_OF_DAY,
	HEADS,
	READ_OVER
};

static const char *const column_names[COLUMNS] = {"serial", "tag", "tested_at", "analyser", "plan", "procedure", "step",
	"value", "unit", "frequency_mhz", "low", "high", "verdict", "notes"};

/* What the lines NAME: VALUE are called, in csv_plain_name's form. */
static const struct {
	enum log_column column;
	const char *names;
} heads[] = {
	{SERIAL, " serial serialnumber serialno sn radioserial radioserialnumber radiosn unitserial unitserialnumber "},
	{TAG, " tag assettag radiotag "},
	{TESTED_AT, " datetime dateandtime testdatetime timestamp testedat started starttime "},
	{DAY, " date testdate "},
	{TIME_OF_DAY, " time testtime "},
	{ANALYSER, " analyser analyzer analyserserial analyzerserial analyserserialnumber analyzerserialnumber "
		   "instrumentserial "
		   "instrumentserialnumber testsetserial testsetserialnumber "},
	{PLAN, " plan "},
	{PROCEDURE, " procedure "},
	{NOTES, " notes note comment comments remarks "},
	{READ_OVER,
		" model radiomodel modelnumber radiomodelnumber firmware firmwareversion radiofirmware hostversion "
		"dspversion flashcode "
		"codeplug codeplugversion radioid unitid alias operator technician tester analysermodel analyzermodel "
		"instrument instrumentmodel softwareversion analyzerfirmware analyserfirmware calibrationdue "
		"calibrationdate "
		"customer test script testscript autotuneversion result overallresult testresult overall status "
		"endtime ended "
		"duration passed failed total "},
};

/* Names that the fields have in a line above them: the first and the last one tell it. */
static const char first_titles[] = " test testname testitem parameter ";
static const char last_titles[] = " result verdict status passfail ";

struct log_reader {
	struct csv_file *file;
	const char *name;
	size_t rows_size;
	char *head[HEADS];
	size_t begun;  /* the first row of the run */
	bool measured; /* the run has a line of fields: heads behind it are the next run's */
	bool titled;   /* a line that says something has been read */
	bool apart;    /* the line before is a rule or blank */
	unsigned line;
};

static bool is_among(const char *names, const char *plain)
{
	size_t n = strlen(plain);

	if (n == 0)
		return false;
	for (const char *at = names; (at = strstr(at, plain)) != NULL; at++)
		if (at > names && at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

static bool is_rule(const char *line)
{
	return line[strspn(line, " \t=-*_#")] == '\0';
}

/* The column that a line NAME: VALUE is for, with the value; HEADS when it is no such line. */
static enum log_column read_head(TALLOC_CTX *ctx, const char *line, const char **ret_value)
{
	const char *colon = strchr(line, ':');
	char *plain;

	if (colon == NULL || colon == line)
		return HEADS;
	plain = csv_plain_name(ctx, talloc_strndup(ctx, line, (size_t)(colon - line)));
	*ret_value = colon + 1 + strspn(colon + 1, " \t");
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		if (is_among(heads[i].names, plain))
			return heads[i].column;
	return HEADS;
}

/* The line at *text without its end and the blanks around it, as UTF-8; owned by ctx. Moves on to the next one. */
static char *next_line(TALLOC_CTX *ctx, const char **text, size_t *len, size_t *legacy)
{
	const char *from = *text;
	size_t n = 0, end;

	while (n < *len && from[n] != '\n' && from[n] != '\r')
		n++;
	end = n;
	if (n < *len)
		n += from[n] == '\r' && n + 1 < *len && from[n + 1] == '\n' ? 2 : 1;
	*text += n;
	*len -= n;
	while (end > 0 && (from[end - 1] == ' ' || from[end - 1] == '\t'))
		end--;
	while (end > 0 && (*from == ' ' || *from == '\t')) {
		from++;
		end--;
	}
	return csv_utf8(ctx, (const uint8_t *)from, end, legacy);
}

bool analyser_log_is(const char *text, size_t len)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	size_t legacy = 0;
	bool known = false;

	csv_skip_mark(&text, &len);
	for (int said = 0; len > 0 && said < 2 && !known;) {
		const char *line = next_line(ctx, &text, &len, &legacy), *value;

		if (is_rule(line))
			continue;
		known = read_head(ctx, line, &value) != HEADS;
		said++;
	}
	talloc_free(ctx);
	return known;
}

/* ---- rows ---- */

/* A new row at the line in hand. What the heads say is put into it when the run ends. */
static struct csv_row *add_row(struct log_reader *r)
{
	struct csv_file *f = r->file;
	struct csv_row *row;

	if (f->count == r->rows_size) {
		r->rows_size = r->rows_size == 0 ? 256 : r->rows_size * 2;
		f->rows = array_room(f, f->rows, r->rows_size, sizeof(struct csv_row));
	}
	row = &f->rows[f->count++];
	*row = (struct csv_row){.line = r->line, .last_line = r->line, .count = COLUMNS};
	row->cells = array_room(f, NULL, COLUMNS, sizeof(char *));
	for (size_t i = 0; i < COLUMNS; i++)
		row->cells[i] = talloc_strdup(f, "");
	return row;
}

/* Every row of the run says whose it is, those that are not understood, too. */
static void end_run(struct log_reader *r)
{
	const char *day = r->head[DAY] != NULL ? r->head[DAY] : "";
	const char *time = r->head[TIME_OF_DAY] != NULL ? r->head[TIME_OF_DAY] : "";

	if (r->head[TESTED_AT] == NULL && (*day != '\0' || *time != '\0'))
		r->head[TESTED_AT] = talloc_asprintf(r->file, "%s %s", day, time);
	for (size_t i = r->begun; i < r->file->count; i++)
		for (size_t c = 0; c < STEP; c++)
			if (r->head[c] != NULL)
				r->file->rows[i].cells[c] = r->head[c];
	if (r->head[NOTES] != NULL && r->begun < r->file->count)
		r->file->rows[r->begun].cells[NOTES] = r->head[NOTES];
	memset(r->head, 0, sizeof r->head);
	r->begun = r->file->count;
	r->measured = false;
}

static void add_fault(struct log_reader *r, const char *line, const char *fault)
{
	struct csv_row *row = add_row(r);

	row->cells[STEP] = talloc_strdup(r->file, line);
	row->fault = fault;
	row->fault_column = STEP;
}

static void take_head(struct log_reader *r, enum log_column column, const char *line, const char *value)
{
	char **head;

	if (column == READ_OVER)
		return;
	if (r->measured && column != NOTES)
		end_run(r);
	head = &r->head[column];
	if (*head == NULL)
		*head = talloc_strdup(r->file, value);
	else if (column == NOTES)
		*head = talloc_asprintf(r->file, "%s; %s", *head, value);
	else if (strcmp(*head, value) != 0)
		add_fault(r, line, "the run says this twice, and not the same");
}

/* ---- lines of fields ---- */

enum { FIELDS_MAX = 8 };

/* Where the field at text ends; *ret_next is where the next one begins, NULL if there is none. */
static size_t field_end(const char *text, char mark, const char **ret_next)
{
	const char *end;

	if (mark != ' ') {
		end = strchr(text, mark);
		*ret_next = end != NULL ? end + 1 : NULL;
		return end != NULL ? (size_t)(end - text) : strlen(text);
	}
	end = strstr(text, "  ");
	*ret_next = end != NULL ? end + strspn(end, " ") : NULL;
	return end != NULL ? (size_t)(end - text) : strlen(text);
}

/* The fields of a line, trimmed; more than FIELDS_MAX are counted and not kept. */
static size_t split_fields(TALLOC_CTX *ctx, const char *line, char **fields)
{
	char mark = strchr(line, '\t') != NULL ? '\t' : strchr(line, '|') != NULL ? '|' : ' ';
	size_t count = 0;

	if (mark == '|') { /* a table with lines around it */
		size_t n = strlen(line);

		line += *line == '|';
		n = strlen(line);
		line = talloc_strndup(ctx, line, n > 0 && line[n - 1] == '|' ? n - 1 : n);
	}
	for (const char *at = line, *next; at != NULL; at = next) {
		size_t n = field_end(at, mark, &next);

		while (n > 0 && at[n - 1] == ' ')
			n--;
		while (n > 0 && *at == ' ') {
			at++;
			n--;
		}
		if (count < FIELDS_MAX)
			fields[count] = talloc_strndup(ctx, at, n);
		count++;
	}
	return count;
}

/* How many bytes at the beginning of the text are a number. */
static size_t number_len(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n = *text == '-' || *text == '+', whole = strspn(text + n, digits), part = 0, e;

	n += whole;
	if (text[n] == '.') {
		part = strspn(text + n + 1, digits);
		n += 1 + part;
	}
	if (whole + part == 0)
		return 0;
	if (text[n] == 'e' || text[n] == 'E') {
		e = n + 1 + (text[n + 1] == '-' || text[n + 1] == '+');
		if (strspn(text + e, digits) > 0)
			n = e + strspn(text + e, digits);
	}
	return n;
}

/* "2.9 W" without the unit; *ret_unit is the unit if the text has one. What is no number stays as it is. */
static char *part_unit(TALLOC_CTX *ctx, char *text, char **ret_unit)
{
	size_t n = number_len(text), gap = strspn(text + n, " ");

	if (n == 0 || text[n + gap] == '\0')
		return text;
	*ret_unit = talloc_strdup(ctx, text + n + gap);
	return talloc_strndup(ctx, text, n);
}

/* A limit: nothing for "-" and N/A; the reading's own unit behind it may be there. */
static char *read_limit(TALLOC_CTX *ctx, char *text, const char *unit)
{
	char *own = NULL, *number;

	if (is_rule(text) || strcasecmp(text, "n/a") == 0 || strcasecmp(text, "none") == 0)
		return talloc_strdup(ctx, "");
	number = part_unit(ctx, text, &own);
	return own == NULL || strcmp(own, unit) == 0 ? number : text;
}

/* "TX Power @ 851.0125 MHz" is the step and its frequency. */
static void read_step(TALLOC_CTX *ctx, struct csv_row *row, char *name)
{
	char *at = strrchr(name, '@'), *unit = NULL, *number;

	row->cells[STEP] = name;
	if (at == NULL)
		return;
	number = part_unit(ctx, at + 1 + strspn(at + 1, " "), &unit);
	if (unit == NULL || strcasecmp(unit, "mhz") != 0)
		return;
	row->cells[FREQUENCY] = number;
	while (at > name && at[-1] == ' ')
		at--;
	row->cells[STEP] = talloc_strndup(ctx, name, (size_t)(at - name));
}

static bool is_verdict(const char *text)
{
	static const char *const words[] = {"pass", "passed", "p", "fail", "failed", "f"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_title_of_fields(TALLOC_CTX *ctx, char **fields, size_t count)
{
	return is_among(first_titles, csv_plain_name(ctx, fields[0])) &&
	       is_among(last_titles, csv_plain_name(ctx, fields[count - 1]));
}

/* A title is one field and has no verdict at its end: what looks like a measured value and is not understood is no
 * title. */
static bool is_title(TALLOC_CTX *ctx, const char *line)
{
	const char *last = strrchr(line, ' ');
	char *fields[FIELDS_MAX];

	return split_fields(ctx, line, fields) == 1 && !is_verdict(last != NULL ? last + 1 : line);
}

/* NAME VERDICT, NAME VALUE-WITH-UNIT LOW HIGH VERDICT, or the same with the unit in a field of its own. */
static bool take_fields(struct log_reader *r, const char *line)
{
	TALLOC_CTX *ctx = r->file;
	char *fields[FIELDS_MAX];
	size_t count = split_fields(ctx, line, fields);
	struct csv_row *row;

	if (count != 2 && count != 5 && count != 6)
		return false;
	if (!is_verdict(fields[count - 1]))
		return is_title_of_fields(ctx, fields, count);
	row = add_row(r);
	r->measured = true;
	read_step(ctx, row, fields[0]);
	row->cells[VERDICT] = fields[count - 1];
	if (count == 2)
		return true;
	row->cells[VALUE] = count == 5 ? part_unit(ctx, fields[1], &row->cells[UNIT]) : fields[1];
	if (count == 6)
		row->cells[UNIT] = fields[2];
	row->cells[LOW] = read_limit(ctx, fields[count - 3], row->cells[UNIT]);
	row->cells[HIGH] = read_limit(ctx, fields[count - 2], row->cells[UNIT]);
	return true;
}

/* ---- lines ---- */

/* Whether the next line is a rule: then what stands apart above it is a title. */
static bool rule_follows(const char *text, size_t len)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	size_t legacy = 0;
	const char *line = next_line(ctx, &text, &len, &legacy);
	bool rule = *line != '\0' && is_rule(line);

	talloc_free(ctx);
	return rule;
}

static void take_line(struct log_reader *r, const char *line, const char *rest, size_t rest_len)
{
	const char *value = "";
	enum log_column column;
	bool first = !r->titled;

	r->titled = true;
	if (text_check((const uint8_t *)line, strlen(line), NULL) != TEXT_GOOD) {
		add_fault(r, "", "contains a control character");
		return;
	}
	column = read_head(r->file, line, &value);
	if (column != HEADS)
		take_head(r, column, line, value);
	else if (!take_fields(r, line) &&
		 !(is_title(r->file, line) && (first || (r->apart && rule_follows(rest, rest_len)))))
		add_fault(r, line, "is not understood; see radioshop(1), RESULTS OF ANALYSERS, for what is");
}

static bool read_lines(struct log_reader *r, const char *text, size_t len, struct error *err)
{
	while (len > 0) {
		const char *line = next_line(r->file, &text, &len, &r->file->legacy_cells);

		r->line++;
		if (strlen(line) > CSV_CELL_MAX)
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
				"%s line %u: longer than %d bytes; is this a log?", r->name, r->line, CSV_CELL_MAX);
		if (!is_rule(line))
			take_line(r, line, text, len);
		r->apart = is_rule(line);
	}
	end_run(r);
	if (r->file->count == 0)
		return error_set(
			err, STATUS_INVALID_ARGUMENT, NULL, "%s has no line of a measured value in it", r->name);
	return true;
}

bool analyser_log_read(
	TALLOC_CTX *ctx, const char *name, const char *text, size_t len, struct csv_file **ret_file, struct error *err)
{
	struct csv_file *file = talloc_zero(ctx, struct csv_file);
	struct log_reader r = {.file = file, .name = name};

	if (file == NULL)
		abort();
	file->delimiter = ',';
	file->header.count = COLUMNS;
	file->header.cells = array_room(file, NULL, COLUMNS, sizeof(char *));
	for (size_t i = 0; i < COLUMNS; i++)
		file->header.cells[i] = talloc_strdup(file, column_names[i]);
	csv_skip_mark(&text, &len);
	if (!csv_check_text(name, text, len, err) || !read_lines(&r, text, len, err)) {
		talloc_free(file);
		return false;
	}
	*ret_file = file;
	return true;
}
