/*
 * mapping.c: templates and header aliases. Called by import.c.
 * Owns the counters of {#}.
 */
#include "mapping.h"
#include "array.h"
#include "clear_mark.h"
#include "fields.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum part_kind { PART_TEXT, PART_COLUMN, PART_HASH, PART_ORDINAL };

struct part {
	enum part_kind kind;
	const char *text; /* PART_TEXT */
	size_t column;    /* PART_COLUMN */
	bool *hashed;     /* PART_HASH: per column */
};

/* What a field becomes where the template came out as `said`: another program's word for ours. */
struct word {
	const char *said, *meant;
};

struct mapped {
	const char *field;
	struct word *words;
	size_t word_count;
	struct part *parts;
	size_t count;
	bool has_ordinal;
};

struct mapping {
	const struct csv_file *file;
	const ProtobufCMessageDescriptor *row;
	struct mapped *fields;
	size_t count;
	bool *used;            /* per column */
	size_t ordinal_column; /* a rejects file brings the ordinals it had */
	json_t *seen;          /* text of a template without its ordinal -> how often */
};

static int free_seen(struct mapping *m)
{
	json_decref(m->seen);
	return 0;
}

static struct mapping *mapping_new(TALLOC_CTX *ctx, const struct csv_file *file, const ProtobufCMessageDescriptor *row)
{
	struct mapping *m = talloc_zero(ctx, struct mapping);

	if (m == NULL)
		abort();
	m->file = file;
	m->row = row;
	m->used = array_zeroed(m, file->header.count + 1, sizeof(bool));
	m->seen = json_object();
	m->ordinal_column = csv_column(file, "#");
	talloc_set_destructor(m, free_seen);
	return m;
}

static struct mapped *add_field(struct mapping *m, const char *field)
{
	m->fields = array_room(m, m->fields, m->count + 1, sizeof(struct mapped));
	m->fields[m->count] = (struct mapped){.field = field};
	return &m->fields[m->count++];
}

static struct part *add_part(struct mapping *m, struct mapped *f, enum part_kind kind)
{
	f->parts = array_room(m, f->parts, f->count + 1, sizeof(struct part));
	f->parts[f->count] = (struct part){.kind = kind};
	f->has_ordinal = f->has_ordinal || kind == PART_ORDINAL;
	return &f->parts[f->count++];
}

static const struct mapped *find_field(const struct mapping *m, const char *field)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->fields[i].field, field) == 0)
			return &m->fields[i];
	return NULL;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*(list += strspn(list, " ")) != '\0') {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

/* Whether a row may have values of fields, each a column field.NAME of the file. */
static bool takes_fields(const ProtobufCMessageDescriptor *row)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(row, "fields");

	return f != NULL && f->type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(f);
}

/* The field that a column's name means; NULL if none. */
static const char *field_of_column(
	TALLOC_CTX *ctx, const ProtobufCMessageDescriptor *row, const char *column, const struct column_alias *aliases)
{
	char *plain = csv_plain_name(ctx, column);

	if (takes_fields(row) && field_column_name(ctx, column) != NULL)
		return talloc_asprintf(ctx, "field.%s", field_column_name(ctx, column));
	for (unsigned i = 0; i < row->n_fields; i++)
		if (row->fields[i].type != PROTOBUF_C_TYPE_INT32 && row->fields[i].type != PROTOBUF_C_TYPE_INT64 &&
			strcmp(csv_plain_name(ctx, row->fields[i].name), plain) == 0)
			return row->fields[i].name;
	for (; aliases->field != NULL; aliases++)
		if (has_word(aliases->aliases, plain))
			return aliases->field;
	return NULL;
}

