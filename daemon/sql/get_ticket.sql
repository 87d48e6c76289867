-- One ticket by number or UUID, with its history.
SELECT CASE WHEN f.ticket_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', :ticket::text)) END AS refusal,
  t.id, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.problem_code, t.cause, t.cause_code, t.action,
  t.action_code, t.outcome, t.opened_by, t.opened_at, t.closed_at, t.labour_minutes, t.cost_cents, t.estimate_cents, t.approved_cents,
  t.write_off_approved, t.returns_ticket, t.parent, t.sla_due_at, t.sla_remaining_minutes, t.sla_breached, t.moves, t.revision,
  lent.loaner, lent.due_on AS loaner_due_on,
  radioshop.entries_of(f.agency_id, f.ticket_id) AS entries, radioshop.approvals_of(f.agency_id, f.ticket_id) AS approvals,
  radioshop.checklist_of(f.agency_id, f.ticket_id) AS checklist,
  coalesce(n.children, 0) AS children, coalesce(n.open_children, 0) AS open_children,
  radioshop.watchers_of(f.agency_id, f.ticket_id) AS watchers
FROM (VALUES (1)) one (row)
LEFT JOIN radioshop.find_ticket(:ticket::text) f ON true
LEFT JOIN LATERAL radioshop.shown_ticket(f.agency_id, f.ticket_id) t ON f.ticket_id IS NOT NULL
LEFT JOIN LATERAL radioshop.count_children(f.agency_id, f.ticket_id) n ON f.ticket_id IS NOT NULL
LEFT JOIN LATERAL radioshop.loaner_of(t.agency, t.id) lent ON t.id IS NOT NULL
