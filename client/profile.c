/*
 * profile.c: finds server and certificate. Called by session.c once a run.
 * Owns nothing; what it finds belongs to the caller's context.
 */
#include "profile.h"

#include "failure.h"
#include "store.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The keys of a profile, and where else each may come from. */
static const struct {
	const char *key, *environment;
	size_t in_profile, in_options;
	bool path;
} profile_keys[] = {
	{"server", "RADIOSHOP_SERVER", offsetof(struct profile, server), offsetof(struct options, server), false},
	{"cacert", "RADIOSHOP_CACERT", offsetof(struct profile, cacert), offsetof(struct options, cacert), true},
	{"cert", "RADIOSHOP_CERT", offsetof(struct profile, cert), offsetof(struct options, cert), true},
	{"key", "RADIOSHOP_KEY", offsetof(struct profile, key), offsetof(struct options, key), true},
};

enum { KEYS = sizeof profile_keys / sizeof profile_keys[0], PROFILE_MAX = 64 * 1024 };

static const char **slot(struct profile *p, size_t key)
{
	return (const char **)((char *)p + profile_keys[key].in_profile);
}

static const char *from_options(const struct options *o, size_t key)
{
	return *(const char *const *)((const char *)o + profile_keys[key].in_options);
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

char *profile_directory(TALLOC_CTX *ctx)
{
	const char *dir = environment("RADIOSHOP_CONFIG_DIR");

	if (dir != NULL)
		return talloc_strdup(ctx, dir);
	dir = environment("XDG_CONFIG_HOME");
	if (dir != NULL)
		return talloc_asprintf(ctx, "%s/radioshop", dir);
	dir = environment("HOME");
	return talloc_asprintf(ctx, "%s/.config/radioshop", dir != NULL ? dir : "");
}

char *state_directory(TALLOC_CTX *ctx)
{
	const char *dir = environment("XDG_STATE_HOME");

	if (dir != NULL)
		return talloc_asprintf(ctx, "%s/radioshop", dir);
	dir = environment("HOME");
	return talloc_asprintf(ctx, "%s/.local/state/radioshop", dir != NULL ? dir : "");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends of [*begin, *end). */
static void trim(const char **begin, const char **end)
{
	while (*begin < *end && is_blank(**begin))
		++*begin;
	while (*begin < *end && is_blank((*end)[-1]))
		--*end;
}

static bool parse_line(TALLOC_CTX *ctx, const char *place, const char *dir, const char *begin, const char *end,
	struct profile *p, struct error *err)
{
	const char *equals, *key_end, *value;

	trim(&begin, &end);
	if (begin == end || *begin == '#')
		return true;
	if (memchr(begin, '\0', (size_t)(end - begin)) != NULL)
		return config_error(err, "%s: the line holds a zero byte; it is no text", place);
	equals = memchr(begin, '=', (size_t)(end - begin));
	if (equals == NULL)
		return config_error(err, "%s: expected a line such as 'server = radioshop.example.org:8443'", place);
	key_end = equals;
	value = equals + 1;
	trim(&begin, &key_end);
	trim(&value, &end);
	for (size_t i = 0; i < KEYS; i++) {
		const char *key = profile_keys[i].key;
		bool absolute = !profile_keys[i].path || (value < end && *value == '/');

		if (strlen(key) != (size_t)(key_end - begin) || memcmp(key, begin, strlen(key)) != 0)
			continue;
		*slot(p, i) = talloc_asprintf(
			ctx, "%s%s%.*s", absolute ? "" : dir, absolute ? "" : "/", (int)(end - value), value);
		return true;
	}
	return config_error(err, "%s: unknown key '%.*s'; the keys are server, cacert, cert and key", place,
		(int)(key_end - begin), begin);
}

bool profile_parse(TALLOC_CTX *ctx, const char *name, const char *dir, const char *text, size_t len,
	struct profile *profile, struct error *err)
{
	const char *at = text, *stop = text + len;
	unsigned line = 0;

	while (at < stop) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at));
		const char *end = newline != NULL ? newline : stop;
		char *place = talloc_asprintf(ctx, "%s line %u", name, ++line);

		if (end - at > 8192)
			return config_error(err, "%s: the line is too long", place);
		if (!parse_line(ctx, place, dir, at, end, profile, err))
			return false;
		at = end + 1;
	}
	return true;
}

