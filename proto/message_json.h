/*
 * message_json.h: messages as JSON and back, the proto3 JSON mapping
 * (https://protobuf.dev/programming-guides/json/) on jansson.
 *
 * 64-bit integers are strings, enums their full names (labels and numbers are read too),
 * bytes base64, google.protobuf.Timestamp RFC 3339 in UTC, Duration seconds as 1.500s, FieldMask
 * a comma-separated string of lowerCamelCase paths (snake_case is read too). Field names are
 * lowerCamelCase when written; both that and the proto name are read. Unknown names, duplicate
 * keys and wrong types are refused, naming the path. Maps, Any, Struct and the wrappers have no
 * special form: the contract has none of them.
 */
#ifndef RADIOSHOP_MESSAGE_JSON_H
#define RADIOSHOP_MESSAGE_JSON_H

#include "arena.h"
#include "error.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

enum json_style {
	JSON_PROTO = 0,  /* the proto3 mapping: camelCase, defaults left out */
	JSON_FIELDS = 1, /* proto field names, short enum labels, defaults written, ints as numbers:
			    what the command prints with -o json */
};

/*
 * A new reference, or NULL when memory is short, or for JSON_PROTO when the mapping has no text for a value: a time
 * beyond year 9999, a mask whose paths camelCase would change. The caller decrefs.
 */
json_t *message_to_json(const ProtobufCMessage *m, enum json_style style) MUST_CHECK;

/* A message of type d in the arena, or NULL with INVALID_ARGUMENT / RESOURCE_EXHAUSTED. json is borrowed. */
ProtobufCMessage *message_from_json(
	const ProtobufCMessageDescriptor *d, const json_t *json, struct arena *a, struct error *err) MUST_CHECK;

/* The same from text: also parses (duplicates refused, depth bounded, memory of the tree within the arena's limit). */
ProtobufCMessage *message_from_json_text(const ProtobufCMessageDescriptor *d, const char *text, size_t len,
	struct arena *a, struct error *err) MUST_CHECK;

/*
 * Fills the fields of an existing message from json; fields not named stay. A repeated field that is
 * named is replaced, a singular message is filled in the same way, null unsets.
 */
bool message_merge_json(ProtobufCMessage *m, const json_t *json, struct arena *a, struct error *err) MUST_CHECK;

/* Writes the JSON name of a field, page_size as pageSize; false when out is too small. */
bool json_field_name(const char *proto_name, char *out, size_t out_size) MUST_CHECK;

#endif
