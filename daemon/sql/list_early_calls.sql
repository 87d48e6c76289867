-- What leaves its limit before its radio is due, agency by agency on the index of the day and then in one order. Nothing that leaves after
-- the last due date of the agency is read; of the rest, what is far from due is read and left out, so it runs on the slow connections.
-- Keys are in a CTE: coalesce() is not leakproof. A radio that is not in use has no due date, and is left out.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1]::date, '-infinity') AS after_day,
    coalesce((:page_key::text[])[2]::uuid, '00000000-0000-0000-0000-000000000000') AS after_asset,
    coalesce((:page_key::text[])[3], '') AS after_test, coalesce((:page_key::text[])[4], '') AS after_band,
    coalesce((:page_key::text[])[5], '') AS after_mode,
    (SELECT max(s.next_due) FROM radioshop.schedule s WHERE s.agency_id = g.agency_id) AS last_due
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.asset_id, d.test, d.band, d.mode, d.readings, d.first_on, d.last_on, d.last_value, d.unit, d.slope, d.fit,
    d.limit_id, d.leaves_on, d.due_on
  FROM wanted w CROSS JOIN LATERAL (
    SELECT t.agency_id, t.asset_id, t.test, t.band, t.mode, t.readings, t.first_on, t.last_on, t.last_value, t.unit, t.slope, t.fit,
      t.limit_id, t.leaves_on, n.due_on
    FROM radioshop.trend t CROSS JOIN LATERAL (
      SELECT min(s.next_due) AS due_on FROM radioshop.schedule s WHERE s.agency_id = t.agency_id AND s.asset_id = t.asset_id OFFSET 0) n
    WHERE t.agency_id = w.agency_id AND t.leaves_on < w.last_due
      AND (t.leaves_on, t.asset_id, t.test, t.band, t.mode) > (w.after_day, w.after_asset, w.after_test, w.after_band, w.after_mode)
      AND t.leaves_on < n.due_on
    ORDER BY t.leaves_on, t.asset_id, t.test, t.band, t.mode LIMIT :page_limit::int4) d
  ORDER BY d.leaves_on, d.asset_id, d.test, d.band, d.mode
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.code AS agency, a.tag, page.test, page.band, page.mode, page.readings, page.first_on, page.last_on, page.last_value,
  page.unit, radioshop.per_year(page.slope) AS per_year, round(page.fit::numeric, 3)::float8 AS fit,
  coalesce(radioshop.limit_text(l.direction, l.low, l.high, l.unit), '') AS limit_text, page.leaves_on, page.due_on,
  ARRAY[page.leaves_on::text, page.asset_id::text, page.test, page.band, page.mode] AS page_key
FROM wrong w
LEFT JOIN (page
  JOIN radioshop.asset a ON a.agency_id = page.agency_id AND a.asset_id = page.asset_id
  LEFT JOIN radioshop.reading_limit l ON l.limit_id = page.limit_id)
  ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.asset_id IS NOT NULL
ORDER BY page.leaves_on, page.asset_id, page.test, page.band, page.mode
