-- Verify radioshop:trend on pg

BEGIN;

SELECT agency_id, asset_id, test, band, mode, readings, first_on, last_on, last_value, unit, slope, fit, limit_id, leaves_on
  FROM radioshop.trend WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 15, 'schema_version is below 15';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.trend'::regclass),
    'row level security is not forced';
  ASSERT (SELECT f.leaves_on FROM radioshop.fit_line('{2026-01-01,2026-01-02,2026-01-03}', '{1,2,3}', 'max_abs', NULL, 10) f) = '2026-01-11',
    'the line leaves its limit on another day';
END
$$;

ROLLBACK;
