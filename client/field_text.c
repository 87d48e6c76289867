/*
 * field_text.c: one typed word becomes one field's value. Called by request.c for flags, positions and presets.
 * Owns nothing; strings are copied into the request's arena.
 */
#include "field_text.h"

#include "failure.h"
#include "money.h"
#include "utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A C value of any kind a field can hold, as message_set wants it. */
union value {
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	double d;
	float f;
	protobuf_c_boolean b;
	int e;
	char *s;
	ProtobufCMessage *m;
};

char *enum_labels(TALLOC_CTX *ctx, const ProtobufCEnumDescriptor *e, const char *separator)
{
	char *text = talloc_strdup(ctx, "");
	char label[64];

	for (unsigned i = 0; i < e->n_values; i++) {
		if (e->values[i].value == 0 || !enum_label(e, e->values[i].value, label, sizeof label))
			continue;
		for (char *c = label; *c != '\0'; c++)
			*c = *c == '_' ? '-' : *c;
		text = talloc_asprintf_append(text, "%s%s", *text != '\0' ? separator : "", label);
	}
	return text;
}

static bool read_enum(
	const ProtobufCFieldDescriptor *f, const char *text, const char *what, union value *v, struct error *err)
{
	char *labels;

	if (*text != '\0' && enum_value(f->descriptor, text, strlen(text), &v->e))
		return true;
	labels = enum_labels(NULL, f->descriptor, ", ");
	usage_error(err, "%s: '%s' is none of %s", what, text, labels);
	talloc_free(labels);
	return false;
}

static bool read_bool(const char *text, const char *what, union value *v, struct error *err)
{
	static const char *const words[2][4] = {{"false", "no", "0", "off"}, {"true", "yes", "1", "on"}};

	for (int truth = 0; truth < 2; truth++) {
		for (int i = 0; i < 4; i++) {
			if (strcmp(text, words[truth][i]) != 0)
				continue;
			v->b = truth;
			return true;
		}
	}
	return usage_error(err, "%s: '%s' is neither yes nor no", what, text);
}

static bool read_whole(const char *text, int64_t least, int64_t most, const char *what, int64_t *ret, struct error *err)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || *text == ' ')
		return usage_error(err, "%s: '%s' is no whole number", what, text);
	if (errno == ERANGE || n < least || n > most)
		return usage_error(err, "%s: %s is out of range", what, text);
	*ret = n;
	return true;
}

static bool read_cents(const char *text, const char *what, union value *v, struct error *err)
{
	if (money_parse(text, &v->i64))
		return true;
	return usage_error(err, "%s: '%s' is no sum in dollars such as 12.50", what, text);
}

static bool read_double(const char *text, const char *what, double *ret, struct error *err)
{
	char *end;

	errno = 0;
	*ret = strtod(text, &end);
	if (end == text || *end != '\0' || errno == ERANGE)
		return usage_error(err, "%s: '%s' is no number", what, text);
	return true;
}

static bool read_string(const char *text, const char *what, struct arena *arena, union value *v, struct error *err)
{
	enum text_fault fault = text_check((const uint8_t *)text, strlen(text), NULL);

	if (fault != TEXT_GOOD)
		return usage_error(err, "%s: the text %s", what, text_fault_sentence(fault));
	v->s = arena_strndup(arena, text, strlen(text));
	return v->s != NULL || error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "%s is too long", what);
}

/* The named field of a message from text. */
static bool set_part(ProtobufCMessage *m, const char *field, const char *text, bool dollars, const char *what,
	struct arena *arena, struct error *err)
{
	struct field_path path;

	if (!field_path_find(m->descriptor, field, &path))
		abort();
	return field_set_text(m, &path, text, dollars, what, arena, err);
}

