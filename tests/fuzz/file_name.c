/*
 * Any name from the shop becomes the name of one plain file in this directory, and an honest one stays as it is.
 */
#include "file_name.h"
#include "target.h"
#include "terminal.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *name = file_name(NULL, text), *shown = terminal_clean(NULL, name, false);
	size_t len = strlen(name);

	expect(len >= 1 && len <= FILE_NAME_BYTES);
	expect(text_check((const uint8_t *)name, len, NULL) == TEXT_GOOD);
	expect(strpbrk(name, "/\\:*?\"<>|\n\t") == NULL);
	expect(name[0] != '.' && name[0] != '-' && name[0] != ' ' && name[len - 1] != '.' && name[len - 1] != ' ');
	expect(strcmp(shown, name) == 0);
	if (size > 0 && size <= FILE_NAME_BYTES && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == size)
		expect(strcmp(name, text) == 0);
	free(text);
	talloc_free(name);
	talloc_free(shown);
	return 0;
}
