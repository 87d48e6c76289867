-- Verify radioshop:analyser_run on pg

BEGIN;

SELECT agency_id, asset_id, tested_at, analyser_key, record_id, content FROM radioshop.analyser_run WHERE false;
SELECT agency_id, record_id, position, verdict, low, high, unit FROM radioshop.analyser_run_reading WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 25, 'schema_version is below 25';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class
    WHERE oid IN ('radioshop.analyser_run'::regclass, 'radioshop.analyser_run_reading'::regclass)), 'row level security is not forced';
  ASSERT radioshop.read_clock('1/31/2026 2:32:59 PM') = '2026-01-31 14:32', 'a clock is read otherwise';
END
$$;

ROLLBACK;
