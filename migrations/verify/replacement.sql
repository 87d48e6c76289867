-- Verify radioshop:replacement on pg

BEGIN;

SELECT t.model, t.class, t.life_years, t.price_cents FROM radioshop.replacement_term t WHERE false;
SELECT t.budget_month FROM radioshop.ticket_terms t WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 41, 'schema_version is below 41';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.replacement_term'::regclass), 'row level security is not forced';
  ASSERT radioshop.budget_year('2026-07-01', 7) = 2027 AND radioshop.budget_year('2026-06-30', 7) = 2026, 'budget years are counted wrong';
END
$$;

ROLLBACK;
