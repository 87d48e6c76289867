-- Checks assets in, all or none.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.custodian, s.kind, s.name, s.out_at, s.out_by, s.due_on,
  s.days_late, s.note, s.in_at, s.in_by, s.returned_to, s.return_note
FROM radioshop.check_in(:assets::text[], :location::text, :note::text) s
