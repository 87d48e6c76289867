-- Declines what was offered.
SELECT s.refusal, s.id, s.number, s.agency, s.receiver, s.state, s.price_cents, s.note, s.items, s.offered_at, s.offered_by, s.decided_at, s.decided_by, s.decision_note
FROM radioshop.drop_transfer(:transfer::text, true, :note::text) s
