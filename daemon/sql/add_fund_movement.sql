-- Moves money of the fund.
SELECT m.refusal, (m.shown).movement_id AS id, CASE WHEN g.agency_id = 0 THEN '' ELSE g.code END AS agency,
  radioshop.show_month((m.shown).month) AS month, (m.shown).kind, (m.shown).amount_cents, (m.shown).text, (m.shown).reference,
  (m.shown).principal, (m.shown).at
FROM radioshop.add_fund_movement(:kind::text, :amount_cents::int8, :text::text, :agency::text, :month::text, :ticket::text) m
LEFT JOIN radioshop.agency g ON g.agency_id = (m.shown).agency_id
