-- How the plans were kept: due dates that were met, as they were then, and those that are overdue now. What can still be met is
-- left out. Percentages are of all agencies' own days.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.today, w.first_on, w.last_on FROM radioshop.report_period(:agency::text, :from::date, :to::date) w
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, :from, :to),
    CASE WHEN :plan::text <> '' AND NOT EXISTS (SELECT FROM wanted w
        JOIN radioshop.plan p ON p.agency_id = w.agency_id AND p.code_key = upper(:plan)) THEN
      radioshop.refuse('NOT_FOUND', 'plan', format('no plan has the code %s', :plan)) END) AS refusal
), counted AS (
  SELECT w.code AS agency, p.code AS plan, p.name, m.on_time, m.late, o.overdue, m.on_time + m.late + o.overdue AS due
  FROM wanted w
  JOIN radioshop.plan p ON p.agency_id = w.agency_id AND (:plan = '' OR p.code_key = upper(:plan))
  CROSS JOIN LATERAL (
    SELECT (count(*) FILTER (WHERE d.done_on < d.overdue_from))::int4 AS on_time,
      (count(*) FILTER (WHERE d.done_on >= d.overdue_from))::int4 AS late
    FROM radioshop.due_met d
    WHERE d.agency_id = p.agency_id AND d.plan_id = p.plan_id AND d.due_on BETWEEN w.first_on AND w.last_on) m
  CROSS JOIN LATERAL (
    SELECT count(*)::int4 AS overdue FROM radioshop.schedule i
    WHERE i.agency_id = p.agency_id AND i.plan_id = p.plan_id AND i.next_due BETWEEN w.first_on AND w.last_on
      AND i.overdue_from <= w.today) o
)
SELECT w.refusal, c.agency, c.plan, c.name, c.due, c.on_time, c.late, c.overdue,
  round(100.0 * c.on_time / c.due, 1)::float8 AS percent_on_time
FROM wrong w LEFT JOIN counted c ON w.refusal IS NULL AND c.due > 0
WHERE w.refusal IS NOT NULL OR c.agency IS NOT NULL
ORDER BY c.agency, c.plan
