-- Verify radioshop:asset_search on pg

BEGIN;

SELECT w.agency_id, w.word, w.asset_id FROM radioshop.asset_word w WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 42, 'schema_version is below 42';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.asset_word'::regclass), 'row level security is not forced';
  ASSERT radioshop.plain_word('O''Brien-Muñoz,') = 'OBRIENMUNOZ', 'words are not made plain';
END
$$;

ROLLBACK;
