-- Changes what is named of a field that is still at the revision read, unless values that are there would not fit any more.
SELECT s.refusal, s.id, s.agency, s.class, s.name, s.label, s.type, s.required, s.max_length, s.minimum, s.maximum, s.choices, s.place, s.retired,
  s.revision, s.warnings
FROM radioshop.update_field(coalesce(nullif(:field.id::text, ''), nullif(:field.agency::text || ':', ':') || :field.name::text, :field.name), :field.revision::int8,
  :update_mask.paths::text[], :field.class::text, :field.label::text, :field.type::text, :field.required::bool, :field.max_length::int4,
  :field.minimum::text, :field.maximum::text, :field.choices::text[], :field.place::int4, :field.retired::bool) s
