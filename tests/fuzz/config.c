/*
 * config.c: any bytes as a configuration, and as the file of one: refused in one line, or a configuration that is printed,
 * read again and printed the same.
 */
#include "config.h"
#include "scratch.h"
#include "target.h"

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	expect(out);
	config_print(c, out);
	fclose(out);
	return text;
}

static void print_and_read(const struct config *first)
{
	struct error err = {.code = STATUS_OK};
	char *once = printed(first), *twice;
	struct config second;

	config_init(&second);
	expect(config_parse(&second, "printed", once, strlen(once), &err));
	twice = printed(&second);
	/* A connection string with a password is not printed, and then differs. */
	expect(strstr(once, "is not shown") || strcmp(once, twice) == 0);
	config_release(&second);
	free(once);
	free(twice);
}

/* The file of these bytes says the same. */
static void read_file(const uint8_t *data, size_t size, bool good)
{
	struct error err = {.code = STATUS_OK};
	struct config c;
	char path[300];

	snprintf(path, sizeof path, "%s/radioshopd.conf", scratch());
	scratch_write(path, data, size);
	config_init(&c);
	expect(config_read(&c, path, &err) == good);
	config_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {.code = STATUS_OK};
	struct config c;
	bool good;

	config_init(&c);
	good = config_parse(&c, "fuzz", (const char *)data, size, &err);
	if (good)
		print_and_read(&c);
	else
		expect(err.text[0] != '\0' && !strchr(err.text, '\n'));
	config_release(&c);
	read_file(data, size, good);
	return 0;
}
