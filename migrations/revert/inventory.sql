-- Revert radioshop:inventory from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 32;

DROP FUNCTION radioshop.close_inventory(text, boolean, boolean, text);
DROP FUNCTION radioshop.undo_inventory_scan(text, text);
DROP FUNCTION radioshop.scan_inventory(text, text[], text);
DROP FUNCTION radioshop.inventory_verdict(boolean, text, text, text, text, text, text);
DROP FUNCTION radioshop.start_inventory(text, text, text, text);
DROP FUNCTION radioshop.shown_inventory_stray(int, uuid, text);
DROP FUNCTION radioshop.shown_inventory_item(int, uuid, uuid);
DROP TYPE radioshop.inventory_item_shown;
DROP FUNCTION radioshop.asset_of_agency(int, text, text);
DROP FUNCTION radioshop.inventory_to_change(text, boolean);
DROP FUNCTION radioshop.one_inventory(text);
DROP FUNCTION radioshop.shown_inventory(int, uuid);
DROP FUNCTION radioshop.inventory_percent(int, int);
DROP TYPE radioshop.inventory_shown;
DROP FUNCTION radioshop.inventory_counts(int, uuid);
DROP FUNCTION radioshop.inventory_away(text, text, text, text);
DROP TABLE radioshop.inventory_stray;
DROP TABLE radioshop.inventory_item;
DROP TABLE radioshop.inventory;
DROP FUNCTION radioshop.inventory_stays_closed();

COMMIT;
