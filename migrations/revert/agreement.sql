-- Revert radioshop:agreement from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 4;
DROP FUNCTION radioshop.set_labour_rate(text, date, bigint, bigint);
DROP FUNCTION radioshop.rate_on(text, date);
DROP TABLE radioshop.labour_rate;
DROP FUNCTION radioshop.set_agreement(text, bigint, text, text, text[], bigint[], text[], bigint[], text[], text[], int[], text[], text, text,
  int, int, bigint, bigint, bigint, text);
DROP FUNCTION radioshop.refuse_members(text, text[], text[], int[]);
DROP FUNCTION radioshop.agreement_of(date);
DROP FUNCTION radioshop.shown_agreement(date);
DROP TYPE radioshop.agreement_shown;
DROP POLICY agreement_read ON radioshop.agreement;
DROP TABLE radioshop.agreement_member;
DROP TABLE radioshop.agreement;
DROP FUNCTION radioshop.check_shares();
DROP FUNCTION radioshop.is_cost_list(jsonb);
DROP FUNCTION radioshop.is_fee_list(jsonb);
DROP FUNCTION radioshop.refuse_closed(date, text, text);
DROP FUNCTION radioshop.last_closed();
DROP FUNCTION radioshop.lock_months(boolean);
DROP TABLE radioshop.billing_month;
DROP FUNCTION radioshop.is_month(date);
DROP FUNCTION radioshop.show_month(date);
DROP FUNCTION radioshop.read_month(text);

COMMIT;
