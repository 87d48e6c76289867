/*
 * json_budget.c: jansson's allocation functions. Called by the JSON reader. Owns nothing but the count.
 */
#include "json_budget.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

static struct {
	bool installed, counting, exceeded;
	size_t used, limit;
} budget;

static void *budget_alloc(size_t size)
{
	void *p;

	if (budget.counting && size > budget.limit - budget.used) {
		budget.exceeded = true;
		return NULL;
	}
	p = malloc(size);
	if (budget.counting) {
		budget.used += malloc_usable_size(p);
		if (budget.used > budget.limit)
			budget.used = budget.limit;
	}
	return p;
}

static void budget_free(void *p)
{
	size_t size = budget.counting ? malloc_usable_size(p) : 0;

	budget.used -= size < budget.used ? size : budget.used;
	free(p);
}

void json_budget_begin(size_t bytes)
{
	if (!budget.installed)
		json_set_alloc_funcs(budget_alloc, budget_free);
	budget.installed = true;
	budget.counting = true;
	budget.exceeded = false;
	budget.used = 0;
	budget.limit = bytes;
}

bool json_budget_end(void)
{
	budget.counting = false;
	return budget.exceeded;
}
