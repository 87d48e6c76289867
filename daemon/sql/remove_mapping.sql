-- Takes a mapping away.
SELECT s.refusal, s.agency, s.name, s.text, s.note, s.saved_by, s.saved_at, s.revision
FROM radioshop.remove_mapping(:agency::text, :name::text) s
