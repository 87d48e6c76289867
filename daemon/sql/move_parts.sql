-- Carries parts from one location to another.
SELECT c.refusal, c.id, c.at, c.kind, c.part, c.name, c.unit, c.quantity, c.location, c.to_location, c.ticket, c.cost_cents, c.expected, c.found,
  c.on_hand, c.lots
FROM radioshop.move_parts(:part::text, :location::text, :to_location::text, :quantity::int4, :lot::text, :reason::text) c
