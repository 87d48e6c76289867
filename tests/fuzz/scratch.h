/*
 * scratch.h: a directory for targets whose code reads and writes files. Made under TMPDIR at the first use, gone at exit.
 */
#ifndef RADIOSHOP_FUZZ_SCRATCH_H
#define RADIOSHOP_FUZZ_SCRATCH_H

#include "target.h"

#include <ftw.h>
#include <unistd.h>

static char scratch_path[256];

static inline int scratch_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void scratch_remove(void)
{
	nftw(scratch_path, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Its path; static storage. */
static inline const char *scratch(void)
{
	const char *parent = getenv("TMPDIR");

	if (scratch_path[0] == '\0') {
		snprintf(scratch_path, sizeof scratch_path, "%s/radioshop-fuzz.XXXXXX", parent != NULL ? parent : "/tmp");
		expect(mkdtemp(scratch_path) != NULL);
		expect(atexit(scratch_remove) == 0);
	}
	return scratch_path;
}

static inline void scratch_write(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	expect(file != NULL && fwrite(bytes, 1, len, file) == len && fclose(file) == 0);
}

#endif
