-- Revert radioshop:lockout from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 1;
DROP FUNCTION radioshop.locked_out(text[]);

COMMIT;
