-- Changes what a ticket says; the id goes before the number where both are given.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at, t.closed_at,
  t.labour_minutes, t.cost_cents, t.moves, t.revision
FROM radioshop.update_ticket(coalesce(nullif(:ticket.id::text, ''), :ticket.number::text), :ticket.revision::int8, :update_mask.paths::text[],
  :ticket.priority::text, :ticket.problem::text, :ticket.cause::text, :ticket.action::text) t
