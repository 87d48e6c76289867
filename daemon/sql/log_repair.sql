-- Logs a repair that is already done: one closed ticket with its history.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at, t.closed_at,
  t.labour_minutes, t.cost_cents, t.moves, t.revision
FROM radioshop.log_repair(:asset::text, :problem::text, :cause::text, :action::text, :minutes::int4, :part::text, :part_cost_cents::int8) t
