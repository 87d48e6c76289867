/*
 * store.h: small files read whole, and files written so that a crash leaves the old one or the new one.
 */
#ifndef RADIOSHOP_STORE_H
#define RADIOSHOP_STORE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * Reads a file of at most `most` bytes ("-" is standard input). The text is NUL-terminated and owned by ctx.
 * False: FILE, naming it.
 */
bool store_read(
	TALLOC_CTX *ctx, const char *path, size_t most, char **ret_text, size_t *ret_len, struct error *err) MUST_CHECK;
/* Writes a file of mode 0600: temporary name, fsync, rename, fsync of the directory. False: OUTPUT. */
bool store_write(const char *path, const char *text, size_t len, struct error *err) MUST_CHECK;
/* Makes a directory and its parents, mode 0700. False: OUTPUT. */
bool store_make_directory(const char *path, struct error *err) MUST_CHECK;

#endif