struct mapping *mapping_from_header(TALLOC_CTX *ctx, const struct csv_file *file, const ProtobufCMessageDescriptor *row,
	const struct column_alias *aliases, struct error *err)
{
	struct mapping *m = mapping_new(ctx, file, row);

	for (size_t i = 0; i < file->header.count; i++) {
		const char *field = field_of_column(m, row, file->header.cells[i], aliases);
		const struct mapped *before = field != NULL ? find_field(m, field) : NULL;

		if (field == NULL)
			continue;
		if (before != NULL) {
			error_set(err, STATUS_INVALID_ARGUMENT, NULL,
				"the columns '%s' and '%s' both mean %s; rename one, or use --map",
				file->header.cells[before->parts[0].column], file->header.cells[i], field);
			talloc_free(m);
			return NULL;
		}
		add_part(m, add_field(m, field), PART_COLUMN)->column = i;
		m->used[i] = true;
	}
	if (m->count == 0) {
		error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"no column has a known name; say with --map what they mean");
		talloc_free(m);
		return NULL;
	}
	return m;
}

static bool template_error(struct error *err, const char *place, const char *what, const char *name, size_t len)
{
	return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%s: %s '%.*s'", place, what, (int)len, name);
}

static bool use_column(
	struct mapping *m, const char *place, const char *name, size_t len, size_t *ret_column, struct error *err)
{
	char *copy = talloc_strndup(m, name, len);

	*ret_column = csv_column(m->file, copy);
	if (*ret_column == m->file->header.count)
		return template_error(err, place, "the file has no column", name, len);
	m->used[*ret_column] = true;
	return true;
}

static bool add_hash(
	struct mapping *m, struct mapped *f, const char *place, const char *list, size_t len, struct error *err)
{
	struct part *part = add_part(m, f, PART_HASH);
	size_t column;

	part->hashed = array_zeroed(m, m->file->header.count + 1, sizeof(bool));
	if (len == 1 && *list == '*') {
		for (size_t i = 0; i < m->file->header.count; i++)
			part->hashed[i] = strcmp(m->file->header.cells[i], "reason") != 0 && i != m->ordinal_column;
		return true;
	}
	while (len > 0) {
		size_t n = 0;

		while (n < len && list[n] != ',')
			n++;
		if (!use_column(m, place, list, n, &column, err))
			return false;
		part->hashed[column] = true;
		list += n < len ? n + 1 : n;
		len -= n < len ? n + 1 : n;
	}
	return true;
}

/* What stands between { and }. */
static bool add_reference(
	struct mapping *m, struct mapped *f, const char *place, const char *name, size_t len, struct error *err)
{
	size_t column;

	if (len == 1 && *name == '#') {
		if (f->has_ordinal)
			return template_error(err, place, "one is enough of", "{#}", 3);
		add_part(m, f, PART_ORDINAL);
		return true;
	}
	if (len > 5 && memcmp(name, "hash:", 5) == 0)
		return add_hash(m, f, place, name + 5, len - 5, err);
	if (!use_column(m, place, name, len, &column, err))
		return false;
	add_part(m, f, PART_COLUMN)->column = column;
	return true;
}

static bool parse_template(
	struct mapping *m, struct mapped *f, const char *place, const char *at, const char *end, struct error *err)
{
	while (at < end) {
		char *text = talloc_strdup(m, "");

		for (; at < end; at++) {
			if (end - at > 1 && (*at == '{' || *at == '}') && at[1] == *at)
				at++;
			else if (*at == '{' || *at == '}')
				break;
			text = talloc_strndup_append(text, at, 1);
		}
		if (*text != '\0')
			add_part(m, f, PART_TEXT)->text = text;
		if (at < end) {
			const char *close = *at == '{' ? memchr(at, '}', (size_t)(end - at)) : NULL;

			if (close == NULL)
				return template_error(
					err, place, "a brace without its other one at", at, (size_t)(end - at));
			if (!add_reference(m, f, place, at + 1, (size_t)(close - at - 1), err))
				return false;
			at = close + 1;
		}
	}
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* `field: said = meant`: said may begin with *, or be * for whatever no other line says. */
static bool add_word(struct mapping *m, const char *place, const char *name, const char *meant, struct error *err)
{
	const char *colon = strchr(name, ':'), *said = colon + 1;
	char *field = talloc_strndup(m, name, (size_t)(colon - name));
	struct mapped *f = NULL;

	while (*field != '\0' && blank(field[strlen(field) - 1]))
		field[strlen(field) - 1] = '\0';
	while (blank(*said))
		said++;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->fields[i].field, field) == 0)
			f = &m->fields[i];
	if (f == NULL)
		return template_error(
			err, place, "its template must stand before: there is no line yet for", field, strlen(field));
	if (*said == '\0')
		return template_error(err, place, "no word before the =, for", field, strlen(field));
	f->words = array_room(m, f->words, f->word_count + 1, sizeof(struct word));
	f->words[f->word_count++] = (struct word){talloc_strdup(m, said), meant};
	return true;
}

