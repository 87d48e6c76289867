-- How an inventory stands at each location. It reads every radio of it, so it runs on the slow connections.
SELECT o.refusal, c.location, c.expected, c.found, c.wrong_place, c.missing, c.accounted, c.unexpected,
  radioshop.inventory_percent(c.expected, c.missing) AS percent
FROM radioshop.one_inventory(:inventory::text) o
LEFT JOIN LATERAL radioshop.inventory_counts(o.agency_id, o.inventory_id) c ON o.refusal IS NULL
ORDER BY upper(c.location) COLLATE "C"
