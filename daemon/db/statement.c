/*
 * statement.c: finds the embedded SQL of a statement and compiles its mapping.
 *
 * inspection.c calls statement_check() with what the server says of the prepared statement, so that a
 * statement that does not fit the contract stops the start. Owns the plans.
 */
#include "plan.h"

#include "log.h"
#include "pgtype.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

const struct embedded_sql *embedded_sql_find(const char *name)
{
	size_t low = 0, high = embedded_sql_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, embedded_sql[middle].name);

		if (order == 0)
			return &embedded_sql[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void fault_add(struct faults *f, const char *format, ...)
{
	char text[sizeof(f->first.text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* The first goes up and becomes the one line with which the start ends; the others are said here. */
	if (f->count++ == 0)
		error_set(&f->first, STATUS_FAILED_PRECONDITION, NULL, "%s", text);
	else
		log_event(LOG_LEVEL_ERROR, "fault", "text", text, NULL);
}

static bool is_message_named(const ProtobufCFieldDescriptor *f, const char *name)
{
	const ProtobufCMessageDescriptor *d = field_message(f);

	return d && strcmp(d->name, name) == 0;
}

bool field_is_timestamp(const ProtobufCFieldDescriptor *f)
{
	return is_message_named(f, "google.protobuf.Timestamp");
}

bool statement_is_write(const struct statement *s)
{
	return s->plan && s->plan->request_id;
}

/* A scalar of the request and the type of one value. */
static bool scalar_fits_param(const ProtobufCFieldDescriptor *f, uint32_t type)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return type == PGTYPE_TEXT || type == PGTYPE_VARCHAR || type == PGTYPE_UUID || type == PGTYPE_DATE;
	case PROTOBUF_C_TYPE_INT32:
		return type == PGTYPE_INT4 || type == PGTYPE_INT8;
	case PROTOBUF_C_TYPE_INT64:
		return type == PGTYPE_INT8;
	case PROTOBUF_C_TYPE_BOOL:
		return type == PGTYPE_BOOL;
	case PROTOBUF_C_TYPE_DOUBLE:
		return type == PGTYPE_FLOAT8;
	case PROTOBUF_C_TYPE_ENUM:
		return type == PGTYPE_TEXT;
	case PROTOBUF_C_TYPE_BYTES:
		return type == PGTYPE_BYTEA;
	case PROTOBUF_C_TYPE_MESSAGE:
		return type == PGTYPE_TIMESTAMPTZ && field_is_timestamp(f);
	default:
		return false;
	}
}

static bool param_fits(const struct plan_param *p)
{
	const ProtobufCFieldDescriptor *f = field_path_leaf(&p->path);
	uint32_t element = pgtype_element(p->type);

	if (p->source == PARAM_EACH)
		return element && !field_is_repeated(f) && scalar_fits_param(f, element);
	if (field_is_repeated(f))
		return p->type == PGTYPE_TEXT_ARRAY &&
		       (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_ENUM);
	return scalar_fits_param(f, p->type);
}

bool column_fits(const ProtobufCFieldDescriptor *f, uint32_t type)
{
	bool is_json = type == PGTYPE_JSON || type == PGTYPE_JSONB;
	bool is_text = type == PGTYPE_TEXT || type == PGTYPE_VARCHAR;

	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		if (field_is_timestamp(f) && !field_is_repeated(f))
			return type == PGTYPE_TIMESTAMPTZ;
		return is_json;
	}
	if (field_is_repeated(f))
		return type == PGTYPE_TEXT_ARRAY &&
		       (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_ENUM);
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return is_text || type == PGTYPE_UUID || type == PGTYPE_DATE;
	case PROTOBUF_C_TYPE_ENUM:
		return is_text;
	case PROTOBUF_C_TYPE_INT32:
		return type == PGTYPE_INT2 || type == PGTYPE_INT4;
	case PROTOBUF_C_TYPE_INT64:
		return type == PGTYPE_INT2 || type == PGTYPE_INT4 || type == PGTYPE_INT8;
	case PROTOBUF_C_TYPE_BOOL:
		return type == PGTYPE_BOOL;
	case PROTOBUF_C_TYPE_DOUBLE:
		return type == PGTYPE_FLOAT8;
	case PROTOBUF_C_TYPE_BYTES:
		return type == PGTYPE_BYTEA;
	default:
		return false;
	}
}

