-- Offers assets to another agency, all or none.
SELECT s.refusal, s.id, s.number, s.agency, s.receiver, s.state, s.price_cents, s.note, s.items, s.offered_at, s.offered_by, s.decided_at, s.decided_by, s.decision_note
FROM radioshop.offer_transfer(:assets::text[], :to::text, :price_cents::int8, :note::text, :at_once::bool, :tags::text[]) s
