-- The terms of classes, and then of models.
WITH asked AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1], '') COLLATE "C" AS model, coalesce((:page_key::text[])[2], '') COLLATE "C" AS class
)
SELECT t.model, nullif(t.class, '') AS class, t.life_years, t.price_cents, t.revision, ARRAY[t.model, t.class] AS page_key
FROM asked q JOIN radioshop.replacement_term t ON (t.model, t.class) > (q.model, q.class)
ORDER BY t.model, t.class
LIMIT :page_limit::int4
