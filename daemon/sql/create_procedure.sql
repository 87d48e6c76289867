-- Adds a procedure with the steps of its first version.
SELECT s.refusal, s.code, s.name, s.post_repair, s.class, s.family, s.model, s.stopped, s.version, s.steps, s.plans, s.revision
FROM radioshop.create_procedure(:procedure.code::text, :procedure.name::text, :procedure.post_repair::bool, :procedure.class::text,
  :procedure.family::text, :procedure.model::text, :procedure.stopped::bool, :steps.step::text[], :steps.title::text[], :steps.kind::text[], :steps.may_skip::bool[], :steps.test::text[],
  :steps.unit::text[], :steps.band::text[], :steps.mode::text[], :steps.passing::text[], :steps.failing::text[]) s
