-- Opens a ticket; the number, the first entry, the status of the asset and the loaner come with it.
SELECT t.refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause, t.cause_code, t.action,
  t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents, t.estimate_cents, t.approved_cents,
  t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves, t.revision, lent.loaner,
  lent.due_on AS loaner_due_on
FROM radioshop.open_ticket_with_loaner(:asset::text, :problem::text, :priority::text, :received::bool,
  :problem_code::text, :loaner::text, :loaner_borrower::text, :loaner_due_on::date) t
LEFT JOIN LATERAL radioshop.loaner_of(t.agency, t.id) lent ON t.id IS NOT NULL
