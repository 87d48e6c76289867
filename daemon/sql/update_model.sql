-- Changes the named fields of a model that is still at the revision read; the number itself never changes.
WITH held AS MATERIALIZED (
  SELECT m.model_id, m.revision FROM radioshop.model m WHERE m.number_key = upper(btrim(:model.number::text))
    AND radioshop.is_shop()
  FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the catalogue')
    WHEN 'class' = ANY (:update_mask.paths::text[]) AND :model.class::text IS NULL
      THEN radioshop.refuse('INVALID_ARGUMENT', 'class', 'give a class, such as portable')
    ELSE radioshop.refuse_update(:update_mask.paths::text[], '{manufacturer,family,tier,band,class,end_of_support_on}',
      :model.revision::int8, (SELECT h.revision FROM held h), 'model ' || btrim(:model.number::text))
  END AS refusal
), changed AS (
  UPDATE radioshop.model m SET
    manufacturer = CASE WHEN 'manufacturer' = ANY (:update_mask.paths::text[]) THEN btrim(:model.manufacturer::text) ELSE m.manufacturer END,
    family = CASE WHEN 'family' = ANY (:update_mask.paths::text[]) THEN btrim(:model.family::text) ELSE m.family END,
    tier = CASE WHEN 'tier' = ANY (:update_mask.paths::text[]) THEN btrim(:model.tier::text) ELSE m.tier END,
    band = CASE WHEN 'band' = ANY (:update_mask.paths::text[]) THEN btrim(:model.band::text) ELSE m.band END,
    class = CASE WHEN 'class' = ANY (:update_mask.paths::text[]) THEN :model.class::text ELSE m.class END,
    end_of_support_on = CASE WHEN 'end_of_support_on' = ANY (:update_mask.paths::text[]) THEN :model.end_of_support_on::date
      ELSE m.end_of_support_on END
  FROM held h, verdict v WHERE m.model_id = h.model_id AND v.refusal IS NULL
  RETURNING m.number, m.manufacturer, m.family, m.tier, m.band, m.class, m.end_of_support_on, m.revision
)
SELECT v.refusal, n.number, n.manufacturer, n.family, n.tier, n.band, n.class, n.end_of_support_on, n.revision
FROM verdict v LEFT JOIN changed n ON true
