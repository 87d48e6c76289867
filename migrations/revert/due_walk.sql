-- Revert radioshop:due_walk from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 29;
DROP FUNCTION radioshop.walk_due(int, uuid, date, date, uuid, uuid, int);

COMMIT;
