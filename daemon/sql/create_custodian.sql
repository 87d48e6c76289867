-- Adds a custodian.
SELECT s.refusal, s.id, s.agency, s.code, s.kind, s.name, s.note, s.inactive, s.holding, s.overdue, s.held, s.revision, s.created_at, s.updated_at
FROM radioshop.create_custodian(:custodian.agency::text, :custodian.code::text, :custodian.kind::text, :custodian.name::text,
  :custodian.note::text, :custodian.inactive::bool) s
