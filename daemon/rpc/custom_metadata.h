/*
 * custom_metadata.h: the headers of a call that are its handler's and not the protocol's. Pure: fields in, fields out.
 *
 * Source: PROTOCOL-HTTP2.md of gRPC, "Custom-Metadata". Names are [0-9a-z_.-]; those that begin with grpc- and
 * those of HTTP itself are nobody's to read or to set. Values of names that end in -bin are bytes, base64 on the wire;
 * several of one name may come as one value with commas between, so these are taken apart.
 */
#ifndef RADIOSHOP_CUSTOM_METADATA_H
#define RADIOSHOP_CUSTOM_METADATA_H

#include "arena.h"
#include "builtin.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum { METADATA_FIELDS_MAX = 32 }; /* a handler may set in the headers, and in the trailers */

struct metadata_list {
	struct metadata_field *first, *last; /* in an arena */
	unsigned count;
	size_t bytes; /* as RFC 9113 §6.5.2 counts, name + value + 32 each; of what was set */
};

/*
 * Keeps a field of a request, decoded; drops one that is not custom metadata. False: INTERNAL for a -bin value that is
 * not base64 (padded or not), RESOURCE_EXHAUSTED over the arena's limit.
 */
bool metadata_receive(struct metadata_list *list, struct arena *a, const char *name, size_t name_len, const char *value,
	size_t value_len, struct error *err) MUST_CHECK;

/*
 * Adds a field of a response, encoded. False: INTERNAL for a name that is no name or reserved and for text that is not
 * printable ASCII; RESOURCE_EXHAUSTED over limit bytes, METADATA_FIELDS_MAX or the arena's limit.
 */
bool metadata_set(struct metadata_list *list, struct arena *a, size_t limit, const char *name, const void *value,
	size_t len, struct error *err) MUST_CHECK;

#endif
