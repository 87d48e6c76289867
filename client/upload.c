/*
 * upload.c: `attachment add`: files go up chunk by chunk. Called through the command table.
 * Owns the open file and the progress bar while it runs.
 *
 * The shop says which chunk it wants next, at the start and after each: so the same command, typed again, goes on where
 * it was interrupted, and two that send one file share the work.
 */
#include "actions.h"
#include "failure.h"
#include "flags.h"
#include "help.h"
#include "metadata.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "terminal.h"

#include "radioshop/v1/attachment.pb-c.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_MOST = 128 << 20,
	CHUNK_MOST = 4 << 20,
	CHUNK_MEMORY = 64 << 20,
	ATTEMPTS = 5,
	SHA256_BYTES = 32,
	READ_BYTES = 256 << 10
};

struct upload {
	struct session *session;
	const char *record, *note, *path, *name;
	bool restart;
	int fd;
	int64_t size;
	char sha256[2 * SHA256_BYTES + 1];
	char *id;
	int64_t next;
	size_t chunk;
	const ProtobufCMessage *stored; /* in the session's arena */
};

/* ---- the file ---- */

static bool read_failed(const struct upload *u, struct error *err)
{
	return file_error(err, "cannot read %s: %s", u->path, strerror(errno));
}

/* Up to `most` bytes from there on; fewer only at the end of the file. False: FILE. */
static bool read_at(
	const struct upload *u, int64_t offset, uint8_t *out, size_t most, size_t *ret_len, struct error *err)
{
	size_t len = 0;

	while (len < most) {
		ssize_t n = pread(u->fd, out + len, most - len, offset + (int64_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return read_failed(u, err);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return true;
}

/* Size and SHA-256 of what is in the file now. */
static bool measure(struct upload *u, struct error *err)
{
	static const char hex[] = "0123456789abcdef";
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t *buffer = talloc_size(u->session->mem, READ_BYTES), sum[EVP_MAX_MD_SIZE];
	size_t len;
	bool ok = digest != NULL && buffer != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;

	if (!ok)
		abort();
	u->size = 0;
	do {
		ok = read_at(u, u->size, buffer, READ_BYTES, &len, err);
		u->size += ok ? (int64_t)len : 0;
	} while (ok && len > 0 && EVP_DigestUpdate(digest, buffer, len) == 1);
	if (ok && EVP_DigestFinal_ex(digest, sum, NULL) != 1)
		abort();
	for (size_t i = 0; ok && i < SHA256_BYTES; i++) {
		u->sha256[2 * i] = hex[sum[i] >> 4];
		u->sha256[2 * i + 1] = hex[sum[i] & 15];
	}
	EVP_MD_CTX_free(digest);
	talloc_free(buffer);
	return ok;
}

static bool open_file(struct upload *u, struct error *err)
{
	const char *slash = strrchr(u->path, '/');
	struct stat what;

	if (u->name == NULL)
		u->name = slash != NULL ? slash + 1 : u->path;
	u->fd = open(u->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for who writes it */
	if (u->fd < 0 || fstat(u->fd, &what) != 0)
		return read_failed(u, err);
	if (!S_ISREG(what.st_mode))
		return file_error(err, "%s is no plain file", u->path);
	u->size = what.st_size;
	/* What no agency may attach the shop refuses by its size; it need not be read for that. */
	return what.st_size > FILE_MOST || measure(u, err);
}

/* ---- the calls ---- */

static bool is_worth_waiting(const struct error *err)
{
	return err->code == STATUS_UNAVAILABLE || err->code == STATUS_DEADLINE_EXCEEDED ||
	       err->code == STATUS_ABORTED || (err->code == STATUS_RESOURCE_EXHAUSTED && err->retry_after_ms > 0);
}

/* A lost answer is asked for again under the same id; but a shop that was never there is not waited for. */
static ProtobufCMessage *call_patiently(const struct upload *u, const char *method, const ProtobufCMessage *request,
	struct arena *arena, struct error *err)
{
	for (int attempt = 1;; attempt++) {
		ProtobufCMessage *reply = session_call(
			u->session, catalog_method_by_name(method), request, BATCH_TIMEOUT_MS, arena, NULL, err);

		if (reply != NULL || attempt == ATTEMPTS || u->id == NULL || !is_worth_waiting(err))
			return reply;
		nanosleep(&(struct timespec){.tv_sec = attempt}, NULL);
	}
}

static void new_id(char out[37])
{
	uint8_t uuid[16];

	uuid_random(uuid);
	uuid_format(uuid, out);
}

/* protobuf-c has no const. */
static char *lend(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* Tells what is to come, and learns what is there. */
static bool start(struct upload *u, bool restart, struct error *err)
{
	Radioshop__V1__StartUploadRequest request;
	const Radioshop__V1__StartUploadResponse *reply;
	char id[37];

	radioshop__v1__start_upload_request__init(&request);
	new_id(id);
	request.request_id = id;
	request.record = lend(u->record);
	request.name = lend(u->name);
	request.size_bytes = u->size;
	request.sha256 = u->sha256;
	request.note = lend(u->note);
	request.restart = restart;
	reply = (const void *)call_patiently(
		u, "AttachmentService.StartUpload", &request.base, &u->session->arena, err);
	if (reply == NULL)
		return false;
	if (reply->attachment == NULL || reply->chunk_bytes < 1 || reply->chunk_bytes > CHUNK_MOST)
		return error_set(err, STATUS_INTERNAL, NULL, "the shop answered without the upload");
	u->id = reply->attachment->id;
	u->next = reply->next_offset;
	u->chunk = (size_t)reply->chunk_bytes;
	if (reply->attachment->state == RADIOSHOP__V1__ATTACHMENT_STATE__ATTACHMENT_STATE_STORED)
		u->stored = &reply->attachment->base;
	return true;
}

/* Sends the chunk that is wanted, and learns which is wanted then. */
static bool put(struct upload *u, uint8_t *buffer, struct error *err)
{
	Radioshop__V1__PutChunkRequest request;
	const Radioshop__V1__PutChunkResponse *reply;
	struct arena arena;
	size_t len;
	char id[37];
	bool ok;

	if (!read_at(u, u->next, buffer, u->chunk, &len, err))
		return false;
	radioshop__v1__put_chunk_request__init(&request);
	new_id(id);
	request.request_id = id;
	request.upload = u->id;
	request.offset = u->next;
	request.data.data = buffer;
	request.data.len = len;
	arena_init(&arena, NULL, CHUNK_MEMORY);
	reply = (const void *)call_patiently(u, "AttachmentService.PutChunk", &request.base, &arena, err);
	ok = reply != NULL;
	if (ok && reply->next_offset <= u->next)
		ok = error_set(err, STATUS_INTERNAL, NULL, "the shop wants a chunk again that it has");
	u->next = ok ? reply->next_offset : u->next;
	arena_release(&arena);
	return ok;
}

static bool put_all(struct upload *u, struct error *err)
{
	uint8_t *buffer = talloc_size(u->session->mem, u->chunk);
	struct progress progress;
	bool ok = true;

	if (buffer == NULL)
		abort();
	progress_init(&progress, "KiB", (size_t)((u->size + 1023) / 1024));
	while (ok && u->next < u->size) {
		progress_update(&progress, (size_t)(u->next / 1024));
		ok = put(u, buffer, err);
	}
	progress_end(&progress);
	talloc_free(buffer);
	return ok;
}

static bool finish(struct upload *u, struct error *err)
{
	Radioshop__V1__FinishUploadRequest request;
	const Radioshop__V1__FinishUploadResponse *reply;
	char id[37];

	radioshop__v1__finish_upload_request__init(&request);
	new_id(id);
	request.request_id = id;
	request.upload = u->id;
	reply = (const void *)call_patiently(
		u, "AttachmentService.FinishUpload", &request.base, &u->session->arena, err);
	if (reply != NULL && reply->attachment != NULL)
		u->stored = &reply->attachment->base;
	return u->stored != NULL;
}

static bool is_mixed_up(const struct error *err)
{
	return (err->code == STATUS_FAILED_PRECONDITION && strcmp(err->field, "sha256") == 0) ||
	       (err->code == STATUS_ALREADY_EXISTS && strcmp(err->field, "data") == 0);
}

/*
 * Bytes that came before may be of a file that was being written then. If this one is still what it was when it was
 * announced, it is sent once more from its beginning; if not, whoever writes it should be let finish.
 */
static bool send_file(struct upload *u, struct error *err)
{
	char announced[sizeof u->sha256];
	bool restart = u->restart;

	memcpy(announced, u->sha256, sizeof announced);
	for (int round = 0;; round++) {
		if (!start(u, restart, err))
			return false;
		if (u->stored != NULL || (put_all(u, err) && finish(u, err)))
			return true;
		if (!is_mixed_up(err) || round > 0 || restart)
			return false;
		if (!measure(u, err))
			return false;
		if (strcmp(announced, u->sha256) != 0)
			return file_error(err, "%s has changed while it was sent; send it again", u->path);
		restart = true;
	}
}

/* ---- the command ---- */

/* Whether the next file is tried. *code is the first failure's. */
static bool add_file(struct upload *u, struct writer *w, int *code)
{
	struct error err = {0};
	bool ok = open_file(u, &err) && send_file(u, &err) && writer_row(w, u->stored, &err);
	char *where = terminal_clean(u->session->mem, u->path, false);
	int failed;

	if (u->fd >= 0)
		close(u->fd);
	if (ok)
		return true;
	failed = failure_tell(&err, where);
	*code = *code != EXIT_DONE ? *code : failed;
	if (!is_worth_waiting(&err))
		return true;
	if (u->id != NULL && u->next > 0)
		hint("the shop has what came so far; the same command goes on from there within a day");
	return false;
}

static bool read_line(struct session *s, const struct command *c, int argc, char **argv, struct upload *u,
	struct command_line *line, struct error *err)
{
	const struct flag_set *flags = flag_set_new(s->mem, c, catalog_method_by_name(c->method)->input);

	if (!command_line_read(s->mem, flags, argc, argv, &s->options, line, err) || s->options.help)
		return s->options.help;
	if (line->word_count < 2)
		return usage_error(err, "a record and a FILE are needed: radioshop attachment add RECORD FILE...");
	u->record = line->words[0];
	u->note = "";
	for (size_t i = 0; i < line->given_count; i++) {
		const struct given *g = &line->given[i];

		if (strcmp(g->flag->name, "note") == 0)
			u->note = g->value;
		else if (strcmp(g->flag->name, "name") == 0)
			u->name = g->value;
		else
			u->restart = g->form == FLAG_SET;
	}
	if (u->name != NULL && line->word_count > 2)
		return usage_error(err, "--name is for one file; with several each has its own name");
	return true;
}

int action_attachment_add(struct session *s, const struct command *c, int argc, char **argv)
{
	struct upload wanted = {.session = s, .fd = -1};
	struct output_options o = session_output(s, SHAPE_LIST, c->columns, c->wide);
	struct command_line line;
	struct error err = {0};
	struct writer *w;
	int code = EXIT_DONE;

	if (!read_line(s, c, argc, argv, &wanted, &line, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	o = session_output(s, SHAPE_LIST, c->columns, c->wide);
	w = writer_new(s->mem, &o, &radioshop__v1__attachment__descriptor, &err);
	if (w == NULL)
		return failure_tell(&err, NULL);
	for (size_t i = 1; i < line.word_count; i++) {
		struct upload u = wanted;

		u.path = line.words[i];
		if (!add_file(&u, w, &code))
			break;
	}
	if ((w->rows > 0 || code == EXIT_DONE) && !writer_finish(w, &err) && code == EXIT_DONE)
		code = failure_tell(&err, NULL);
	writer_free(w);
	return code;
}
