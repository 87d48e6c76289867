/*
 * calendar.c: the encoder at the edge to calendars. Used by output_calendar.c.
 * Owns nothing.
 */
#include "calendar.h"

#include "array.h"
#include "terminal.h"

#include <stdbool.h>

enum { LINE_OCTETS = 75 };

char *calendar_text(TALLOC_CTX *ctx, const char *text)
{
	char *clean = terminal_clean(ctx, text, true), *out, *at;
	size_t size;

	if (__builtin_mul_overflow(strlen(clean), (size_t)2, &size) || __builtin_add_overflow(size, (size_t)1, &size))
		abort();
	out = at = array_room(ctx, NULL, size, sizeof(char));
	for (const char *c = clean; *c != '\0'; c++) {
		if (strchr("\\;,\n", *c) != NULL)
			*at++ = '\\';
		*at++ = *c == '\n' ? 'n' : *c;
	}
	*at = '\0';
	talloc_free(clean);
	return out;
}

static bool is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void calendar_line(FILE *out, const char *line)
{
	size_t left = strlen(line), room = LINE_OCTETS;

	while (left > room) {
		size_t n = room;

		while (n > 1 && is_inside_character(line[n]))
			n--;
		fprintf(out, "%.*s\r\n ", (int)n, line);
		line += n;
		left -= n;
		room = LINE_OCTETS - 1; /* the blank that begins the next one */
	}
	fprintf(out, "%s\r\n", line);
}
