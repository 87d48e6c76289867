-- Moves a ticket; the status of the asset follows by trigger. A ticket that may not move before its radio is tested is not even looked for.
SELECT coalesce(g.refusal, t.refusal) AS refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause,
  t.cause_code, t.action, t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents,
  t.estimate_cents, t.approved_cents, t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves,
  t.revision, lent.loaner, lent.due_on AS loaner_due_on
FROM (SELECT coalesce(radioshop.refuse_untested(:ticket::text, :state::text, :outcome::text),
    CASE WHEN :retire_asset::bool THEN radioshop.refuse_retiring_with(:ticket) END) AS refusal OFFSET 0) g
CROSS JOIN LATERAL radioshop.move_ticket(CASE WHEN g.refusal IS NULL THEN :ticket END, :revision::int8, :state, :note::text, :cause::text,
  :action::text, :cause_code::text, :action_code::text, :outcome, :retire_asset) t
LEFT JOIN LATERAL radioshop.loaner_of(t.agency, t.id) lent ON t.id IS NOT NULL
