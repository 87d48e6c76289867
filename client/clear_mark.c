/*
 * clear_mark.c: tells the mark that empties a field from text that looks like it. Called by import.c, mapping.c and
 * output_csv.c; radioshop.asset_cells() reads cells in the same way. Owns nothing.
 */
#include "clear_mark.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The blanks that an import takes off: those of ASCII, and the hard one. */
static size_t blank_len(const char *text)
{
	size_t n = 0;

	for (;;) {
		if (text[n] != '\0' && strchr(" \t\r\n", text[n]) != NULL)
			n++;
		else if (strncmp(text + n, "\xc2\xa0", 2) == 0)
			n += 2;
		else
			return n;
	}
}

/* Where the \ before "clear" begin, and how many they are; 0 when the cell is something else. */
static size_t marks(const char *cell, const char **ret_first)
{
	const char *first = cell + blank_len(cell);
	size_t n = strspn(first, "\\");
	const char *word = first + n;

	*ret_first = first;
	if (n == 0 || strncasecmp(word, "clear", 5) != 0 || word[5 + blank_len(word + 5)] != '\0')
		return 0;
	return n;
}

bool clear_mark_is(const char *cell)
{
	const char *first;

	return marks(cell, &first) == 1;
}

const char *clear_mark_guard(TALLOC_CTX *ctx, const char *text)
{
	const char *first;
	char *guarded;

	if (marks(text, &first) == 0)
		return text;
	guarded = talloc_asprintf(ctx, "\\%s", first);
	if (guarded == NULL)
		abort();
	return guarded;
}

const char *clear_mark_unguard(const char *cell)
{
	const char *first;

	return marks(cell, &first) > 1 ? first + 1 : cell;
}
