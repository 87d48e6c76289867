/*
 * spool.c: any bytes as the file of an unsent write: refused naming the file, or a call that is kept again as a file that
 * gives the same call.
 */
#include "message_json.h"
#include "scratch.h"
#include "spool.h"
#include "store.h"
#include "target.h"

static const char *const id = "0189f7d0-1c2b-7abc-8def-0123456789ab";
/* Another one, which is always good. */
static const char *const other = "0189f7d0-1c2b-7abc-8def-0123456789ac";
static const char other_text[] = "{\"method\": \"AssetService.GetAsset\", \"made_at\": 1000, \"request\": {\"asset\": \"1\"}}";

/* Where an id's file is; static storage. */
static const char *file_of(const char *of)
{
	static char path[400];

	snprintf(path, sizeof path, "%s/radioshop/unsent/%s.json", scratch(), of);
	return path;
}

/* The prepared call of the file; false with err. */
static bool read_back(struct session *s, struct prepared *ret, struct error *err)
{
	struct unsent **list;
	size_t count;

	if (!spool_read(s->mem, &list, &count, err))
		return false;
	expect(count == 2 && list[0]->made_at <= list[1]->made_at);
	return spool_prepare(s, list[strcmp(list[0]->id, id) == 0 ? 0 : 1], ret, err);
}

static void drop_all(struct session *s)
{
	struct error err = {.code = STATUS_OK};
	struct unsent **list;
	size_t count;

	expect(spool_read(s->mem, &list, &count, &err));
	for (size_t i = 0; i < count; i++)
		expect(spool_drop(list[i], &err));
	expect(spool_read(s->mem, &list, &count, &err) && count == 0);
}

static void keep_again(struct session *s, const struct prepared *first)
{
	struct error err = {.code = STATUS_OK};
	struct prepared second;

	expect(spool_keep(s, first, &err) && read_back(s, &second, &err));
	expect(second.method == first->method && strcmp(second.request_id, first->request_id) == 0);
	expect(message_packed_size(second.request) == message_packed_size(first->request));
	/* The Get before it is kept only where the request still lacks what it reads. */
	expect(second.fetch == NULL || message_packed_size(second.fetch) == message_packed_size(first->fetch));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {.code = STATUS_OK};
	struct session s;
	struct prepared p;

	catalog_init();
	setenv("XDG_STATE_HOME", scratch(), 1);
	session_init(&s);
	s.profile.cert = "/nonexistent/ada.crt";
	expect(store_make_directory(talloc_asprintf(s.mem, "%s/radioshop/unsent", scratch()), &err));
	scratch_write(file_of(other), other_text, sizeof other_text - 1);
	scratch_write(file_of(id), data, size);
	if (read_back(&s, &p, &err)) {
		keep_again(&s, &p);
		drop_all(&s);
	} else {
		expect(err.text[0] != '\0');
	}
	session_release(&s);
	return 0;
}
