-- Revert radioshop:schedule from pg

BEGIN;

DROP FUNCTION radioshop.one_asset(text);
DROP FUNCTION radioshop.shown_plan(int, uuid);
DROP TRIGGER reschedule_changed ON radioshop.plan;
DROP TRIGGER reschedule_added ON radioshop.plan;
DROP FUNCTION radioshop.reschedule_plan();
DROP TRIGGER reschedule_changed ON radioshop.asset;
DROP FUNCTION radioshop.reschedule_changed_asset();
DROP TRIGGER reschedule_added ON radioshop.asset;
DROP FUNCTION radioshop.reschedule_added_assets();
DROP FUNCTION radioshop.lock_schedules(int, boolean);
DROP FUNCTION radioshop.reschedule(int, uuid[], uuid, boolean);
DROP FUNCTION radioshop.services_done(int, uuid, uuid);
DROP FUNCTION radioshop.is_in_use(text);
DROP TABLE radioshop.schedule;
DROP FUNCTION radioshop.next_due(date, int, text, text, date[]);
DROP FUNCTION radioshop.fold_services(date, int, text, text, date[]);
DROP FUNCTION radioshop.occurrence(date, int, text, int);

COMMIT;
