-- Verify radioshop:agreement on pg

BEGIN;

SELECT from_month, split, fees, fixed_costs, counted_statuses, revision FROM radioshop.agreement WHERE false;
SELECT agency_id, from_month, kind, share_bp FROM radioshop.agreement_member WHERE false;
SELECT technician, from_day, hourly_cents, revision FROM radioshop.labour_rate WHERE false;
SELECT month, begins_at, ends_at, closed_at, closed_by FROM radioshop.billing_month WHERE false;
DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 5, 'schema_version is below 5';
  ASSERT radioshop.read_month('2026-10') = '2026-10-01' AND radioshop.read_month('2026-13') IS NULL, 'read_month is wrong';
  ASSERT radioshop.show_month('2026-10-01') = '2026-10', 'show_month is wrong';
END
$$;

ROLLBACK;
