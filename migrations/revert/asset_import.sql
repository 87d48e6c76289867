-- Revert radioshop:asset_import from pg

BEGIN;

DROP FUNCTION radioshop.import_assets(text, boolean, int[], text[], text[], text[], text[], text[], text[], text[], text[], text[],
  text[], text[], text[], text[], text[], text[], text[], text[], text[]);
DROP FUNCTION radioshop.refresh_statistics();
DROP FUNCTION radioshop.asset_cells(text[], text[]);
DROP FUNCTION radioshop.flush_assets(int, radioshop.asset[], int[], jsonb[]);
DROP FUNCTION radioshop.try_import_asset(int, int, jsonb, jsonb, radioshop.asset);
DROP FUNCTION radioshop.add_assets(radioshop.asset[]);
DROP FUNCTION radioshop.import_asset(int, int, jsonb, jsonb);
DROP FUNCTION radioshop.describe_asset_change(radioshop.asset, radioshop.asset);
DROP FUNCTION radioshop.read_asset_row(jsonb, radioshop.asset);
DROP FUNCTION radioshop.match_asset_row(int, jsonb);
DROP FUNCTION radioshop.refuse_cell(text, text);
DROP TYPE radioshop.row_result;
DROP FUNCTION radioshop.read_whole(text);
DROP FUNCTION radioshop.read_cents(text);

COMMIT;
