-- Verify radioshop:firmware on pg

BEGIN;

SELECT f.model_id, f.version, f.version_key, f.from_on, f.until_on, f.note, f.approved_by, f.revision FROM radioshop.approved_firmware f
  WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 37, 'schema_version is below 37';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.approved_firmware'::regclass),
    'row level security is not forced';
END
$$;

ROLLBACK;
