/*
 * output_json.c: JSON for programs: an array of records, or one record. A writer of output.h.
 * Owns nothing between rows.
 */
#include "output.h"

#include "message_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *walk(json_t *from, const char *dotted)
{
	while (from != NULL) {
		size_t n = strcspn(dotted, ".");
		char *key = talloc_strndup(NULL, dotted, n);

		from = json_object_get(from, key);
		talloc_free(key);
		if (dotted[n] == '\0')
			return from;
		dotted += n + 1;
	}
	return NULL;
}

/* Just the columns that were asked for; takes the reference of whole. */
static json_t *only_columns(const struct writer *w, json_t *whole)
{
	json_t *chosen;

	if (w->column_count == 0)
		return whole;
	chosen = json_object();
	for (size_t i = 0; i < w->column_count; i++) {
		json_t *value = walk(whole, w->columns[i].dotted);

		if (json_object_set_new(
			    chosen, w->columns[i].dotted, value != NULL ? json_incref(value) : json_null()) != 0)
			abort();
	}
	json_decref(whole);
	return chosen;
}

static bool json_begin(struct writer *w, struct error *err)
{
	(void)err;
	if (w->o.shape == SHAPE_LIST)
		fputc('[', w->o.out);
	return true;
}

static bool json_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	bool list = w->o.shape == SHAPE_LIST;
	json_t *json = message_to_json(m, JSON_FIELDS);

	if (json == NULL)
		return error_set(err, STATUS_INTERNAL, NULL, "an answer cannot be written as JSON");
	json = only_columns(w, json);
	if (list)
		fputs(w->rows > 0 ? ",\n " : "\n ", w->o.out);
	/* 15 digits: a reading of 4.9 is shown as it was typed, not as 4.9000000000000004. */
	json_dumpf(json, w->o.out, (list ? JSON_COMPACT : JSON_INDENT(2)) | JSON_REAL_PRECISION(15));
	json_decref(json);
	return true;
}

static bool json_end(struct writer *w, struct error *err)
{
	(void)err;
	if (w->o.shape != SHAPE_LIST)
		fputc('\n', w->o.out);
	else
		fputs(w->rows > 0 ? "\n]\n" : "]\n", w->o.out);
	return true;
}

const struct writer_ops json_writer = {json_begin, json_row, json_end, NULL};
