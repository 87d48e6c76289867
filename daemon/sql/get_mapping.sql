-- A mapping by its name: the agency's own, else the shop's.
SELECT s.refusal, s.agency, s.name, s.text, s.note, s.saved_by, s.saved_at, s.revision
FROM radioshop.get_mapping(:agency::text, :name::text) s
