-- The catalogue of radio systems in order of name; a region has a handful.
SELECT s.system_id AS id, s.name, radioshop.show_hex(s.wacn, 5) AS wacn, radioshop.show_hex(s.number, 3) AS system_id, s.notes, s.revision,
  ARRAY[s.name_key] AS page_key
FROM radioshop.radio_system s
WHERE s.name_key > coalesce((:page_key::text[])[1], '')
ORDER BY s.name_key
LIMIT :page_limit::int4
