-- Changes, newest first, a page read per agency from one of three indices: record, kind of record, or time.
-- An asset may be named by any code on it, since its events carry its UUID.
WITH asked AS MATERIALIZED (
  SELECT btrim(:resource::text) AS resource, btrim(:resource_id::text) AS resource_id,
    ARRAY[btrim(:resource_id::text)] || CASE WHEN btrim(:resource::text) IN ('', 'asset') AND :resource_id::text <> ''
      THEN ARRAY(SELECT f.asset_id::text FROM radioshop.find_assets(:resource_id::text) f) ELSE '{}' END AS names,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS before_at,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before_id
), page AS (
  SELECT g.code, g.agency_id, k.event_id, k.at
  FROM asked q CROSS JOIN radioshop.agency g CROSS JOIN LATERAL (
    (SELECT e.event_id, e.at FROM radioshop.event e
      WHERE q.resource_id <> '' AND e.agency_id = g.agency_id AND e.resource_id = ANY (q.names)
        AND (q.resource = '' OR e.resource = q.resource) AND (e.at, e.event_id) < (q.before_at, q.before_id)
      ORDER BY e.at DESC, e.event_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT e.event_id, e.at FROM radioshop.event e
      WHERE q.resource_id = '' AND q.resource <> '' AND e.agency_id = g.agency_id AND e.resource = q.resource
        AND (e.at, e.event_id) < (q.before_at, q.before_id)
      ORDER BY e.at DESC, e.event_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT e.event_id, e.at FROM radioshop.event e
      WHERE q.resource_id = '' AND q.resource = '' AND e.agency_id = g.agency_id
        AND (e.at, e.event_id) < (q.before_at, q.before_id)
      ORDER BY e.at DESC, e.event_id DESC LIMIT :page_limit::int4)
  ) k
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency::text)))
  ORDER BY k.at DESC, k.event_id DESC
  LIMIT :page_limit::int4
)
SELECT e.event_id AS id, e.at, e.principal, CASE WHEN p.agency_id = 0 THEN '' ELSE p.code END AS agency, e.resource, e.resource_id, e.action,
  coalesce(e.before::text, '') AS before, coalesce(e.after::text, '') AS after, e.method, e.request_id,
  ARRAY[e.at::text, e.event_id::text] AS page_key
FROM page p
JOIN radioshop.event e ON e.agency_id = p.agency_id AND e.event_id = p.event_id
ORDER BY e.at DESC, e.event_id DESC
