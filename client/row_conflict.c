/*
 * row_conflict.c: rows of a file that are not believed for the sake of another row: two that mean one asset and do not
 * agree, and days that may be read in two ways. Called by import.c when all values are there. Owns nothing.
 *
 * Neither of two rows that contradict each other is sent, since nobody here knows which of them is right.
 */
#include "import.h"

#include "clear_mark.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NO_FIELD = -1 };

static int field_index(const struct import *im, const char *name)
{
	for (size_t f = 0; f < mapping_count(im->mapping); f++)
		if (strcmp(mapping_field(im->mapping, f), name) == 0)
			return (int)f;
	return NO_FIELD;
}

/* Without the blanks around it; owned by ctx. */
static char *trimmed(TALLOC_CTX *ctx, const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	return talloc_strndup(ctx, text, n);
}

/* Many rows may have these in common; the shop says what is wrong with each. */
static bool is_no_code(const char *text)
{
	static const char *const words[] = {"", "n/a", "na", "none", "null", "unknown", "tbd"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return text[strspn(text, "0-?")] == '\0' || strchr(text, '+') != NULL || *text == '#' || clear_mark_is(text);
}

static bool is_sent(const struct import *im, size_t i)
{
	return im->rows[i].values != NULL && im->rows[i].outcome != OUTCOME_REFUSED;
}

static void refuse(struct import *im, size_t i, int field, const char *reason)
{
	if (im->rows[i].outcome != OUTCOME_REFUSED)
		import_refuse(im, i, mapping_column(im->mapping, mapping_field(im->mapping, (size_t)field)),
			im->rows[i].values[field], reason);
}

static bool is_code(const char *field)
{
	return strcmp(field, "tag") == 0 || strcmp(field, "serial") == 0;
}

/* Whether row `later` says something in a field that row `first` does not. */
static bool differs(TALLOC_CTX *ctx, const struct import *im, size_t first, size_t later, size_t f)
{
	const char *a = trimmed(ctx, im->rows[first].values[f]), *b = trimmed(ctx, im->rows[later].values[f]);

	return *b != '\0' && (is_code(mapping_field(im->mapping, f)) ? strcasecmp(a, b) : strcmp(a, b)) != 0;
}

/* The field in which they differ, the tag before all others; NO_FIELD when they agree. */
static int disagreement(TALLOC_CTX *ctx, const struct import *im, size_t first, size_t later, int tag)
{
	if (tag != NO_FIELD && differs(ctx, im, first, later, (size_t)tag))
		return tag;
	for (size_t f = 0; f < mapping_count(im->mapping); f++)
		if (differs(ctx, im, first, later, f))
			return (int)f;
	return NO_FIELD;
}

/* One of two rows with the same serial number and different tags is wrong, and so is one with the same tag. */
static char *sentence(TALLOC_CTX *ctx, const struct import *im, size_t other, int key, int tag, int field)
{
	const char *what = mapping_field(im->mapping, (size_t)key), *said = im->rows[other].values[field];
	unsigned line = im->file->rows[other].line;

	if (field == tag && key != tag)
		return talloc_asprintf(ctx, "line %u has this serial number too, %s%s: one serial number is one asset",
			line, *said != '\0' ? "as tag " : "without a tag", said);
	return talloc_asprintf(ctx, "line %u has the same %s and says %s here: which of the two is right?", line,
		strcmp(what, "tag") == 0 ? "tag" : "serial number", *said != '\0' ? said : "nothing");
}

static void compare(struct import *im, size_t first, size_t later, int key, int tag)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	int field = disagreement(ctx, im, first, later, tag);
	int at = field == tag ? key : field;

	if (field != NO_FIELD) {
		refuse(im, later, at, sentence(ctx, im, first, key, tag, field));
		refuse(im, first, at, sentence(ctx, im, later, key, tag, field));
	}
	talloc_free(ctx);
}

/* The value of the field as codes are compared; owned by the rows. */
static char *code_of(const struct import *im, size_t i, int key)
{
	char *code = trimmed(im->rows, im->rows[i].values[key]);

	for (char *c = code; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return code;
}

/* A row that agrees with one that is refused is not sent alone: what is right of the asset is not known. */
static void refuse_followers(struct import *im, const json_t *firsts, int key)
{
	for (size_t i = 0; i < im->file->count; i++) {
		char *code = is_sent(im, i) ? code_of(im, i, key) : NULL;
		const json_t *found = code != NULL ? json_object_get(firsts, code) : NULL;
		size_t first = found != NULL ? (size_t)json_integer_value(found) : i;

		if (im->rows[first].outcome == OUTCOME_REFUSED && first != i)
			refuse(im, i, key,
				talloc_asprintf(code, "line %u is about the same asset, and another row contradicts it",
					im->file->rows[first].line));
		talloc_free(code);
	}
}

/* Compares the rows that have the same value of the field `key`, whatever its capitals, with the first of them. */
static void compare_by(struct import *im, int key, int tag)
{
	json_t *firsts = json_object();

	for (size_t i = 0; key != NO_FIELD && i < im->file->count; i++) {
		char *code = is_sent(im, i) ? code_of(im, i, key) : NULL;
		json_t *found = code != NULL ? json_object_get(firsts, code) : NULL;

		if (found != NULL)
			compare(im, (size_t)json_integer_value(found), i, key, tag);
		/* Not UTF-8 it may be still: that is refused when the row is made. */
		else if (code != NULL && !is_no_code(code) &&
			 json_object_set_new_nocheck(firsts, code, json_integer((json_int_t)i)) != 0)
			abort();
		talloc_free(code);
	}
	if (key != NO_FIELD)
		refuse_followers(im, firsts, key);
	json_decref(firsts);
}

/* ---- days ---- */

static bool read_number(const char **at, long *ret)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*ret = strtol(*at, &end, 10);
	*at = end;
	return true;
}

/* 5/6/2024, in whichever order. */
static bool read_slashes(const char *text, long *ret_first, long *ret_second)
{
	long year;

	text += strspn(text, " ");
	return read_number(&text, ret_first) && *text++ == '/' && read_number(&text, ret_second) && *text++ == '/' &&
	       read_number(&text, &year);
}

/* Where one row has the day first, 13/1/2024, others with small numbers may mean either of two days. */
static void refuse_unsure_days(struct import *im, int field)
{
	size_t tells = im->file->count;
	long first, second;

	for (size_t i = 0; field != NO_FIELD && i < im->file->count && tells == im->file->count; i++)
		if (im->rows[i].values != NULL && read_slashes(im->rows[i].values[field], &first, &second) &&
			first > 12 && first <= 31 && second >= 1 && second <= 12)
			tells = i;
	for (size_t i = 0; tells < im->file->count && i < im->file->count; i++) {
		char *reason;

		if (!is_sent(im, i) || !read_slashes(im->rows[i].values[field], &first, &second) || first > 12 ||
			second > 12 || first == second)
			continue;
		reason = talloc_asprintf(im->rows,
			"line %u has the day before the month, %s, so this may be either of two days: write it like "
			"2026-01-31",
			im->file->rows[tells].line, im->rows[tells].values[field]);
		refuse(im, i, field, reason);
		talloc_free(reason);
	}
}

void import_compare_rows(struct import *im)
{
	int tag = field_index(im, "tag"), serial = field_index(im, "serial");

	compare_by(im, serial, tag);
	compare_by(im, tag, tag);
	refuse_unsure_days(im, field_index(im, "purchased_on"));
	refuse_unsure_days(im, field_index(im, "warranty_until"));
}
