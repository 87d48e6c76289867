-- Begins an inventory and writes down what is expected in the same transaction, however many, so it runs on the slow connections.
SELECT s.refusal, s.number, s.agency, s.location, s.class, s.state, s.expected, s.found, s.wrong_place, s.missing, s.accounted, s.unexpected,
  s.percent, s.note, s.started_by, s.started_at, s.closed_by, s.closed_at, s.close_note, s.set_missing, s.set_location
FROM radioshop.start_inventory(:agency::text, :location::text, :class::text, :note::text) s
