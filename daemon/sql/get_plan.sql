-- One plan by agency and code. shown_plan() counts its assets from the index of due dates.
SELECT CASE WHEN p.plan_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'plan', format('agency %s has no plan %s', :agency::text, :plan::text)) END AS refusal,
  s.agency, s.code, s.name, s.instructions, s.interval_count, s.interval_unit, s.basis, s.first_due_on, s.grace_days, s.escalate_days,
  s.class, s.model, s.stopped, s.assets, s.revision, s.rule, s.early_days, s.blackout_from, s.blackout_until,
  s.defer_limit_days, s.meter, s.meter_every
FROM (VALUES (1)) one (row)
LEFT JOIN (radioshop.agency g JOIN radioshop.plan p ON p.agency_id = g.agency_id)
  ON g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency::text) AND p.code_key = upper(:plan::text)
LEFT JOIN LATERAL radioshop.shown_plan(p.agency_id, p.plan_id) s ON p.plan_id IS NOT NULL
