-- What is to be replaced in each budget year, and what that costs. It reads every asset of the agencies asked for, so it runs on the slow
-- connections. What should have been replaced before is counted in the budget year of today; what nobody knows a day of, in the year 0.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.today, t.budget_month, radioshop.budget_year(w.today, t.budget_month) AS this_year
  FROM radioshop.report_period(:agency::text, NULL, NULL) w JOIN radioshop.ticket_terms t ON t.agency_id = w.agency_id
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, NULL, NULL), CASE
    WHEN coalesce(:by::text, 'model') NOT IN ('model', 'agency') THEN radioshop.refuse('INVALID_ARGUMENT', 'by', 'give agency or model')
    WHEN :years::int4 NOT BETWEEN 0 AND 50 THEN radioshop.refuse('INVALID_ARGUMENT', 'years', 'give 1 to 50 years, or 0 for ten') END) AS refusal
), last AS MATERIALIZED (
  SELECT w.agency_id, c.model_id, c.cost_cents FROM wanted w CROSS JOIN LATERAL radioshop.last_costs_of(w.agency_id) c
), piece AS (
  SELECT w.code, w.budget_month, w.this_year, r.quantity, coalesce(r.price_cents, l.cost_cents) AS price_cents,
    CASE WHEN r.replace_on IS NULL THEN 0 ELSE greatest(radioshop.budget_year(r.replace_on, w.budget_month), w.this_year) END AS year,
    coalesce(r.replace_on < w.today, false) AS overdue,
    CASE WHEN :by = 'agency' THEN NULL ELSE r.class END AS class, CASE WHEN :by = 'agency' THEN NULL ELSE r.model_id END AS model_id
  FROM wanted w CROSS JOIN LATERAL radioshop.replacements_of(w.agency_id) r
  LEFT JOIN last l ON r.price_cents IS NULL AND l.agency_id = w.agency_id AND l.model_id = r.model_id
), added AS (
  SELECT p.code, p.budget_month, p.year, p.class, p.model_id, sum(p.quantity) AS assets,
    coalesce(sum(p.quantity) FILTER (WHERE p.overdue), 0) AS overdue, coalesce(sum(p.quantity) FILTER (WHERE p.price_cents IS NULL), 0) AS unpriced,
    least(coalesce(sum(p.quantity * p.price_cents::numeric), 0), 9000000000000000000) AS cost_cents
  FROM piece p
  WHERE p.year < p.this_year + CASE :years WHEN 0 THEN 10 ELSE :years END
  GROUP BY p.code, p.budget_month, p.year, p.class, p.model_id
)
SELECT w.refusal, d.code AS agency, d.year AS budget_year, CASE WHEN d.year > 0 THEN radioshop.budget_year_begins(d.year, d.budget_month) END AS begins_on,
  d.class, coalesce(m.number, '') AS model, d.assets::int8 AS assets, d.overdue::int8 AS overdue, d.unpriced::int8 AS unpriced,
  d.cost_cents::int8 AS cost_cents
FROM wrong w LEFT JOIN added d ON w.refusal IS NULL
LEFT JOIN radioshop.model m ON m.model_id = d.model_id
WHERE w.refusal IS NOT NULL OR d.code IS NOT NULL
ORDER BY d.code, d.year = 0, d.year, d.class, m.number_key