/* "TX power=4.9 W" or "tx_freq_error=120Hz@851.0125": a name, a number, and maybe a unit and the frequency in MHz. */
static bool read_reading(
	ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	const char *equals = strrchr(text, '='), *at;
	char *number, *name, *unit, *end;
	bool ok;

	if (equals == NULL || equals == text)
		return usage_error(err, "%s: write it as 'NAME=VALUE UNIT', such as 'TX power=4.9 W'", what);
	errno = 0;
	if (strtod(equals + 1, &end) > 0 && errno == ERANGE)
		return usage_error(err, "%s: the value in '%s' is out of range", what, text);
	if (end == equals + 1)
		return usage_error(err, "%s: '%s' is no number; write 'NAME=VALUE UNIT', such as 'TX power=4.9 W'",
			what, equals + 1);
	number = talloc_strndup(NULL, equals + 1, (size_t)(end - equals - 1));
	name = talloc_strndup(number, text, (size_t)(equals - text));
	end += strspn(end, " ");
	at = strchr(end, '@');
	unit = at != NULL ? talloc_strndup(number, end, (size_t)(at - end)) : talloc_strdup(number, end);
	for (size_t n = strlen(unit); n > 0 && unit[n - 1] == ' ';)
		unit[--n] = '\0';
	ok = set_part(m, "name", name, false, what, arena, err) &&
	     set_part(m, "value", number, false, what, arena, err) &&
	     set_part(m, "unit", unit, false, what, arena, err) &&
	     (at == NULL || set_part(m, "frequency_mhz", at + 1, false, what, arena, err));
	talloc_free(number);
	return ok;
}

/* "portable=21.50", "Bench rent=1200": what comes before the last = goes into `named`, the dollars behind it into
 * cents. */
static bool read_price(ProtobufCMessage *m, const char *named, const char *text, const char *what, struct arena *arena,
	struct error *err)
{
	const char *equals = strrchr(text, '=');
	char *name;
	bool ok;

	if (equals == NULL || equals == text)
		return usage_error(
			err, "%s: write '%s' with = and dollars a month behind it, such as 'x=21.50'", what, text);
	name = talloc_strndup(NULL, text, (size_t)(equals - text));
	ok = set_part(m, named, name, false, what, arena, err) &&
	     set_part(m, "monthly_cents", equals + 1, true, what, arena, err);
	talloc_free(name);
	return ok;
}

static bool read_fee(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	return read_price(m, "class", text, what, arena, err);
}

static bool read_cost(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	return read_price(m, "description", text, what, arena, err);
}

/* "IND=60.00" has a share in percent, "IND" none, "KCP=customer" and "POOL=stock" are no members. */
static bool read_member(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	size_t len = strcspn(text, "=");
	const char *behind = text[len] == '=' ? text + len + 1 : "member";
	bool is_share = (*behind >= '0' && *behind <= '9') || *behind == '-';
	char *agency = talloc_strndup(NULL, text, len), *share;
	int64_t bp = 0;
	bool ok = true;

	if (is_share && (!money_parse(behind, &bp) || bp < 0 || bp > 10000))
		ok = usage_error(err, "%s: '%s' is no share in percent such as 33.34", what, behind);
	share = talloc_asprintf(agency, "%d", (int)bp);
	ok = ok && set_part(m, "agency", agency, false, what, arena, err) &&
	     set_part(m, "kind", is_share ? "member" : behind, false, what, arena, err) &&
	     set_part(m, "share_bp", share, false, what, arena, err);
	talloc_free(agency);
	return ok;
}

/* "housing=yes": a step and its answer. */
static bool read_answer(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	const char *equals = strchr(text, '=');
	char *step;
	bool ok;

	if (equals == NULL || equals == text)
		return usage_error(err, "%s: write it as 'STEP=ANSWER', such as 'housing=yes'", what);
	step = talloc_strndup(NULL, text, (size_t)(equals - text));
	ok = set_part(m, "step", step, false, what, arena, err) &&
	     set_part(m, "answer", equals + 1, false, what, arena, err);
	talloc_free(step);
	return ok;
}

