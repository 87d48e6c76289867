-- Verify radioshop:radio_system on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 32, 'schema_version is below 32';
  ASSERT radioshop.read_hex('0xBEE00', 5) = 781824 AND radioshop.read_hex('BEE000', 5) IS NULL, 'read_hex reads wrongly';
  ASSERT radioshop.show_hex(420, 3) = '1A4', 'show_hex shows wrongly';
  ASSERT radioshop.refuse_unit_id(0, NULL, '', 1) IS NULL, 'refuse_unit_id finds a holder where there is none';
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  ASSERT NOT EXISTS (SELECT FROM radioshop.asset a WHERE a.unit_id IS NOT NULL AND NOT EXISTS (SELECT FROM radioshop.issued_unit_id i
    WHERE i.agency_id = a.agency_id AND i.asset_id = a.asset_id AND i.system_key = a.system_key AND i.unit_id = a.unit_id)),
    'an asset has a unit ID that is not issued to it';
END
$$;
SELECT system_id, name, wacn, number FROM radioshop.radio_system WHERE false;
SELECT agency_id, asset_id, system_key, unit_id, scope, withheld FROM radioshop.issued_unit_id WHERE false;

ROLLBACK;
