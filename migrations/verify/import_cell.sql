-- Verify radioshop:import_cell on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 43, 'schema_version is below 43';
  ASSERT radioshop.asset_cells('{tag,location,notes}', '1042', '\clear', '') = '{"tag": "1042", "location": null}',
    'asset_cells does not tell empty cells from those that empty';
END
$$;

ROLLBACK;
