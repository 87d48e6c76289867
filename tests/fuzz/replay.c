/*
 * replay.c: feeds a fuzz target the empty input and every file of its corpus, without libFuzzer: the unit test that what
 * a fuzzer once found stays mended. `replay_NAME DIRECTORY` or `replay_NAME FILE…`.
 *
 * Fails when there is no corpus; a target that finds a fault aborts.
 */
#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

enum { INPUT_MAX = 1 << 20 };

/* Every input in a block of its own size, so that a byte read behind it is seen. */
static bool replay_file(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *input;
	size_t size;

	if (file == NULL)
		return false;
	size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	input = malloc(size > 0 ? size : 1);
	if (input == NULL)
		return false;
	memcpy(input, bytes, size);
	fprintf(stderr, "%s\n", path); /* the last line says which input it was */
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return true;
}

/* How many files it replayed; -1 when one could not be read. */
static int replay_directory(DIR *directory, const char *path)
{
	const struct dirent *entry;
	int count = 0;

	while ((entry = readdir(directory)) != NULL) {
		char name[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (!replay_file(name))
			return -1;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc && count >= 0; i++) {
		DIR *directory = opendir(argv[i]);

		if (directory != NULL) {
			count = replay_directory(directory, argv[i]);
			closedir(directory);
		} else {
			count = replay_file(argv[i]) ? count + 1 : -1;
		}
		if (count < 0)
			fprintf(stderr, "%s: cannot read %s: %s\n", argv[0], argv[i], strerror(errno));
	}
	if (count == 0)
		fprintf(stderr, "%s: there is no corpus\n", argv[0]);
	else if (count > 0)
		printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
