-- Verify radioshop:service_record on pg

BEGIN;

SELECT agency_id, record_id, asset_id, plan_id, done_on, result, notes, recorded_by, recorded_at FROM radioshop.service_record WHERE false;
SELECT agency_id, record_id, position, name, value, unit FROM radioshop.service_reading WHERE false;

DO $$
BEGIN
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.service_record'::regclass, 'radioshop.service_reading'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 2, 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.service_record', 'UPDATE, DELETE, TRUNCATE'), 'records can be changed';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.service_reading', 'UPDATE, DELETE, TRUNCATE'), 'readings can be changed';
  ASSERT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'reschedule_serviced' AND tgrelid = 'radioshop.service_record'::regclass),
    'the trigger that moves due dates is missing';
END
$$;

ROLLBACK;
