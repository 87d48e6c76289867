-- Lends an asset; where it is for a ticket, the ticket and the loan are linked in the same transaction.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.borrower, s.badge, s.unit, s.borrower_agency, s.purpose, s.ticket, s.out_at, s.out_by,
  s.out_on, s.due_on, s.latest_on, s.reason, s.note, s.in_at, s.in_by, s.condition, s.return_note, s.damage_ticket, s.days_out, s.days_late, s.revision
FROM radioshop.issue_loan(:asset::text, :ticket::text, :borrower::text, :badge::text, :unit::text, :borrower_agency::text, :purpose::text,
  :due_on::date, :note::text) s
