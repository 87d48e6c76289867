/*
 * output.c: which columns, and what goes through a writer. Called by run.c, import.c and emit.c.
 * Owns the writer and its columns; the format's own state belongs to the format.
 */
#include "output.h"

#include "array.h"
#include "failure.h"
#include "fields.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char *const format_names[] = {
	[OUTPUT_TABLE] = "table", [OUTPUT_WIDE] = "wide", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv"};

bool output_format_parse(const char *name, enum output_format *ret_format)
{
	for (unsigned i = 0; i < sizeof format_names / sizeof format_names[0]; i++) {
		if (strcmp(name, format_names[i]) != 0)
			continue;
		*ret_format = (enum output_format)i;
		return true;
	}
	return false;
}

bool field_is_money(const ProtobufCFieldDescriptor *f)
{
	size_t n = strlen(f->name);

	return f->type == PROTOBUF_C_TYPE_INT64 && n > 6 && strcmp(f->name + n - 6, "_cents") == 0;
}

bool field_is_number(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return false;
	default:
		return !field_is_repeated(f);
	}
}

char *column_title(TALLOC_CTX *ctx, const char *dotted, bool money)
{
	const char *dot = strrchr(dotted, '.');
	char *title = talloc_strdup(ctx, dot != NULL ? dot + 1 : dotted);

	if (title == NULL)
		abort();
	if (money)
		title[strlen(title) - strlen("_cents")] = '\0';
	for (char *c = title; *c != '\0'; c++)
		*c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
	return title;
}

static bool add_column(struct writer *w, const char *dotted, size_t len)
{
	struct column *c;
	struct field_path path;
	char *name = talloc_strndup(w, dotted, len), *field;

	for (char *at = name; *at != '\0'; at++)
		*at = *at == '-' ? '_' : (char)tolower((unsigned char)*at);
	field = field_column_name(w, name);
	if (fields_of_row(w->row) == NULL || !field_path_find(w->row, "fields", &path))
		field = NULL;
	if (field == NULL && !field_path_find(w->row, name, &path)) {
		/* money is shown without _cents, so it may be asked for without */
		name = talloc_asprintf(w, "%s_cents", name);
		if (!field_path_find(w->row, name, &path))
			return false;
	}
	w->columns = array_room(w, w->columns, w->column_count + 1, sizeof(struct column));
	c = &w->columns[w->column_count++];
	c->path = path;
	c->dotted = name;
	c->field = field;
	c->money = field_is_money(field_path_leaf(&path));
	c->name = c->money ? talloc_strndup(w, name, strlen(name) - strlen("_cents")) : name;
	c->title = column_title(w, name, c->money);
	return true;
}

static bool add_columns(struct writer *w, const char *list, const char *separators, struct error *err)
{
	while (list != NULL && *(list += strspn(list, separators)) != '\0') {
		size_t n = strcspn(list, separators);

		if (!add_column(w, list, n)) {
			char *known = talloc_strdup(w, "");

			for (unsigned i = 0; i < w->row->n_fields; i++)
				known = talloc_asprintf_append(
					known, "%s%s", i > 0 ? ", " : "", w->row->fields[i].name);
			if (fields_of_row(w->row) != NULL)
				known = talloc_strdup_append(known, ", and field.NAME of each field of the agency");
			return usage_error(err, "no column '%.*s'; there are %s", (int)n, list, known);
		}
		list += n;
	}
	return true;
}

/* Every field that fits in a cell; for records, every field. */
static void add_all(struct writer *w)
{
	bool record = w->o.shape == SHAPE_RECORD;

	for (unsigned i = 0; i < w->row->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &w->row->fields[i];
		bool deep = field_is_repeated(f) && field_message(f) != NULL;

		if ((record || !deep) && !add_column(w, f->name, strlen(f->name)))
			abort();
	}
}

static bool choose_columns(struct writer *w, struct error *err)
{
	const struct output_options *o = &w->o;
	bool people = o->format == OUTPUT_TABLE || o->format == OUTPUT_WIDE || o->format == OUTPUT_HTML;

	if (o->user_columns != NULL)
		return add_columns(w, o->user_columns, ", ", err);
	if (o->format == OUTPUT_JSON || o->format == OUTPUT_CALENDAR)
		return true; /* whole messages */
	if (!people || o->columns == NULL || o->shape == SHAPE_RECORD) {
		add_all(w);
		return o->format != OUTPUT_CSV || add_columns(w, o->fields, " ", err);
	}
	return add_columns(w, o->columns, " ", err) && (o->format != OUTPUT_WIDE || add_columns(w, o->wide, " ", err));
}

static const struct writer_ops *choose_format(const struct output_options *o)
{
	if (o->format == OUTPUT_JSON)
		return &json_writer;
	if (o->format == OUTPUT_CSV)
		return &csv_writer;
	if (o->format == OUTPUT_CALENDAR)
		return &calendar_writer;
	if (o->format == OUTPUT_HTML)
		return &html_writer;
	return o->shape == SHAPE_RECORD && o->user_columns == NULL ? &record_writer : &table_writer;
}

struct writer *writer_new(
	TALLOC_CTX *ctx, const struct output_options *o, const ProtobufCMessageDescriptor *row, struct error *err)
{
	struct writer *w = talloc_zero(ctx, struct writer);

	if (w == NULL)
		abort();
	w->o = *o;
	w->row = row;
	w->ops = choose_format(o);
	if (choose_columns(w, err) && w->ops->begin(w, err))
		return w;
	writer_free(w);
	return NULL;
}

bool writer_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	if (!w->ops->row(w, m, err))
		return false;
	w->rows++;
	if (ferror(w->o.out))
		return output_flush(w->o.out, err);
	return true;
}

bool writer_finish(struct writer *w, struct error *err)
{
	return w->ops->end(w, err) && output_flush(w->o.out, err);
}

void writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	if (w->ops->release != NULL)
		w->ops->release(w);
	talloc_free(w);
}

bool output_flush(FILE *out, struct error *err)
{
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return true;
	if (errno == EPIPE) {
		/* The reader has left, as head(1) does: end as every filter does, without a word. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return output_error(err, "cannot write the output: %s", errno != 0 ? strerror(errno) : "it is closed");
}

const ProtobufCMessageDescriptor *reply_row(
	const ProtobufCMessageDescriptor *reply, const ProtobufCFieldDescriptor **ret_field)
{
	const ProtobufCFieldDescriptor *found = NULL;

	for (unsigned i = 0; i < reply->n_fields; i++) {
		if (field_message(&reply->fields[i]) == NULL)
			continue;
		if (found != NULL) {
			found = NULL;
			break;
		}
		found = &reply->fields[i];
	}
	*ret_field = found;
	return found != NULL ? field_message(found) : reply;
}

const ProtobufCMessage *reply_record(const ProtobufCMessage *reply)
{
	const ProtobufCFieldDescriptor *field;

	reply_row(reply->descriptor, &field);
	if (field == NULL)
		return reply;
	if (!message_has(reply, field))
		return NULL;
	return *(const ProtobufCMessage *const *)message_value(reply, field, 0);
}
