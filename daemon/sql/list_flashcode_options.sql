-- What the bits of a FLASHcode mean, in their order. There are some hundreds.
SELECT o.part, o.name, o."character", o.lsb, o.width, o.value, concat_ws(', ', CASE o.mobile WHEN true THEN 'mobile' WHEN false THEN 'not mobile' END,
    CASE o.refresh WHEN true THEN 'FLASHport refresh' WHEN false THEN 'no FLASHport refresh' END, nullif(o.only_if, '')) AS only_if, o.capabilities,
  ARRAY[k.key] AS page_key
FROM radioshop.flashcode_option o
CROSS JOIN LATERAL (SELECT format('%s.%s.%s.%s.%s', lpad(o."character"::text, 2, '0'), 5 - o.lsb, o.width, lpad(o.value::text, 2, '0'), o.part)
  COLLATE "C" AS key) k
WHERE k.key > coalesce((:page_key::text[])[1], '') COLLATE "C"
ORDER BY k.key
LIMIT :page_limit::int4
