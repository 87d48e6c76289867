-- Verify radioshop:component on pg

BEGIN;

SELECT agency_id, component_id, asset_id, parent_id, from_at, from_by, note, until_at, until_by, until_note FROM radioshop.component WHERE false;
SELECT agency_id, asset_id, code, made_on, revision, updated_at FROM radioshop.date_code WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 40, 'schema_version is below 40';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.component'::regclass, 'radioshop.date_code'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 2, 'row level security is not forced';
  ASSERT radioshop.is_equipment_class('antenna') AND radioshop.is_equipment_class('speaker_mic'), 'a class is missing';
  ASSERT radioshop.read_date_code('635', '2026-11-24') = '2026-08-24', 'a date code is read wrongly';
END
$$;

ROLLBACK;
