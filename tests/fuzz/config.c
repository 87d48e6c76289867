/* Any bytes as a configuration: an error or a configuration that is printed, read again and printed the same. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	config_print(c, out);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {.code = STATUS_OK};
	struct config first, second;

	config_init(&first);
	config_init(&second);
	if (config_parse(&first, "fuzz", (const char *)data, size, &err)) {
		char *once = printed(&first), *twice;

		if (!config_parse(&second, "printed", once, strlen(once), &err))
			abort();
		twice = printed(&second);
		/* A connection string with a password is not printed, and then differs. */
		if (!strstr(once, "is not shown") && strcmp(once, twice) != 0)
			abort();
		free(once);
		free(twice);
	} else if (err.text[0] == '\0' || strchr(err.text, '\n')) {
		abort();
	}
	config_release(&first);
	config_release(&second);
	return 0;
}
