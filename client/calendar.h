/*
 * calendar.h: content lines of iCalendar (RFC 5545). Pure functions.
 */
#ifndef RADIOSHOP_CALENDAR_H
#define RADIOSHOP_CALENDAR_H

#include <stdio.h>
#include <talloc.h>

/*
 * text as a value of type TEXT: its backslashes, semicolons, commas and line ends escaped. What is no text is shown as
 * on a terminal (terminal.h). Owned by ctx; never NULL.
 */
char *calendar_text(TALLOC_CTX *ctx, const char *text);

/*
 * Writes one content line, folded so that no line has more than 75 octets and none ends within a character. The line
 * must be UTF-8 without control characters, as calendar_text makes it.
 */
void calendar_line(FILE *out, const char *line);

#endif
