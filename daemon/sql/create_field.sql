-- Defines a field.
SELECT s.refusal, s.id, s.agency, s.class, s.name, s.label, s.type, s.required, s.max_length, s.minimum, s.maximum, s.choices, s.place, s.retired,
  s.revision, s.warnings
FROM radioshop.create_field(:field.agency::text, :field.class::text, :field.name::text, :field.label::text, :field.type::text, :field.required::bool,
  :field.max_length::int4, :field.minimum::text, :field.maximum::text, :field.choices::text[], :field.place::int4, :field.retired::bool) s
