-- Revert radioshop:firmware from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 36;

DROP FUNCTION radioshop.firmware_history(int, uuid);
DROP FUNCTION radioshop.walk_off_firmware(text, text, text, text[], int);
DROP FUNCTION radioshop.refuse_firmware_question(text, text);
DROP FUNCTION radioshop.firmware_standing(uuid, text, date);
DROP FUNCTION radioshop.set_approved_firmware(text, text, date, date, text, bigint);
DROP TYPE radioshop.approved_firmware_shown;
DROP TABLE radioshop.approved_firmware;

COMMIT;
