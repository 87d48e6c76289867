-- Plans by agency and code; an agency has tens of them at most. Assets are counted for the plans of the page only.
WITH wrong AS (
  SELECT CASE WHEN :agency::text <> '' AND NOT EXISTS (
      SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency))
    THEN radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT p.agency_id, p.plan_id, p.code_key, g.code AS agency
  FROM radioshop.agency g JOIN radioshop.plan p ON p.agency_id = g.agency_id
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency = '' OR g.code = upper(:agency))
    AND (g.code, p.code_key) > (coalesce((:page_key::text[])[1], ''), coalesce((:page_key::text[])[2], ''))
  ORDER BY g.code, p.code_key
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.agency, s.code, s.name, s.instructions, s.interval_count, s.interval_unit, s.basis, s.first_due_on, s.grace_days,
  s.escalate_days, s.class, s.model, s.stopped, s.assets, s.revision, s.rule, s.early_days, s.blackout_from, s.blackout_until,
  s.defer_limit_days, s.meter, s.meter_every, ARRAY[page.agency, page.code_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_plan(page.agency_id, page.plan_id) s ON page.plan_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.plan_id IS NOT NULL
ORDER BY page.agency, page.code_key