static bool parse_line(struct mapping *m, const char *place, const char *at, const char *end, struct error *err)
{
	const char *equals, *name_end;
	char *name;

	while (at < end && blank(*at))
		at++;
	while (at < end && blank(end[-1]))
		end--;
	if (at == end || *at == '#')
		return true;
	equals = name_end = memchr(at, '=', (size_t)(end - at));
	if (equals == NULL)
		return template_error(err, place, "expected 'field = template', found", at, (size_t)(end - at));
	while (name_end > at && blank(name_end[-1]))
		name_end--;
	name = talloc_strndup(m, at, (size_t)(name_end - at));
	if (strchr(name, ':') != NULL) {
		for (at = equals + 1; at < end && blank(*at); at++)
			;
		return add_word(m, place, name, talloc_strndup(m, at, (size_t)(end - at)), err);
	}
	if (takes_fields(m->row) && field_column_name(m, name) != NULL)
		name = talloc_asprintf(m, "field.%s", field_column_name(m, name));
	else if (protobuf_c_message_descriptor_get_field_by_name(m->row, name) == NULL || strcmp(name, "line") == 0)
		return template_error(err, place, "there is no field", name, strlen(name));
	if (find_field(m, name) != NULL)
		return template_error(err, place, "there is a line already for", name, strlen(name));
	for (at = equals + 1; at < end && blank(*at); at++)
		;
	return parse_template(m, add_field(m, name), place, at, end, err);
}

struct mapping *mapping_parse(TALLOC_CTX *ctx, const char *name, const char *text, size_t len,
	const struct csv_file *file, const ProtobufCMessageDescriptor *row, struct error *err)
{
	struct mapping *m = mapping_new(ctx, file, row);
	const char *at = text, *stop = text + len;
	unsigned line = 0;
	bool ok = true;

	while (ok && at < stop) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at));
		const char *end = newline != NULL ? newline : stop;
		char *place = talloc_asprintf(m, "%s line %u", name, ++line);

		ok = parse_line(m, place, at, end, err);
		at = end + 1;
	}
	if (ok && m->count == 0)
		ok = error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"%s maps nothing; write lines such as 'tag = {Asset Tag}'", name);
	if (ok)
		return m;
	talloc_free(m);
	return NULL;
}

size_t mapping_count(const struct mapping *m)
{
	return m->count;
}

const char *mapping_field(const struct mapping *m, size_t i)
{
	return m->fields[i].field;
}

const char *mapping_column(const struct mapping *m, const char *field)
{
	const struct mapped *f = find_field(m, field);
	const char *column = field;
	size_t columns = 0;

	for (size_t i = 0; f != NULL && i < f->count; i++) {
		if (f->parts[i].kind != PART_COLUMN)
			continue;
		column = m->file->header.cells[f->parts[i].column];
		columns++;
	}
	return columns == 1 ? column : field;
}

bool mapping_uses(const struct mapping *m, size_t column)
{
	return m->used[column];
}

