-- One custodian, and what they hold.
SELECT coalesce(o.refusal, s.refusal) AS refusal, s.id, s.agency, s.code, s.kind, s.name, s.note, s.inactive, s.holding, s.overdue, s.held, s.revision, s.created_at, s.updated_at
FROM radioshop.one_custodian(:custodian::text, NULL, 'custodian') o
LEFT JOIN LATERAL radioshop.shown_custodian(o.agency_id, o.custodian_id) s ON o.refusal IS NULL
