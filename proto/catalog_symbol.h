/*
 * catalog_symbol.h: every name that the embedded files declare, with its comment and its file.
 *
 * The catalog's inner table; others ask catalog.h. A symbol is a full name such as
 * "radioshop.v1.Asset.tag"; an enum value stands beside its enum, as protobuf scopes it.
 */
#ifndef RADIOSHOP_CATALOG_SYMBOL_H
#define RADIOSHOP_CATALOG_SYMBOL_H

#include "arena.h"
#include "catalog.h"

#include "google/protobuf/descriptor.pb-c.h"

struct symbol {
	const char *name;
	const char *comment; /* trimmed, "" if none */
	const struct catalog_file *file;
};

struct symbol_table {
	struct symbol *list;
	size_t count, cap;
};

/* Adds what the file declares; strings are copied into the arena. False when the arena is exhausted. */
bool symbol_table_add_file(struct symbol_table *t, const Google__Protobuf__FileDescriptorProto *proto,
	const struct catalog_file *file, struct arena *a) MUST_CHECK;
/* Call after the last file and before the first search. */
void symbol_table_sort(struct symbol_table *t);
/* NULL when there is no such name. */
const struct symbol *symbol_table_find(const struct symbol_table *t, const char *name);

#endif
