-- Revert radioshop:keyset from pg
--
-- Which radio holds which keyset is forgotten, and of which class an agency is.

BEGIN;

UPDATE radioshop.schema_version SET version = 38;

DROP FUNCTION radioshop.erase_keys(text[], text, boolean, date, text);
DROP FUNCTION radioshop.load_keyset(text, text[], text, text, text, date, text, text);
DROP FUNCTION radioshop.refuse_load(int, uuid, int, uuid, text, uuid, date, text);
DROP FUNCTION radioshop.assets_to_key(text[]);
DROP FUNCTION radioshop.refuse_some(text[], int);
DROP FUNCTION radioshop.reinstate_keyset(text, bigint);
DROP FUNCTION radioshop.supersede_keyset(text, bigint, text, text);
DROP FUNCTION radioshop.update_keyset(text, bigint, text[], text, text, text[], text);
DROP FUNCTION radioshop.keyset_to_change(text, text, bigint);
DROP FUNCTION radioshop.create_keyset(text, text, text, int, text, text, text[], text);
DROP FUNCTION radioshop.refuse_owner(int, text);
DROP FUNCTION radioshop.shown_key_load(int, uuid);
DROP TYPE radioshop.key_load_shown;
DROP FUNCTION radioshop.one_keyset(text, text);
DROP FUNCTION radioshop.shown_keyset(int, uuid);
DROP FUNCTION radioshop.keyset_name(int, uuid);
DROP TYPE radioshop.keyset_shown;
DROP TRIGGER end_keys ON radioshop.asset_former_serial;
DROP FUNCTION radioshop.keys_of_replaced();
DROP TABLE radioshop.key_load, radioshop.keyset;
DROP FUNCTION radioshop.key_load_stays();
DROP FUNCTION radioshop.are_ckrs(int[]);
DROP FUNCTION radioshop.ckrs_text(int[]);
DROP FUNCTION radioshop.read_ckrs(text);
DROP FUNCTION radioshop.class_may_hold(text[], text);
ALTER TABLE radioshop.agency DROP COLUMN class;
DROP FUNCTION radioshop.refuse_key(text[], text[]);
DROP FUNCTION radioshop.looks_like_key(text);

COMMIT;
