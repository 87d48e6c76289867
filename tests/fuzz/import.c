/*
 * import.c: any mapping and any table as an import, up to the calls: each row has a value for every field or a reason
 * why not, and the rejects file that is written for correction reads back as the rows that were refused.
 *
 * A mapping file, or nothing; a line "=="; the csv file.
 */
#include "import.h"
#include "output.h"
#include "scratch.h"
#include "store.h"
#include "target.h"

static const struct column_alias aliases[] = {{"serial", "serialnumber sn"}, {"tag", "assettag"}, {NULL, NULL}};
static const struct import_kind kind = {"rows", 500, aliases, "asset", .assets = true};

/* The columns that the rejects file keeps as they were. */
static bool is_kept(const struct csv_file *file, size_t column)
{
	return column != csv_column(file, "#") && column != csv_column(file, "reason");
}

static void check_row(const struct csv_file *file, const struct csv_row *row, const struct csv_row *again)
{
	size_t at = 0;

	for (size_t i = 0; i < row->count; i++) {
		if (!is_kept(file, i))
			continue;
		expect(at < again->count && strcmp(row->cells[i], again->cells[at]) == 0);
		at++;
	}
}

static void check_rejects(const struct import *im)
{
	struct error err = {.code = STATUS_OK};
	struct csv_file *again;
	size_t at = 0, len;
	char *text;

	expect(store_read(im->session->mem, im->rejects, 1 << 20, &text, &len, &err));
	expect(csv_rows_read(im->session->mem, "rejects", text, len, &again, &err));
	for (size_t i = 0; i < im->file->count; i++) {
		if (im->rows[i].outcome != OUTCOME_REFUSED)
			continue;
		expect(at < again->count);
		if (im->file->rows[i].fault == NULL)
			check_row(im->file, &im->file->rows[i], &again->rows[at]);
		at++;
	}
	expect(at == again->count);
}

static void make_rows(struct import *im)
{
	struct arena a;

	arena_init(&a, NULL, 16 << 20);
	for (size_t i = 0; i < im->file->count; i++) {
		const ProtobufCMessage *m = NULL;

		if (im->rows[i].outcome != OUTCOME_REFUSED)
			m = import_make_row(im, i, &a);
		if (m != NULL)
			im->rows[i].outcome = OUTCOME_CREATED;
		else
			expect(im->rows[i].outcome == OUTCOME_REFUSED && im->rows[i].reason[0] != '\0');
	}
	arena_release(&a);
}

static void import(struct session *s, const char *map, const char *table, size_t table_len)
{
	struct import im = {.session = s, .kind = &kind, .agency = "IND"};
	struct error err = {.code = STATUS_OK};
	struct field_path rows;
	char rejects[300];

	im.method = catalog_method_by_name("AssetService.ImportAssets");
	expect(field_path_find(im.method->input, kind.field, &rows));
	im.row = field_message(field_path_leaf(&rows));
	if (!csv_rows_read(s->mem, "table", table, table_len, &im.file, &err))
		return;
	if (*map != '\0')
		im.mapping = mapping_parse(s->mem, "map", map, strlen(map), im.file, im.row, &err);
	else
		im.mapping = mapping_from_header(s->mem, im.file, im.row, aliases, &err);
	if (im.mapping == NULL) {
		expect(err.code == STATUS_INVALID_ARGUMENT && err.text[0] != '\0');
		return;
	}
	im.map = *map != '\0' ? "map" : NULL;
	import_expand(&im);
	make_rows(&im);
	snprintf(rejects, sizeof rejects, "%s/rejects.csv", scratch());
	im.rejects = rejects;
	(void)import_report(&im);
	check_rejects(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *table = text, *line;
	struct session s;

	catalog_init();
	session_init(&s);
	line = strncmp(text, "==\n", 3) == 0 ? text : strstr(text, "\n==\n");
	if (line != NULL) {
		table = line + (line == text && *line == '=' ? 3 : 4);
		*line = '\0';
		import(&s, text, table, size - (size_t)(table - text));
	}
	session_release(&s);
	free(text);
	return 0;
}
