-- Revert radioshop:mapping from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 46;

DROP FUNCTION radioshop.walk_shared_serials(text, text[], int);
DROP FUNCTION radioshop.remove_mapping(text, text);
DROP FUNCTION radioshop.save_mapping(text, text, text, text, bigint);
DROP FUNCTION radioshop.get_mapping(text, text);
DROP FUNCTION radioshop.mapping_place(text, boolean);
DROP FUNCTION radioshop.shown_mapping(int, text);
DROP TYPE radioshop.mapping_shown;
DROP TABLE radioshop.mapping;

COMMIT;
