-- Verify radioshop:asset_warning on pg

BEGIN;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 29, 'schema_version is below 29';
  ASSERT radioshop.asset_warnings(NULL::radioshop.asset, NULL) = '{}', 'there are warnings of nothing';
  ASSERT (radioshop.read_motorola_serial('837CXK1234')).years = '{1997,2021,2045}', 'a serial number is not read';
END
$$;

ROLLBACK;
