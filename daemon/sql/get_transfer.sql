-- One transfer, of which the caller is on either side.
SELECT coalesce(o.refusal, s.refusal) AS refusal, s.id, s.number, s.agency, s.receiver, s.state, s.price_cents, s.note, s.items, s.offered_at, s.offered_by, s.decided_at, s.decided_by, s.decision_note
FROM radioshop.one_transfer(:transfer::text) o
LEFT JOIN LATERAL radioshop.shown_transfer(o.agency_id, o.transfer_id) s ON o.refusal IS NULL
