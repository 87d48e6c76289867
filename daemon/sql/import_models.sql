-- Loads many models, all or none. A function, because the same rows are looked at, then written, then counted.
SELECT i.refusal, i.created, i.changed, i.unchanged
FROM radioshop.import_models(:models.number::text[], :models.manufacturer::text[], :models.family::text[], :models.tier::text[],
  :models.band::text[], :models.class::text[], :models.end_of_support_on::text[]) i
