-- Adds an entry to a ticket and to its sums.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at, t.closed_at,
  t.labour_minutes, t.cost_cents, t.moves, t.revision
FROM radioshop.add_ticket_entry(:ticket::text, :kind::text, :text::text, :minutes::int4, :cost_cents::int8) t
