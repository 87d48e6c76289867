/*
 * report.c: what came of an import: the refused rows on stdout, the rejects file, one line of sums. Called by import.c.
 * Owns nothing.
 */
#include "import.h"

#include "failure.h"
#include "output.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { SERVICE_FAILED = 3 }; /* of enum ServiceResult */
enum { WARNINGS_MAX = 20 };

static void set_text(ProtobufCMessage *m, const char *field, const char *text, struct arena *arena)
{
	struct field_path path;
	char *copy = arena_strndup(arena, text, strlen(text));

	if (copy == NULL || !field_path_find(m->descriptor, field, &path))
		abort();
	message_set(m, field_path_leaf(&path), &copy);
}

static void set_number(ProtobufCMessage *m, const char *field, int number)
{
	struct field_path path;

	if (!field_path_find(m->descriptor, field, &path))
		abort();
	message_set(m, field_path_leaf(&path), &number);
}

/* Reports have the form of the API's own row results; where a kind says no columns, of those of assets. */
static const ProtobufCMessageDescriptor *result_descriptor(const struct import *im)
{
	const struct catalog_method *m =
		im->kind->columns != NULL ? im->method : catalog_method_by_name("AssetService.ImportAssets");
	struct field_path path;

	if (m == NULL || !field_path_find(m->output, "results", &path))
		abort();
	return field_message(field_path_leaf(&path));
}

static bool write_row(struct writer *w, const struct import *im, size_t i, struct error *err)
{
	const struct import_row *r = &im->rows[i];
	struct arena arena;
	ProtobufCMessage *m;
	bool ok;

	arena_init(&arena, NULL, 4 << 20);
	m = message_new(w->row, &arena);
	if (m == NULL)
		abort();
	set_number(m, "line", (int)im->file->rows[i].line);
	set_text(m, "column", r->column != NULL ? r->column : "", &arena);
	set_text(m, "value", r->value != NULL ? r->value : "", &arena);
	set_text(m, "reason", r->reason, &arena);
	if (im->kind->run_fields != NULL) {
		set_text(m, "asset", r->asset != NULL ? r->asset : "", &arena);
		set_text(m, "ticket", r->ticket != NULL ? r->ticket : "", &arena);
		set_number(m, "outcome", (int)r->outcome);
		set_number(m, "result", r->result);
	}
	ok = writer_row(w, m, err);
	arena_release(&arena);
	return ok;
}

/* The rows that people should look at: those that were refused, and what the shop has to say of others. */
static bool is_told(const struct import *im, const struct import_row *r)
{
	return r->outcome == OUTCOME_REFUSED
		       ? !r->follows
		       : im->kind->run_fields != NULL && r->reason != NULL && r->reason[0] != '\0';
}

/* What is odd about rows that are in. */
static void warn_of_rows(const struct import *im)
{
	size_t odd = 0;

	for (size_t i = 0; im->kind->run_fields == NULL && i < im->file->count; i++) {
		const struct import_row *r = &im->rows[i];

		if (r->outcome == OUTCOME_CREATED && r->reason != NULL && r->reason[0] != '\0' && ++odd <= WARNINGS_MAX)
			notice("warning: line %u: %s", im->file->rows[i].line, r->reason);
	}
	if (odd > WARNINGS_MAX)
		notice("warning: %zu more rows like these", odd - WARNINGS_MAX);
}

static bool write_told(struct import *im, struct error *err)
{
	struct output_options o = session_output(im->session, SHAPE_LIST, "line column value reason", NULL);
	struct writer *w;
	bool ok = true;

	if (o.user_columns == NULL)
		o.user_columns = im->kind->columns != NULL ? im->kind->columns : "line,column,value,reason";
	w = writer_new(im->session->mem, &o, result_descriptor(im), err);
	if (w == NULL)
		return false;
	for (size_t i = 0; ok && i < im->file->count; i++)
		if (is_told(im, &im->rows[i]))
			ok = write_row(w, im, i, err);
	ok = ok && writer_finish(w, err);
	writer_free(w);
	return ok;
}

