/*
 * profile.c: any text as a profile, and what it says of the server: refused with a sentence, or a host and a port, and
 * the same when it is written out and read again.
 */
#include "profile.h"
#include "scratch.h"
#include "target.h"

static char *shown(TALLOC_CTX *ctx, const struct profile *p)
{
	return talloc_asprintf(ctx, "server = %s\ncacert = %s\ncert = %s\nkey = %s\n", p->server, p->cacert, p->cert, p->key);
}

/* The same text as a file, with a key that is there and that is nobody else's. */
static void load(TALLOC_CTX *ctx, const uint8_t *data, size_t size)
{
	struct options o = {.profile = "fuzz", .key = "/proc/self/environ"};
	struct error err = {.code = STATUS_OK};
	struct profile found;
	char path[300];

	setenv("RADIOSHOP_CONFIG_DIR", scratch(), 1);
	snprintf(path, sizeof path, "%s/fuzz.conf", scratch());
	scratch_write(path, data, size);
	if (profile_load(ctx, &o, &found, &err))
		expect(strstr(found.server, found.host) != NULL && atoi(found.port) >= 1 && atoi(found.port) <= 65535);
	else
		expect(err.text[0] != '\0');
}

/* The same text as the name of a profile: it must not lead to another directory. */
static void load_named(TALLOC_CTX *ctx, const uint8_t *data, size_t size)
{
	char *name = text_of(data, size);
	struct options o = {.profile = name};
	struct error err = {.code = STATUS_OK};
	struct profile found;

	expect(!profile_load(ctx, &o, &found, &err) && err.text[0] != '\0');
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct profile p = {.name = "fuzz"}, again = {.name = "fuzz"};
	struct error err = {.code = STATUS_OK};
	char *once;

	if (!profile_parse(ctx, "fuzz", "/dir", (const char *)data, size, &p, &err)) {
		expect(err.text[0] != '\0');
	} else if (p.server != NULL && p.cacert != NULL && p.cert != NULL && p.key != NULL) {
		once = shown(ctx, &p);
		expect(profile_parse(ctx, "again", "/dir", once, strlen(once), &again, &err));
		expect(strcmp(once, shown(ctx, &again)) == 0);
	}
	load(ctx, data, size);
	if (size > 0 && (size != 4 || memcmp(data, "fuzz", 4) != 0))
		load_named(ctx, data, size);
	talloc_free(ctx);
	return 0;
}
