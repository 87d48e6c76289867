-- Asks for a deferral; nothing moves until it is approved.
SELECT s.refusal, s.id, s.agency, s.tag, s.plan, s.kind, s.due_on, s.deferred_to, s.reason, s.state, s.asked_by, s.asked_at, s.decided_by,
  s.decided_at, s.note, s.next_due_on
FROM radioshop.defer_due(:asset::text, :plan::text, :due_on::date, :deferred_to::date, :reason::text) s
