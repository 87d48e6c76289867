-- Verify radioshop:schedule on pg

BEGIN;

SELECT agency_id, asset_id, plan_id, first_due_on, next_due, last_done_on, grace_days, escalate_days, alerted_due, alerted_step,
  alert_acked, overdue_from, escalate_on FROM radioshop.schedule WHERE false;

DO $$
BEGIN
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.schedule'::regclass),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.schedule', 'DELETE, TRUNCATE'), 'schedules can be deleted';
  ASSERT radioshop.next_due('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31}') = '2026-02-28', 'months are counted wrongly';
  ASSERT radioshop.next_due('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31,2026-02-28}') = '2026-03-31', 'months are chained';
  ASSERT (SELECT count(*) FROM pg_trigger WHERE tgname IN ('reschedule_added', 'reschedule_changed')
    AND tgrelid IN ('radioshop.asset'::regclass, 'radioshop.plan'::regclass)) = 4, 'a trigger that keeps schedules right is missing';
END
$$;

ROLLBACK;
