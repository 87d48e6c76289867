-- Codes by kind and code, as the primary key has them; a shop has tens of them.
SELECT c.kind, c.code, c.name, c.retired, c.revision, ARRAY[c.kind, c.code] AS page_key
FROM radioshop.ticket_code c
WHERE (:kind::text IS NULL OR c.kind = :kind) AND (:retired::bool OR NOT c.retired)
  AND (c.kind, c.code) > (coalesce((:page_key::text[])[1], ''), coalesce((:page_key::text[])[2], ''))
ORDER BY c.kind, c.code
LIMIT :page_limit::int4
