-- Takes components off, all or none.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.parent, s.parent_model, s.from_at, s.from_by, s.note, s.until_at, s.until_by,
  s.until_note
FROM radioshop.detach_assets(:assets::text[], :note::text) s
