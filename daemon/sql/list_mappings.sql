-- Mappings in order of owner and name. The row of the shop itself is not seen by the agencies, so its code is said here.
WITH wanted AS MATERIALIZED (
  SELECT o.agency_id, o.code, CASE WHEN o.code = (:page_key::text[])[1] THEN (:page_key::text[])[2] ELSE '' END AS name_after
  FROM (SELECT 0 AS agency_id, 'SHOP' COLLATE "C" AS code
    UNION SELECT g.agency_id, g.code FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies())) o
  WHERE (:agency::text = '' OR o.code = upper(btrim(:agency))) AND o.code >= coalesce((:page_key::text[])[1], '')
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND upper(btrim(:agency)) <> 'SHOP' AND NOT EXISTS (SELECT FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency))) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.name_key
  FROM wanted w CROSS JOIN LATERAL (
    SELECT m.agency_id, m.name_key FROM radioshop.mapping m
    WHERE m.agency_id = w.agency_id AND m.name_key > w.name_after
    ORDER BY m.name_key LIMIT :page_limit::int4
  ) d
  ORDER BY w.code, d.name_key
  LIMIT :page_limit
)
SELECT w.refusal, s.agency, s.name, s.text, s.note, s.saved_by, s.saved_at, s.revision, ARRAY[page.code, page.name_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_mapping(page.agency_id, page.name_key) s ON page.name_key IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.name_key IS NOT NULL
ORDER BY page.code, page.name_key
