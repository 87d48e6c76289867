/*
 * field_text.h: what a person typed, put into a field of a request.
 */
#ifndef RADIOSHOP_FIELD_TEXT_H
#define RADIOSHOP_FIELD_TEXT_H

#include "arena.h"
#include "error.h"
#include "message.h"

/*
 * Reads text as a value of the path's leaf and sets it in root (appends, when it is repeated), making the messages on
 * the way. dollars: the field holds cents and text is dollars. what names it for errors, such as "--unit-id".
 * False: USAGE, saying what would be right.
 */
bool field_set_text(ProtobufCMessage *root, const struct field_path *path, const char *text, bool dollars,
	const char *what, struct arena *arena, struct error *err) MUST_CHECK;

/* Whether a flag can hold a field: scalars, repeated scalars, and messages with a short way to write them. */
bool field_takes_text(const ProtobufCFieldDescriptor *f);

/*
 * The short way to write a repeated message: "NAME=VALUE UNIT" for a Reading. *ret_flag is its flag ("reading"), NULL
 * result: there is none.
 */
const char *field_shorthand(const ProtobufCFieldDescriptor *f, const char **ret_flag);

/* "portable, mobile, base": the labels of an enum but the zero one; owned by ctx. */
char *enum_labels(TALLOC_CTX *ctx, const ProtobufCEnumDescriptor *e, const char *separator);

#endif