size_t mapping_mixed_mark(const struct mapping *m, size_t i, const struct csv_row *row)
{
	const struct mapped *f = &m->fields[i];

	for (size_t p = 0; f->count > 1 && p < f->count; p++)
		if (f->parts[p].kind == PART_COLUMN && clear_mark_is(row->cells[f->parts[p].column]))
			return f->parts[p].column;
	return m->file->header.count;
}

/* Ten digits: among a million rows the chance that any two collide is one in two million. */
static char *hash_text(TALLOC_CTX *ctx, const struct part *part, const struct csv_row *row)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *all = talloc_strdup(ctx, "");

	for (size_t i = 0; i < row->count; i++)
		if (part->hashed[i])
			all = talloc_asprintf_append(all, "%zu:%s", strlen(row->cells[i]), row->cells[i]);
	if (EVP_Digest(all, strlen(all), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	return talloc_asprintf(ctx, "%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3], digest[4]);
}

static char *expand(TALLOC_CTX *ctx, const struct mapped *f, const struct csv_row *row, const char *ordinal)
{
	char *text = talloc_strdup(ctx, "");

	for (size_t i = 0; i < f->count; i++) {
		const struct part *p = &f->parts[i];
		const char *piece = p->text;

		if (p->kind == PART_COLUMN)
			piece = row->cells[p->column];
		else if (p->kind == PART_HASH)
			piece = hash_text(text, p, row);
		else if (p->kind == PART_ORDINAL)
			piece = ordinal;
		text = talloc_strdup_append(text, piece);
		if (text == NULL)
			abort();
	}
	return text;
}

/* How many rows before this one, and this one, gave the same text. */
static long count_row(TALLOC_CTX *ctx, struct mapping *m, const struct mapped *f, const struct csv_row *row)
{
	/* A control character cannot be in a cell, so the key cannot be taken for another template's. */
	char *key = talloc_asprintf(ctx, "%s\x1f%s", f->field, expand(ctx, f, row, "\x1f"));
	json_int_t n;

	if (m->ordinal_column < row->count && row->cells[m->ordinal_column][0] != '\0')
		return strtol(row->cells[m->ordinal_column], NULL, 10);
	n = json_integer_value(json_object_get(m->seen, key)) + 1;
	if (json_object_set_new_nocheck(m->seen, key, json_integer(n)) != 0)
		abort();
	return (long)n;
}

static bool means(const char *said, const char *value, size_t len)
{
	size_t n = strlen(said);

	if (*said != '*')
		return n == len && strncasecmp(said, value, n) == 0;
	return n > 1 && n - 1 <= len && strncasecmp(said + 1, value + len - (n - 1), n - 1) == 0;
}

/* Our word for theirs. An empty value has none, and neither has the mark that empties. */
static char *translated(TALLOC_CTX *ctx, const struct mapped *f, char *value)
{
	const char *at = value + strspn(value, " \t\r\n"), *other = NULL;
	size_t len = strlen(at);

	while (len > 0 && strchr(" \t\r\n", at[len - 1]) != NULL)
		len--;
	if (len == 0 || clear_mark_is(value))
		return value;
	for (size_t i = 0; i < f->word_count; i++) {
		if (means(f->words[i].said, at, len))
			return talloc_strdup(ctx, f->words[i].meant);
		if (strcmp(f->words[i].said, "*") == 0)
			other = f->words[i].meant;
	}
	return other != NULL ? talloc_strdup(ctx, other) : value;
}

char *mapping_value(TALLOC_CTX *ctx, struct mapping *m, size_t i, const struct csv_row *row, long *ret_ordinal)
{
	const struct mapped *f = &m->fields[i];
	TALLOC_CTX *scratch = talloc_new(NULL);
	char *value, ordinal[24] = "";

	if (f->has_ordinal) {
		long n = count_row(scratch, m, f, row);

		snprintf(ordinal, sizeof ordinal, "%ld", n);
		if (ret_ordinal != NULL)
			*ret_ordinal = n;
	}
	value = translated(ctx, f, expand(ctx, f, row, ordinal));
	talloc_free(scratch);
	return value;
}
