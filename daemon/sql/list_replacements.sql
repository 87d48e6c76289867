-- The pieces behind a forecast, in order of agency and tag. The walk is on the index of tags, and the rule is asked of each: where few fit, many
-- are read, so it runs on the slow connections. The keys are columns of a CTE: coalesce() is not leakproof, and row level security would keep
-- the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT w.agency_id, w.code, w.today, t.budget_month, radioshop.budget_year(w.today, t.budget_month) AS this_year,
    CASE WHEN w.code = (:page_key::text[])[1] THEN (:page_key::text[])[2] ELSE '' END AS tag_after
  FROM radioshop.report_period(:agency::text, NULL, NULL) w JOIN radioshop.ticket_terms t ON t.agency_id = w.agency_id
  WHERE w.code >= coalesce((:page_key::text[])[1], '')
), kind AS MATERIALIZED (
  SELECT (SELECT m.model_id FROM radioshop.model m WHERE m.number_key = upper(btrim(:model::text))) AS model_id
), wrong AS (
  SELECT coalesce(radioshop.refuse_report(:agency, NULL, NULL), CASE
    WHEN :budget_year::int4 NOT BETWEEN 0 AND 2300 THEN radioshop.refuse('INVALID_ARGUMENT', 'budget_year', 'give the year in which the budget year ends')
    WHEN :unknown::bool AND :budget_year > 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'unknown', 'ask for a budget year, or for what has none')
    END) AS refusal
), page AS (
  SELECT w.code, w.agency_id, w.today, d.asset_id, d.tag_key, d.replace_on, d.by_support, d.price_cents, d.model_id, d.year
  FROM wanted w CROSS JOIN kind k CROSS JOIN LATERAL (
    SELECT r.asset_id, r.tag_key, r.replace_on, r.by_support, r.price_cents, r.model_id,
      CASE WHEN r.replace_on IS NULL THEN 0 ELSE greatest(radioshop.budget_year(r.replace_on, w.budget_month), w.this_year) END AS year
    FROM radioshop.replacements_of(w.agency_id) r
    WHERE r.tag_key > w.tag_after AND (:class::text IS NULL OR r.class = :class) AND (:model = '' OR r.model_id = k.model_id)
      AND CASE WHEN :unknown THEN r.replace_on IS NULL
        WHEN :budget_year = 0 THEN r.replace_on IS NOT NULL
        ELSE greatest(radioshop.budget_year(r.replace_on, w.budget_month), w.this_year) = :budget_year AND r.replace_on IS NOT NULL END
    ORDER BY r.tag_key LIMIT :page_limit::int4) d
  ORDER BY w.code, d.tag_key
  LIMIT :page_limit
), last AS MATERIALIZED (
  SELECT o.agency_id, o.model_id, c.cost_cents
  FROM (SELECT DISTINCT p.agency_id, p.model_id FROM page p WHERE p.price_cents IS NULL AND p.model_id IS NOT NULL) o
    CROSS JOIN LATERAL (SELECT x.cost_cents FROM radioshop.last_costs_of(o.agency_id) x WHERE x.model_id = o.model_id) c
)
SELECT w.refusal, p.code AS agency, a.tag, a.serial, coalesce(m.number, '') AS model, a.class, a.status, a.assigned_to, a.location, a.quantity,
  a.purchased_on, m.end_of_support_on, p.replace_on, CASE WHEN p.replace_on IS NULL THEN '' WHEN p.by_support THEN 'end of support' ELSE 'age' END AS because,
  p.year AS budget_year, coalesce(p.replace_on < p.today, false) AS overdue,
  coalesce(p.price_cents, l.cost_cents) AS price_cents,
  p.asset_id, ARRAY[p.code, p.tag_key] AS page_key
FROM wrong w
LEFT JOIN page p ON w.refusal IS NULL
LEFT JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
LEFT JOIN radioshop.model m ON m.model_id = a.model_id
LEFT JOIN last l ON l.agency_id = p.agency_id AND l.model_id = p.model_id
WHERE w.refusal IS NOT NULL OR p.asset_id IS NOT NULL
ORDER BY p.code, p.tag_key
