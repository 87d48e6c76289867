-- One inventory by its number. What is open is counted radio by radio, so it runs on the slow connections.
SELECT coalesce(o.refusal, s.refusal) AS refusal, s.number, s.agency, s.location, s.class, s.state, s.expected, s.found, s.wrong_place, s.missing, s.accounted, s.unexpected,
  s.percent, s.note, s.started_by, s.started_at, s.closed_by, s.closed_at, s.close_note, s.set_missing, s.set_location
FROM radioshop.one_inventory(:inventory::text) o
LEFT JOIN LATERAL radioshop.shown_inventory(o.agency_id, o.inventory_id) s ON o.refusal IS NULL
