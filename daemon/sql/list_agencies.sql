-- Agencies in order of code, as the unique index on code gives them.
SELECT a.code, a.name, a.time_zone, coalesce(a.class, 'unspecified') AS class, a.revision, a.created_at, a.updated_at, ARRAY[a.code] AS page_key
FROM radioshop.agency a
WHERE a.agency_id = ANY (radioshop.agencies()) AND a.agency_id <> 0
  AND a.code > coalesce((:page_key::text[])[1], '')
ORDER BY a.code
LIMIT :page_limit::int4
