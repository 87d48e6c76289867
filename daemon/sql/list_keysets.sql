-- Keysets in order of owner and code. The row of the shop itself is not seen by the agencies, so its code is said here.
WITH wanted AS MATERIALIZED (
  SELECT o.agency_id, o.code, CASE WHEN o.code = (:page_key::text[])[1] THEN (:page_key::text[])[2] ELSE '' END AS code_after
  FROM (SELECT 0 AS agency_id, 'SHOP' COLLATE "C" AS code
    UNION SELECT g.agency_id, g.code FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies())) o
  WHERE (:agency::text = '' OR o.code = upper(btrim(:agency))) AND o.code >= coalesce((:page_key::text[])[1], '')
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND upper(btrim(:agency)) <> 'SHOP' AND NOT EXISTS (SELECT FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency))) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.keyset_id, d.code_key
  FROM wanted w CROSS JOIN LATERAL (
    SELECT k.agency_id, k.keyset_id, k.code_key FROM radioshop.keyset k
    WHERE k.agency_id = w.agency_id AND k.code_key > w.code_after
      AND (:state::text IS NULL OR (k.old_at IS NOT NULL) = (:state = 'old'))
    ORDER BY k.code_key LIMIT :page_limit::int4
  ) d
  ORDER BY w.code, d.code_key
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.code, s.name, s.number, s.algorithm, s.ckrs, s.classes, s.note, s.state, s.superseded_by, s.old_at, s.old_by, s.reason,
  s.holders, s.created_by, s.created_at, s.revision,
  ARRAY[page.code, page.code_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_keyset(page.agency_id, page.keyset_id) s ON page.keyset_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.keyset_id IS NOT NULL
ORDER BY page.code, page.code_key
