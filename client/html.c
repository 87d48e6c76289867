/*
 * html.c: the encoder at the edge to pages. Used by page.c, chart.c, output_html.c and statement_page.c.
 * Owns nothing.
 */
#include "html.h"

#include "array.h"
#include "terminal.h"

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

char *html_text(TALLOC_CTX *ctx, const char *text)
{
	char *clean = terminal_clean(ctx, text, false), *out, *at;
	size_t size;

	/* The longest entity has six characters for one. */
	if (__builtin_mul_overflow(strlen(clean), (size_t)6, &size) || __builtin_add_overflow(size, (size_t)1, &size))
		abort();
	out = at = array_room(ctx, NULL, size, sizeof(char));
	for (const char *c = clean; *c != '\0'; c++) {
		const char *named = entity(*c);

		if (named != NULL) {
			at = stpcpy(at, named);
		} else if (strncmp(c, "\xef\xbf\xbe", 3) == 0 || strncmp(c, "\xef\xbf\xbf", 3) == 0) {
			at = stpcpy(at, "\xef\xbf\xbd"); /* U+FFFE and U+FFFF are characters, but none of XML's */
			c += 2;
		} else {
			*at++ = *c;
		}
	}
	*at = '\0';
	talloc_free(clean);
	return out;
}
