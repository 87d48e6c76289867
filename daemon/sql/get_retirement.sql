-- The retirement that stands of an asset, or its last one.
SELECT coalesce(o.refusal, s.refusal) AS refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.state, s.reason, s.note, s.retired_on, s.retired_at, s.retired_by,
  s.method, s.disposed_on, s.recipient, s.proceeds_cents, s.certificate, s.disposal_note, s.disposed_at, s.disposed_by, s.system, s.unit_id, s.ended_at,
  s.ended_by, s.warnings, s.revision
FROM radioshop.one_retirement(:asset::text) o
LEFT JOIN LATERAL radioshop.shown_retirement(o.agency_id, o.retirement_id) s ON o.refusal IS NULL
