-- The radio is back, or another in its place: serial number, firmware, bill, and the ticket on to testing or diagnosis.
SELECT s.refusal, s.id, s.number, s.agency, s.ticket, s.ticket_state, s.tag, s.vendor, s.kind, s.goodwill, s.state, s.accessories, s.expected_days,
  s.carrier, s.tracking, s.shipped_on, s.expected_on, s.received_on, s.turnaround_days, s.days_late, s.serial_sent, s.serial_back,
  s.firmware_sent, s.firmware_back, s.codeplug_due, s.codeplug_reloaded_at, s.codeplug_reloaded_by, s.outcome, s.cost_cents, s.note, s.opened_by,
  s.opened_at, s.revision
FROM radioshop.receive_rma(:rma::text, :revision::int8, :received_on::date, :outcome::text, :serial::text, :firmware::text,
  :codeplug_due::bool, :cost_cents::int8, :note::text) s