/* The line of cells, then what import itself adds. */
static void write_cells(
	FILE *out, const struct import *im, const struct csv_row *row, const char *ordinal, const char *reason)
{
	size_t ordinal_column = csv_column(im->file, "#"), reason_column = csv_column(im->file, "reason");

	for (size_t i = 0; i < row->count; i++) {
		if (i == ordinal_column || i == reason_column)
			continue;
		csv_cell(out, row->cells[i], true);
		fputc(',', out);
	}
	if (ordinal != NULL)
		fprintf(out, "%s,", ordinal);
	csv_cell(out, reason, true);
	fputs("\n", out);
}

/*
 * The refused rows as they were, with the reason, to be corrected and imported again. Where {#} told equal rows apart,
 * a column # keeps the number of each, so that a corrected row does not become another one.
 */
static bool write_rejects(const struct import *im, struct error *err)
{
	bool ordinals = false, ok;
	char *text = NULL, number[24];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	for (size_t i = 0; i < im->file->count; i++)
		ordinals = ordinals || im->rows[i].ordinal > 0;
	write_cells(out, im, &im->file->header, ordinals ? "#" : NULL, "reason");
	for (size_t i = 0; i < im->file->count; i++) {
		const struct import_row *r = &im->rows[i];

		if (r->outcome != OUTCOME_REFUSED)
			continue;
		number[0] = '\0';
		if (r->ordinal > 0)
			snprintf(number, sizeof number, "%ld", r->ordinal);
		write_cells(out, im, &im->file->rows[i], ordinals ? number : NULL, r->reason);
	}
	if (fclose(out) != 0)
		abort();
	ok = store_write(im->rejects, text, len, err);
	free(text);
	return ok;
}

/* Runs by their first rows: what became of one became of all its rows. */
static void write_runs(FILE *summary, const struct import *im, bool told)
{
	size_t counts[OUTCOME_COUNTED + 1] = {0}, runs = 0, failed = 0;

	for (size_t i = 0; i < im->file->count; i++) {
		const struct import_row *r = &im->rows[i];

		if (r->run != i)
			continue;
		runs++;
		counts[r->outcome]++;
		failed += r->outcome == OUTCOME_CREATED && r->result == SERVICE_FAILED;
	}
	fprintf(summary, "%s%zu row%s, %zu run%s: %zu new (%zu failed), %zu unchanged, %zu refused%s\n",
		told ? "\n" : "", im->file->count, im->file->count == 1 ? "" : "s", runs, runs == 1 ? "" : "s",
		counts[OUTCOME_CREATED], failed, counts[OUTCOME_UNCHANGED], counts[OUTCOME_REFUSED],
		im->dry_run ? " (dry run: nothing was kept)" : "");
}

int import_report(struct import *im)
{
	size_t counts[OUTCOME_COUNTED + 1] = {0};
	struct error err = {0};
	bool told = false;
	bool people = im->session->options.format == OUTPUT_TABLE || im->session->options.format == OUTPUT_WIDE;
	FILE *summary = people ? stdout : stderr;

	for (size_t i = 0; i < im->file->count; i++) {
		counts[im->rows[i].outcome]++;
		told = told || is_told(im, &im->rows[i]);
	}
	counts[OUTCOME_CREATED] += im->created;
	counts[OUTCOME_CHANGED] += im->changed;
	counts[OUTCOME_UNCHANGED] += im->unchanged;
	warn_of_rows(im);
	if (im->rejects != NULL && !write_rejects(im, &err))
		return failure_tell(&err, NULL);
	if (!write_told(im, &err))
		return failure_tell(&err, NULL);
	if (im->kind->run_fields != NULL)
		write_runs(summary, im, people && told);
	else
		fprintf(summary, "%s%zu rows: %zu created, %zu changed, %zu unchanged, %zu refused%s\n",
			people && counts[OUTCOME_REFUSED] > 0 ? "\n" : "", im->file->count, counts[OUTCOME_CREATED],
			counts[OUTCOME_CHANGED], counts[OUTCOME_UNCHANGED], counts[OUTCOME_REFUSED],
			im->dry_run ? " (dry run: nothing was kept)" : "");
	if (!output_flush(stdout, &err))
		return failure_tell(&err, NULL);
	if (counts[OUTCOME_REFUSED] == 0)
		return EXIT_DONE;
	if (im->rejects != NULL)
		notice("the refused rows are in %s: correct them there and import that file", im->rejects);
	return EXIT_REFUSED;
}
