-- Corrects the stock of a part at a location to what was counted there.
SELECT c.refusal, c.id, c.at, c.kind, c.part, c.name, c.unit, c.quantity, c.location, c.to_location, c.ticket, c.cost_cents, c.expected, c.found,
  c.on_hand, c.lots
FROM radioshop.count_parts(:part::text, :location::text, :found::int4, :expected::int4, :lot::text, :reason::text) c
