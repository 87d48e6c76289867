-- Fields in order of owner, place and name. An owner has 200 at most, so filters need no index. The row of the shop itself is not seen by the
-- agencies, so its code is said here.
WITH wrong AS (
  SELECT CASE WHEN :agency::text <> '' AND upper(btrim(:agency)) <> 'SHOP' AND NOT EXISTS (SELECT FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency))) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT coalesce(g.code, 'SHOP') COLLATE "C" AS owner, f.agency_id, f.field_id, f.place, f.name
  FROM radioshop.asset_field f LEFT JOIN radioshop.agency g ON g.agency_id = f.agency_id
  WHERE (:agency = '' OR f.agency_id = 0 OR g.code = upper(btrim(:agency))) AND (:class::text IS NULL OR f.class IS NULL OR f.class = :class)
    AND (:page_key::text[] IS NULL OR (coalesce(g.code, 'SHOP') COLLATE "C", f.place, f.name) > ((:page_key)[1], (:page_key)[2]::int4, (:page_key)[3]))
  ORDER BY 1, f.place, f.name
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.id, s.agency, s.class, s.name, s.label, s.type, s.required, s.max_length, s.minimum, s.maximum, s.choices, s.place, s.retired,
  s.revision, ARRAY[page.owner, page.place::text, page.name] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_field(page.agency_id, page.field_id) s ON page.field_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.field_id IS NOT NULL
ORDER BY page.owner, page.place, page.name
