-- The catalogue in order of number. It is small (hundreds of rows), so filters need no index of their own.
SELECT m.number, m.manufacturer, m.family, m.tier, m.band, m.class, m.end_of_support_on, m.revision,
  ARRAY[m.number_key] AS page_key
FROM radioshop.model m
WHERE m.number_key > coalesce((:page_key::text[])[1], '')
  AND (:family::text = '' OR upper(m.family) = upper(btrim(:family::text)))
  AND (:class::text IS NULL OR m.class = :class::text)
ORDER BY m.number_key
LIMIT :page_limit::int4
