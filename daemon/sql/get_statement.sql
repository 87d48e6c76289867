-- The statement of an agency and closed month.
WITH asked AS MATERIALIZED (
  SELECT radioshop.read_month(:month::text) AS month
), found AS (
  SELECT g.code, g.name, s.month, s.lines, s.subscriber_cents, s.share_cents, s.labour_cents, s.parts_cents, s.outside_cents, s.handling_cents,
    s.insurance_cents, s.correction_cents, s.total_cents, b.closed_at, b.closed_by
  FROM asked q JOIN radioshop.agency g ON g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency::text))
    JOIN radioshop.statement s ON s.agency_id = g.agency_id AND s.month = q.month
    JOIN radioshop.billing_month b ON b.month = s.month
)
SELECT CASE WHEN q.month IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN f.code IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency',
      format('%s has no statement of %s', upper(btrim(:agency)), radioshop.show_month(q.month))) END AS refusal,
  f.code AS agency, f.name AS agency_name, radioshop.show_month(f.month) AS month, f.lines, f.subscriber_cents, f.share_cents, f.labour_cents,
  f.parts_cents, f.outside_cents, f.handling_cents, f.insurance_cents, f.correction_cents, f.total_cents, f.closed_at, f.closed_by
FROM asked q LEFT JOIN found f ON true
