-- Verify radioshop:import_run on pg

BEGIN;

SELECT agency_id, run_id, file_id, file_name, state, rows, rows_done, created, changed, unchanged, last_line, started_by, started_at, last_rows_at,
  ended_at, ended_by FROM radioshop.import_run WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 35, 'schema_version is below 35';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.import_run'::regclass), 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.import_run', 'DELETE, TRUNCATE'), 'runs can be deleted';
  ASSERT to_regprocedure('radioshop.alert_imports_unfinished(int, date, int)') IS NOT NULL, 'the kind import_unfinished has no function';
END
$$;

ROLLBACK;
