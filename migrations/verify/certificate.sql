-- Verify radioshop:certificate on pg

BEGIN;

SELECT principal_id, ends_at, seen_on FROM radioshop.principal_certificate WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 26, 'schema_version is below 26';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.principal_certificate'::regclass),
    'row level security is not forced';
  ASSERT (SELECT count(*) FROM radioshop.note_certificates('{}')) = 0, 'certificates cannot be noted';
  ASSERT coalesce(current_setting('radioshop.agencies', true), '') = '', 'note_certificates leaves its rights behind';
END
$$;

ROLLBACK;
