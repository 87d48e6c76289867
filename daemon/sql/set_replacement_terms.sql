-- Adds the terms of a class or a model, or changes them.
SELECT s.refusal, (s.shown).model, nullif((s.shown).class, '') AS class, (s.shown).life_years, (s.shown).price_cents, (s.shown).revision
FROM radioshop.set_replacement_terms(:class::text, :model::text, :life_years::int4, :price_cents::int8, :revision::int8) s
