/*
 * download.c: `attachment get`: an attachment into a file. Called through the command table.
 * Owns the file until it is in its place.
 *
 * The bytes go into a file of another name, and take their place when their SHA-256 is right. Nothing that is there is
 * replaced without --force, and the name that the shop gives stays in the directory.
 */
#include "actions.h"
#include "failure.h"
#include "file_name.h"
#include "help.h"
#include "progress.h"
#include "run.h"
#include "store.h"

#include "radioshop/v1/attachment.pb-c.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHA256_BYTES = 32 };

struct download {
	struct session *session;
	const Radioshop__V1__Attachment *attachment;
	FILE *out;
	EVP_MD_CTX *digest;
	int64_t came;
	struct progress progress;
};

/* Takes --force out of argv; what stays are flags that the tables know. */
static bool take_force(int *argc, char **argv)
{
	bool force = false;

	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--force") != 0)
			continue;
		memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i - 1) * sizeof argv[0]);
		--*argc;
		i--;
		force = true;
	}
	return force;
}

static bool is_directory(const char *path)
{
	struct stat what;

	return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

/* What --output says, or the attachment's own name in the directory that it says, or in this one. */
static const char *target_of(const struct download *d)
{
	TALLOC_CTX *mem = d->session->mem;
	const char *target = d->session->options.target;
	char *path;

	if (target != NULL && !is_directory(target))
		return target;
	path = talloc_asprintf(mem, "%s/%s", target != NULL ? target : ".", file_name(mem, d->attachment->name));
	if (path == NULL)
		abort();
	return path;
}

static bool on_chunk(const ProtobufCMessage *reply, void *data, struct error *err)
{
	const Radioshop__V1__ExportAttachmentResponse *chunk = (const void *)reply;
	struct download *d = data;

	if (chunk->offset != d->came || d->came + (int64_t)chunk->data.len > d->attachment->size_bytes)
		return error_set(err, STATUS_DATA_LOSS, NULL, "what comes is not in order; nothing was kept of it");
	if (fwrite(chunk->data.data, 1, chunk->data.len, d->out) != chunk->data.len)
		return output_error(err, "cannot write: %s", strerror(errno));
	if (EVP_DigestUpdate(d->digest, chunk->data.data, chunk->data.len) != 1)
		abort();
	d->came += (int64_t)chunk->data.len;
	progress_update(&d->progress, (size_t)(d->came / 1024));
	return true;
}

static bool is_right(const struct download *d)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char hex[2 * SHA256_BYTES + 1];

	if (EVP_DigestFinal_ex(d->digest, sum, NULL) != 1)
		abort();
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return d->came == d->attachment->size_bytes && strcmp(hex, d->attachment->sha256) == 0;
}

/* Everything, checked, into d->out. */
static bool receive(struct download *d, const struct prepared *p, struct error *err)
{
	bool ok;

	d->digest = EVP_MD_CTX_new();
	if (d->digest == NULL || EVP_DigestInit_ex(d->digest, EVP_sha256(), NULL) != 1)
		abort();
	if (isatty(STDOUT_FILENO) == 1 || d->out != stdout)
		progress_init(&d->progress, "KiB", (size_t)((d->attachment->size_bytes + 1023) / 1024));
	ok = session_stream(d->session, p->method, p->request, on_chunk, d, err);
	progress_end(&d->progress);
	if (ok && !is_right(d))
		ok = error_set(err, STATUS_DATA_LOSS, NULL,
			"what came has not the SHA-256 that the shop has kept; it is not %s", d->attachment->name);
	EVP_MD_CTX_free(d->digest);
	return ok;
}

static bool receive_file(struct download *d, const struct prepared *p, bool force, struct error *err)
{
	const char *path = target_of(d);
	struct store_file *file;
	struct stat there;

	if (!force && lstat(path, &there) == 0)
		return output_error(err, "%s is there already; --force replaces it, --output gives another name", path);
	file = store_begin(d->session->mem, path, err);
	if (file == NULL)
		return false;
	d->out = store_stream(file);
	if (!receive(d, p, err)) {
		store_abandon(file);
		return false;
	}
	if (!(force ? store_commit(file, err) : store_commit_new(file, err)))
		return false;
	fprintf(d->session->out, "%s\n", strncmp(path, "./", 2) == 0 ? path + 2 : path);
	return true;
}

static bool get(struct session *s, struct prepared *p, bool force, struct error *err)
{
	struct download d = {.session = s};
	const Radioshop__V1__GetAttachmentResponse *found;

	if (s->options.target != NULL && strcmp(s->options.target, "-") == 0 && isatty(STDOUT_FILENO) == 1)
		return usage_error(err, "the bytes of a file do not belong on a terminal; give a FILE or a pipe");
	found = (const void *)session_call(s, p->fetch_method, p->fetch, TIMEOUT_MS, &s->arena, NULL, err);
	if (found == NULL || !take_fields(p->command->take, &found->base, p->request, &s->arena, err))
		return false;
	if (found->attachment == NULL)
		return error_set(err, STATUS_INTERNAL, NULL, "the shop answered without the attachment");
	p->fetched = true;
	d.attachment = found->attachment;
	if (s->options.target == NULL || strcmp(s->options.target, "-") != 0)
		return receive_file(&d, p, force, err);
	d.out = stdout;
	return receive(&d, p, err) && output_flush(stdout, err);
}

int action_attachment_get(struct session *s, const struct command *c, int argc, char **argv)
{
	bool force = take_force(&argc, argv);
	struct prepared p = {.command = c};
	struct error err = {0};

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	return get(s, &p, force, &err) ? EXIT_DONE : tell_failure(&p, &err);
}
