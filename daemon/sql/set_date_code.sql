-- Sets the date code of a battery.
SELECT (s.shown).refusal, (s.shown).agency, (s.shown).tag, (s.shown).serial, (s.shown).model, (s.shown).status, (s.shown).parent, (s.shown).assigned_to,
  (s.shown).date_code, (s.shown).made_on, (s.shown).age_months, (s.shown).capacity_percent, (s.shown).measured_on, (s.shown).per_year,
  (s.shown).date_code_revision, s.warnings
FROM radioshop.set_date_code(:asset::text, :date_code::text, :revision::int8) s
