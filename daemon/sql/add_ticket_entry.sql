-- Adds an entry to a ticket and to its sums.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause, t.cause_code, t.action,
  t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents, t.estimate_cents, t.approved_cents,
  t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves, t.revision
FROM radioshop.add_ticket_entry(:ticket::text, :kind::text, :text::text, :minutes::int4, :cost_cents::int8) t
