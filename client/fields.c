/*
 * fields.c: which fields there are, and a column for each. Called by run.c, output.c, value.c and mapping.c.
 * Owns nothing; texts belong to the caller's context.
 */
#include "fields.h"

#include "radioshop/v1/field.pb-c.h"
#include "request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_MEMORY = 16 << 20, FIELDS_AT_ONCE = 1000, NAME_MAX_BYTES = 32 };

const ProtobufCFieldDescriptor *fields_of_row(const ProtobufCMessageDescriptor *row)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(row, "fields");

	return f != NULL && field_is_repeated(f) && field_message(f) == &radioshop__v1__field_value__descriptor ? f
														: NULL;
}

const char *field_value_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fields, const char *name)
{
	for (size_t i = 0; i < message_count(m, fields); i++) {
		const Radioshop__V1__FieldValue *v =
			*(const Radioshop__V1__FieldValue *const *)message_value(m, fields, i);

		if (strcmp(v->name, name) == 0)
			return v->value;
	}
	return NULL;
}

/* The agency that a request asks about; "" for all. */
static const char *agency_of(const ProtobufCMessage *request)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "agency");

	return f != NULL && f->type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(f)
		       ? *(const char *const *)message_value(request, f, 0)
		       : "";
}

/* Fields of two agencies may have one name, and share its column. */
static bool has_column(const char *columns, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = columns; (at = strstr(at, name)) != NULL; at++)
		if (at > columns && at[-1] == '.' && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

bool fields_ask(struct session *s, const ProtobufCMessage *request, const char **ret_columns, struct error *err)
{
	Radioshop__V1__ListFieldsRequest ask;
	char *columns = talloc_strdup(s->mem, "");
	struct arena arena;
	bool more = true;

	radioshop__v1__list_fields_request__init(&ask);
	ask.page_size = FIELDS_AT_ONCE;
	ask.agency = talloc_strdup(s->mem, agency_of(request));
	arena_init(&arena, NULL, FIELDS_MEMORY);
	while (more) {
		const Radioshop__V1__ListFieldsResponse *reply =
			(const Radioshop__V1__ListFieldsResponse *)session_call(s,
				catalog_method_by_name("FieldService.ListFields"), &ask.base, TIMEOUT_MS, &arena, NULL,
				err);

		if (reply == NULL)
			break;
		for (size_t i = 0; i < reply->n_fields; i++)
			if (!has_column(columns, reply->fields[i]->name))
				columns = talloc_asprintf_append(
					columns, "%sfield.%s", *columns != '\0' ? " " : "", reply->fields[i]->name);
		more = reply->next_page_token[0] != '\0';
		ask.page_token = reply->next_page_token;
	}
	arena_release(&arena);
	*ret_columns = columns;
	return !more;
}

char *field_column_name(TALLOC_CTX *ctx, const char *column)
{
	char *name;
	size_t n;

	if (strncasecmp(column, "field.", 6) != 0)
		return NULL;
	n = strspn(column + 6, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	if (n == 0 || n > NAME_MAX_BYTES || column[6 + n] != '\0')
		return NULL;
	name = talloc_strdup(ctx, column + 6);
	if (name == NULL)
		abort();
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}
