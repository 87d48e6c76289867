/*
 * money.h: dollars as people write them, cents as the shop keeps them. No floating point.
 */
#ifndef RADIOSHOP_MONEY_H
#define RADIOSHOP_MONEY_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

enum { MONEY_TEXT = 32 };

/*
 * Reads 12, 12.5, 12.50, $1,234.50 or -3. False for anything else: more than two decimals, commas that do not
 * part thousands, more than int64 holds.
 */
bool money_parse(const char *text, int64_t *ret_cents) MUST_CHECK;
/* Writes -1234.50: plain digits, a point, two decimals. */
void money_format(int64_t cents, char out[MONEY_TEXT]);

#endif
