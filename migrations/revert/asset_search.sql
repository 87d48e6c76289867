-- Revert radioshop:asset_search from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 41;

DROP FUNCTION radioshop.search_assets(text, text, text, text, text, text[], int);
DROP FUNCTION radioshop.try_assets(text[], int[], boolean, text, text, text, int);
DROP FUNCTION radioshop.field_of_word(text, int, uuid, text, text, int, text, text);
DROP FUNCTION radioshop.assets_by_word(text, int[], boolean, int);
DROP TYPE radioshop.asset_hit;
DROP FUNCTION radioshop.find_words(text[]);
DROP FUNCTION radioshop.near_words(text);
DROP TRIGGER words_changed ON radioshop.asset;
DROP TRIGGER words_added ON radioshop.asset;
DROP FUNCTION radioshop.asset_word_follow();
DROP TABLE radioshop.asset_word;
DROP FUNCTION radioshop.asset_words(text, text, text);
DROP FUNCTION radioshop.plain_word(text);
DROP FUNCTION radioshop.plain_words(text);

COMMIT;
