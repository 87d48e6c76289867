/*
 * enum_label.c: TICKET_STATE_AT_DEPOT of enum TicketState is at_depot to people and to the database.
 *
 * Called by the database mapper, the JSON codec and the command's flags. Owns nothing.
 */
#include "message.h"

#include <string.h>

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static char to_lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* How much of name is the type's name in capitals with underscores, and one more: TICKET_STATE_. */
static size_t prefix_len(const ProtobufCEnumDescriptor *e, const char *name)
{
	size_t at = 0;

	for (const char *t = e->short_name; *t != '\0'; t++) {
		char capital = *t >= 'a' && *t <= 'z' ? (char)(*t - 'a' + 'A') : *t;

		if (at > 0 && is_upper(*t)) {
			if (name[at] != '_')
				return 0;
			at++;
		}
		if (name[at] != capital)
			return 0;
		at++;
	}
	return name[at] == '_' && name[at + 1] != '\0' ? at + 1 : 0;
}

bool enum_label(const ProtobufCEnumDescriptor *e, int value, char *out, size_t out_size)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(e, value);
	const char *label;
	size_t len;

	if (v == NULL)
		return false;
	label = v->name + prefix_len(e, v->name);
	len = value == 0 && strcmp(label, "UNSPECIFIED") == 0 ? 0 : strlen(label);
	if (len >= out_size)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = to_lower(label[i]);
	out[len] = '\0';
	return true;
}

/* Whether people's way of writing a name means it: any case, - for _. */
static bool same_name(const char *name, const char *typed, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = typed[i] == '-' ? '_' : typed[i];

		if (name[i] == '\0' || to_lower(c) != to_lower(name[i]))
			return false;
	}
	return name[len] == '\0';
}

bool enum_value(const ProtobufCEnumDescriptor *e, const char *label, size_t len, int *ret_value)
{
	if (len == 0) {
		*ret_value = 0;
		return true;
	}
	for (unsigned i = 0; i < e->n_value_names; i++) {
		const char *name = e->values_by_name[i].name;
		size_t name_len = strlen(name), before = name_len - len;

		/* The end is compared first: it tells most of them apart. */
		if (len > name_len || !same_name(name + before, label, len))
			continue;
		if (before == 0 || before == prefix_len(e, name)) {
			*ret_value = e->values[e->values_by_name[i].index].value;
			return true;
		}
	}
	return false;
}
