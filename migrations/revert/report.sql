-- Revert radioshop:report from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 8;
DROP FUNCTION radioshop.refuse_report(text, date, date, int);
DROP FUNCTION radioshop.report_period(text, date, date);
DROP INDEX radioshop.ticket_entry_at;
DROP TRIGGER note_due_met ON radioshop.schedule;
DROP FUNCTION radioshop.note_due_met();
DROP TABLE radioshop.due_met;

COMMIT;
