-- What was retired, newest first, each state on an index of its own, and what was retired of one asset. The keys are columns of a CTE: a bound
-- that is computed would be kept from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, coalesce(:state::text, 'open') AS those, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS retired_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE (SELECT x.refusal FROM subject x) END AS refusal
), page AS (
  SELECT d.agency_id, d.retirement_id, d.retired_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT r.agency_id, r.retirement_id, r.retired_at FROM radioshop.retirement r
      WHERE :asset = '' AND w.those = 'open' AND r.agency_id = w.agency_id AND r.ended_at IS NULL
        AND (r.retired_at, r.retirement_id) < (w.retired_before, w.id_before)
      ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT r.agency_id, r.retirement_id, r.retired_at FROM radioshop.retirement r
      WHERE :asset = '' AND w.those = 'retired' AND r.agency_id = w.agency_id AND r.ended_at IS NULL AND r.method IS NULL
        AND (r.retired_at, r.retirement_id) < (w.retired_before, w.id_before)
      ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT r.agency_id, r.retirement_id, r.retired_at FROM radioshop.retirement r
      WHERE :asset = '' AND w.those = 'disposed' AND r.agency_id = w.agency_id AND r.ended_at IS NULL AND r.method IS NOT NULL
        AND (r.retired_at, r.retirement_id) < (w.retired_before, w.id_before)
      ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT r.agency_id, r.retirement_id, r.retired_at FROM radioshop.retirement r
      WHERE :asset = '' AND w.those = 'ended' AND r.agency_id = w.agency_id AND r.ended_at IS NOT NULL
        AND (r.retired_at, r.retirement_id) < (w.retired_before, w.id_before)
      ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT r.agency_id, r.retirement_id, r.retired_at
      FROM subject s JOIN radioshop.retirement r ON r.agency_id = s.agency_id AND r.asset_id = s.asset_id
      WHERE s.agency_id = w.agency_id
        AND CASE w.those WHEN 'open' THEN true WHEN 'ended' THEN r.ended_at IS NOT NULL
          ELSE r.ended_at IS NULL AND (r.method IS NOT NULL) = (w.those = 'disposed') END
        AND (r.retired_at, r.retirement_id) < (w.retired_before, w.id_before)
      ORDER BY r.retired_at DESC, r.retirement_id DESC LIMIT :page_limit)) d
  ORDER BY d.retired_at DESC, d.retirement_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.state, s.reason, s.note, s.retired_on, s.retired_at, s.retired_by,
  s.method, s.disposed_on, s.recipient, s.proceeds_cents, s.certificate, s.disposal_note, s.disposed_at, s.disposed_by, s.system, s.unit_id, s.ended_at,
  s.ended_by, s.warnings, s.revision,
  ARRAY[page.retired_at::text, page.retirement_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_retirement(page.agency_id, page.retirement_id) s ON page.retirement_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.retirement_id IS NOT NULL
ORDER BY page.retired_at DESC, page.retirement_id DESC
