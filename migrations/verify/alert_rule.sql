-- Verify radioshop:alert_rule on pg

BEGIN;

SELECT agency_id, rule_id, kind, days, stopped, revision FROM radioshop.alert_rule WHERE false;
SELECT said FROM radioshop.alert WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 12, 'schema_version is below 12';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.alert_rule'::regclass),
    'row level security is not forced';
  ASSERT (SELECT bool_and(to_regprocedure('radioshop.' || k.subjects || '(int, date, int)') IS NOT NULL) FROM radioshop.alert_kind k),
    'a kind has no function';
END
$$;

ROLLBACK;
