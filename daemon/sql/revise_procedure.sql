-- The next version of a procedure's steps; services on record keep theirs.
SELECT s.refusal, s.code, s.name, s.post_repair, s.class, s.family, s.model, s.stopped, s.version, s.steps, s.plans, s.revision
FROM radioshop.revise_procedure(:procedure::text, :revision::int8, :steps.step::text[], :steps.title::text[], :steps.kind::text[], :steps.may_skip::bool[], :steps.test::text[],
  :steps.unit::text[], :steps.band::text[], :steps.mode::text[], :steps.passing::text[], :steps.failing::text[]) s
