-- Principals with their grants in order of name, for administrators of the shop. Grants are looked up for the page only.
WITH page AS (
  SELECT p.principal_id, p.name FROM radioshop.principal p
  WHERE radioshop.is_shop() AND p.name > coalesce((:page_key::text[])[1], '')
  ORDER BY p.name
  LIMIT :page_limit::int4
)
SELECT s.name, s.display_name, s.disabled, s.grants, s.revision, s.created_at, ARRAY[p.name] AS page_key
FROM page p CROSS JOIN LATERAL radioshop.shown_principal(p.principal_id) s
ORDER BY p.name
