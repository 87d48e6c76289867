/*
 * html.h: text in a page of HTML that is well-formed XML, too. Pure functions.
 */
#ifndef RADIOSHOP_HTML_H
#define RADIOSHOP_HTML_H

#include <talloc.h>

/*
 * text as the content of an element or of a quoted attribute: nothing of it is markup. What is no text is shown as on a
 * terminal (terminal.h), and characters that XML does not have as U+FFFD. Owned by ctx; never NULL.
 */
char *html_text(TALLOC_CTX *ctx, const char *text);

#endif
