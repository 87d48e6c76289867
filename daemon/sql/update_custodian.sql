-- Changes a custodian that is still at the revision read.
SELECT s.refusal, s.id, s.agency, s.code, s.kind, s.name, s.note, s.inactive, s.holding, s.overdue, s.held, s.revision, s.created_at, s.updated_at
FROM radioshop.update_custodian(:custodian.id::text, :custodian.revision::int8, :update_mask.paths::text[], :custodian.code::text,
  :custodian.kind::text, :custodian.name::text, :custodian.note::text, :custodian.inactive::bool) s
