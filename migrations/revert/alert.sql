-- Revert radioshop:alert from pg

BEGIN;

DROP FUNCTION radioshop.ack_alert(text, text);
DROP FUNCTION radioshop.emit_alerts(text, int);
DROP FUNCTION radioshop.emit_escalated(int, date, int);
DROP FUNCTION radioshop.emit_overdue(int, date, int);
DROP FUNCTION radioshop.emit_resolved(int, int);
DROP TYPE radioshop.alert_shown;
DROP INDEX radioshop.schedule_to_resolve, radioshop.schedule_to_escalate, radioshop.schedule_to_alert;
DROP TABLE radioshop.alert;

COMMIT;
