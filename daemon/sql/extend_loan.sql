-- Moves the day on which a loan is due, within its longest period.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.borrower, s.badge, s.unit, s.borrower_agency, s.purpose, s.ticket, s.out_at, s.out_by,
  s.out_on, s.due_on, s.latest_on, s.reason, s.note, s.in_at, s.in_by, s.condition, s.return_note, s.damage_ticket, s.days_out, s.days_late, s.revision
FROM radioshop.extend_loan(:loan::text, :revision::int8, :due_on::date, :reason::text) s
