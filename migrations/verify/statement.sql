-- Verify radioshop:statement on pg

BEGIN;

SELECT agency_id, month, for_month, for_line, amount_cents, text FROM radioshop.correction WHERE false;
SELECT agency_id, month, kind, amount_cents, text, reference FROM radioshop.fund_movement WHERE false;
SELECT agency_id, month, lines, total_cents FROM radioshop.statement WHERE false;
SELECT agency_id, month, line_no, kind, amount_cents, rounding_millicents FROM radioshop.statement_line WHERE false;
SELECT month, remainder_cents, total_cents, fund_cents, fingerprint FROM radioshop.month_account WHERE false;
DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 11, 'schema_version is below 11';
  ASSERT radioshop.apportion(100, '{1,1,1}') = '{34,33,33}' AND radioshop.apportion(-100, '{1,1,1}') = '{-33,-33,-34}', 'apportion is wrong';
  ASSERT radioshop.round_half(5, 2) = 3 AND radioshop.round_half(-5, 2) = -3, 'round_half is wrong';
END
$$;

ROLLBACK;
