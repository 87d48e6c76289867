-- Verify radioshop:ticket_search on pg

BEGIN;

SELECT s.word, s.means FROM radioshop.synonym s WHERE false;
SELECT d.agency_id, d.ticket_id, d.document FROM radioshop.ticket_document d WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 28, 'schema_version is below 28';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE oid = ANY ('{radioshop.synonym,
    radioshop.ticket_document}'::regclass[])), 'row level security is not forced';
  ASSERT radioshop.search_vector('No transmit audio', 'A') @@ radioshop.search_query('no transmitting'), 'words are not found';
END
$$;

ROLLBACK;
