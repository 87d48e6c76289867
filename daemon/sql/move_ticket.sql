-- Moves a ticket; the status of the asset follows by trigger. A ticket that may not move before its radio is tested is not even looked for.
SELECT coalesce(g.refusal, t.refusal) AS refusal, t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause,
  t.cause_code, t.action, t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents,
  t.estimate_cents, t.approved_cents, t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves,
  t.revision
FROM (SELECT radioshop.refuse_untested(:ticket::text, :state::text, :outcome::text) AS refusal OFFSET 0) g
CROSS JOIN LATERAL radioshop.move_ticket(CASE WHEN g.refusal IS NULL THEN :ticket END, :revision::int8, :state, :note::text, :cause::text,
  :action::text, :cause_code::text, :action_code::text, :outcome, :retire_asset::bool) t
