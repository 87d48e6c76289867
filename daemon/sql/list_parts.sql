-- The shop's parts in order of number. There are thousands at most, so filters need no index of their own.
WITH bound AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1], '') AS after, radioshop.refuse_stock() AS refusal,
    (SELECT m.model_id FROM radioshop.model m WHERE m.number_key = upper(btrim(:model::text))) AS model_id
), wrong AS (
  SELECT coalesce(b.refusal, CASE WHEN :model <> '' AND b.model_id IS NULL THEN
    radioshop.refuse('NOT_FOUND', 'model', format('the catalogue has no model %s', :model)) END) AS refusal FROM bound b
), page AS (
  SELECT p.part_id, p.number_key FROM bound b JOIN radioshop.part p ON p.number_key > b.after
  WHERE (:obsolete::bool OR NOT p.obsolete) AND (:class::text IS NULL OR p.class = :class)
    AND (:model = '' OR EXISTS (SELECT FROM radioshop.part_model f WHERE f.part_id = p.part_id AND f.model_id = b.model_id))
  ORDER BY p.number_key
  LIMIT :page_limit::int4
)
SELECT w.refusal, t.number, t.name, t.manufacturer, t.maker_number, t.unit, t.class, t.models, t.reorder_point, t.reorder_quantity, t.obsolete,
  t.on_hand, t.revision,
  ARRAY[page.number_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_part(page.part_id) t ON page.part_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.part_id IS NOT NULL
ORDER BY page.number_key
