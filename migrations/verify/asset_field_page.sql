-- Verify radioshop:asset_field_page on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 49, 'schema_version is below 49';
  ASSERT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'radioshop'::regnamespace AND p.proname = 'walk_assets_where' AND p.prosrc ~ 'v\.tag_key > behind AND a\.tag_key > behind'),
    'a page is not bounded on both sides';
END
$$;

ROLLBACK;
