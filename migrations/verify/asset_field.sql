-- Verify radioshop:asset_field on pg

BEGIN;

SELECT f.agency_id, f.field_id, f.name, f.label, f.class, f.type, f.required, f.max_length, f.minimum, f.maximum, f.choices, f.place, f.retired,
  f.revision FROM radioshop.asset_field f WHERE false;
SELECT v.agency_id, v.field_id, v.tag_key, v.value_key FROM radioshop.asset_field_value v WHERE false;
SELECT a.fields FROM radioshop.asset a WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 44, 'schema_version is below 44';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE oid = ANY ('{radioshop.asset_field,
    radioshop.asset_field_value}'::regclass[])), 'row level security is not forced';
  ASSERT radioshop.field_key('number', '-0.5') COLLATE "C" < radioshop.field_key('number', '12') COLLATE "C", 'numbers are out of order';
END
$$;

ROLLBACK;
