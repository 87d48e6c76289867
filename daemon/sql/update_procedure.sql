-- Changes the named fields of a procedure that is still at the revision read.
SELECT s.refusal, s.code, s.name, s.post_repair, s.class, s.family, s.model, s.stopped, s.version, s.steps, s.plans, s.revision
FROM radioshop.update_procedure(:procedure.code::text, :procedure.revision::int8, :update_mask.paths::text[], :procedure.name::text,
  :procedure.post_repair::bool, :procedure.class::text, :procedure.family::text, :procedure.model::text, :procedure.stopped::bool) s
