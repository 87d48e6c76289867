/*
 * spool.c: the files of unsent writes. Called by run.c (to keep) and unsent.c (to list, send, drop).
 * Owns the state directory's unsent/.
 */
#include "spool.h"

#include "array.h"
#include "failure.h"
#include "message_json.h"
#include "metadata.h"
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { UNSENT_MAX = 32 << 20 };

static char *spool_directory(TALLOC_CTX *ctx)
{
	return talloc_asprintf(ctx, "%s/unsent", state_directory(ctx));
}

static json_int_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

char *spool_identity(const struct session *s)
{
	char *real = realpath(s->profile.cert, NULL);
	char *copy = talloc_strdup(s->mem, real != NULL ? real : s->profile.cert);

	free(real);
	return copy;
}

static json_t *to_json(const struct session *s, const struct prepared *p)
{
	char *who = spool_identity(s);
	json_t *json = json_pack("{s:s, s:I, s:s, s:o}", "method", p->method->path, "made_at", now_ns(), "certificate",
		who, "request", message_to_json(p->request, JSON_PROTO));

	talloc_free(who);

	if (json == NULL || p->command == NULL)
		return json;
	if (json_object_set_new(json, "noun", json_string(p->command->noun)) != 0 ||
		json_object_set_new(json, "verb", json_string(p->command->verb)) != 0)
		abort();
	if (needs_fetch(p) && json_object_set_new(json, "fetch", message_to_json(p->fetch, JSON_PROTO)) != 0)
		abort();
	return json;
}

bool spool_keep(struct session *s, const struct prepared *p, struct error *err)
{
	char *dir = spool_directory(s->mem), *path = talloc_asprintf(s->mem, "%s/%s.json", dir, p->request_id);
	json_t *json = to_json(s, p);
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
	bool ok;

	json_decref(json);
	if (text == NULL)
		return error_set(err, STATUS_INTERNAL, NULL, "the request cannot be written as JSON");
	ok = store_make_directory(dir, err) && store_write(path, text, strlen(text), err);
	free(text);
	return ok;
}

static int free_entry(struct unsent *u)
{
	json_decref(u->json);
	return 0;
}

/* One file; a file that is not understood is named and left alone. */
static bool read_entry(TALLOC_CTX *ctx, const char *dir, const char *name, struct unsent **ret_entry, struct error *err)
{
	struct unsent *u = talloc_zero(ctx, struct unsent);
	json_error_t where;
	char *text;
	size_t len;

	talloc_set_destructor(u, free_entry);
	u->id = talloc_strndup(u, name, strlen(name) - strlen(".json"));
	u->path = talloc_asprintf(u, "%s/%s", dir, name);
	if (!store_read(u, u->path, UNSENT_MAX, &text, &len, err))
		return false;
	u->json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	talloc_free(text);
	if (u->json == NULL || json_string_value(json_object_get(u->json, "method")) == NULL)
		return file_error(
			err, "%s is not understood: %s", u->path, u->json == NULL ? where.text : "it names no method");
	u->made_at = json_integer_value(json_object_get(u->json, "made_at"));
	*ret_entry = u;
	return true;
}

static bool is_entry(const char *name)
{
	size_t n = strlen(name);
	uint8_t uuid[16];

	return n == 36 + 5 && strcmp(name + 36, ".json") == 0 && uuid_parse(name, 36, uuid);
}

static int by_age(const void *a, const void *b)
{
	const struct unsent *x = *(const struct unsent *const *)a, *y = *(const struct unsent *const *)b;

	return x->made_at < y->made_at ? -1 : x->made_at > y->made_at;
}

bool spool_read(TALLOC_CTX *ctx, struct unsent ***ret_list, size_t *ret_count, struct error *err)
{
	char *dir = spool_directory(ctx);
	struct unsent **list = NULL;
	DIR *open = opendir(dir);
	struct dirent *entry;
	size_t count = 0;
	bool ok = true;

	if (open == NULL && errno != ENOENT)
		return file_error(err, "cannot read %s: %s", dir, strerror(errno));
	while (ok && open != NULL && (entry = readdir(open)) != NULL) {
		if (!is_entry(entry->d_name))
			continue;
		list = array_room(ctx, list, count + 1, sizeof(struct unsent *));
		ok = read_entry(ctx, dir, entry->d_name, &list[count], err);
		count += ok;
	}
	if (open != NULL)
		closedir(open);
	if (!ok)
		return false;
	if (count > 0)
		qsort(list, count, sizeof(struct unsent *), by_age);
	*ret_list = list;
	*ret_count = count;
	return true;
}

static const char *member(const struct unsent *u, const char *key)
{
	const char *text = json_string_value(json_object_get(u->json, key));

	return text != NULL ? text : "";
}

/* The Get that the command could not make when the write was kept. */
static bool prepare_fetch(
	struct session *s, const struct unsent *u, const json_t *fetch, struct prepared *p, struct error *err)
{
	p->command = command_find(member(u, "noun"), member(u, "verb"));
	if (p->command == NULL || p->command->fetch == NULL || p->command->method == NULL ||
		catalog_method_by_name(p->command->method) != p->method)
		return file_error(err, "%s: this version has no such command", u->path);
	p->fetch_method = catalog_method_by_name(p->command->fetch);
	if (p->fetch_method == NULL)
		abort();
	p->fetch = message_from_json(p->fetch_method->input, fetch, &s->arena, err);
	return p->fetch != NULL;
}

bool spool_prepare(struct session *s, const struct unsent *u, struct prepared *ret, struct error *err)
{
	struct prepared p = {.method = catalog_method_by_name(member(u, "method"))};
	const json_t *fetch = json_object_get(u->json, "fetch");

	if (p.method == NULL)
		return file_error(err, "%s: this version has no method %s", u->path, member(u, "method"));
	p.flags = flag_set_new(s->mem, NULL, p.method->input);
	p.request = message_from_json(p.method->input, json_object_get(u->json, "request"), &s->arena, err);
	if (p.request == NULL || (fetch != NULL && !prepare_fetch(s, u, fetch, &p, err)))
		return false;
	snprintf(p.request_id, sizeof p.request_id, "%s", u->id);
	*ret = p;
	return true;
}

bool spool_drop(const struct unsent *u, struct error *err)
{
	return unlink(u->path) == 0 || errno == ENOENT ||
	       output_error(err, "cannot remove %s: %s", u->path, strerror(errno));
}
