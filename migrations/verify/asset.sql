-- Verify radioshop:asset on pg

BEGIN;

SELECT agency_id, asset_id, tag, tag_key, serial, serial_key, model_id, class, status, assigned_to, location, system, system_key,
    unit_id, alias, alias_key, firmware, codeplug, purchased_on, warranty_until, cost_cents, quantity, description, notes,
    revision, created_at, updated_at
  FROM radioshop.asset WHERE false;
SELECT agency_id, asset_id FROM radioshop.find_assets('no such code') WHERE false;

DO $$
BEGIN
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.asset'::regclass),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.asset', 'DELETE'), 'radioshop_app can delete assets';
  ASSERT NOT has_column_privilege('radioshop_app', 'radioshop.asset', 'agency_id', 'UPDATE'),
    'radioshop_app can move an asset to another agency';
  ASSERT radioshop.refuse_held(0, NULL, '', '', '', NULL) IS NULL, 'refuse_held finds a holder where there is none';
END
$$;

ROLLBACK;
