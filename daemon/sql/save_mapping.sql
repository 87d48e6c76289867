-- Adds a mapping, or replaces the text of one. A function, because it is one or the other.
SELECT s.refusal, s.agency, s.name, s.text, s.note, s.saved_by, s.saved_at, s.revision
FROM radioshop.save_mapping(:mapping.agency::text, :mapping.name::text, :mapping.text::text, :mapping.note::text, :mapping.revision::int8) s
