-- What was skipped and deferred, newest first: what waits on its partial index, all of an agency, or of one asset. The key is in a CTE:
-- coalesce() is not leakproof, and row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS asked_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE (SELECT x.refusal FROM subject x) END AS refusal
), page AS (
  SELECT d.agency_id, d.change_id, d.asked_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT c.agency_id, c.change_id, c.asked_at FROM radioshop.due_change c
      WHERE :asset = '' AND :open::bool AND c.agency_id = w.agency_id AND c.state = 'asked'
        AND (c.asked_at, c.change_id) < (w.asked_before, w.id_before)
      ORDER BY c.asked_at DESC, c.change_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT c.agency_id, c.change_id, c.asked_at FROM radioshop.due_change c
      WHERE :asset = '' AND NOT :open AND c.agency_id = w.agency_id
        AND (c.asked_at, c.change_id) < (w.asked_before, w.id_before)
      ORDER BY c.asked_at DESC, c.change_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT c.agency_id, c.change_id, c.asked_at
      FROM subject x JOIN radioshop.due_change c ON c.agency_id = x.agency_id AND c.asset_id = x.asset_id
      WHERE :asset <> '' AND x.agency_id = w.agency_id AND (NOT :open OR c.state = 'asked')
        AND (c.asked_at, c.change_id) < (w.asked_before, w.id_before)
      ORDER BY c.asked_at DESC, c.change_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.asked_at DESC, d.change_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.id, s.agency, s.tag, s.plan, s.kind, s.due_on, s.deferred_to, s.reason, s.state, s.asked_by, s.asked_at, s.decided_by,
  s.decided_at, s.note, s.next_due_on, ARRAY[page.asked_at::text, page.change_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_due_change(page.agency_id, page.change_id) s ON page.change_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.change_id IS NOT NULL
ORDER BY page.asked_at DESC, page.change_id DESC
