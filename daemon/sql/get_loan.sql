-- One loan by a code on its asset, the number of its ticket, or its UUID.
SELECT o.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.borrower, s.badge, s.unit, s.borrower_agency, s.purpose, s.ticket, s.out_at, s.out_by,
  s.out_on, s.due_on, s.latest_on, s.reason, s.note, s.in_at, s.in_by, s.condition, s.return_note, s.damage_ticket, s.days_out, s.days_late, s.revision
FROM radioshop.one_loan(:loan::text) o
LEFT JOIN LATERAL radioshop.shown_loan(o.agency_id, o.loan_id) s ON o.refusal IS NULL