/* HOST:PORT, or [ADDRESS]:PORT for IPv6. */
static bool split_server(TALLOC_CTX *ctx, struct profile *p, struct error *err)
{
	const char *colon = strrchr(p->server, ':'), *host = p->server, *end = colon;
	long port;
	char *stop;

	if (colon == NULL || colon == host)
		return config_error(
			err, "the server '%s' lacks a port: write HOST:PORT, such as localhost:8443", p->server);
	if (*host == '[' && end[-1] == ']') {
		host++;
		end--;
	} else if (memchr(host, ':', (size_t)(end - host)) != NULL) {
		return config_error(err, "the server '%s' is not clear: write [ADDRESS]:PORT for IPv6", p->server);
	}
	port = strtol(colon + 1, &stop, 10);
	if (stop == colon + 1 || *stop != '\0' || port < 1 || port > 65535)
		return config_error(
			err, "the server '%s' has no good port: write HOST:PORT, such as localhost:8443", p->server);
	p->host = talloc_strndup(ctx, host, (size_t)(end - host));
	p->port = talloc_strdup(ctx, colon + 1);
	return true;
}

static bool check_complete(struct profile *p, const char *file, struct error *err)
{
	char missing[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++) {
		if (*slot(p, i) != NULL && **slot(p, i) != '\0')
			continue;
		n += (size_t)snprintf(missing + n, sizeof missing - n, "%s%s", n > 0 ? ", " : "", profile_keys[i].key);
	}
	if (n == 0)
		return true;
	return config_error(err,
		"%s not known; create %s with the lines 'server = HOST:PORT', 'cacert = FILE', 'cert = FILE', 'key = "
		"FILE' "
		"(or set RADIOSHOP_SERVER, RADIOSHOP_CACERT, RADIOSHOP_CERT and RADIOSHOP_KEY)",
		missing, file);
}

/* A key that everybody may read is not yours alone any more: better to stop than to go on with it. */
static bool check_key(const char *key, struct error *err)
{
	struct stat st;

	if (stat(key, &st) != 0)
		return config_error(err, "cannot read the key %s: %s", key, strerror(errno));
	if ((st.st_mode & 0007) != 0)
		return config_error(err, "the key %s can be read by everybody; run: chmod 600 %s", key, key);
	return true;
}

static bool read_file(
	TALLOC_CTX *ctx, const char *file, const char *dir, bool needed, struct profile *p, struct error *err)
{
	struct error why = {0};
	char *text;
	size_t len;

	if (!needed && access(file, F_OK) != 0)
		return true;

	if (!store_read(ctx, file, PROFILE_MAX, &text, &len, &why))
		return config_error(err, "the profile %s cannot be used: %s", p->name, why.text);
	return profile_parse(ctx, file, dir, text, len, p, err);
}

bool profile_load(TALLOC_CTX *ctx, const struct options *o, struct profile *ret_profile, struct error *err)
{
	const char *named = o->profile != NULL ? o->profile : environment("RADIOSHOP_PROFILE");
	struct profile p = {.name = talloc_strdup(ctx, named != NULL ? named : "default")};
	char *dir = profile_directory(ctx), *file = talloc_asprintf(ctx, "%s/%s.conf", dir, p.name);

	if (strchr(p.name, '/') != NULL || *p.name == '.' || *p.name == '\0')
		return config_error(err, "'%s' is no name of a profile", p.name);
	if (!read_file(ctx, file, dir, named != NULL, &p, err))
		return false;
	for (size_t i = 0; i < KEYS; i++) {
		const char *value = from_options(o, i);

		if (value == NULL)
			value = environment(profile_keys[i].environment);
		if (value != NULL)
			*slot(&p, i) = talloc_strdup(ctx, value);
	}
	if (!check_complete(&p, file, err) || !split_server(ctx, &p, err) || !check_key(p.key, err))
		return false;
	*ret_profile = p;
	return true;
}
