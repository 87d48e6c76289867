-- Revert radioshop:asset_warning from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 28;

DROP FUNCTION radioshop.asset_warnings(radioshop.asset, text[]);
DROP FUNCTION radioshop.motorola_serial_warning(text);
DROP FUNCTION radioshop.read_motorola_serial(text);

COMMIT;
