-- Revert radioshop:due_feed from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 3;
DROP TRIGGER note_new_date ON radioshop.schedule;
DROP FUNCTION radioshop.note_new_date();
ALTER TABLE radioshop.schedule DROP COLUMN date_changes, DROP COLUMN dated_at;

COMMIT;
