-- Verify radioshop:due_walk on pg

BEGIN;

SELECT has_function_privilege('radioshop_app', 'radioshop.walk_due(int, uuid, date, date, uuid, uuid, int)', 'EXECUTE');
DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 30, 'schema_version is below 30';
END
$$;

ROLLBACK;
