-- What an hour of a technician costs on a day: his own rate, or that of everybody.
WITH asked AS MATERIALIZED (
  SELECT btrim(:technician::text) AS technician, coalesce(:day::date, (SELECT radioshop.today(g.time_zone)
    FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) ORDER BY g.agency_id LIMIT 1)) AS day
)
SELECT CASE WHEN r.revision IS NULL THEN radioshop.refuse('NOT_FOUND', 'day', format('no rate of %s is valid on %s',
    CASE WHEN q.technician = '' THEN 'everybody' ELSE q.technician END, q.day)) END AS refusal,
  r.of_technician AS technician, r.from_day, r.hourly_cents, r.revision
FROM asked q CROSS JOIN LATERAL radioshop.rate_on(q.technician, q.day) r
