-- Adds a model to the catalogue.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the catalogue')
    WHEN :model.number::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'model', 'give the model to add')
    WHEN :model.class::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'class', 'give a class, such as portable')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'number', format('the catalogue has model %s already: %s', m.number,
        btrim(m.manufacturer || ' ' || m.family)))
      FROM radioshop.model m WHERE m.number_key = upper(btrim(:model.number::text)))
  END AS refusal
), added AS (
  INSERT INTO radioshop.model (number, manufacturer, family, tier, band, class, end_of_support_on)
  SELECT btrim(:model.number::text), btrim(:model.manufacturer::text), btrim(:model.family::text), btrim(:model.tier::text),
    btrim(:model.band::text), :model.class::text, :model.end_of_support_on::date
  FROM verdict v WHERE v.refusal IS NULL
  RETURNING number, manufacturer, family, tier, band, class, end_of_support_on, revision
)
SELECT v.refusal, n.number, n.manufacturer, n.family, n.tier, n.band, n.class, n.end_of_support_on, n.revision
FROM verdict v LEFT JOIN added n ON true
