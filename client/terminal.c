/*
 * terminal.c: the encoder at the edge to the terminal. Used by the table writer, by errors and by emit.
 * Owns nothing.
 */
#include "terminal.h"

#include "array.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One code point and its length; 0 when the bytes are no UTF-8. */
static size_t read_code(const char *text, size_t len, uint32_t *ret_code)
{
	static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const uint8_t *b = (const uint8_t *)text;
	size_t n = utf8_char_len(b, len);
	uint32_t code;

	if (n == 0 || n > 4)
		return 0;
	code = b[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (b[i] & 0x3f);
	*ret_code = code;
	return n;
}

/* Marks that reorder or hide what follows them: a tag must not look like another tag. */
static bool is_deceptive(uint32_t code)
{
	return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
	       code == 0x200f || code == 0x061c || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
	       (code >= 0xe0000 && code <= 0xe007f);
}

static size_t escape(char *out, char letter, int digits, uint32_t code)
{
	int n = snprintf(out, 12, "\\%c%0*x", letter, digits, code);

	return n > 0 ? (size_t)n : 0;
}

char *terminal_clean(TALLOC_CTX *ctx, const char *text, bool keep_newlines)
{
	size_t len = strlen(text), size;
	char *out, *at;

	/* The longest escape, \U000e0001, takes ten bytes for a code of four; \x1b takes four for one. */
	if (__builtin_mul_overflow(len, (size_t)4, &size) || __builtin_add_overflow(size, (size_t)16, &size))
		abort();
	out = at = array_room(ctx, NULL, size, sizeof(char));
	if (out == NULL)
		abort();
	while (len > 0) {
		uint32_t code = (uint8_t)*text;
		size_t n = read_code(text, len, &code);

		if (n == 0) {
			at += escape(at, 'x', 2, (uint8_t)*text);
			n = 1;
		} else if (code == '\n' && !keep_newlines) {
			*at++ = '\\';
			*at++ = 'n';
		} else if (code == '\t') {
			*at++ = ' ';
		} else if ((code < 0x20 && code != '\n') || code == 0x7f) {
			at += escape(at, 'x', 2, code);
		} else if ((code >= 0x80 && code < 0xa0) || is_deceptive(code)) {
			at += code > 0xffff ? escape(at, 'U', 8, code) : escape(at, 'u', 4, code);
		} else {
			memcpy(at, text, n);
			at += n;
		}
		text += n;
		len -= n;
	}
	*at = '\0';
	return out;
}

bool terminal_colours(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0) &&
	       isatty(fd) == 1;
}
