-- Verify radioshop:rma on pg

BEGIN;

SELECT agency_id, rma_id, ticket_id, number, number_key, vendor, vendor_key, kind, goodwill, state, accessories, expected_days, carrier,
  tracking, shipped_on, expected_on, received_on, serial_sent, serial_back, firmware_sent, firmware_back, codeplug_reloaded_at,
  codeplug_reloaded_by, outcome, bill_entry, note, opened_by, opened_at, revision, updated_at FROM radioshop.rma WHERE false;
SELECT agency_id, asset_id, rma_id, serial, serial_key, replaced_at FROM radioshop.asset_former_serial WHERE false;
SELECT codeplug_due FROM radioshop.ticket WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 16, 'schema_version is below 16';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.rma'::regclass, 'radioshop.asset_former_serial'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 2, 'row level security is not forced';
  ASSERT radioshop.add_weekdays('2026-11-20', 1) = '2026-11-23', 'a business day after Friday is not Monday';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.rma', 'DELETE, TRUNCATE'), 'RMAs can be deleted';
  ASSERT (SELECT count(*) FROM radioshop.ticket_move WHERE from_state = 'at_depot' AND to_state = 'diagnosing') = 1, 'no way back unrepaired';
END
$$;

ROLLBACK;
