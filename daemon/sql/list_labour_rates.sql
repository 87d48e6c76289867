-- The rates of labour, in order of technician and day.
WITH asked AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1], '') COLLATE "C" AS technician, coalesce((:page_key::text[])[2]::date, '-infinity') AS day
)
SELECT r.technician, r.from_day, r.hourly_cents, r.revision, ARRAY[r.technician, r.from_day::text] AS page_key
FROM asked q JOIN radioshop.labour_rate r ON (r.technician, r.from_day) > (q.technician, q.day)
ORDER BY r.technician, r.from_day
LIMIT :page_limit::int4
