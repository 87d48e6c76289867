-- Verify radioshop:model on pg

BEGIN;

SELECT model_id, number, number_key, manufacturer, family, tier, band, class, end_of_support_on, revision, created_at, updated_at
  FROM radioshop.model WHERE false;

DO $$
BEGIN
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.model'::regclass),
    'row level security is not forced';
  ASSERT has_table_privilege('radioshop_app', 'radioshop.model', 'SELECT'), 'radioshop_app cannot read the catalogue';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.model', 'DELETE'), 'radioshop_app can delete models';
  ASSERT radioshop.read_date('1/31/2026') = '2026-01-31', 'read_date does not read a day';
  ASSERT has_function_privilege('radioshop_app',
    'radioshop.import_models(text[], text[], text[], text[], text[], text[], text[])', 'EXECUTE'), 'models cannot be loaded';
END
$$;

ROLLBACK;
