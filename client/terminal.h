/*
 * terminal.h: text that is safe to show.
 *
 * Whatever people typed into a record ends on somebody's terminal. Control characters, bytes that are no
 * UTF-8 and the marks that turn the direction of text around become visible escapes (\x1b, \u202e).
 */
#ifndef RADIOSHOP_TERMINAL_H
#define RADIOSHOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * A copy of text that a terminal can only show. Newlines stay when keep_newlines, else they become \n;
 * tabs become a blank. Owned by ctx; never NULL.
 */
char *terminal_clean(TALLOC_CTX *ctx, const char *text, bool keep_newlines);

/* Whether fd is a terminal that colours may go to: NO_COLOR unset or empty, TERM not "dumb". */
bool terminal_colours(int fd);

#endif
