-- One model of the catalogue, by its number; capitals do not matter.
SELECT m.number, m.manufacturer, m.family, m.tier, m.band, m.class, m.end_of_support_on, m.revision
FROM radioshop.model m
WHERE m.number_key = upper(btrim(:model::text))
