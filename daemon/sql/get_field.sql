-- One field by its name or UUID.
SELECT o.refusal, s.id, s.agency, s.class, s.name, s.label, s.type, s.required, s.max_length, s.minimum, s.maximum, s.choices, s.place, s.retired,
  s.revision
FROM radioshop.one_field(:field::text) o
LEFT JOIN LATERAL radioshop.shown_field(o.agency_id, o.field_id) s ON o.refusal IS NULL
