-- How long repairs took that became ready in the period, by the moves of their history. The first time ready counts: a ticket that was
-- opened again later was ready then.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.begins, w.ends FROM radioshop.report_period(:agency::text, :from::date, :to::date) w
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, :from, :to),
    CASE WHEN :by::text = 'asset' THEN radioshop.refuse('INVALID_ARGUMENT', 'by', 'give agency, model or priority') END) AS refusal
), readied AS MATERIALIZED (
  SELECT e.agency_id, e.ticket_id, w.code, min(e.at) AS at
  FROM wanted w JOIN radioshop.ticket_entry e ON e.agency_id = w.agency_id AND e.at >= w.begins AND e.at < w.ends
  WHERE e.kind = 'move' AND e.state = 'ready' AND NOT EXISTS (
    SELECT FROM radioshop.ticket_entry b
    WHERE b.agency_id = e.agency_id AND b.ticket_id = e.ticket_id AND b.entry_no < e.entry_no AND b.kind = 'move' AND b.state = 'ready')
  GROUP BY 1, 2, 3
), taken AS (
  SELECT CASE WHEN coalesce(:by, 'agency') = 'agency' THEN y.code ELSE '' END AS agency,
    CASE WHEN :by = 'model' THEN coalesce(m.number, '') ELSE '' END AS model,
    CASE WHEN :by = 'priority' THEN t.priority END AS priority,
    (extract(epoch FROM y.at - t.opened_at) / 3600)::float8 AS ready,
    (extract(epoch FROM r.at - t.opened_at) / 3600)::float8 AS returned
  FROM readied y
  JOIN radioshop.ticket t ON t.agency_id = y.agency_id AND t.ticket_id = y.ticket_id
  JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id
  CROSS JOIN LATERAL (
    SELECT min(b.at) AS at FROM radioshop.ticket_entry b
    WHERE b.agency_id = t.agency_id AND b.ticket_id = t.ticket_id AND b.kind = 'move' AND b.state = 'returned') r
), measured AS (
  SELECT k.agency, k.model, k.priority, count(*)::int4 AS tickets, count(k.returned)::int4 AS returned,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY k.ready) AS ready_median, percentile_cont(0.9) WITHIN GROUP (ORDER BY k.ready) AS ready_p90,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY k.returned) AS returned_median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY k.returned) AS returned_p90
  FROM taken k GROUP BY k.agency, k.model, k.priority
)
SELECT w.refusal, m.agency, m.model, m.priority, m.tickets, round(m.ready_median::numeric, 1)::float8 AS ready_median_hours,
  round(m.ready_p90::numeric, 1)::float8 AS ready_p90_hours, m.returned,
  coalesce(round(m.returned_median::numeric, 1), 0)::float8 AS returned_median_hours,
  coalesce(round(m.returned_p90::numeric, 1), 0)::float8 AS returned_p90_hours
FROM wrong w LEFT JOIN measured m ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR m.tickets IS NOT NULL
ORDER BY m.agency, m.model, array_position('{urgent,high,normal,low}', m.priority)
