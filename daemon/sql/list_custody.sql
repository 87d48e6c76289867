-- Who has what, newest first, each case on an index of its own: what is out in an agency or with a custodian, what was, what is overdue (of
-- which there is little, so it is read whole), and of one asset. The keys are columns of a CTE: a bound that is computed would be kept
-- from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, radioshop.today(g.time_zone) AS today,
    CASE WHEN :overdue::bool THEN 'overdue' WHEN :returned::bool THEN 'all' ELSE 'out' END AS those,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS out_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), holder AS MATERIALIZED (
  SELECT o.agency_id, o.custodian_id, o.refusal
  FROM radioshop.one_custodian(:custodian::text, (SELECT w.agency_id FROM wanted w WHERE :agency <> ''), 'custodian') o WHERE :custodian <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE coalesce((SELECT x.refusal FROM subject x), (SELECT h.refusal FROM holder h)) END AS refusal
), page AS (
  SELECT d.agency_id, d.custody_id, d.out_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT k.agency_id, k.custody_id, k.out_at FROM radioshop.custody k
      WHERE :asset = '' AND :custodian = '' AND w.those = 'out' AND k.agency_id = w.agency_id AND k.in_at IS NULL
        AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT k.agency_id, k.custody_id, k.out_at FROM radioshop.custody k
      WHERE :asset = '' AND :custodian = '' AND w.those = 'all' AND k.agency_id = w.agency_id
        AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT k.agency_id, k.custody_id, k.out_at FROM radioshop.custody k
      WHERE :asset = '' AND :custodian = '' AND w.those = 'overdue' AND k.agency_id = w.agency_id AND k.in_at IS NULL AND k.due_on < w.today
        AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT k.agency_id, k.custody_id, k.out_at
      FROM holder h JOIN radioshop.custody k ON k.agency_id = h.agency_id AND k.custodian_id = h.custodian_id
      WHERE :asset = '' AND w.those <> 'all' AND h.agency_id = w.agency_id AND k.in_at IS NULL AND (w.those = 'out' OR k.due_on < w.today)
        AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT k.agency_id, k.custody_id, k.out_at
      FROM holder h JOIN radioshop.custody k ON k.agency_id = h.agency_id AND k.custodian_id = h.custodian_id
      WHERE :asset = '' AND w.those = 'all' AND h.agency_id = w.agency_id AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT k.agency_id, k.custody_id, k.out_at
      FROM subject s JOIN radioshop.custody k ON k.agency_id = s.agency_id AND k.asset_id = s.asset_id
      WHERE s.agency_id = w.agency_id AND (w.those = 'all' OR k.in_at IS NULL) AND (w.those <> 'overdue' OR k.due_on < w.today)
        AND (:custodian = '' OR EXISTS (SELECT FROM holder h WHERE h.agency_id = k.agency_id AND h.custodian_id = k.custodian_id))
        AND (k.out_at, k.custody_id) < (w.out_before, w.id_before)
      ORDER BY k.out_at DESC, k.custody_id DESC LIMIT :page_limit)) d
  ORDER BY d.out_at DESC, d.custody_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.custodian, s.kind, s.name, s.out_at, s.out_by, s.due_on,
  s.days_late, s.note, s.in_at, s.in_by, s.returned_to, s.return_note,
  ARRAY[page.out_at::text, page.custody_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_custody(page.agency_id, page.custody_id) s ON page.custody_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.custody_id IS NOT NULL
ORDER BY page.out_at DESC, page.custody_id DESC