/* "fund=general": a field and its value; with nothing behind the =, it is cleared. */
static bool read_field_value(
	ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	const char *equals = strchr(text, '=');
	char *name;
	bool ok;

	if (equals == NULL || equals == text)
		return usage_error(
			err, "%s: write it as 'NAME=VALUE', such as 'fund=general'; 'fund=' clears it", what);
	name = talloc_strndup(NULL, text, (size_t)(equals - text));
	ok = set_part(m, "name", name, false, what, arena, err) &&
	     set_part(m, "value", equals + 1, false, what, arena, err);
	talloc_free(name);
	return ok;
}

/* The answers of a choice, "good|worn|!missing": those with a ! fail. */
static bool read_options(
	ProtobufCMessage *m, const char *options, const char *what, struct arena *arena, struct error *err)
{
	char *passing = talloc_strdup(NULL, ""), *failing = talloc_strdup(passing, ""),
	     *copy = talloc_strdup(passing, options);
	bool ok;

	for (char *save, *one = strtok_r(copy, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save)) {
		one += strspn(one, " ");
		if (*one == '!')
			failing = talloc_asprintf_append(failing, "%s%s", *failing != '\0' ? "|" : "", one + 1);
		else
			passing = talloc_asprintf_append(passing, "%s%s", *passing != '\0' ? "|" : "", one);
	}
	ok = set_part(m, "passing", passing, false, what, arena, err) &&
	     set_part(m, "failing", failing, false, what, arena, err);
	talloc_free(passing);
	return ok;
}

/* What follows the unit of a reading: "mode:p25 band:7/800 test:tx_power". */
static bool read_details(ProtobufCMessage *m, char *details, const char *what, struct arena *arena, struct error *err)
{
	for (char *save, *one = strtok_r(details, " ", &save); one != NULL; one = strtok_r(NULL, " ", &save)) {
		char *colon = strchr(one, ':');

		if (colon != NULL)
			*colon = '\0';
		if (colon == NULL || (strcmp(one, "mode") != 0 && strcmp(one, "band") != 0 && strcmp(one, "test") != 0))
			return usage_error(err, "%s: '%s' is none of mode:WORD, band:WORD and test:WORD", what, one);
		/* A blank in a band's name is typed as an underscore: UHF_2. */
		for (char *c = colon + 1; strcmp(one, "band") == 0 && *c != '\0'; c++)
			*c = *c == '_' ? ' ' : *c;
		if (!set_part(m, one, colon + 1, false, what, arena, err))
			return false;
	}
	return true;
}

#define STEP_FORM "'NAME=check', 'NAME=text', 'NAME=choice good|worn|!missing' or 'NAME=reading W mode:p25'"

static bool read_step_kind(ProtobufCMessage *m, char *kind, const char *what, struct arena *arena, struct error *err)
{
	char *rest = kind + strcspn(kind, " "), *unit;

	if (*rest != '\0')
		*rest++ = '\0';
	rest += strspn(rest, " ");
	if (!set_part(m, "kind", kind, false, what, arena, err))
		return false;
	if (strcmp(kind, "choice") == 0 && *rest != '\0')
		return read_options(m, rest, what, arena, err);
	if (strcmp(kind, "reading") == 0 && *rest != '\0') {
		unit = rest;
		rest += strcspn(rest, " ");
		if (*rest != '\0')
			*rest++ = '\0';
		return set_part(m, "unit", unit, false, what, arena, err) && read_details(m, rest, what, arena, err);
	}
	return (strcmp(kind, "choice") != 0 && strcmp(kind, "reading") != 0 && *rest == '\0') ||
	       usage_error(err, "%s: write it as " STEP_FORM, what);
}

/* One step of a procedure: "NAME=KIND DETAILS", with a ? behind the name if it may be left out. */
static bool read_step(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err)
{
	const char *equals = strchr(text, '=');
	char *step, *kind;
	size_t n;
	bool ok;

	if (equals == NULL || equals == text)
		return usage_error(err, "%s: write it as " STEP_FORM, what);
	n = (size_t)(equals - text);
	step = talloc_strndup(NULL, text, n);
	kind = talloc_strdup(step, equals + 1);
	ok = step[n - 1] != '?' || set_part(m, "may_skip", "true", false, what, arena, err);
	if (step[n - 1] == '?')
		step[n - 1] = '\0';
	ok = ok && set_part(m, "step", step, false, what, arena, err) && read_step_kind(m, kind, what, arena, err);
	talloc_free(step);
	return ok;
}

