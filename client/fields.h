/*
 * fields.h: the fields that agencies have defined for their assets, as columns of tables.
 */
#ifndef RADIOSHOP_FIELDS_H
#define RADIOSHOP_FIELDS_H

#include "error.h"
#include "message.h"
#include "session.h"

/* The field of a row that holds values of fields; NULL: its rows have none. */
const ProtobufCFieldDescriptor *fields_of_row(const ProtobufCMessageDescriptor *row);

/* The value of the field called name in m; NULL: it has none. Borrowed from m. */
const char *field_value_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *fields, const char *name);

/*
 * "field.fund field.vehicle_no": a column for each field that the shop knows for the assets asked for, in their order;
 * owned by the session. False: the call failed.
 */
bool fields_ask(
	struct session *s, const ProtobufCMessage *request, const char **ret_columns, struct error *err) MUST_CHECK;

/* The name behind "field." of a column's name, in small letters; NULL when it is no such column. Owned by ctx. */
char *field_column_name(TALLOC_CTX *ctx, const char *column);

#endif
