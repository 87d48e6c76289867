-- Verify radioshop:custody on pg

BEGIN;

SELECT agency_id, custodian_id, kind, code, code_key, name, note, inactive, revision, created_at, updated_at FROM radioshop.custodian WHERE false;
SELECT agency_id, custody_id, asset_id, custodian_id, out_at, out_by, out_on, due_on, note, in_at, in_by, returned_to, return_note, status_before
  FROM radioshop.custody WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 31, 'schema_version is below 31';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.custodian'::regclass, 'radioshop.custody'::regclass)
    AND relrowsecurity AND relforcerowsecurity) = 2, 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.custody', 'DELETE, TRUNCATE'), 'custody can be deleted';
  ASSERT radioshop.some_of('{a,b,c,d,e,f,g}') = 'a; b; c; d; e; and 2 more', 'long lists are not cut';
END
$$;

ROLLBACK;
