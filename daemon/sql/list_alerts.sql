-- The ledger, newest first; the open ones on their partial index. The key is in a CTE: coalesce() is not leakproof, and row level
-- security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS emitted_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.alert_id, d.kind, d.asset_id, d.plan_id, d.due_on, d.step, d.days_overdue, d.emitted_at, d.acked_at,
    d.acked_by, d.ack_note, d.snoozed_until, d.snoozed_by, d.snooze_note, d.settled_at, d.said, d.subject
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT l.agency_id, l.alert_id, l.kind, l.asset_id, l.plan_id, l.due_on, l.step, l.days_overdue, l.emitted_at, l.acked_at, l.acked_by,
        l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at, l.said, l.subject
      FROM radioshop.alert l
      WHERE NOT :open::bool AND l.agency_id = w.agency_id
        AND (l.emitted_at, l.alert_id) < (w.emitted_before, w.id_before)
      ORDER BY l.emitted_at DESC, l.alert_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT l.agency_id, l.alert_id, l.kind, l.asset_id, l.plan_id, l.due_on, l.step, l.days_overdue, l.emitted_at, l.acked_at, l.acked_by,
        l.ack_note, l.snoozed_until, l.snoozed_by, l.snooze_note, l.settled_at, l.said, l.subject
      FROM radioshop.alert l
      WHERE :open::bool AND l.agency_id = w.agency_id AND l.acked_at IS NULL AND l.settled_at IS NULL AND l.kind <> 'resolved'
        AND (l.emitted_at, l.alert_id) < (w.emitted_before, w.id_before)
      ORDER BY l.emitted_at DESC, l.alert_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.emitted_at DESC, d.alert_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.alert_id AS id, page.kind, page.code AS agency, coalesce(a.tag, '') AS tag, coalesce(a.assigned_to, '') AS assigned_to,
  coalesce(p.code, '') AS plan, page.due_on, page.days_overdue, page.step, page.emitted_at, page.acked_at, page.acked_by, page.ack_note,
  page.snoozed_until, coalesce(page.snoozed_by, '') AS snoozed_by, coalesce(page.snooze_note, '') AS snooze_note, page.settled_at,
  coalesce(page.said, '') AS what, coalesce(page.subject, '') AS subject,
  ARRAY[page.emitted_at::text, page.alert_id::text] AS page_key
FROM wrong w
LEFT JOIN (page
  LEFT JOIN radioshop.asset a ON a.agency_id = page.agency_id AND a.asset_id = page.asset_id
  LEFT JOIN radioshop.plan p ON p.agency_id = page.agency_id AND p.plan_id = page.plan_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.alert_id IS NOT NULL
ORDER BY page.emitted_at DESC, page.alert_id DESC
