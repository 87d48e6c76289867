-- Where an asset has been, newest first. All of its history is read, and the page cut from it: it is that of one asset, and a state is known
-- only from what came before it.
WITH subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal, g.code, (:on::date)::timestamp AT TIME ZONE g.time_zone AS day_begins,
    (:on::date + 1)::timestamp AT TIME ZONE g.time_zone AS day_ends
  FROM radioshop.one_asset(:asset::text) o LEFT JOIN radioshop.agency g ON g.agency_id = o.agency_id
)
SELECT s.refusal, p.from_at AS "from", p.until_at AS until, s.code AS agency, coalesce(p.assigned_to, '') AS assigned_to,
  coalesce(p.custodian, '') AS custodian, CASE p.status WHEN 'in_shop' THEN 'shop' WHEN 'at_depot' THEN 'depot' ELSE p.kind END AS kind,
  coalesce(p.lent_to, '') AS lent_to, coalesce(p.location, '') AS location, p.status, coalesce(p.changed_by, '') AS changed_by,
  ARRAY[p.from_at::text] AS page_key
FROM subject s
LEFT JOIN LATERAL radioshop.asset_periods(s.agency_id, s.asset_id) p ON s.refusal IS NULL
WHERE s.refusal IS NOT NULL OR (p.from_at < coalesce((:page_key::text[])[1]::timestamptz, 'infinity')
  AND (s.day_begins IS NULL OR (p.from_at < s.day_ends AND coalesce(p.until_at, 'infinity') > s.day_begins)))
ORDER BY p.from_at DESC
LIMIT :page_limit::int4
