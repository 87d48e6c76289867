/*
 * queue.h: transactions that wait for a backend of one class. Private to db/.
 */
#ifndef RADIOSHOP_QUEUE_H
#define RADIOSHOP_QUEUE_H

#include "transaction.h"

/* Linked through transaction.next; zeroed is empty. Owns what is in it. */
struct queue {
	struct transaction *first, *last;
	unsigned count;
};

void queue_push(struct queue *q, struct transaction *t);
/* For one that had its turn already and is tried again. */
void queue_push_front(struct queue *q, struct transaction *t);
/* The first of those whose principal has the fewest running; NULL when it is empty. */
struct transaction *queue_fairest(const struct queue *q);
/* The first of that principal's, or NULL. */
struct transaction *queue_next_of(const struct queue *q, const struct share *share);
/* t must be in it. */
void queue_remove(struct queue *q, struct transaction *t);

#endif
