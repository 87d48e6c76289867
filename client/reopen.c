/*
 * reopen.c: the one move whose goal depends on the ticket: a closed one is diagnosed again, a cancelled one is as if
 * just reported. Called by run.c through the command table. Owns nothing.
 */
#include "reopen.h"

#include "message.h"
#include "output.h"

#include <string.h>

static const void *value_of(const ProtobufCMessage *m, const char *field, struct field_path *path)
{
	return field_path_find(m->descriptor, field, path) ? message_value(m, field_path_leaf(path), 0) : NULL;
}

bool reopen_to(const ProtobufCMessage *fetched, ProtobufCMessage *request, struct error *err)
{
	const ProtobufCMessage *ticket = reply_record(fetched);
	struct field_path state, number, moves, to;
	const char *const *shown;
	char label[64] = "";

	if (ticket == NULL || value_of(ticket, "state", &state) == NULL || value_of(ticket, "moves", &moves) == NULL ||
		value_of(request, "state", &to) == NULL || (shown = value_of(ticket, "number", &number)) == NULL ||
		!enum_label(field_path_leaf(&state)->descriptor,
			*(const int *)message_value(ticket, field_path_leaf(&state), 0), label, sizeof label))
		return error_set(err, STATUS_INTERNAL, NULL, "the shop answered without the ticket");
	if ((strcmp(label, "closed") != 0 && strcmp(label, "cancelled") != 0) ||
		message_count(ticket, field_path_leaf(&moves)) == 0)
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"ticket %s is %s; only a closed or cancelled one can be opened again", *shown, label);
	message_set(request, field_path_leaf(&to), message_value(ticket, field_path_leaf(&moves), 0));
	return true;
}
