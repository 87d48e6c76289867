/*
 * import_run.c: the shop's record of an import: which file, how far it is. Called by import.c and batch.c. Owns
 * nothing.
 */
#include "import.h"

#include "failure.h"
#include "field_text.h"
#include "metadata.h"
#include "request.h"
#include "utf8.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_NAME_MAX = 200, CALL_MEMORY = 1 << 20 };

/* The same for the same file, read in the same way, into the same agency. */
static void file_id(const struct import *im, char out[37])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
		EVP_DigestUpdate(md, im->file_hash, sizeof im->file_hash) != 1 ||
		EVP_DigestUpdate(md, im->agency, strlen(im->agency)) != 1 || EVP_DigestFinal_ex(md, digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(md);
	digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80); /* version 8: made from a hash of one's own */
	digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
	uuid_format(digest, out);
}

/* The file's own name as the shop takes it: one line, not long. */
static const char *shown_name(const struct import *im)
{
	const char *slash = strrchr(im->name, '/');
	char *name = talloc_zero_size(im->session->mem, FILE_NAME_MAX + 1);

	if (name == NULL)
		abort();
	text_copy(name, FILE_NAME_MAX + 1,
		strcmp(im->name, "-") == 0 ? "standard input"
		: slash != NULL            ? slash + 1
					   : im->name);
	return name;
}

static void set(ProtobufCMessage *m, const char *field, const void *value)
{
	struct field_path path;

	if (!field_path_find(m->descriptor, field, &path))
		abort();
	message_set(m, field_path_leaf(&path), value);
}

static ProtobufCMessage *new_request(const struct catalog_method *method, struct arena *arena)
{
	ProtobufCMessage *request = message_new(method->input, arena);
	uint8_t uuid[16];
	char id[37];

	if (request == NULL)
		abort();
	uuid_random(uuid);
	uuid_format(uuid, id);
	set_request_id(request, arena_strndup(arena, id, 36), arena);
	return request;
}

/* The import in an answer; NULL if there is none. */
static const ProtobufCMessage *shown_run(const ProtobufCMessage *reply)
{
	struct field_path path;

	if (!field_path_find(reply->descriptor, "run", &path))
		abort();
	return *(const ProtobufCMessage *const *)message_value(reply, field_path_leaf(&path), 0);
}

static const void *value_of(const ProtobufCMessage *run, const char *field)
{
	struct field_path path;

	if (!field_path_find(run->descriptor, field, &path))
		abort();
	return message_value(run, field_path_leaf(&path), 0);
}

static bool take_run(struct import *im, const ProtobufCMessage *run)
{
	const char *id = run != NULL ? *(const char *const *)value_of(run, "id") : "";
	int32_t done;

	if (strlen(id) != 36)
		return false;
	memcpy(im->shop_run, id, sizeof im->shop_run);
	done = *(const int32_t *)value_of(run, "rows_done");
	if (done > 0)
		notice("you have imported this file until row %d of %zu before; that import goes on", done,
			im->file->count);
	return true;
}

bool import_begin_run(struct import *im, struct error *err)
{
	const struct catalog_method *method = catalog_method_by_name("ImportService.StartImport");
	int32_t rows = (int32_t)im->file->count;
	const char *name, *file;
	char id[37];
	struct arena arena;
	ProtobufCMessage *request, *reply;
	struct field_path path;
	size_t to_send = 0;
	bool ok;

	for (size_t i = 0; i < im->file->count; i++)
		to_send += im->rows[i].outcome != OUTCOME_REFUSED;
	if (im->dry_run || to_send == 0 || !field_path_find(im->method->input, "run", &path))
		return true;
	arena_init(&arena, NULL, CALL_MEMORY);
	request = new_request(method, &arena);
	file_id(im, id);
	name = shown_name(im);
	file = id;
	set(request, "agency", &im->agency);
	set(request, "file_name", &name);
	set(request, "file", &file);
	set(request, "rows", &rows);
	reply = session_call(im->session, method, request, BATCH_TIMEOUT_MS, &arena, NULL, err);
	ok = reply != NULL &&
	     (take_run(im, shown_run(reply)) || error_set(err, STATUS_INTERNAL, NULL, "the shop named no import"));
	arena_release(&arena);
	return ok;
}

void import_name_run(const struct import *im, ProtobufCMessage *request, size_t done, struct arena *arena)
{
	const char *id = arena_strndup(arena, im->shop_run, strlen(im->shop_run));
	int32_t rows_done = (int32_t)done;

	if (im->shop_run[0] == '\0')
		return;
	if (id == NULL)
		abort();
	set(request, "run", &id);
	set(request, "rows_done", &rows_done);
}

bool import_end_run(struct import *im, struct error *err)
{
	const struct catalog_method *method = catalog_method_by_name("ImportService.EndImport");
	const char *id = im->shop_run;
	struct arena arena;
	ProtobufCMessage *request, *reply;
	struct field_path path;

	if (im->shop_run[0] == '\0' || im->shop_done == im->file->count)
		return true;
	arena_init(&arena, NULL, CALL_MEMORY);
	request = new_request(method, &arena);
	set(request, "run", &id);
	if (!field_path_find(method->input, "state", &path) ||
		!field_set_text(request, &path, "finished", false, "state", &arena, err))
		abort();
	reply = session_call(im->session, method, request, BATCH_TIMEOUT_MS, &arena, NULL, err);
	arena_release(&arena);
	return reply != NULL;
}
