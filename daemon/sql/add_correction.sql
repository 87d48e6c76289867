-- Adds a correction to an open month.
SELECT c.refusal, (c.shown).correction_id AS id, g.code AS agency, radioshop.show_month((c.shown).month) AS month,
  coalesce(radioshop.show_month((c.shown).for_month), '') AS for_month, coalesce((c.shown).for_line, 0) AS for_line,
  (c.shown).amount_cents, (c.shown).text, (c.shown).principal, (c.shown).at
FROM radioshop.add_correction(:agency::text, :amount_cents::int8, :text::text, :month::text, :for_month::text, :for_line::int4) c
LEFT JOIN radioshop.agency g ON g.agency_id = (c.shown).agency_id
