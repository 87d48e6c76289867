-- What repairs have cost, from the entries of the tickets: the one place where cost is.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.begins, w.ends FROM radioshop.report_period(:agency::text, :from::date, :to::date) w
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, :from, :to, :top::int4),
    CASE WHEN :by::text = 'priority' THEN radioshop.refuse('INVALID_ARGUMENT', 'by', 'give agency, model or asset') END) AS refusal
), spent AS MATERIALIZED (
  SELECT w.code, e.agency_id, e.ticket_id, sum(e.minutes) AS minutes, sum(e.cost_cents) FILTER (WHERE e.kind = 'part') AS parts,
    sum(e.cost_cents) FILTER (WHERE e.kind <> 'part') AS outside
  FROM wanted w JOIN radioshop.ticket_entry e ON e.agency_id = w.agency_id AND e.at >= w.begins AND e.at < w.ends
  WHERE e.minutes <> 0 OR e.cost_cents <> 0
  GROUP BY 1, 2, 3
), added AS (
  SELECT g.agency, g.tag, g.model, count(DISTINCT t.asset_id)::int4 AS assets, count(*)::int4 AS tickets,
    coalesce(sum(s.minutes), 0)::int8 AS minutes, coalesce(sum(s.parts), 0)::int8 AS parts, coalesce(sum(s.outside), 0)::int8 AS outside
  FROM spent s
  JOIN radioshop.ticket t ON t.agency_id = s.agency_id AND t.ticket_id = s.ticket_id
  JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id
  CROSS JOIN LATERAL (SELECT
    CASE WHEN :by = 'model' THEN '' ELSE s.code END AS agency,
    CASE WHEN :by = 'asset' THEN a.tag ELSE '' END AS tag,
    CASE WHEN :by IN ('asset', 'model') THEN coalesce(m.number, '') ELSE '' END AS model) g
  GROUP BY g.agency, g.tag, g.model
  ORDER BY coalesce(sum(s.parts), 0) + coalesce(sum(s.outside), 0) DESC, sum(s.minutes) DESC, g.agency, g.tag, g.model
  LIMIT CASE WHEN :top BETWEEN 1 AND 1000 THEN :top ELSE 100 END
)
SELECT w.refusal, d.agency, d.tag, d.model, d.assets, d.tickets, d.minutes AS labour_minutes, d.parts AS parts_cents,
  d.outside AS outside_cents, d.parts + d.outside AS cost_cents
FROM wrong w LEFT JOIN added d ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR d.assets IS NOT NULL
ORDER BY d.parts + d.outside DESC, d.minutes DESC, d.agency, d.tag, d.model
