-- Radios that came back with the same problem soon after they were repaired. A repair ends when its ticket is closed.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.begins, w.ends FROM radioshop.report_period(:agency::text, :from::date, :to::date) w
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, :from, :to, :top::int4),
    CASE WHEN :days::int4 NOT BETWEEN 0 AND 3650 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'days', 'give 1 to 3650 days, or 0 for 90') END) AS refusal
), told AS (
  SELECT t.agency_id, w.code, w.begins, t.asset_id, t.ticket_id, t.number, t.opened_at, t.problem, n.same,
    extract(epoch FROM t.opened_at - lag(coalesce(t.closed_at, t.opened_at)) OVER (
      PARTITION BY t.agency_id, t.asset_id, n.same ORDER BY t.opened_at, t.ticket_id)) / 86400 AS days
  FROM wanted w JOIN radioshop.ticket t ON t.agency_id = w.agency_id AND t.opened_at < w.ends
  CROSS JOIN LATERAL (SELECT coalesce(t.problem_code, lower(regexp_replace(t.problem, '\s+', ' ', 'g'))) AS same) n
  WHERE t.state <> 'cancelled'
), came_back AS (
  SELECT t.agency_id, t.code, t.asset_id, (array_agg(t.problem ORDER BY t.opened_at DESC, t.ticket_id DESC))[1] AS problem,
    count(*)::int4 AS repeats, floor(greatest(0, min(t.days)))::int4 AS least_days,
    (array_agg(t.number ORDER BY t.opened_at DESC, t.ticket_id DESC))[1] AS last_ticket, max(t.opened_at) AS last_opened_at
  FROM told t
  WHERE t.opened_at >= t.begins AND floor(t.days) <= CASE WHEN :days = 0 THEN 90 ELSE :days END
  GROUP BY t.agency_id, t.code, t.asset_id, t.same
  ORDER BY count(*) DESC, max(t.opened_at) DESC, max(t.ticket_id::text)
  LIMIT CASE WHEN :top BETWEEN 1 AND 1000 THEN :top ELSE 100 END
)
SELECT w.refusal, c.code AS agency, a.tag, a.serial, coalesce(m.number, '') AS model, c.problem, c.repeats, c.least_days, c.last_ticket,
  c.last_opened_at
FROM wrong w
LEFT JOIN (came_back c
  JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR c.code IS NOT NULL
ORDER BY c.repeats DESC, c.last_opened_at DESC, c.last_ticket
