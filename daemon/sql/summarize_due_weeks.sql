-- What falls due week by week, counted on the index of due dates; weeks without anything are there too.
WITH wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency::text, NULL, NULL),
    CASE WHEN :weeks::int4 NOT BETWEEN 0 AND 104 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'weeks', 'give 1 to 104 weeks, or 0 for 26') END) AS refusal
), wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, date_trunc('week', w.today::timestamp)::date AS monday,
    CASE WHEN :weeks = 0 THEN 26 WHEN :weeks BETWEEN 1 AND 104 THEN :weeks ELSE 1 END AS weeks
  FROM radioshop.report_period(:agency, NULL, NULL) w
), counted AS MATERIALIZED (
  SELECT w.agency_id, (i.next_due - w.monday) / 7 AS week, count(*)::int4 AS due
  FROM wanted w CROSS JOIN LATERAL (
    SELECT s.next_due FROM radioshop.schedule s
    WHERE s.agency_id = w.agency_id AND s.next_due >= w.monday AND s.next_due < w.monday + 7 * w.weeks) i
  GROUP BY 1, 2
), listed AS (
  SELECT w.code AS agency, w.monday + 7 * n.week AS week_on, coalesce(c.due, 0) AS due
  FROM wanted w CROSS JOIN LATERAL generate_series(0, w.weeks - 1) n (week)
  LEFT JOIN counted c ON c.agency_id = w.agency_id AND c.week = n.week
)
SELECT w.refusal, l.agency, l.week_on, l.due
FROM wrong w LEFT JOIN listed l ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR l.agency IS NOT NULL
ORDER BY l.agency, l.week_on
