-- Enters what is newly overdue, escalated or resolved into the ledger and returns just that, by agency and due date.
SELECT s.refusal, s.id, s.kind, s.agency, s.tag, s.assigned_to, s.plan, s.due_on, s.days_overdue, s.step, s.emitted_at,
  s.acked_at, s.acked_by, s.ack_note, coalesce(s.snoozed_until::text, '') AS snoozed_until, s.snoozed_by, s.snooze_note, s.settled_at, s.what, s.subject
FROM radioshop.emit_alerts(:agency::text, :limit::int4, :urgent::bool) s