static const struct {
	const char *message, *flag, *form;
	bool (*read)(ProtobufCMessage *m, const char *text, const char *what, struct arena *arena, struct error *err);
} shorthands[] = {
	{"radioshop.v1.Reading", "reading", "'NAME=VALUE UNIT@MHZ'", read_reading},
	{"radioshop.v1.StepAnswer", "answer", "'STEP=ANSWER'", read_answer},
	{"radioshop.v1.FieldValue", "field", "'NAME=VALUE'", read_field_value},
	{"radioshop.v1.ProcedureStep", "step", STEP_FORM, read_step},
	{"radioshop.v1.SubscriberFee", "fee", "'CLASS=DOLLARS'", read_fee},
	{"radioshop.v1.FixedCost", "fixed-cost", "'DESCRIPTION=DOLLARS'", read_cost},
	{"radioshop.v1.AgreementMember", "member", "'AGENCY[=PERCENT|=customer|=stock]'", read_member},
};

static int shorthand_index(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = field_message(f);

	for (size_t i = 0; d != NULL && i < sizeof shorthands / sizeof shorthands[0]; i++)
		if (field_is_repeated(f) && strcmp(d->name, shorthands[i].message) == 0)
			return (int)i;
	return -1;
}

const char *field_shorthand(const ProtobufCFieldDescriptor *f, const char **ret_flag)
{
	int i = shorthand_index(f);

	if (i < 0)
		return NULL;
	*ret_flag = shorthands[i].flag;
	return shorthands[i].form;
}

bool field_takes_text(const ProtobufCFieldDescriptor *f)
{
	return f->type != PROTOBUF_C_TYPE_BYTES && (f->type != PROTOBUF_C_TYPE_MESSAGE || shorthand_index(f) >= 0);
}

static bool read_message(const ProtobufCFieldDescriptor *f, const char *text, const char *what, struct arena *arena,
	union value *v, struct error *err)
{
	int i = shorthand_index(f);

	if (i < 0)
		return usage_error(err, "%s is not written on the command line; use -f FILE", what);
	v->m = message_new(field_message(f), arena);
	if (v->m == NULL)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
	return shorthands[i].read(v->m, text, what, arena, err);
}

static bool read_value(const ProtobufCFieldDescriptor *f, const char *text, bool dollars, const char *what,
	struct arena *arena, union value *v, struct error *err)
{
	int64_t whole = 0;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return read_string(text, what, arena, v, err);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(f, text, what, v, err);
	case PROTOBUF_C_TYPE_BOOL:
		return read_bool(text, what, v, err);
	case PROTOBUF_C_TYPE_DOUBLE:
		return read_double(text, what, &v->d, err);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return dollars ? read_cents(text, what, v, err)
			       : read_whole(text, INT64_MIN, INT64_MAX, what, &v->i64, err);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		if (!read_whole(text, INT32_MIN, INT32_MAX, what, &whole, err))
			return false;
		v->i32 = (int32_t)whole;
		return true;
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(f, text, what, arena, v, err);
	default:
		return usage_error(err, "%s is not written on the command line; use -f FILE", what);
	}
}

bool field_set_text(ProtobufCMessage *root, const struct field_path *path, const char *text, bool dollars,
	const char *what, struct arena *arena, struct error *err)
{
	const ProtobufCFieldDescriptor *leaf = field_path_leaf(path);
	union value v = {.u64 = 0};
	ProtobufCMessage *parent;

	if (!read_value(leaf, text, dollars, what, arena, &v, err))
		return false;
	parent = message_make_parent(root, path, arena);
	if (parent == NULL)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
	if (!field_is_repeated(leaf)) {
		message_set(parent, leaf, &v);
		return true;
	}
	return message_append(parent, leaf, &v, arena) ||
	       error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
}
