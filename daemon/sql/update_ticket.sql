-- Changes what a ticket says; the id goes before the number where both are given.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause, t.cause_code, t.action,
  t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents, t.estimate_cents, t.approved_cents,
  t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves, t.revision
FROM radioshop.update_ticket(coalesce(nullif(:ticket.id::text, ''), :ticket.number::text), :ticket.revision::int8, :update_mask.paths::text[],
  :ticket.priority::text, :ticket.problem::text, :ticket.cause::text, :ticket.action::text,
  :ticket.problem_code::text, :ticket.cause_code::text, :ticket.action_code::text, :ticket.estimate_cents::int8, :ticket.returns_ticket::text,
  :ticket.parent::text) t
