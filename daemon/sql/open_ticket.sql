-- Opens a ticket; the number, the first entry and the status of the asset come with it.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at, t.closed_at,
  t.labour_minutes, t.cost_cents, t.moves, t.revision
FROM radioshop.open_ticket(:asset::text, :problem::text, :priority::text, :received::bool) t
