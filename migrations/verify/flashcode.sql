-- Verify radioshop:flashcode on pg

BEGIN;

SELECT a.flashcode, a.flashcode_key FROM radioshop.asset a WHERE false;
SELECT o.part, o.name, o."character", o.lsb, o.width, o.value, o.mobile, o.refresh, o.only_if, o.capabilities
  FROM radioshop.flashcode_option o WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 34, 'schema_version is below 34';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE oid = ANY ('{radioshop.flashcode_option,
    radioshop.flashport_model}'::regclass[])), 'row level security is not forced';
  ASSERT radioshop.flashcode_key('000080-000000-3') = '000080000000000000000000', 'a FLASHcode is not read';
END
$$;

ROLLBACK;
