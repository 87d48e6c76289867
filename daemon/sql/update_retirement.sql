-- Changes the named fields of a retirement that is still at the revision read.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.state, s.reason, s.note, s.retired_on, s.retired_at, s.retired_by,
  s.method, s.disposed_on, s.recipient, s.proceeds_cents, s.certificate, s.disposal_note, s.disposed_at, s.disposed_by, s.system, s.unit_id, s.ended_at,
  s.ended_by, s.warnings, s.revision
FROM radioshop.update_retirement(:retirement.id::text, :update_mask.paths::text[], :retirement.revision::int8, :retirement.reason::text,
  :retirement.note::text, :retirement.retired_on::date, :retirement.method::text, :retirement.disposed_on::date, :retirement.recipient::text,
  :retirement.proceeds_cents::int8, :retirement.certificate::text, :retirement.disposal_note::text) s
