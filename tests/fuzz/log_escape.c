/* Any text into a buffer of any size: one printable word that reads back as the text, or as its beginning when cut. */
#include "log.h"
#include "target.h"

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Reads one byte of an escaped value at *at. */
static unsigned char unescape(const char **at)
{
	const char *p = *at;

	if (*p != '\\') {
		*at = p + 1;
		return (unsigned char)*p;
	}
	*at = p + 2;
	if (p[1] == 'n')
		return '\n';
	if (p[1] == 't')
		return '\t';
	if (p[1] != 'x')
		return (unsigned char)p[1];
	*at = p + 4;
	return (unsigned char)(nibble(p[2]) << 4 | nibble(p[3]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size > 0 ? data[0] : 0, len;
	char *text = calloc(1, size + 1), *out = malloc(room + 1);
	const char *at = out, *end;

	if (!text || !out)
		abort();
	memcpy(text, data, size);
	out[0] = '\0';
	len = log_escape(text, out, room);
	if (len != strlen(out) || (room > 0 && len >= room))
		abort();
	for (size_t i = 0; i < len; i++) {
		if (out[i] < ' ' || out[i] > '~' || (out[0] != '"' && (out[i] == ' ' || out[i] == '=')))
			abort();
	}
	end = out + len;
	if (out[0] == '"') {
		if (len < 2 || end[-1] != '"')
			abort();
		at++;
		end--;
	}
	for (size_t i = 0; at < end; i++) {
		if (unescape(&at) != (unsigned char)text[i])
			abort();
	}
	log_quotes_key(text);
	free(text);
	free(out);
	return 0;
}
