-- One RMA by the vendor's number, its ticket's, or its UUID.
SELECT o.refusal, s.id, s.number, s.agency, s.ticket, s.ticket_state, s.tag, s.vendor, s.kind, s.goodwill, s.state, s.accessories, s.expected_days,
  s.carrier, s.tracking, s.shipped_on, s.expected_on, s.received_on, s.turnaround_days, s.days_late, s.serial_sent, s.serial_back,
  s.firmware_sent, s.firmware_back, s.codeplug_due, s.codeplug_reloaded_at, s.codeplug_reloaded_by, s.outcome, s.cost_cents, s.note, s.opened_by,
  s.opened_at, s.revision
FROM radioshop.one_rma(:rma::text) o
LEFT JOIN LATERAL radioshop.shown_rma(o.agency_id, o.rma_id) s ON o.refusal IS NULL
