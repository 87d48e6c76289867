-- Assets that answer a question, the best first. The search is a function, because each step looks at what the one before has found.
SELECT p.refusal, ('{code,word,beginning,near}'::text[])[p.rank + 1] AS found, coalesce(p.fields, '') AS fields, a.asset_id AS id, p.code AS agency, a.tag, a.serial,
  coalesce((SELECT m.number FROM radioshop.model m WHERE m.model_id = a.model_id), '') AS model, a.class, a.status, a.assigned_to, a.location, a.unit_id, a.alias,
  ARRAY[p.rank::text, p.code, p.tag_key] AS page_key
FROM radioshop.search_assets(:query::text, :agency::text, :status::text, :class::text, :model::text, :page_key::text[], :page_limit::int4) p
LEFT JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
ORDER BY p.rank, p.code, p.tag_key
