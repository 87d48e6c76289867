-- Which procedure the services of a plan follow.
SELECT s.refusal, s.agency_code AS agency, s.plan_code AS plan, s.procedure_code AS procedure, s.plan_revision AS revision
FROM radioshop.attach_procedure(:agency::text, :plan::text, :revision::int8, :procedure::text) s