bool field_takes_null(const ProtobufCFieldDescriptor *f, uint32_t type)
{
	return field_has_presence(f) || f->type == PROTOBUF_C_TYPE_ENUM || f->type == PROTOBUF_C_TYPE_MESSAGE ||
	       type == PGTYPE_DATE || type == PGTYPE_UUID;
}

/* What a field is called in a fault: "repeated string", "AssetStatus", "Asset". */
static const char *field_type_name(const ProtobufCFieldDescriptor *f, char *out, size_t size)
{
	static const char *const names[] = {"int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32",
		"fixed32", "uint64", "fixed64", "float", "double", "bool", "enum", "string", "bytes", "message"};
	const char *name = (size_t)f->type < sizeof(names) / sizeof(names[0]) ? names[f->type] : "unknown";

	if (f->type == PROTOBUF_C_TYPE_ENUM)
		name = ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		name = field_message(f)->short_name;
	snprintf(out, size, "%s%s", field_is_repeated(f) ? "repeated " : "", name);
	return out;
}

/* Finds the field that :name stands for; false when the request has none. */
static bool param_resolve(const ProtobufCMessageDescriptor *request, struct plan_param *p)
{
	char first[64];

	p->source = PARAM_FIELD;
	for (const char *dot = strchr(p->name, '.'); dot; dot = strchr(dot + 1, '.')) {
		const ProtobufCFieldDescriptor *f;

		if ((size_t)snprintf(first, sizeof(first), "%.*s", (int)(dot - p->name), p->name) >= sizeof(first) ||
			!field_path_find(request, first, &p->each))
			break;
		f = field_path_leaf(&p->each);
		if (field_is_repeated(f) && field_message(f)) {
			p->source = PARAM_EACH;
			return field_path_find(field_message(f), dot + 1, &p->path);
		}
	}
	return field_path_find(request, p->name, &p->path);
}

static void check_param(const struct statement *s, struct plan_param *p, uint32_t type, struct faults *faults)
{
	char field_type[128];

	p->type = type;
	if (strcmp(p->name, "page_key") == 0 || strcmp(p->name, "page_limit") == 0) {
		bool is_key = strcmp(p->name, "page_key") == 0;

		p->source = is_key ? PARAM_PAGE_KEY : PARAM_PAGE_LIMIT;
		if (s->rows != ROWS_PAGE && s->rows != ROWS_STREAM)
			fault_add(faults, "sql/%s.sql: :%s is for methods that page, and %s does not", s->name, p->name,
				s->method);
		if (type != (is_key ? PGTYPE_TEXT_ARRAY : PGTYPE_INT4))
			fault_add(faults, "sql/%s.sql: :%s is %s there and must be %s: write a cast", s->name, p->name,
				pgtype_name(type), is_key ? "text[]" : "int4");
		return;
	}
	if (!param_resolve(s->request, p)) {
		fault_add(faults, "sql/%s.sql: %s has no field %s", s->name, s->request->short_name, p->name);
		return;
	}
	if (!param_fits(p))
		fault_add(faults, "sql/%s.sql: :%s is %s (type %u) there, and the field is %s: they do not fit",
			s->name, p->name, pgtype_name(type), type,
			field_type_name(field_path_leaf(&p->path), field_type, sizeof(field_type)));
	p->is_filter = strcmp(p->name, "page_size") != 0 && strcmp(p->name, "page_token") != 0;
}

