-- What is approved, in order of model and version. There are some versions a model, and hundreds of models.
SELECT m.number AS model, f.version, f.from_on, f.until_on, f.note, f.approved_by, f.revision, ARRAY[m.number_key, f.version_key] AS page_key
FROM radioshop.approved_firmware f
JOIN radioshop.model m ON m.model_id = f.model_id
WHERE (m.number_key, f.version_key) > (coalesce((:page_key::text[])[1], ''), coalesce((:page_key::text[])[2], ''))
  AND (btrim(:model::text) = '' OR m.number_key = upper(btrim(:model::text)))
ORDER BY m.number_key, f.version_key
LIMIT :page_limit::int4
