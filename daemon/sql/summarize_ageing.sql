-- How old the open tickets are, counted on the index of the open ones.
WITH wrong AS (
  SELECT radioshop.refuse_report(:agency::text, NULL, NULL) AS refusal
), counted AS (
  SELECT w.code AS agency, o.open, o.d0, o.d7, o.d14, o.d30, o.d60, o.d90, o.oldest_days, o.oldest
  FROM radioshop.report_period(:agency, NULL, NULL) w
  CROSS JOIN LATERAL (
    SELECT count(*)::int4 AS open, (count(*) FILTER (WHERE t.days < 7))::int4 AS d0,
      (count(*) FILTER (WHERE t.days BETWEEN 7 AND 13))::int4 AS d7, (count(*) FILTER (WHERE t.days BETWEEN 14 AND 29))::int4 AS d14,
      (count(*) FILTER (WHERE t.days BETWEEN 30 AND 59))::int4 AS d30, (count(*) FILTER (WHERE t.days BETWEEN 60 AND 89))::int4 AS d60,
      (count(*) FILTER (WHERE t.days >= 90))::int4 AS d90, coalesce(max(t.days), 0)::int4 AS oldest_days,
      coalesce((array_agg(t.number ORDER BY t.opened_at, t.number))[1], '') AS oldest
    FROM (SELECT i.number, i.opened_at, greatest(0, floor(extract(epoch FROM now() - i.opened_at) / 86400)) AS days
      FROM radioshop.ticket i WHERE i.agency_id = w.agency_id AND i.closed_at IS NULL) t) o
)
SELECT w.refusal, c.agency, c.open, c.d0 AS days_0_6, c.d7 AS days_7_13, c.d14 AS days_14_29, c.d30 AS days_30_59, c.d60 AS days_60_89,
  c.d90 AS days_90, c.oldest_days, c.oldest
FROM wrong w LEFT JOIN counted c ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR c.agency IS NOT NULL
ORDER BY c.agency
