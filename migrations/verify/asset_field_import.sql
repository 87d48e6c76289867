-- Verify radioshop:asset_field_import on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 46, 'schema_version is below 46';
  ASSERT radioshop.row_fields('{"fund": "grant"}') ->> 'fund' = 'grant', 'the fields of a row are not read';
  ASSERT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'radioshop'::regnamespace AND p.proname = 'import_assets' AND 'fields' = ANY (p.proargnames)),
    'an import takes no fields';
END
$$;

ROLLBACK;
