-- Limits in order of what they limit, newest version first. There are hundreds at most, so filters need no index of their own.
SELECT s.id, s.test, s.kind, s.family, s.band, s.mode, s.from_mhz, s.to_mhz, s.direction, s.low, s.high, s.unit, s.source, s.valid_from,
  s.version, s.withdrawn, s.text, s.set_by, s.set_at, ARRAY[page.subject, page.version::text] AS page_key
FROM (
  SELECT l.limit_id, l.subject, l.version
  FROM radioshop.reading_limit l
  WHERE (:test::text = '' OR l.test = :test) AND (:family::text = '' OR l.family = '' OR upper(l.family) = upper(:family))
    AND (:history::bool OR NOT EXISTS (SELECT FROM radioshop.reading_limit n WHERE n.subject = l.subject AND n.version > l.version))
    AND (l.subject > coalesce((:page_key::text[])[1], '')
      OR (l.subject = (:page_key::text[])[1] AND l.version < (:page_key::text[])[2]::int4))
  ORDER BY l.subject, l.version DESC
  LIMIT :page_limit::int4) page
CROSS JOIN LATERAL radioshop.shown_limit(page.limit_id) s
ORDER BY page.subject, page.version DESC
