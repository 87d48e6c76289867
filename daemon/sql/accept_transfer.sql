-- Accepts what was offered: it is disposed of at the giver and added at the receiver.
SELECT s.refusal, s.id, s.number, s.agency, s.receiver, s.state, s.price_cents, s.note, s.items, s.offered_at, s.offered_by, s.decided_at, s.decided_by, s.decision_note
FROM radioshop.accept_transfer(:transfer::text, :tags::text[], :note::text) s
