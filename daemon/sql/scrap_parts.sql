-- Throws parts away.
SELECT c.refusal, c.id, c.at, c.kind, c.part, c.name, c.unit, c.quantity, c.location, c.to_location, c.ticket, c.cost_cents, c.expected, c.found,
  c.on_hand, c.lots
FROM radioshop.scrap_parts(:part::text, :location::text, :quantity::int4, :lot::text, :reason::text) c
