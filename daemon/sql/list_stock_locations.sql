-- The places where parts lie, in order of code.
WITH bound AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1], '') AS after, radioshop.refuse_stock() AS refusal
), page AS (
  SELECT l.code, l.name, l.kind, l.closed, l.revision FROM bound b JOIN radioshop.stock_location l ON l.code > b.after
  WHERE (:closed::bool OR NOT l.closed) AND (:kind::text IS NULL OR l.kind = :kind)
  ORDER BY l.code
  LIMIT :page_limit::int4
)
SELECT b.refusal, l.code, l.name, l.kind, l.closed, l.revision, ARRAY[l.code] AS page_key
FROM bound b LEFT JOIN page l ON b.refusal IS NULL
WHERE b.refusal IS NOT NULL OR l.code IS NOT NULL
ORDER BY l.code
