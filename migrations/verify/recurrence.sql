-- Verify radioshop:recurrence on pg

BEGIN;

SELECT occurs_on, is_deferred, by_meter, meter_left FROM radioshop.schedule WHERE false;
SELECT rule, early_days, blackout_from, blackout_until, defer_limit_days, meter, meter_every FROM radioshop.plan WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 14, 'schema_version is below 14';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class
    WHERE oid IN ('radioshop.due_change'::regclass, 'radioshop.meter_reading'::regclass, 'radioshop.asset_absence'::regclass)),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.due_change', 'DELETE, TRUNCATE')
    AND NOT has_table_privilege('radioshop_app', 'radioshop.meter_reading', 'UPDATE, DELETE, TRUNCATE'), 'history can be taken away';
  ASSERT radioshop.nth_weekday('2026-02-11', -1, 5) = '2026-02-27', 'weekdays of a month are counted wrongly';
  ASSERT radioshop.clear_of('2026-12-24', 1115, 105) = '2027-01-06', 'a blackout over the end of the year ends wrongly';
  ASSERT NOT radioshop.is_at_hand('at_depot') AND radioshop.is_in_use('at_depot'), 'what is at the depot is due, or out of use';
  ASSERT radioshop.next_due('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31,2026-02-28}') = '2026-03-31', 'months are chained';
END
$$;

ROLLBACK;
