/* Any text: what goes to the terminal is UTF-8 without a control character, and printable text is not changed. */
#include "target.h"
#include "terminal.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const marks[] = {"\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad",
		"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};
	char *text = malloc(size + 1), *clean;
	bool keep = size > 0 && (data[0] & 1) != 0, plain = true;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	clean = terminal_clean(NULL, text, keep);
	if (text_check((const uint8_t *)clean, strlen(clean), NULL) != TEXT_GOOD || strchr(clean, '\t') != NULL ||
		(!keep && strchr(clean, '\n') != NULL))
		abort();
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (strstr(clean, marks[i]) != NULL)
			abort();
	for (const char *c = text; *c != '\0'; c++)
		plain = plain && *c >= ' ' && *c <= '~';
	if (plain && strcmp(text, clean) != 0)
		abort();
	talloc_free(clean);
	free(text);
	return 0;
}
