-- Moves a ticket; the status of the asset follows by trigger.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at, t.closed_at,
  t.labour_minutes, t.cost_cents, t.moves, t.revision
FROM radioshop.move_ticket(:ticket::text, :revision::int8, :state::text, :note::text, :cause::text, :action::text) t
