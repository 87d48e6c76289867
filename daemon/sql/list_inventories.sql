-- Inventories, newest first, each agency on its own index. Those that are open are not counted here.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS before_at,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before_id
  FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.number, d.location, d.class, d.state, d.expected, d.found, d.wrong_place, d.missing, d.accounted, d.unexpected, d.note,
    d.started_by, d.started_at, d.closed_by, d.closed_at, d.close_note, d.set_missing, d.set_location, d.inventory_id
  FROM wanted w CROSS JOIN LATERAL (
    SELECT i.number, i.location, i.class, i.state, i.expected, i.found, i.wrong_place, i.missing, i.accounted, i.unexpected, i.note, i.started_by,
      i.started_at, i.closed_by, i.closed_at, i.close_note, i.set_missing, i.set_location, i.inventory_id
    FROM radioshop.inventory i
    WHERE i.agency_id = w.agency_id AND (i.started_at, i.inventory_id) < (w.before_at, w.before_id)
      AND (:state::text IS NULL OR i.state = :state)
    ORDER BY i.started_at DESC, i.inventory_id DESC LIMIT :page_limit::int4) d
  ORDER BY d.started_at DESC, d.inventory_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, p.number, p.code AS agency, p.location, p.class, p.state, p.expected, coalesce(p.found, 0) AS found,
  coalesce(p.wrong_place, 0) AS wrong_place, coalesce(p.missing, 0) AS missing, coalesce(p.accounted, 0) AS accounted,
  coalesce(p.unexpected, 0) AS unexpected, coalesce(radioshop.inventory_percent(p.expected, p.missing), 0) AS percent, p.note, p.started_by,
  p.started_at, p.closed_by, p.closed_at, p.close_note, p.set_missing, p.set_location,
  ARRAY[p.started_at::text, p.inventory_id::text] AS page_key
FROM wrong w LEFT JOIN page p ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR p.number IS NOT NULL
ORDER BY p.started_at DESC, p.inventory_id DESC
