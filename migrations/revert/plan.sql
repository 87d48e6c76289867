-- Revert radioshop:plan from pg

BEGIN;

DROP FUNCTION radioshop.update_plan(text, text, bigint, text[], text, text, int, text, text, date, int, int, text, text, boolean);
DROP FUNCTION radioshop.create_plan(text, text, text, text, int, text, text, date, int, int, text, text, boolean);
DROP TYPE radioshop.plan_shown;
DROP TABLE radioshop.plan;
DROP FUNCTION radioshop.today(text);

COMMIT;
