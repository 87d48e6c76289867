/*
 * results.c: any bytes as the results of an analyser, a log or a table, up to the calls: every line of a log is a row
 * or is understood, a run is refused as a whole or not at all, its rows stand together and go in one call, and the
 * rejects file reads back.
 */
#include "analyser_log.h"
#include "import.h"
#include "output.h"
#include "scratch.h"
#include "store.h"
#include "target.h"
#include "utf8.h"

static const struct column_alias aliases[] = {{"serial", "serialnumber sn"}, {"tested_at", "date datetime"},
	{"step", "test"}, {"verdict", "result"}, {NULL, NULL}};
static const char *const run_fields[] = {"serial", "tag", "tested_at", "analyser", "plan", "procedure", NULL};
static const struct import_kind kind = {
	"rows", 500, aliases, "result", run_fields, "line,asset,outcome,result,ticket,column,value,reason"};

static void check_log(const struct csv_file *file)
{
	unsigned line = 0;

	expect(file->count > 0);
	for (size_t i = 0; i < file->count; i++) {
		const struct csv_row *row = &file->rows[i];

		expect(row->line > line && row->last_line == row->line && row->count == file->header.count);
		line = row->line;
		for (size_t c = 0; c < row->count; c++)
			expect(text_check((const uint8_t *)row->cells[c], strlen(row->cells[c]), NULL) == TEXT_GOOD);
	}
}

static void check_runs(struct import *im)
{
	struct arena a;

	arena_init(&a, NULL, 16 << 20);
	for (size_t i = 0; i < im->file->count; i++) {
		const struct import_row *r = &im->rows[i], *first = &im->rows[r->run];

		expect(r->run <= i && (r->run == i || im->rows[i - 1].run == r->run));
		expect((r->outcome == OUTCOME_REFUSED) == (first->outcome == OUTCOME_REFUSED));
		expect(i - r->run < RUN_ROWS_MAX || r->outcome == OUTCOME_REFUSED);
		expect(r->outcome != OUTCOME_REFUSED || r->reason[0] != '\0');
		if (r->outcome == OUTCOME_REFUSED)
			continue;
		expect(import_make_row(im, i, &a) != NULL);
		im->rows[i].outcome = OUTCOME_CREATED;
		im->rows[i].reason = "";
	}
	arena_release(&a);
}

/* A run that is kept is in no other place of the file. */
static void check_rejects(const struct import *im)
{
	struct error err = {.code = STATUS_OK};
	struct csv_file *again;
	size_t refused = 0, len;
	char *text;

	for (size_t i = 0; i < im->file->count; i++)
		refused += im->rows[i].outcome == OUTCOME_REFUSED;
	expect(store_read(im->session->mem, im->rejects, 8 << 20, &text, &len, &err));
	expect(csv_rows_read(im->session->mem, "rejects", text, len, &again, &err));
	expect(again->count == refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import im = {.kind = &kind};
	struct error err = {.code = STATUS_OK};
	struct field_path rows;
	char rejects[300], *text = text_of(data, size);
	struct session s;
	bool log = analyser_log_is(text, size), ok;

	catalog_init();
	session_init(&s);
	im.session = &s;
	im.method = catalog_method_by_name("ServiceRecordService.ImportResults");
	expect(field_path_find(im.method->input, kind.field, &rows));
	im.row = field_message(field_path_leaf(&rows));
	ok = log ? analyser_log_read(s.mem, "log", text, size, &im.file, &err)
		 : csv_rows_read(s.mem, "table", text, size, &im.file, &err);
	if (ok && log)
		check_log(im.file);
	if (ok)
		im.mapping = mapping_from_header(s.mem, im.file, im.row, aliases, &err);
	expect(!log || !ok || im.mapping != NULL);
	if (im.mapping == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT && err.text[0] != '\0');
	} else {
		import_expand(&im);
		check_runs(&im);
		snprintf(rejects, sizeof rejects, "%s/rejects.csv", scratch());
		im.rejects = rejects;
		(void)import_report(&im);
		check_rejects(&im);
	}
	session_release(&s);
	free(text);
	return 0;
}
