-- Revert radioshop:replacement from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 40;

DROP FUNCTION radioshop.last_costs_of(int);
DROP FUNCTION radioshop.replacements_of(int);
DROP FUNCTION radioshop.set_replacement_terms(text, text, int, bigint, bigint);
DROP FUNCTION radioshop.budget_year_begins(int, int);
DROP FUNCTION radioshop.budget_year(date, int);
DROP FUNCTION radioshop.replacement_day(date, int, date);
ALTER TABLE radioshop.ticket_terms DROP COLUMN budget_month;
DROP TABLE radioshop.replacement_term;

COMMIT;
