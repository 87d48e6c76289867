-- Ends a loan; the asset has the status it had before, and its ticket if something is wrong with it.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.borrower, s.badge, s.unit, s.borrower_agency, s.purpose, s.ticket, s.out_at, s.out_by,
  s.out_on, s.due_on, s.latest_on, s.reason, s.note, s.in_at, s.in_by, s.condition, s.return_note, s.damage_ticket, s.days_out, s.days_late, s.revision
FROM radioshop.return_loan(:loan::text, :revision::int8, :condition::text, :note::text, :problem::text) s
