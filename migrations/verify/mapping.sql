-- Verify radioshop:mapping on pg

BEGIN;

SELECT m.agency_id, m.name, m.name_key, m.text, m.note, m.saved_by, m.revision, m.created_at, m.updated_at FROM radioshop.mapping m WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 47, 'schema_version is below 47';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.mapping'::regclass),
    'row level security is not forced';
END
$$;

ROLLBACK;
