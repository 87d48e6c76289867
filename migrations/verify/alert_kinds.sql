-- Verify radioshop:alert_kinds on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 21, 'schema_version is below 21';
  ASSERT (SELECT count(*) FROM radioshop.alert_kind k WHERE k.kind IN ('part_low', 'calibration_ending', 'ticket_late')
    AND to_regprocedure('radioshop.' || k.subjects || '(int, date, int)') IS NOT NULL) = 3, 'a kind is missing, or its function';
END
$$;

ROLLBACK;
