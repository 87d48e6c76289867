/*
 * message.h: walk protobuf-c messages by descriptor.
 *
 * The one place that knows how protobuf-c lays messages out. The database mapper,
 * the JSON codec and the command's flags all stand on it.
 *
 * Presence: singular messages have it (NULL or not), members of a oneof have it
 * (the case says), everything else has not: unset and zero are the same.
 * proto3 `optional` is refused by protobuf-c 1.4; a one-member oneof takes its place.
 */
#ifndef RADIOSHOP_MESSAGE_H
#define RADIOSHOP_MESSAGE_H

#include "arena.h"
#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELD_PATH_MAX = 4 };

/* A dotted path resolved against a descriptor: asset.cost_cents. */
struct field_path {
	unsigned depth;                                        /* 1..FIELD_PATH_MAX */
	const ProtobufCFieldDescriptor *field[FIELD_PATH_MAX]; /* [depth-1] is the leaf */
};

/*
 * Resolves dotted against root; false when there is no such field or it is too deep. A path may
 * lead through a repeated message (rows.tag): message_parent does not follow it there.
 */
bool field_path_find(
	const ProtobufCMessageDescriptor *root, const char *dotted, struct field_path *ret_path) MUST_CHECK;

/* The leaf field of a resolved path. */
const ProtobufCFieldDescriptor *field_path_leaf(const struct field_path *path);

bool field_is_repeated(const ProtobufCFieldDescriptor *f);
/* Whether unset differs from zero for this field. */
bool field_has_presence(const ProtobufCFieldDescriptor *f);
/* The descriptor of a message field, NULL for any other type. */
const ProtobufCMessageDescriptor *field_message(const ProtobufCFieldDescriptor *f);

/* Whether the field is set: presence where there is one, non-empty if repeated, non-zero otherwise. */
bool message_has(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* Number of elements of a repeated field. */
size_t message_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/* Size in bytes of one value of the field as protobuf-c stores it (pointers for strings and messages). */
size_t field_value_size(const ProtobufCFieldDescriptor *f);
/*
 * Address of the value: of element i of a repeated field, else of the member itself (i = 0).
 * Points to int32_t, int64_t, uint32_t, uint64_t, float, double, protobuf_c_boolean, int (enum),
 * char * (string), ProtobufCBinaryData (bytes) or ProtobufCMessage * (message). Borrowed.
 * For a member of a oneof that is not set the content is meaningless: ask message_has first.
 */
const void *message_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i);

/*
 * Follows the path through singular messages down to the leaf's parent; NULL when a
 * message on the way is unset. Borrowed.
 */
const ProtobufCMessage *message_parent(const ProtobufCMessage *m, const struct field_path *path);

/* A new, initialised message of that type in the arena; NULL when the arena is exhausted. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *d, struct arena *a) MUST_CHECK;
/* As message_parent, but makes the messages that are missing. NULL when the arena is exhausted. */
ProtobufCMessage *message_make_parent(ProtobufCMessage *m, const struct field_path *path, struct arena *a) MUST_CHECK;
/*
 * Sets a singular field from *value (same C type as message_value points to), the oneof case included.
 * Strings and messages are stored by pointer: they must live as long as m.
 */
void message_set(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *value);
/* Unsets the field: zero, empty, NULL, or the oneof's case if it is this member. */
void message_clear(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);
/*
 * Appends *value to a repeated field; the array grows in the arena. False when it is exhausted.
 * An array that is there already must come from an arena too (message_unpack, message_append).
 */
bool message_append(
	ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, const void *value, struct arena *a) MUST_CHECK;

/*
 * Unpacks len bytes into the arena and checks what protobuf-c does not: every string is
 * valid UTF-8 without NUL or other C0/C1 control characters than \n \t (checked against the
 * wire, since protobuf-c cuts at NUL), no unknown fields beyond 64, no known field with a
 * wrong wire type, and nesting of at most 16.
 * Fails with INVALID_ARGUMENT naming the field, INTERNAL for bytes that are no message,
 * RESOURCE_EXHAUSTED when the arena is exhausted.
 */
ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *d, const uint8_t *bytes, size_t len, struct arena *a,
	struct error *err) MUST_CHECK;

/* Packed size, and packing into a buffer of at least that size. */
size_t message_packed_size(const ProtobufCMessage *m);
size_t message_pack(const ProtobufCMessage *m, uint8_t *out);

/*
 * Enum labels. The database and the command write TICKET_STATE_AT_DEPOT of enum TicketState as
 * at_depot: the type's name in capitals and an underscore are taken off, the rest is lower case.
 * The zero value (…_UNSPECIFIED) is NULL in the database and "" to people.
 */
/* Writes the label of value into out; false when the enum has no such value. */
bool enum_label(const ProtobufCEnumDescriptor *e, int value, char *out, size_t out_size) MUST_CHECK;
/* Accepts the short label in any case, with - for _, and the full name. "" gives 0. */
bool enum_value(const ProtobufCEnumDescriptor *e, const char *label, size_t len, int *ret_value) MUST_CHECK;

#endif
