/*
 * Any bytes as a csv file: rows of valid text, lines in order; and what is written as csv reads back as the same cells.
 */
#include "csv_rows.h"
#include "output.h"
#include "target.h"
#include "utf8.h"

/* libcsv leaves out blank lines and the blanks around cells, so only rows with text that is not padded come back. */
static bool comes_back(const struct csv_row *row)
{
	bool text = false;

	for (size_t i = 0; i < row->count; i++)
		text = text || row->cells[i][0] != '\0';
	return text && row->fault == NULL;
}

static void write_back(TALLOC_CTX *ctx, const struct csv_file *file)
{
	struct error err = {0};
	struct csv_file *again;
	char *text = NULL;
	size_t len = 0, at = 0;
	FILE *out = open_memstream(&text, &len);

	expect(out != NULL);
	for (size_t c = 0; c < file->header.count; c++)
		fprintf(out, "%sc%zu", c > 0 ? "," : "", c);
	fputs("\r\n", out);
	for (size_t i = 0; i < file->count; i++) {
		if (!comes_back(&file->rows[i]))
			continue;
		for (size_t c = 0; c < file->rows[i].count; c++) {
			if (c > 0)
				fputc(',', out);
			csv_cell(out, file->rows[i].cells[c], true);
		}
		fputs("\r\n", out);
	}
	fclose(out);
	expect(csv_rows_read(ctx, "again", text, len, &again, &err));
	for (size_t i = 0; i < file->count; i++) {
		if (!comes_back(&file->rows[i]))
			continue;
		expect(at < again->count && again->rows[at].fault == NULL &&
			again->rows[at].count == file->rows[i].count);
		for (size_t c = 0; c < file->rows[i].count; c++)
			expect(strcmp(again->rows[at].cells[c], file->rows[i].cells[c]) == 0);
		at++;
	}
	expect(at == again->count);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct error err = {0};
	struct csv_file *file;
	unsigned line = 0;

	if (csv_rows_read(ctx, "fuzz", (const char *)data, size, &file, &err)) {
		for (size_t i = 0; i < file->count; i++) {
			const struct csv_row *row = &file->rows[i];

			expect(row->line > line && row->last_line >= row->line);
			line = row->last_line;
			expect(row->fault != NULL || row->count == file->header.count);
			for (size_t c = 0; c < row->count && row->fault == NULL; c++)
				expect(text_check((const uint8_t *)row->cells[c], strlen(row->cells[c]), NULL) ==
					TEXT_GOOD);
		}
		if (file->header.count > 1)
			write_back(ctx, file);
	} else {
		expect(err.text[0] != '\0' && err.code == STATUS_INVALID_ARGUMENT);
	}
	talloc_free(ctx);
	return 0;
}
