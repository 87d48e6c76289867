-- The lines of a statement, on the table's key.
WITH asked AS MATERIALIZED (
  SELECT g.agency_id, radioshop.read_month(:month::text) AS month, coalesce((:page_key::text[])[1]::int4, 0) AS behind
  FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency::text))
), wrong AS (
  SELECT CASE WHEN radioshop.read_month(:month) IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN NOT EXISTS (SELECT FROM asked q JOIN radioshop.statement_line l ON l.agency_id = q.agency_id AND l.month = q.month)
      AND NOT EXISTS (SELECT FROM asked q JOIN radioshop.statement s ON s.agency_id = q.agency_id AND s.month = q.month) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('%s has no statement of %s', upper(btrim(:agency)), btrim(:month))) END AS refusal
), page AS (
  SELECT l.line_no, l.kind, l.ticket, l.class, l.description, l.quantity, l.whole, l.unit_cents, l.amount_cents, l.rounding_millicents, l.reference
  FROM asked q JOIN radioshop.statement_line l ON l.agency_id = q.agency_id AND l.month = q.month AND l.line_no > q.behind
  ORDER BY l.line_no
  LIMIT :page_limit::int4
)
SELECT w.refusal, p.line_no, p.kind, p.ticket, p.class, p.description, p.quantity, p.whole, p.unit_cents, p.amount_cents,
  p.rounding_millicents, p.reference, ARRAY[p.line_no::text] AS page_key
FROM wrong w LEFT JOIN page p ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR p.line_no IS NOT NULL
ORDER BY p.line_no
