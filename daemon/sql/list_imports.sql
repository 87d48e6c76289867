-- Imports, newest first: so many of each agency on the index of its runs, then the newest of these.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), bound AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS at,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id
), page AS MATERIALIZED (
  SELECT r.agency_id, r.run_id, r.started_at
  FROM wanted w CROSS JOIN bound b CROSS JOIN LATERAL (
    SELECT i.agency_id, i.run_id, i.started_at FROM radioshop.import_run i
    WHERE i.agency_id = w.agency_id AND (i.started_at, i.run_id) < (b.at, b.id) AND (:state::text IS NULL OR i.state = :state)
    ORDER BY i.started_at DESC, i.run_id DESC LIMIT :page_limit::int4) r
  ORDER BY r.started_at DESC, r.run_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.id, s.agency, s.file_name, s.state, s.rows, s.rows_done, s.created, s.changed, s.unchanged, s.refused, s.started_by,
  s.started_at, s.last_rows_at, s.ended_at, s.ended_by,
  ARRAY[page.started_at::text, page.run_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_import(page.agency_id, page.run_id) s ON page.run_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.run_id IS NOT NULL
ORDER BY page.started_at DESC, page.run_id DESC
