-- Revert radioshop:statement from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 10;
DROP FUNCTION radioshop.add_fund_movement(text, bigint, text, text, text, text);
DROP FUNCTION radioshop.add_correction(text, bigint, text, text, text, int);
DROP FUNCTION radioshop.month_to_post(text);
DROP FUNCTION radioshop.summarize_month(text);
DROP FUNCTION radioshop.close_month(text, text);
DROP FUNCTION radioshop.preview_lines(text, text);
DROP FUNCTION radioshop.preview_month(text);
DROP FUNCTION radioshop.shown_month(radioshop.month_account, radioshop.statement[]);
DROP FUNCTION radioshop.reckon_month(date);
DROP FUNCTION radioshop.refuse_month(text, boolean);
DROP TYPE radioshop.month_shown;
DROP FUNCTION radioshop.next_month();
DROP FUNCTION radioshop.month_bounds(date);
DROP FUNCTION radioshop.work_between(text, timestamptz, timestamptz);
DROP INDEX radioshop.ticket_entry_by_time;
DROP FUNCTION radioshop.count_radios(int[], text[], text[], timestamptz);
DROP INDEX radioshop.asset_counted;
DROP FUNCTION radioshop.settle(radioshop.agreement, radioshop.month_member[], radioshop.month_radios[], radioshop.month_work[],
  radioshop.month_posting[], numeric);
DROP FUNCTION radioshop.apportion(numeric, numeric[]);
DROP FUNCTION radioshop.round_half(numeric, numeric);
DROP TYPE radioshop.settled_line;
DROP TYPE radioshop.month_posting;
DROP TYPE radioshop.month_work;
DROP TYPE radioshop.month_radios;
DROP TYPE radioshop.month_member;
DROP TRIGGER entry_in_open_month ON radioshop.ticket_entry;
DROP FUNCTION radioshop.entry_in_open_month();
DROP TABLE radioshop.month_account;
DROP TABLE radioshop.statement_line;
DROP TABLE radioshop.statement;
DROP TABLE radioshop.fund_movement;
DROP TABLE radioshop.correction;
DROP FUNCTION radioshop.check_month();
DROP FUNCTION radioshop.only_open_months();
DROP FUNCTION radioshop.only_while_closing();

COMMIT;
