/*
 * store.h: small files read whole, and files written so that a crash leaves the old one or the new one.
 */
#ifndef RADIOSHOP_STORE_H
#define RADIOSHOP_STORE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <talloc.h>

/*
 * Reads a file of at most `most` bytes ("-" is standard input). The text is NUL-terminated and owned by ctx.
 * False: FILE, naming it.
 */
bool store_read(
	TALLOC_CTX *ctx, const char *path, size_t most, char **ret_text, size_t *ret_len, struct error *err) MUST_CHECK;
/* Writes a file of mode 0600: temporary name, fsync, rename, fsync of the directory. False: OUTPUT. */
bool store_write(const char *path, const char *text, size_t len, struct error *err) MUST_CHECK;
/*
 * A file that is written piece by piece and takes its place whole: whoever reads meanwhile reads the old one. It may be
 * read by whom the umask lets. NULL: OUTPUT, and nothing is there to be given up.
 */
struct store_file;
struct store_file *store_begin(TALLOC_CTX *ctx, const char *path, struct error *err) MUST_CHECK;
FILE *store_stream(struct store_file *file);
/* Puts it in its place: flushed, on disk, renamed. False: OUTPUT, and what was there before is there still. */
bool store_commit(struct store_file *file, struct error *err) MUST_CHECK;
/* The same, but for a file that nobody else may have made by now. */
bool store_commit_new(struct store_file *file, struct error *err) MUST_CHECK;
/* Leaves what was there before. */
void store_abandon(struct store_file *file);
/* Makes a directory and its parents, mode 0700. False: OUTPUT. */
bool store_make_directory(const char *path, struct error *err) MUST_CHECK;

#endif
