/*
 * file_name.c: makes the names of saved files harmless. Called by download.c. Owns nothing.
 */
#include "file_name.h"

#include "terminal.h"

#include <stdlib.h>
#include <string.h>

char *file_name(TALLOC_CTX *ctx, const char *name)
{
	char *out = terminal_clean(ctx, name, false);
	size_t len = strlen(out);

	if (len > FILE_NAME_BYTES) {
		len = FILE_NAME_BYTES;
		while (((unsigned char)out[len] & 0xc0) == 0x80) /* not within a character */
			len--;
		out[len] = '\0';
	}
	for (char *c = out; *c != '\0'; c++)
		if (strchr("/\\:*?\"<>|", *c) != NULL)
			*c = '_';
	if (strchr(".- ~", out[0]) != NULL && len > 0)
		out[0] = '_';
	if (len > 0 && strchr(". ", out[len - 1]) != NULL)
		out[len - 1] = '_';
	if (len > 0)
		return out;
	talloc_free(out);
	out = talloc_strdup(ctx, "attachment");
	if (out == NULL)
		abort();
	return out;
}
