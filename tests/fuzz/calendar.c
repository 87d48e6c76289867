/*
 * Any text in a line of a calendar: no line is longer than 75 octets or ends within a character, nothing in it can end
 * the line, and unfolded and without its escapes it is the text again.
 */
#include "calendar.h"
#include "target.h"
#include "terminal.h"
#include "utf8.h"

static const char name[] = "SUMMARY:";

/* The value of the one content line in folded; malloc'ed. Checks each line on its way. */
static char *unfold(const char *folded)
{
	char *value = calloc(1, strlen(folded) + 1), *to = value;

	expect(value != NULL);
	for (const char *line = folded; *line != '\0';) {
		const char *end = strstr(line, "\r\n");

		expect(end != NULL && end - line <= 75);
		expect(text_check((const uint8_t *)line, (size_t)(end - line), NULL) == TEXT_GOOD);
		expect(memchr(line, '\n', (size_t)(end - line)) == NULL &&
			memchr(line, '\r', (size_t)(end - line)) == NULL);
		expect((*line == ' ') == (line != folded));
		line += *line == ' ';
		memcpy(to, line, (size_t)(end - line));
		to += end - line;
		line = end + 2;
	}
	return value;
}

static void unescape(char *text)
{
	char *to = text;

	for (const char *c = text; *c != '\0'; c++) {
		expect(*c != ';' && *c != ',');
		if (*c != '\\') {
			*to++ = *c;
			continue;
		}
		c++;
		expect(*c != '\0' && strchr("\\;,n", *c) != NULL);
		*to++ = *c == 'n' ? '\n' : *c;
	}
	*to = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *wanted = terminal_clean(NULL, text, true), *folded = NULL, *value;
	char *line = talloc_asprintf(NULL, "%s%s", name, "");
	size_t len = 0;
	FILE *out = open_memstream(&folded, &len);

	expect(out != NULL && line != NULL);
	line = talloc_asprintf_append(line, "%s", calendar_text(line, text));
	calendar_line(out, line);
	expect(fclose(out) == 0 && strlen(folded) == len);
	value = unfold(folded);
	expect(strcmp(value, line) == 0);
	unescape(value + strlen(name));
	expect(strcmp(value + strlen(name), wanted) == 0);
	free(value);
	free(folded);
	free(text);
	talloc_free(line);
	talloc_free(wanted);
	return 0;
}
