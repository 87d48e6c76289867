/*
 * pool_private.h: what backends and transactions see of their pool. Private to db/.
 */
#ifndef RADIOSHOP_POOL_PRIVATE_H
#define RADIOSHOP_POOL_PRIVATE_H

#include "constraint.h"
#include "pool.h"

struct backend;
struct canceller;
struct inspection;
struct transaction;

struct event_base *pool_base(const struct pool *pool);
const struct pool_config *pool_settings(const struct pool *pool);
struct constraint_table *pool_constraints(struct pool *pool);
struct canceller *pool_canceller(const struct pool *pool);

/* Fills in the pool's part of the inspection of a fresh connection. */
void pool_prepare_inspection(struct pool *pool, const struct backend *b, struct inspection *ret);
/* A connection passed. The first one starts the others. */
void pool_backend_ready(struct pool *pool, struct backend *b);
/* The database was found wanting. Before anything was ever served this is fatal; true then. */
bool pool_backend_refused(struct pool *pool, const struct error *err);
/* A connection was made, or a try failed; why is for the log, cut to one line every few seconds. */
void pool_count_connect(struct pool *pool, bool good, const char *why);
void pool_count_cancel(struct pool *pool);
/* A read had no need of an enter() of its own. */
void pool_count_shared(struct pool *pool);
/* A backend came, went or has room: sends what waits, fails what waits in vain. */
void pool_review(struct pool *pool, enum backend_class class);

/* A transaction has left its backend: answers its call, or queues it again at the front. Takes it over. */
void pool_finish(struct pool *pool, struct transaction *t);
void pool_again(struct pool *pool, struct transaction *t);
/* Answers the call of a transaction that goes on without it. */
void pool_answer_early(struct pool *pool, struct transaction *t);
/* The schema moved under prepared statements: every connection made before now is renewed. */
void pool_outdated(struct pool *pool, unsigned generation);
unsigned pool_generation(const struct pool *pool);
/*
 * The newest timeline of a server that was connected to; 0 before the first. PostgreSQL begins another with each
 * promotion, so a server of an older one was replaced, and must not be written to, however willing it is.
 */
uint32_t pool_timeline(const struct pool *pool);

#endif
