-- Services done, newest day first, on the index of the agency or of the asset. The key is in a CTE: coalesce() is not leakproof, and
-- row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code,
    coalesce((:page_key::text[])[1]::date, 'infinity') AS done_before,
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
  SELECT d.agency_id, d.record_id, d.done_on
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT r.agency_id, r.record_id, r.done_on FROM radioshop.service_record r
      WHERE :asset = '' AND r.agency_id = w.agency_id AND (r.done_on, r.record_id) < (w.done_before, w.id_before)
      ORDER BY r.done_on DESC, r.record_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT r.agency_id, r.record_id, r.done_on
      FROM subject x JOIN radioshop.service_record r ON r.agency_id = x.agency_id AND r.asset_id = x.asset_id
      WHERE :asset <> '' AND x.agency_id = w.agency_id
        AND (r.done_on, r.record_id) < (w.done_before, w.id_before)
      ORDER BY r.done_on DESC, r.record_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.done_on DESC, d.record_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.id, s.agency, s.tag, s.plan, s.done_on, s.result, s.readings, s.notes, s.recorded_by, s.recorded_at, s.next_due_on,
  s.procedure, s.procedure_version, s.answers, s.analyser, s.analyser_out_of_date, s.ticket,
  ARRAY[page.done_on::text, page.record_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_service(page.agency_id, page.record_id) s ON page.record_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.record_id IS NOT NULL
ORDER BY page.done_on DESC, page.record_id DESC
