/*
 * runs.c: which rows of an import belong together. A run is never kept in part: a row of it that cannot be read, or
 * that stands elsewhere in the file, keeps all of it out. Called by import.c and batch.c. Owns nothing.
 */
#include "import.h"

#include "array.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void import_refuse_run(struct import *im, size_t i)
{
	char reason[80];

	snprintf(reason, sizeof reason, "its run is refused, see line %u", im->file->rows[i].line);
	for (size_t j = im->rows[i].run; j < im->file->count && im->rows[j].run == im->rows[i].run; j++) {
		if (im->rows[j].outcome == OUTCOME_REFUSED)
			continue;
		import_refuse(im, j, "", "", reason);
		im->rows[j].follows = true;
	}
}

/* What the row says of its run, without case and blanks; NULL where its cells cannot be told apart. */
static char *key_of(struct import *im, size_t i)
{
	const struct csv_row *row = &im->file->rows[i];
	char *key = talloc_strdup(im->rows, ""), *to;

	if (row->count != im->file->header.count)
		return NULL;
	for (const char *const *field = im->kind->run_fields; *field != NULL; field++) {
		for (size_t f = 0; f < mapping_count(im->mapping); f++)
			if (strcmp(mapping_field(im->mapping, f), *field) == 0)
				key = talloc_strdup_append(key,
					im->rows[i].values != NULL ? im->rows[i].values[f]
								   : mapping_value(key, im->mapping, f, row, NULL));
		key = talloc_strdup_append(key, "\x1f");
	}
	to = key;
	for (const char *from = key; *from != '\0'; from++)
		if (*from != ' ')
			*to++ = (char)tolower((unsigned char)*from);
	*to = '\0';
	return key;
}

struct begin {
	const char *key;
	size_t row;
};

static int compare_begins(const void *a, const void *b)
{
	const struct begin *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : x->row < y->row ? -1 : x->row > y->row;
}

/* A run that is in two places: which of them would be the whole? */
static void refuse_scattered(struct import *im, struct begin *begins, size_t count)
{
	char reason[120];

	qsort(begins, count, sizeof *begins, compare_begins);
	for (size_t i = 0; i < count; i++) {
		bool before = i > 0 && strcmp(begins[i - 1].key, begins[i].key) == 0;
		bool after = i + 1 < count && strcmp(begins[i + 1].key, begins[i].key) == 0;

		if (!before && !after)
			continue;
		snprintf(reason, sizeof reason, "the rows of one run stand together, and line %u begins the same run",
			im->file->rows[begins[before ? i - 1 : i + 1].row].line);
		if (im->rows[begins[i].row].outcome != OUTCOME_REFUSED || im->rows[begins[i].row].follows)
			import_refuse(im, begins[i].row, "", "", reason);
		im->rows[begins[i].row].follows = false;
		import_refuse_run(im, begins[i].row);
	}
}

/* A row that cannot be told apart may belong to the run before it or to the one behind. */
static void refuse_beside(struct import *im, size_t unreadable, size_t beside)
{
	char reason[120];

	if (im->rows[beside].outcome == OUTCOME_REFUSED)
		return;
	snprintf(reason, sizeof reason, "line %u, beside this run, cannot be read and may belong to it",
		im->file->rows[unreadable].line);
	import_refuse(im, im->rows[beside].run, "", "", reason);
	import_refuse_run(im, im->rows[beside].run);
}

static void refuse_long(struct import *im, size_t run, size_t count)
{
	char reason[80];

	if (count <= RUN_ROWS_MAX)
		return;
	snprintf(reason, sizeof reason, "a run has at most %d rows, not %zu", RUN_ROWS_MAX, count);
	import_refuse(im, run, "", "", reason);
}

void import_find_runs(struct import *im)
{
	size_t count = im->file->count, begun = 0;
	struct begin *begins = array_zeroed(im->rows, count + 1, sizeof *begins);
	char **keys = array_zeroed(im->rows, count + 1, sizeof *keys);

	for (size_t i = 0; i < count; i++) {
		keys[i] = key_of(im, i);
		if (i > 0 && keys[i] != NULL && keys[i - 1] != NULL && strcmp(keys[i], keys[i - 1]) == 0)
			im->rows[i].run = im->rows[i - 1].run;
		else if (keys[i] != NULL)
			begins[begun++] = (struct begin){keys[i], i};
	}
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && im->rows[end].run == i; end++)
			;
		refuse_long(im, i, end - i);
		for (size_t j = i; j < end; j++)
			if (im->rows[j].outcome == OUTCOME_REFUSED)
				import_refuse_run(im, j);
	}
	for (size_t i = 0; i < count; i++) {
		if (keys[i] == NULL && i > 0 && keys[i - 1] != NULL)
			refuse_beside(im, i, i - 1);
		if (keys[i] == NULL && i + 1 < count && keys[i + 1] != NULL)
			refuse_beside(im, i, i + 1);
	}
	refuse_scattered(im, begins, begun);
}
