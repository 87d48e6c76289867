/*
 * json_budget.h: how much memory jansson may take while it reads what a peer sent.
 *
 * A number of two bytes becomes some 40 bytes of tree, so the size of a text bounds little. jansson has one set of
 * allocation functions a process; ours count between begin and end, and are malloc and free otherwise.
 */
#ifndef RADIOSHOP_JSON_BUDGET_H
#define RADIOSHOP_JSON_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* From here on jansson may hold so many bytes more than now; allocations over that fail. Not nested. */
void json_budget_begin(size_t bytes);
/* No limit any more; what was allocated stays, and is freed as ever. True: an allocation was refused meanwhile. */
bool json_budget_end(void);

#endif
