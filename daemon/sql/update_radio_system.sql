-- Changes the named fields of a radio system that is still at the revision read.
SELECT s.refusal, s.id, s.name, s.wacn, s.system_id, s.notes, s.revision
FROM radioshop.update_radio_system(:system.id::uuid, :system.revision::int8, :update_mask.paths::text[], :system.name::text,
  :system.wacn::text, :system.system_id::text, :system.notes::text) s
