/*
 * json_budget.h: how much memory jansson may take while it reads what a peer sent.
 *
 * A number of two bytes becomes some 40 bytes of tree, so the size of a text bounds little. And jansson must never meet an
 * allocation that fails: its lexer forgets the byte that it could not save, and then writes beyond its buffer looking
 * for the closing quote (2.14). So its memory is counted, and a text that takes too much ends early instead.
 */
#ifndef RADIOSHOP_JSON_BUDGET_H
#define RADIOSHOP_JSON_BUDGET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Reads text; the tree may take bytes and a little more. NULL: *ret_exceeded says that it took more or that memory is
 * short; otherwise at says what is wrong with the text. Not nested; json_budget_release() follows in any case, after
 * the tree is gone.
 */
json_t *json_budget_load(const char *text, size_t len, size_t bytes, json_error_t *at, bool *ret_exceeded);
void json_budget_release(void);

#endif
