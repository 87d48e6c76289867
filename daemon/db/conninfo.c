/*
 * conninfo.c: the connection string, our defaults, and which of its hosts comes first.
 *
 * Called by backend.c and pool_check.c. Owns nothing.
 */
#include "conninfo.h"

#include <stdlib.h>
#include <string.h>

/*
 * What the string may say otherwise. A server that takes no writes is none that we can use; and the end of a machine,
 * which says nothing, is noticed in seconds and not after the two hours of the kernel.
 */
static const struct setting {
	const char *key, *value;
} defaults[] = {
	{"target_session_attrs", "read-write"},
	{"tcp_user_timeout", "8000"}, /* ms that what was sent may go unconfirmed */
	{"keepalives_idle", "5"},     /* s */
	{"keepalives_interval", "2"}, /* s */
	{"keepalives_count", "3"},
	{"client_encoding", "UTF8"},
	{"fallback_application_name", "radioshopd"},
};
enum { DEFAULTS = sizeof(defaults) / sizeof(defaults[0]) };

void conninfo_rotate(char *list, unsigned turn)
{
	size_t items = 1, len = strlen(list);
	char *copy = strdup(list), *rest = list;

	for (const char *c = list; *c; c++)
		items += *c == ',';
	turn %= (unsigned)items;
	if (copy && turn > 0) {
		while (turn-- > 0)
			rest = strchr(rest, ',') + 1;
		size_t head = (size_t)(rest - list);

		memcpy(list, copy + head, len - head);
		list[len - head] = ',';
		memcpy(list + len - head + 1, copy, head - 1);
	}
	free(copy);
}

/* These lists belong together, item by item; one of a single item counts for every host. */
static bool is_list_of_hosts(const char *key)
{
	return strcmp(key, "host") == 0 || strcmp(key, "hostaddr") == 0 || strcmp(key, "port") == 0;
}

PGconn *conninfo_open(const char *conninfo, unsigned turn)
{
	PQconninfoOption *given = PQconninfoParse(conninfo, NULL);
	const char **keys, **values;
	size_t count = 0, n = 0;
	PGconn *conn = NULL;

	if (!given)
		return PQconnectStart(conninfo); /* it says what is wrong with the string */
	while (given[count].keyword)
		count++;
	keys = calloc(count + DEFAULTS + 1, sizeof(*keys));
	values = calloc(count + DEFAULTS + 1, sizeof(*values));
	/* Of a key that comes twice libpq takes the later value. */
	for (; keys && values && n < DEFAULTS; n++) {
		keys[n] = defaults[n].key;
		values[n] = defaults[n].value;
	}
	for (size_t i = 0; keys && values && i < count; i++) {
		if (!given[i].val || strcmp(given[i].keyword, "client_encoding") == 0)
			continue;
		if (is_list_of_hosts(given[i].keyword))
			conninfo_rotate(given[i].val, turn);
		keys[n] = given[i].keyword;
		values[n++] = given[i].val;
	}
	if (keys && values)
		conn = PQconnectStartParams(keys, values, 0);
	free(keys);
	free(values);
	PQconninfoFree(given);
	return conn;
}
