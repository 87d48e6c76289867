-- Takes an asset out of the pool of its agency.
SELECT s.refusal, s.agency, s.tag, s.model, s.family, s.band, s.class, s.status, s.free, s.note, s.loan, s.borrower, s.borrower_agency, s.ticket, s.out_on,
  s.due_on, s.days_out, s.days_late
FROM radioshop.change_loaner(false, :asset::text, '') s