static void check_column(
	const struct statement *s, struct plan_column *c, const struct shape_column *shape, struct faults *faults)
{
	const struct statement_plan *plan = s->plan;
	const ProtobufCFieldDescriptor *f;
	char field_type[128];

	if (plan->row_field && field_path_find(plan->row_message, c->name, &c->path)) {
		c->target = COLUMN_ROW;
	} else if (field_path_find(s->reply, c->name, &c->path)) {
		c->target = plan->row_field ? COLUMN_REPLY : COLUMN_ROW;
	} else {
		fault_add(faults, "sql/%s.sql: no field for the column %s in %s", s->name, c->name,
			plan->row_message->short_name);
		return;
	}
	for (unsigned i = 0; i + 1 < c->path.depth; i++) {
		if (field_is_repeated(c->path.field[i])) {
			fault_add(faults, "sql/%s.sql: the column %s leads through a repeated field: make it jsonb",
				s->name, c->name);
			return;
		}
	}
	f = field_path_leaf(&c->path);
	if (!column_fits(f, shape->type))
		fault_add(faults, "sql/%s.sql: the column %s is %s (type %u), and the field is %s: they do not fit",
			s->name, c->name, pgtype_name(shape->type), shape->type,
			field_type_name(f, field_type, sizeof(field_type)));
	else if (shape->nullable && !field_takes_null(f, shape->type))
		fault_add(faults,
			"sql/%s.sql: the column %s may be NULL, and the field cannot be unset: write coalesce()",
			s->name, c->name);
}

/* page_key and refusal are taken before fields are looked up. True when the column is one of them. */
static bool take_special_column(
	const struct statement *s, struct plan_column *c, int index, uint32_t type, struct faults *faults)
{
	bool is_key = strcmp(c->name, "page_key") == 0, is_refusal = strcmp(c->name, "refusal") == 0;

	if (!is_key && !is_refusal)
		return false;
	c->target = is_key ? COLUMN_PAGE_KEY : COLUMN_REFUSAL;
	if (is_key)
		s->plan->page_key_column = index;
	else
		s->plan->refusal_column = index;
	if (type != (is_key ? PGTYPE_TEXT_ARRAY : PGTYPE_TEXT))
		fault_add(faults, "sql/%s.sql: the column %s is %s and must be %s", s->name, c->name, pgtype_name(type),
			is_key ? "text[]" : "text");
	return true;
}

/* The row message: the type of the reply's one message field, else the reply itself. */
static void find_row_message(const struct statement *s)
{
	struct statement_plan *plan = s->plan;
	unsigned found = 0;

	for (unsigned i = 0; i < s->reply->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &s->reply->fields[i];

		if (!field_message(f) || field_is_timestamp(f))
			continue;
		found++;
		plan->row_field = f;
	}
	if (found != 1)
		plan->row_field = NULL;
	plan->row_message = plan->row_field ? field_message(plan->row_field) : s->reply;
}

static const ProtobufCFieldDescriptor *string_field(const ProtobufCMessageDescriptor *d, const char *name)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, name);

	return f && f->type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(f) ? f : NULL;
}

static bool has_param(const struct statement_plan *plan, enum param_source source)
{
	for (size_t i = 0; i < plan->param_count; i++) {
		if (plan->params[i].source == source)
			return true;
	}
	return false;
}

