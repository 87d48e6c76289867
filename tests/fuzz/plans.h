/*
 * plans.h: a plan for every statement of the table of methods, without a database: parameters of the types that the SQL
 * casts them to, a column for every field of the reply. For the targets bind and row.
 */
#ifndef RADIOSHOP_FUZZ_PLANS_H
#define RADIOSHOP_FUZZ_PLANS_H

#include "method.h"
#include "pgtype.h"
#include "plan.h"
#include "target.h"

enum { PLAN_PARAMS = 64, PLAN_COLUMNS = 64 };

static inline bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* A type that the field may travel as; name tells dates and UUIDs from other text. */
static inline uint32_t fitting_type(const ProtobufCFieldDescriptor *f, const char *name)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return field_is_timestamp(f) && !field_is_repeated(f) ? PGTYPE_TIMESTAMPTZ : PGTYPE_JSONB;
	if (field_is_repeated(f))
		return PGTYPE_TEXT_ARRAY;
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
		return PGTYPE_INT4;
	case PROTOBUF_C_TYPE_INT64:
		return PGTYPE_INT8;
	case PROTOBUF_C_TYPE_BOOL:
		return PGTYPE_BOOL;
	case PROTOBUF_C_TYPE_DOUBLE:
		return PGTYPE_FLOAT8;
	case PROTOBUF_C_TYPE_BYTES:
		return PGTYPE_BYTEA;
	case PROTOBUF_C_TYPE_STRING:
		if (ends_in(name, "_on") || ends_in(name, "until") || ends_in(name, "from"))
			return PGTYPE_DATE;
		return strcmp(name, "id") == 0 || ends_in(name, ".id") ? PGTYPE_UUID : PGTYPE_TEXT;
	default:
		return PGTYPE_TEXT;
	}
}

/* The array type whose elements are of that type. */
static inline uint32_t array_type(uint32_t element)
{
	static const uint32_t arrays[] = {PGTYPE_BOOL_ARRAY, PGTYPE_INT4_ARRAY, PGTYPE_TEXT_ARRAY, PGTYPE_INT8_ARRAY,
		PGTYPE_FLOAT8_ARRAY};

	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		if (pgtype_element(arrays[i]) == element)
			return arrays[i];
	return PGTYPE_TEXT_ARRAY;
}

static inline uint32_t param_type(const ProtobufCMessageDescriptor *request, const char *name)
{
	const ProtobufCFieldDescriptor *leaf;
	struct field_path path;

	if (strcmp(name, "page_key") == 0)
		return PGTYPE_TEXT_ARRAY;
	if (strcmp(name, "page_limit") == 0)
		return PGTYPE_INT4;
	expect(field_path_find(request, name, &path));
	leaf = field_path_leaf(&path);
	for (unsigned i = 0; i + 1 < path.depth; i++)
		if (field_is_repeated(path.field[i]))
			return array_type(
				leaf->type == PROTOBUF_C_TYPE_STRING ? (uint32_t)PGTYPE_TEXT : fitting_type(leaf, name));
	return fitting_type(leaf, name);
}

/* The row's fields, what is beside the row in the reply, and the two columns with a meaning of their own. */
static inline size_t plan_columns(const struct statement *s, struct shape_column *columns)
{
	const ProtobufCMessageDescriptor *reply = s->reply, *row = NULL;
	size_t count = 0;

	for (unsigned i = 0; i < reply->n_fields; i++)
		if (field_message(&reply->fields[i]) && !field_is_timestamp(&reply->fields[i]))
			row = row ? reply : field_message(&reply->fields[i]);
	row = row ? row : reply;
	for (unsigned i = 0; i < row->n_fields && count < PLAN_COLUMNS - 2; i++, count++)
		columns[count] = (struct shape_column){
			row->fields[i].name, fitting_type(&row->fields[i], row->fields[i].name), false};
	for (unsigned i = 0; row != reply && i < reply->n_fields && count < PLAN_COLUMNS - 2; i++) {
		const ProtobufCFieldDescriptor *f = &reply->fields[i];

		if (!field_message(f) && strcmp(f->name, "next_page_token") != 0 &&
			!protobuf_c_message_descriptor_get_field_by_name(row, f->name))
			columns[count++] = (struct shape_column){f->name, fitting_type(f, f->name), false};
	}
	columns[count++] = (struct shape_column){"page_key", PGTYPE_TEXT_ARRAY, true};
	columns[count++] = (struct shape_column){"refusal", PGTYPE_TEXT, true};
	return count;
}

/* Every statement gets its plan, once. */
static inline void make_plans(void)
{
	struct statement *const *statements;
	struct error err;
	size_t count;

	if (method_table(&count) && count > 0)
		return;
	catalog_init();
	expect(method_table_init(&err));
	statements = method_statements(&count);
	for (size_t i = 0; i < count; i++) {
		const struct embedded_sql *sql = embedded_sql_find(statements[i]->name);
		struct shape_column columns[PLAN_COLUMNS];
		uint32_t types[PLAN_PARAMS];
		struct statement_shape shape = {.param_types = types, .columns = columns};
		struct faults faults = {0};

		for (; sql->parameters[shape.param_count]; shape.param_count++) {
			expect(shape.param_count < PLAN_PARAMS);
			types[shape.param_count] =
				param_type(statements[i]->request, sql->parameters[shape.param_count]);
		}
		shape.column_count = plan_columns(statements[i], columns);
		if (!statement_check(statements[i], &shape, &faults))
			fprintf(stderr, "%s\n", faults.first.text);
		expect(statements[i]->plan);
	}
}

#endif
