-- Says how retired assets were disposed of, all or none.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.state, s.reason, s.note, s.retired_on, s.retired_at, s.retired_by,
  s.method, s.disposed_on, s.recipient, s.proceeds_cents, s.certificate, s.disposal_note, s.disposed_at, s.disposed_by, s.system, s.unit_id, s.ended_at,
  s.ended_by, s.warnings, s.revision
FROM radioshop.dispose_assets(:assets::text[], :method::text, :disposed_on::date, :recipient::text, :proceeds_cents::int8, :certificate::text,
  :note::text) s
