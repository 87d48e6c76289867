-- What is due, by due date. Three forms of which one runs, each on its index: all of an agency, plan by plan (one plan, or what is
-- overdue, since the grace days are the plan's), and one asset. Bounds and keys are columns of materialized CTEs: inside a condition
-- coalesce() and date arithmetic are not leakproof, and row level security would keep them from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, t.today,
    coalesce(:until::date, CASE WHEN :overdue::bool THEN 'infinity'::date ELSE t.today + 30 END) AS until,
    coalesce((:page_key::text[])[1]::date, :from::date, '-infinity') AS due_after,
    coalesce((:page_key::text[])[2]::uuid, '00000000-0000-0000-0000-000000000000') AS asset_after,
    coalesce((:page_key::text[])[3]::uuid, '00000000-0000-0000-0000-000000000000') AS plan_after
  FROM radioshop.agency g CROSS JOIN LATERAL (SELECT radioshop.today(g.time_zone) AS today) t
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), under AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.today, w.due_after, w.asset_after, w.plan_after, p.plan_id,
    CASE WHEN :overdue THEN least(w.until, w.today - p.grace_days - 1) ELSE w.until END AS until
  FROM wanted w JOIN radioshop.plan p ON p.agency_id = w.agency_id
  WHERE :asset = '' AND (:plan::text <> '' OR :overdue) AND (:plan = '' OR p.code_key = upper(:plan)) AND NOT p.stopped
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :plan <> '' AND NOT EXISTS (SELECT FROM wanted w
        JOIN radioshop.plan p ON p.agency_id = w.agency_id AND p.code_key = upper(:plan)) THEN
      radioshop.refuse('NOT_FOUND', 'plan', format('no plan has the code %s', :plan))
    ELSE (SELECT x.refusal FROM subject x)
  END AS refusal
), page AS (
  (SELECT w.code, w.today, s.agency_id, s.asset_id, s.plan_id, s.next_due, s.overdue_from, s.last_done_on, s.date_changes, s.dated_at,
      s.occurs_on, s.is_deferred, s.by_meter, s.meter_left
    FROM wanted w
      CROSS JOIN LATERAL radioshop.walk_due(w.agency_id, NULL, w.until, w.due_after, w.asset_after, w.plan_after, :page_limit::int4) s
    WHERE :asset = '' AND :plan = '' AND NOT :overdue)
  UNION ALL
  (SELECT u.code, u.today, s.agency_id, s.asset_id, s.plan_id, s.next_due, s.overdue_from, s.last_done_on, s.date_changes, s.dated_at,
      s.occurs_on, s.is_deferred, s.by_meter, s.meter_left
    FROM under u
      CROSS JOIN LATERAL radioshop.walk_due(u.agency_id, u.plan_id, u.until, u.due_after, u.asset_after, u.plan_after, :page_limit::int4) s)
  UNION ALL
  (SELECT w.code, w.today, i.agency_id, i.asset_id, i.plan_id, i.next_due, i.overdue_from, i.last_done_on, i.date_changes, i.dated_at,
      i.occurs_on, i.is_deferred, i.by_meter, i.meter_left
    FROM subject x JOIN wanted w ON w.agency_id = x.agency_id
      JOIN radioshop.schedule i ON i.agency_id = x.agency_id AND i.asset_id = x.asset_id
      JOIN radioshop.plan p ON p.agency_id = i.agency_id AND p.plan_id = i.plan_id
    WHERE (:plan = '' OR p.code_key = upper(:plan)) AND i.next_due <= w.until AND (NOT :overdue OR i.overdue_from <= w.today)
      AND (i.next_due, i.asset_id, i.plan_id) > (w.due_after, w.asset_after, w.plan_after))
  ORDER BY next_due, asset_id, plan_id
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.code AS agency, a.tag, a.serial, coalesce(m.number, '') AS model, a.class, a.status, a.assigned_to, p.code AS plan,
  page.next_due AS due_on, greatest(0, page.today - page.overdue_from + 1) AS days_overdue, page.last_done_on, page.asset_id,
  page.date_changes, greatest(page.dated_at, a.updated_at,
    CASE WHEN page.overdue_from <= page.today THEN page.overdue_from::timestamp AT TIME ZONE 'UTC' END) AS changed_at,
  CASE WHEN page.is_deferred THEN page.occurs_on END AS deferred_from, page.by_meter, coalesce(page.meter_left, 0) AS meter_left,
  ARRAY[page.next_due::text, page.asset_id::text, page.plan_id::text] AS page_key
FROM wrong w
LEFT JOIN (page
  JOIN radioshop.asset a ON a.agency_id = page.agency_id AND a.asset_id = page.asset_id
  JOIN radioshop.plan p ON p.agency_id = page.agency_id AND p.plan_id = page.plan_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.asset_id IS NOT NULL
ORDER BY page.next_due, page.asset_id, page.plan_id
