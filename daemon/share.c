/*
 * share.c: the principals that are connected or have calls at work. Called by h2.c, which makes them, and by
 * db/transaction.c, whose transactions may outlive the connection. Owns the list.
 */
#include "share.h"

#include <stdlib.h>
#include <string.h>

static LIST_HEAD(share_list, share) shares = LIST_HEAD_INITIALIZER(shares);

struct share *share_of(const char *principal)
{
	struct share *share;

	LIST_FOREACH(share, &shares, link)
	{
		if (strcmp(share->principal, principal) == 0)
			return share_ref(share);
	}
	share = calloc(1, sizeof(*share));
	if (share)
		share->principal = strdup(principal);
	if (!share || !share->principal) {
		free(share);
		return NULL;
	}
	LIST_INSERT_HEAD(&shares, share, link);
	return share_ref(share);
}

struct share *share_ref(struct share *share)
{
	share->references++;
	return share;
}

void share_unref(struct share *share)
{
	if (!share || --share->references > 0)
		return;
	LIST_REMOVE(share, link);
	free(share->principal);
	free(share);
}
