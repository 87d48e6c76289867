-- Readings, newest day first, on the index of the agency or of the asset. The key is in a CTE: coalesce() is not leakproof, and row
-- level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1]::date, 'infinity') AS read_before,
    coalesce((:page_key::text[])[2]::int, 2147483647) AS ordinal_before,
    coalesce((:page_key::text[])[3]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE (SELECT x.refusal FROM subject x) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.reading_id, d.asset_id, d.meter, d.read_on, d.ordinal, d.value, d.replaced, d.total, d.note, d.recorded_by,
    d.recorded_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT r.agency_id, r.reading_id, r.asset_id, r.meter, r.read_on, r.ordinal, r.value, r.replaced, r.total, r.note, r.recorded_by, r.recorded_at
      FROM radioshop.meter_reading r
      WHERE :asset = '' AND r.agency_id = w.agency_id AND (:meter::text IS NULL OR r.meter = :meter)
        AND (r.read_on, r.ordinal, r.reading_id) < (w.read_before, w.ordinal_before, w.id_before)
      ORDER BY r.read_on DESC, r.ordinal DESC, r.reading_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT r.agency_id, r.reading_id, r.asset_id, r.meter, r.read_on, r.ordinal, r.value, r.replaced, r.total, r.note, r.recorded_by, r.recorded_at
      FROM subject x JOIN radioshop.meter_reading r ON r.agency_id = x.agency_id AND r.asset_id = x.asset_id
      WHERE :asset <> '' AND x.agency_id = w.agency_id AND (:meter IS NULL OR r.meter = :meter)
        AND (r.read_on, r.ordinal, r.reading_id) < (w.read_before, w.ordinal_before, w.id_before)
      ORDER BY r.read_on DESC, r.ordinal DESC, r.reading_id DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.read_on DESC, d.ordinal DESC, d.reading_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.reading_id AS id, page.code AS agency, a.tag, page.meter, page.read_on, page.value, page.replaced, page.total,
  page.note, page.recorded_by, page.recorded_at, ARRAY[page.read_on::text, page.ordinal::text, page.reading_id::text] AS page_key
FROM wrong w
LEFT JOIN (page JOIN radioshop.asset a ON a.agency_id = page.agency_id AND a.asset_id = page.asset_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.reading_id IS NOT NULL
ORDER BY page.read_on DESC, page.ordinal DESC, page.reading_id DESC
