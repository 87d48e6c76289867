-- How each plan stands, counted on the index of a plan's due dates. It reads every due date of the agencies asked for, so
-- it runs on the slow connections.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, t.today, coalesce(:until::date, t.today + 30) AS until
  FROM radioshop.agency g CROSS JOIN LATERAL (SELECT radioshop.today(g.time_zone) AS today) t
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), standing AS (
  SELECT w.code AS agency, p.code AS plan, p.name, s.assets, s.due, s.overdue, s.earliest
  FROM wanted w
  JOIN radioshop.plan p ON p.agency_id = w.agency_id AND NOT p.stopped
  CROSS JOIN LATERAL (
    SELECT count(*)::int4 AS assets, min(i.next_due) AS earliest,
      (count(*) FILTER (WHERE i.overdue_from <= w.today))::int4 AS overdue,
      (count(*) FILTER (WHERE i.overdue_from > w.today AND i.next_due <= w.until))::int4 AS due
    FROM radioshop.schedule i
    WHERE i.agency_id = p.agency_id AND i.plan_id = p.plan_id AND i.next_due IS NOT NULL) s
)
SELECT w.refusal, s.agency, s.plan, s.name, s.assets, s.due, s.overdue, s.earliest AS earliest_due_on
FROM wrong w LEFT JOIN standing s ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR s.agency IS NOT NULL
ORDER BY s.agency, s.plan
