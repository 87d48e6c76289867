-- Takes parts out of the stock and charges a ticket with them, oldest lot first.
SELECT c.refusal, c.id, c.at, c.kind, c.part, c.name, c.unit, c.quantity, c.location, c.to_location, c.ticket, c.cost_cents, c.expected, c.found,
  c.on_hand, c.lots
FROM radioshop.use_parts(:ticket::text, :part::text, :quantity::int4, :location::text, :lot::text) c
