-- Verify radioshop:unit_block on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 38, 'schema_version is below 38';
  ASSERT radioshop.outside_sentence(0, '', 1) IS NULL, 'a unit ID is outside of blocks where there are none';
  ASSERT (radioshop.block_place('', '')).refusal IS NOT NULL, 'block_place finds a place without a name';
END
$$;
SELECT agency_id, block_id, system_id, place, first, last, span, granted_by, granted_at FROM radioshop.unit_block WHERE false;

ROLLBACK;
