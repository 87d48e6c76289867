-- How often each model failed for each cause, and of how many in use. Where no fault was found nothing failed.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.begins, w.ends FROM radioshop.report_period(:agency::text, :from::date, :to::date) w
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, :from, :to, :top::int4),
    CASE WHEN :model::text <> '' AND NOT EXISTS (SELECT FROM radioshop.model m WHERE m.number_key = upper(btrim(:model))) THEN
      radioshop.refuse('NOT_FOUND', 'model', format('no model has the number %s', :model)) END) AS refusal
), failed AS (
  SELECT a.model_id, coalesce(t.cause_code, lower(regexp_replace(t.cause, '\s+', ' ', 'g'))) AS same,
    coalesce(max(c.name), min(t.cause)) AS cause, coalesce(max(t.cause_code), '') AS cause_code, count(*)::int4 AS tickets,
    count(DISTINCT t.asset_id)::int4 AS assets
  FROM wanted w
  JOIN radioshop.ticket t ON t.agency_id = w.agency_id AND t.opened_at >= w.begins AND t.opened_at < w.ends
  JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id
  LEFT JOIN radioshop.ticket_code c ON c.kind = 'cause' AND c.code = t.cause_code
  WHERE t.outcome IS DISTINCT FROM 'cancelled' AND t.outcome IS DISTINCT FROM 'no_fault_found' AND (:model = '' OR m.number_key = upper(btrim(:model)))
  GROUP BY 1, 2
  ORDER BY count(*) DESC, 1, 2
  LIMIT CASE WHEN :top BETWEEN 1 AND 1000 THEN :top ELSE 100 END
), fleets AS MATERIALIZED (
  SELECT a.model_id, count(*)::int4 AS assets FROM wanted w JOIN radioshop.asset a ON a.agency_id = w.agency_id
  WHERE a.status NOT IN ('retired', 'disposed', 'missing')
  GROUP BY 1
)
SELECT w.refusal, coalesce(m.number, '') AS model, f.cause_code, f.cause, f.tickets, f.assets, coalesce(l.assets, 0) AS fleet,
  coalesce(round(100.0 * f.tickets / nullif(l.assets, 0), 1), 0)::float8 AS per_100
FROM wrong w
LEFT JOIN (failed f
  LEFT JOIN fleets l ON l.model_id IS NOT DISTINCT FROM f.model_id
  LEFT JOIN radioshop.model m ON m.model_id = f.model_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR f.tickets IS NOT NULL
ORDER BY f.tickets DESC, model, f.cause
