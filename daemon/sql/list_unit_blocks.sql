-- Blocks in order of agency, system and first unit ID; an agency has a few on a system. Asked for by agency, since row level security would
-- let whoever acts for the shop see them all.
SELECT g.code AS agency, s.name AS system, b.first, b.last, b.granted_by, b.granted_at, ARRAY[g.code, s.name_key, b.first::text] AS page_key
FROM radioshop.agency g
JOIN radioshop.unit_block b ON b.agency_id = g.agency_id
JOIN radioshop.radio_system s ON s.system_id = b.system_id
WHERE g.agency_id = ANY (radioshop.agencies())
  AND (:agency::text = '' OR g.code = upper(btrim(:agency::text)))
  AND (:system::text = '' OR s.name_key = upper(btrim(:system::text)))
  AND (:page_key::text[] IS NULL
    OR (g.code, s.name_key, b.first) > ((:page_key::text[])[1], (:page_key::text[])[2], (:page_key::text[])[3]::int))
ORDER BY g.code, s.name_key, b.first
LIMIT :page_limit::int4
