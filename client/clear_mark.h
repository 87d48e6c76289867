/*
 * clear_mark.h: the cell that empties a field, \clear. An empty cell leaves what is there.
 *
 * Text that looks like it, with any number of \ before it, is written with one more, so that what is exported is never
 * read as the mark. Case and the blanks around it do not matter. Pure functions.
 */
#ifndef RADIOSHOP_CLEAR_MARK_H
#define RADIOSHOP_CLEAR_MARK_H

#include <stdbool.h>
#include <talloc.h>

#define CLEAR_MARK "\\clear"

bool clear_mark_is(const char *cell);
/* What stands in a cell for text: text itself, or a copy with one more \, owned by ctx. */
const char *clear_mark_guard(TALLOC_CTX *ctx, const char *text);
/* What a cell says that is not the mark: points into it. */
const char *clear_mark_unguard(const char *cell);

#endif
