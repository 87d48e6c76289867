-- Adds a rate of labour, or changes one.
SELECT s.refusal, (s.shown).technician, (s.shown).from_day, (s.shown).hourly_cents, (s.shown).revision
FROM radioshop.set_labour_rate(:technician::text, :from_day::date, :hourly_cents::int8, :revision::int8) s
