-- Acknowledges an alert: it is not raised again until the next due date.
SELECT s.refusal, s.id, s.kind, s.agency, s.tag, s.assigned_to, s.plan, s.due_on, s.days_overdue, s.step, s.emitted_at,
  s.acked_at, s.acked_by, s.ack_note, coalesce(s.snoozed_until::text, '') AS snoozed_until, s.snoozed_by, s.snooze_note, s.settled_at, s.what,
  s.subject
FROM radioshop.ack_alert(:alert::text, :note::text) s
