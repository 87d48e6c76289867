-- Statements, newest month first: a page of each agency from its key, since the key of all leads with the agency.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, g.name, coalesce((:page_key::text[])[1]::date, 'infinity') AS before,
    coalesce((:page_key::text[])[2], '') COLLATE "C" AS behind, coalesce(radioshop.read_month(:month::text), '-infinity') AS first,
    coalesce(radioshop.read_month(:month::text), 'infinity') AS last
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0 AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN btrim(:month) <> '' AND radioshop.read_month(:month) IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10') END AS refusal
), page AS (
  SELECT w.code, w.name, s.month, s.lines, s.subscriber_cents, s.share_cents, s.labour_cents, s.parts_cents, s.outside_cents, s.handling_cents,
    s.insurance_cents, s.correction_cents, s.total_cents
  FROM wanted w CROSS JOIN LATERAL (
    SELECT s.month, s.lines, s.subscriber_cents, s.share_cents, s.labour_cents, s.parts_cents, s.outside_cents, s.handling_cents,
      s.insurance_cents, s.correction_cents, s.total_cents
    FROM radioshop.statement s
    WHERE s.agency_id = w.agency_id AND s.month <= w.before AND s.month BETWEEN w.first AND w.last
      AND (s.month < w.before OR w.code > w.behind)
    ORDER BY s.month DESC LIMIT :page_limit::int4) s
  ORDER BY s.month DESC, w.code
  LIMIT :page_limit::int4
)
SELECT w.refusal, p.code AS agency, p.name AS agency_name, radioshop.show_month(p.month) AS month, p.lines, p.subscriber_cents, p.share_cents,
  p.labour_cents, p.parts_cents, p.outside_cents, p.handling_cents, p.insurance_cents, p.correction_cents, p.total_cents, b.closed_at,
  b.closed_by, ARRAY[p.month::text, p.code] AS page_key
FROM wrong w
LEFT JOIN (page p JOIN radioshop.billing_month b ON b.month = p.month) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR p.code IS NOT NULL
ORDER BY p.month DESC, p.code
