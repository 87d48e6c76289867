-- What one agency and the shop have agreed about repairs.
SELECT g.code AS agency, s.approval_above_cents, s.return_days, s.urgent_hours, s.high_hours, s.normal_hours, s.low_hours,
  s.budget_month, s.revision
FROM radioshop.agency g JOIN radioshop.ticket_terms s ON s.agency_id = g.agency_id
WHERE g.code = upper(btrim(:agency::text)) AND g.agency_id = ANY (radioshop.agencies())
