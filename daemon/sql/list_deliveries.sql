-- What was to be told to whom, newest first: all of it, one state, or one alert. The key is in a CTE: coalesce() is not leakproof, and
-- row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before,
    CASE WHEN lower(btrim(:alert::text)) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN lower(btrim(:alert))::uuid END AS alert_id
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :alert <> '' AND NOT EXISTS (SELECT FROM wanted w WHERE w.alert_id IS NOT NULL) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'alert', 'give the UUID of an alert')
    WHEN :alert <> '' AND NOT EXISTS (SELECT FROM wanted w JOIN radioshop.alert l ON l.agency_id = w.agency_id AND l.alert_id = w.alert_id) THEN
      radioshop.refuse('NOT_FOUND', 'alert', format('no alert has the UUID %s', :alert)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.notice_id, d.alert_id, d.route_id, d.state, d.reason, d.delivery_id, d.queued_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT n.agency_id, n.notice_id, n.alert_id, n.route_id, n.state, n.reason, n.delivery_id, n.queued_at FROM radioshop.alert_notice n
      WHERE w.alert_id IS NULL AND :state::text IS NULL AND n.agency_id = w.agency_id AND n.notice_id < w.id_before
      ORDER BY n.notice_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT n.agency_id, n.notice_id, n.alert_id, n.route_id, n.state, n.reason, n.delivery_id, n.queued_at FROM radioshop.alert_notice n
      WHERE w.alert_id IS NULL AND n.agency_id = w.agency_id AND n.state = :state AND n.notice_id < w.id_before
      ORDER BY n.notice_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT n.agency_id, n.notice_id, n.alert_id, n.route_id, n.state, n.reason, n.delivery_id, n.queued_at FROM radioshop.alert_notice n
      WHERE n.agency_id = w.agency_id AND n.alert_id = w.alert_id AND (:state IS NULL OR n.state = :state) AND n.notice_id < w.id_before
      ORDER BY n.notice_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.notice_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.notice_id AS id, page.code AS agency, r.code AS route, coalesce(d.address, r.address) AS address, page.alert_id AS alert,
  l.kind, coalesce(a.tag, '') AS tag, coalesce(l.subject, '') AS subject, coalesce(p.code, '') AS plan, page.state, coalesce(nullif(page.reason, ''), d.reply, '') AS reason, page.queued_at, d.ended_at,
  coalesce(page.delivery_id::text, '') AS delivery, coalesce(d.generation, 0) AS tries, ARRAY[page.notice_id::text] AS page_key
FROM wrong w
LEFT JOIN (page
  JOIN radioshop.alert_route r ON r.agency_id = page.agency_id AND r.route_id = page.route_id
  JOIN radioshop.alert l ON l.agency_id = page.agency_id AND l.alert_id = page.alert_id
  LEFT JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
  LEFT JOIN radioshop.plan p ON p.agency_id = l.agency_id AND p.plan_id = l.plan_id
  LEFT JOIN radioshop.alert_delivery d ON d.agency_id = page.agency_id AND d.delivery_id = page.delivery_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.notice_id IS NOT NULL
ORDER BY page.notice_id DESC
