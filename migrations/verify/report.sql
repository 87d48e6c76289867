-- Verify radioshop:report on pg

BEGIN;

SELECT agency_id, asset_id, plan_id, due_on, overdue_from, done_on FROM radioshop.due_met WHERE false;
DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 9, 'schema_version is below 9';
  ASSERT NOT EXISTS (SELECT FROM radioshop.report_period('', NULL, NULL)), 'a stranger sees agencies';
  ASSERT radioshop.refuse_report('', '2026-02-01', '2026-01-01') IS NOT NULL, 'a period may end before it begins';
END
$$;

ROLLBACK;