/* What the kind of rows asks of the statement as a whole. */
static void check_rows(const struct statement *s, struct faults *faults)
{
	const struct statement_plan *plan = s->plan;
	bool pages = s->rows == ROWS_PAGE || s->rows == ROWS_STREAM;

	if (pages &&
		(plan->page_key_column < 0 || !has_param(plan, PARAM_PAGE_KEY) || !has_param(plan, PARAM_PAGE_LIMIT)))
		fault_add(faults, "sql/%s.sql: a paged statement needs :page_key, :page_limit and the column page_key",
			s->name);
	if (s->rows == ROWS_PAGE && (!plan->page_size || !plan->page_token || !plan->next_page_token))
		fault_add(faults, "sql/%s.sql: paging needs page_size and page_token in %s, next_page_token in %s",
			s->name, s->request->short_name, s->reply->short_name);
	if ((s->rows == ROWS_LIST || s->rows == ROWS_PAGE) && (!plan->row_field || !field_is_repeated(plan->row_field)))
		fault_add(faults, "sql/%s.sql: %s has no repeated message for its rows", s->name, s->reply->short_name);
	if (s->rows == ROWS_STREAM && plan->row_field && field_is_repeated(plan->row_field))
		fault_add(faults, "sql/%s.sql: a stream sends one row a message, and %s has a repeated one", s->name,
			s->reply->short_name);
	if (plan->request_id && s->class == BACKEND_READ)
		fault_add(faults, "sql/%s.sql: %s has a request_id, so it is a write: not for connections that read",
			s->name, s->request->short_name);
}

static struct statement_plan *plan_new(const struct statement *s, const struct statement_shape *shape)
{
	struct statement_plan *plan = talloc_zero(NULL, struct statement_plan);
	const ProtobufCFieldDescriptor *size;

	if (!plan)
		return NULL;
	plan->params = talloc_zero_array(plan, struct plan_param, (unsigned)shape->param_count);
	plan->columns = talloc_zero_array(plan, struct plan_column, (unsigned)shape->column_count);
	if (!plan->params || !plan->columns) {
		talloc_free(plan);
		return NULL;
	}
	plan->param_count = shape->param_count;
	plan->column_count = shape->column_count;
	plan->page_key_column = plan->refusal_column = -1;
	plan->request_id = string_field(s->request, "request_id");
	plan->page_token = string_field(s->request, "page_token");
	plan->next_page_token = string_field(s->reply, "next_page_token");
	size = protobuf_c_message_descriptor_get_field_by_name(s->request, "page_size");
	plan->page_size = size && size->type == PROTOBUF_C_TYPE_INT32 ? size : NULL;
	return plan;
}

static void check_columns(const struct statement *s, const struct statement_shape *shape, struct faults *faults)
{
	for (size_t i = 0; i < shape->column_count; i++) {
		struct plan_column *c = &s->plan->columns[i];

		c->name = talloc_strdup(s->plan, shape->columns[i].name);
		if (!c->name)
			continue;
		for (size_t j = 0; j < i; j++) {
			if (strcmp(s->plan->columns[j].name, c->name) == 0)
				fault_add(faults, "sql/%s.sql: two columns are called %s", s->name, c->name);
		}
		if (!take_special_column(s, c, (int)i, shape->columns[i].type, faults))
			check_column(s, c, &shape->columns[i], faults);
	}
}

bool statement_check(struct statement *s, const struct statement_shape *shape, struct faults *faults)
{
	const struct embedded_sql *sql = embedded_sql_find(s->name);
	unsigned before = faults->count;

	statement_forget(s);
	s->plan = plan_new(s, shape);
	if (!sql || !s->plan) {
		fault_add(faults, "sql/%s.sql: %s", s->name, sql ? "not enough memory" : "there is no such file");
		statement_forget(s);
		return false;
	}
	find_row_message(s);
	for (size_t i = 0; i < shape->param_count; i++) {
		struct plan_param *p = &s->plan->params[i];

		p->name = sql->parameters[i];
		if (!p->name) {
			fault_add(faults, "sql/%s.sql: the server counts %zu parameters, the file %zu", s->name,
				shape->param_count, i);
			break;
		}
		check_param(s, p, shape->param_types[i], faults);
	}
	check_columns(s, shape, faults);
	check_rows(s, faults);
	if (faults->count == before)
		return true;
	statement_forget(s);
	return false;
}

void statement_forget(struct statement *s)
{
	talloc_free(s->plan);
	s->plan = NULL;
}
