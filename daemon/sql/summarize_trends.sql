-- The trends of one radio.
WITH subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o
)
SELECT x.refusal, g.code AS agency, a.tag, t.test, t.band, t.mode, t.readings, t.first_on, t.last_on, t.last_value, t.unit,
  radioshop.per_year(t.slope) AS per_year, round(t.fit::numeric, 3)::float8 AS fit,
  coalesce(radioshop.limit_text(l.direction, l.low, l.high, l.unit), '') AS limit_text, t.leaves_on,
  (SELECT min(s.next_due) FROM radioshop.schedule s WHERE s.agency_id = t.agency_id AND s.asset_id = t.asset_id) AS due_on
FROM subject x
LEFT JOIN (radioshop.trend t
  JOIN radioshop.agency g ON g.agency_id = t.agency_id
  JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
  LEFT JOIN radioshop.reading_limit l ON l.limit_id = t.limit_id)
  ON t.agency_id = x.agency_id AND t.asset_id = x.asset_id AND (:test::text = '' OR t.test = :test)
WHERE x.refusal IS NOT NULL OR t.asset_id IS NOT NULL
ORDER BY t.test, t.band, t.mode
