-- Revert radioshop:asset from pg

BEGIN;

DROP FUNCTION radioshop.walk_assets(text, text, text, text, text[], int);
DROP FUNCTION radioshop.refuse_held(int, uuid, text, text, text, int);
DROP FUNCTION radioshop.find_assets(text);
DROP FUNCTION radioshop.find_assets_within(int[], text);
DROP TABLE radioshop.asset;

COMMIT;
