-- The lines that an agency would have if the month were closed now.
SELECT p.refusal, (p.line).line_no, (p.line).kind, (p.line).ticket, (p.line).class, (p.line).description, (p.line).quantity::int8 AS quantity,
  (p.line).whole::int8 AS whole, (p.line).unit_cents::int8 AS unit_cents, (p.line).amount_cents::int8 AS amount_cents,
  (p.line).rounding_millicents::int4 AS rounding_millicents, (p.line).reference
FROM radioshop.preview_lines(:month::text, :agency::text) p
