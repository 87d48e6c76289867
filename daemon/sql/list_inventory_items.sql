-- What an inventory says of each radio, in order of tag, and then of each code that is on none. Each verdict is walked on the index; what nobody
-- has scanned of an open one is missing or accounted for by the register of the moment, so that many may be read where few fit: it runs on the
-- slow connections. The keys are columns of a CTE: coalesce() is not leakproof, and row level security would keep the condition from the index.
WITH subject AS MATERIALIZED (
  SELECT o.agency_id, o.inventory_id, o.refusal, upper(btrim(:location::text)) AS place FROM radioshop.one_inventory(:inventory::text) o
), wanted AS MATERIALIZED (
  SELECT o.agency_id, o.inventory_id, o.place, v.verdict, coalesce((:page_key::text[])[2], '') AS tag_after,
    coalesce((:page_key::text[])[3]::uuid, '00000000-0000-0000-0000-000000000000') AS asset_after
  FROM subject o JOIN (VALUES ('open'), ('found'), ('wrong_place'), ('unexpected'), ('missing'), ('accounted')) v (verdict)
    ON :verdict::text IS NULL OR v.verdict = :verdict OR (v.verdict = 'open' AND :verdict IN ('missing', 'accounted'))
  WHERE o.inventory_id IS NOT NULL AND coalesce((:page_key::text[])[1], 'item') = 'item'
), strays AS MATERIALIZED (
  SELECT o.agency_id, o.inventory_id, o.place,
    CASE WHEN (:page_key::text[])[1] = 'stray' THEN (:page_key::text[])[2] ELSE '' END AS code_after
  FROM subject o WHERE o.inventory_id IS NOT NULL AND (:verdict IS NULL OR :verdict = 'unexpected')
), page AS (
  SELECT k.kind, k.key, k.agency_id, k.inventory_id, k.asset_id FROM (
    SELECT 'item' AS kind, d.tag_key AS key, d.agency_id, d.inventory_id, d.asset_id
    FROM wanted w CROSS JOIN LATERAL (
      SELECT i.agency_id, i.inventory_id, i.asset_id, i.tag_key
      FROM radioshop.inventory_item i
      WHERE i.agency_id = w.agency_id AND i.inventory_id = w.inventory_id AND i.verdict = w.verdict
        AND (i.tag_key, i.asset_id) > (w.tag_after, w.asset_after)
        AND (w.place = '' OR upper(CASE WHEN i.scanned_at IS NULL THEN i.place ELSE i.scanned_place END) = w.place)
        AND (:verdict IS NULL OR i.verdict <> 'open' OR (SELECT CASE WHEN radioshop.inventory_away(i.place, a.status, a.location, l.borrower) IS NULL
            THEN 'missing' ELSE 'accounted' END
          FROM radioshop.asset a LEFT JOIN radioshop.loan l ON l.agency_id = a.agency_id AND l.asset_id = a.asset_id AND l.in_at IS NULL
          WHERE a.agency_id = i.agency_id AND a.asset_id = i.asset_id) = :verdict)
      ORDER BY i.tag_key, i.asset_id LIMIT :page_limit::int4) d
    UNION ALL
    SELECT 'stray', d.code_key, d.agency_id, d.inventory_id, NULL
    FROM strays t CROSS JOIN LATERAL (
      SELECT s.agency_id, s.inventory_id, s.code_key FROM radioshop.inventory_stray s
      WHERE s.agency_id = t.agency_id AND s.inventory_id = t.inventory_id AND s.code_key > t.code_after
        AND (t.place = '' OR upper(s.scanned_place) = t.place)
      ORDER BY s.code_key LIMIT :page_limit) d) k
  ORDER BY k.kind, k.key COLLATE "C", k.asset_id
  LIMIT :page_limit
)
SELECT coalesce(o.refusal, s.refusal) AS refusal, s.inventory, s.agency, s.code, s.tag, s.serial, s.model, s.status, s.assigned_to, s.verdict, s.location, s.scanned_location,
  s.scanned_by, s.scanned_at, s.reason, s.owner, s.already, s.refused, s.asset_id,
  ARRAY[p.kind, p.key, p.asset_id::text] AS page_key
FROM subject o
LEFT JOIN page p ON o.refusal IS NULL
LEFT JOIN LATERAL (
  SELECT x.refusal, x.inventory, x.agency, x.code, x.tag, x.serial, x.model, x.status, x.assigned_to, x.verdict, x.location, x.scanned_location, x.scanned_by, x.scanned_at, x.reason, x.owner, x.already, x.refused, x.asset_id FROM radioshop.shown_inventory_item(p.agency_id, p.inventory_id, p.asset_id) x WHERE p.kind = 'item'
  UNION ALL
  SELECT x.refusal, x.inventory, x.agency, x.code, x.tag, x.serial, x.model, x.status, x.assigned_to, x.verdict, x.location, x.scanned_location, x.scanned_by, x.scanned_at, x.reason, x.owner, x.already, x.refused, x.asset_id FROM radioshop.shown_inventory_stray(p.agency_id, p.inventory_id, p.key) x WHERE p.kind = 'stray') s ON p.kind IS NOT NULL
WHERE o.refusal IS NOT NULL OR p.kind IS NOT NULL
ORDER BY p.kind, p.key COLLATE "C", p.asset_id
