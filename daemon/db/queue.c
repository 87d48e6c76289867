/*
 * queue.c: a list of waiting transactions. Called by pool.c alone; the transactions are its.
 */
#include "queue.h"

#include "share.h"

#include <assert.h>

void queue_push(struct queue *q, struct transaction *t)
{
	t->next = NULL;
	if (q->last)
		q->last->next = t;
	else
		q->first = t;
	q->last = t;
	q->count++;
	transaction_count(t, PLACE_WAITING);
}

void queue_push_front(struct queue *q, struct transaction *t)
{
	t->next = q->first;
	q->first = t;
	if (!q->last)
		q->last = t;
	q->count++;
	transaction_count(t, PLACE_WAITING);
}

struct transaction *queue_fairest(const struct queue *q)
{
	struct transaction *best = q->first;

	for (struct transaction *t = best; t; t = t->next) {
		enum backend_class class = t->statement->class;

		if (t->share->running[class] < best->share->running[class])
			best = t;
		if (best->share->running[class] == 0)
			break;
	}
	return best;
}

struct transaction *queue_next_of(const struct queue *q, const struct share *share)
{
	struct transaction *t = q->first;

	while (t && t->share != share)
		t = t->next;
	return t;
}

void queue_remove(struct queue *q, struct transaction *t)
{
	struct transaction **at = &q->first, *before = NULL;

	while (*at && *at != t) {
		before = *at;
		at = &(*at)->next;
	}
	assert(*at);
	*at = t->next;
	if (q->last == t)
		q->last = before;
	t->next = NULL;
	q->count--;
	transaction_count(t, PLACE_NONE);
}
