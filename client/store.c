/*
 * store.c: reading and writing of small files. Called by whatever of the command keeps or reads a file.
 * Owns nothing between calls.
 */
#include "store.h"

#include "array.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(
	TALLOC_CTX *ctx, FILE *in, const char *path, size_t most, char **ret_text, size_t *ret_len, struct error *err)
{
	size_t len = 0, size = 0;
	char *text = NULL;

	for (;;) {
		if (len + 1 >= size) {
			size = size == 0 ? 16384 : size * 2;
			text = array_room(ctx, text, size, sizeof(char));
		}
		size_t n = fread(text + len, 1, size - len - 1, in);

		len += n;
		if (len > most)
			return file_error(err, "%s is larger than %zu bytes", path, most);
		if (n == 0)
			break;
	}
	if (ferror(in))
		return file_error(err, "cannot read %s: %s", path, strerror(errno));
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return true;
}

bool store_read(TALLOC_CTX *ctx, const char *path, size_t most, char **ret_text, size_t *ret_len, struct error *err)
{
	bool standard = strcmp(path, "-") == 0, ok;
	FILE *in = standard ? stdin : fopen(path, "re");

	if (in == NULL)
		return file_error(err, "cannot read %s: %s", path, strerror(errno));
	ok = read_all(ctx, in, standard ? "standard input" : path, most, ret_text, ret_len, err);
	if (!standard)
		fclose(in);
	return ok;
}

static bool write_synced(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* The rename is on disk only when the directory is. */
static bool sync_directory(const char *path)
{
	char *copy = talloc_strdup(NULL, path);
	int fd;
	bool ok;

	if (copy == NULL)
		abort();
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	talloc_free(copy);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

bool store_write(const char *path, const char *text, size_t len, struct error *err)
{
	char *temporary = talloc_asprintf(NULL, "%s.XXXXXX", path);
	bool ok = false;
	int fd;

	if (temporary == NULL)
		abort();
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd >= 0) {
		ok = write_synced(fd, text, len);
		ok = close(fd) == 0 && ok;
		ok = ok && rename(temporary, path) == 0 && sync_directory(path);
	}
	if (!ok) {
		output_error(err, "cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	talloc_free(temporary);
	return ok;
}

struct store_file {
	char *path, *temporary;
	FILE *out;
};

/* mkostemp() lets only the owner read; a page or a feed is read by others. */
static bool set_usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) == 0;
}

struct store_file *store_begin(TALLOC_CTX *ctx, const char *path, struct error *err)
{
	struct store_file *file = talloc_zero(ctx, struct store_file);
	struct stat old;
	int fd;

	if (file == NULL)
		abort();
	/* A link, a device or a pipe would be replaced by a file. */
	if (lstat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		output_error(err, "%s is no plain file; give another name, or write to standard output", path);
		talloc_free(file);
		return NULL;
	}
	file->path = talloc_strdup(file, path);
	file->temporary = talloc_asprintf(file, "%s.XXXXXX", path);
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd >= 0 && set_usual_mode(fd) && (file->out = fdopen(fd, "w")) != NULL)
		return file;
	output_error(err, "cannot write %s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(file->temporary);
	}
	talloc_free(file);
	return NULL;
}

FILE *store_stream(struct store_file *file)
{
	return file->out;
}

/* Some file systems know no rename that replaces nothing, and others no links. */
static bool put_new(const struct store_file *file)
{
	if (renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && link(file->temporary, file->path) == 0 && unlink(file->temporary) == 0;
}

static bool commit(struct store_file *file, bool replace, struct error *err)
{
	bool ok = fflush(file->out) == 0 && !ferror(file->out) && fsync(fileno(file->out)) == 0;

	ok = fclose(file->out) == 0 && ok;
	ok = ok && (replace ? rename(file->temporary, file->path) == 0 : put_new(file)) && sync_directory(file->path);
	if (!ok) {
		output_error(err, "cannot write %s: %s", file->path, strerror(errno));
		unlink(file->temporary);
	}
	talloc_free(file);
	return ok;
}

bool store_commit(struct store_file *file, struct error *err)
{
	return commit(file, true, err);
}

bool store_commit_new(struct store_file *file, struct error *err)
{
	return commit(file, false, err);
}

void store_abandon(struct store_file *file)
{
	fclose(file->out);
	unlink(file->temporary);
	talloc_free(file);
}

bool store_make_directory(const char *path, struct error *err)
{
	char *copy = talloc_strdup(NULL, path);
	bool ok = true;

	if (copy == NULL)
		abort();
	for (char *at = copy + 1; ok && *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		ok = mkdir(copy, 0700) == 0 || errno == EEXIST;
		*at = '/';
	}
	ok = ok && (mkdir(copy, 0700) == 0 || errno == EEXIST);
	talloc_free(copy);
	return ok || output_error(err, "cannot make the directory %s: %s", path, strerror(errno));
}
