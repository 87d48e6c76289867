-- The steps of a service of one radio, with the limits that apply to it today.
SELECT s.refusal, s.step, s.title, s.kind, s.may_skip, s.test, s.unit, s.band, s.mode, s.passing, s.failing, s.limit_id AS "limit", s.limit_text,
  s.limit_source, s.legal_limit_text, s.asset_code AS asset, s.plan_code AS plan, s.procedure_code AS procedure, s.version AS procedure_version
FROM radioshop.service_sheet(:asset::text, :plan::text, :procedure::text) s
