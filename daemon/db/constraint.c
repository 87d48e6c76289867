/*
 * constraint.c: constraint name → field and sentence, from the comments in the database.
 *
 * Loaded by inspection.c, asked by sqlstate.c. Owns the copies.
 */
#include "constraint.h"

#include <string.h>
#include <talloc.h>

const char constraint_query[] =
	"SELECT coalesce(t.relname, ''), con.conname, obj_description(con.oid, 'pg_constraint')\n"
	"  FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_namespace n ON n.oid = con.connamespace\n"
	"  LEFT JOIN pg_catalog.pg_class t ON t.oid = con.conrelid\n"
	" WHERE n.nspname = 'radioshop' AND obj_description(con.oid, 'pg_constraint') IS NOT NULL\n"
	"UNION ALL\n"
	"SELECT t.relname, i.relname, obj_description(i.oid, 'pg_class')\n"
	"  FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid\n"
	"  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace\n"
	" WHERE n.nspname = 'radioshop' AND x.indisunique AND obj_description(i.oid, 'pg_class') IS NOT NULL";

void constraint_table_load(struct constraint_table *t, const PGresult *result)
{
	int count = PQntuples(result);

	constraint_table_release(t);
	t->rows = talloc_zero_array(NULL, struct constraint, (unsigned)count);
	for (int i = 0; t->rows && i < count; i++) {
		const char *comment = PQgetvalue(result, i, 2), *colon = strstr(comment, ": ");
		struct constraint *c = &t->rows[t->count];
		/* Without a field in front it is all sentence. A field holds no space. */
		size_t field_len =
			colon && !memchr(comment, ' ', (size_t)(colon - comment)) ? (size_t)(colon - comment) : 0;

		c->table = talloc_strdup(t->rows, PQgetvalue(result, i, 0));
		c->name = talloc_strdup(t->rows, PQgetvalue(result, i, 1));
		c->field = talloc_strndup(t->rows, comment, field_len);
		c->sentence = talloc_strdup(t->rows, field_len ? colon + 2 : comment);
		if (c->table && c->name && c->field && c->sentence)
			t->count++;
	}
}

void constraint_table_release(struct constraint_table *t)
{
	talloc_free(t->rows);
	memset(t, 0, sizeof(*t));
}

const struct constraint *constraint_find(const struct constraint_table *t, const char *table, const char *name)
{
	const struct constraint *same_name = NULL;

	for (size_t i = 0; name && i < t->count; i++) {
		if (strcmp(t->rows[i].name, name) != 0)
			continue;
		if (table && strcmp(t->rows[i].table, table) == 0)
			return &t->rows[i];
		same_name = &t->rows[i];
	}
	return same_name;
}
