-- The firmware and codeplugs that an asset has had, newest first, from its events.
WITH subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o
)
SELECT s.refusal, h.since, coalesce(h.kind, '') AS kind, coalesce(h.version, '') AS version, coalesce(h.was, '') AS was,
  coalesce(h.changed_by, '') AS changed_by, coalesce(h.source, '') AS source, coalesce(h.method, '') AS method,
  ARRAY[h.since::text, h.event_id::text, h.kind] AS page_key
FROM subject s
LEFT JOIN LATERAL radioshop.firmware_history(s.agency_id, s.asset_id) h ON s.refusal IS NULL
WHERE s.refusal IS NOT NULL OR (h.since, h.event_id, h.kind) < (coalesce((:page_key::text[])[1]::timestamptz, 'infinity'),
  coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), coalesce((:page_key::text[])[3], 'z'))
ORDER BY h.since DESC, h.event_id DESC, h.kind DESC
LIMIT :page_limit::int4
