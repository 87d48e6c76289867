/*
 * constraint.h: what a violated constraint means to a person.
 *
 * The sentences are the database's own: COMMENT ON CONSTRAINT … IS 'field: sentence', read when a backend
 * connects. Unique indexes may carry the same comment.
 */
#ifndef RADIOSHOP_CONSTRAINT_H
#define RADIOSHOP_CONSTRAINT_H

#include <libpq-fe.h>
#include <stddef.h>

struct constraint {
	char *table; /* "" for a domain's */
	char *name;
	char *field; /* request field at fault, or "" */
	char *sentence;
};

/* Owned by the pool; zeroed is empty. */
struct constraint_table {
	size_t count;
	struct constraint *rows;
};

/* The query whose result constraint_table_load() takes; text format. */
extern const char constraint_query[];

/* Replaces the rows; without memory the table is empty. */
void constraint_table_load(struct constraint_table *t, const PGresult *result);
void constraint_table_release(struct constraint_table *t);
/* NULL when there is none with a comment. Names may be NULL. */
const struct constraint *constraint_find(const struct constraint_table *t, const char *table, const char *name);

#endif
