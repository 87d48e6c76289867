-- Approves or refuses a deferral; a trigger moves the due date of an approved one in the same transaction.
SELECT s.refusal, s.id, s.agency, s.tag, s.plan, s.kind, s.due_on, s.deferred_to, s.reason, s.state, s.asked_by, s.asked_at, s.decided_by,
  s.decided_at, s.note, s.next_due_on
FROM radioshop.decide_deferral(:change::text, :state::text, :note::text) s
