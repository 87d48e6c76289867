-- A radio system enters the catalogue, unless a unit ID is that of radios in two agencies on it.
SELECT s.refusal, s.id, s.name, s.wacn, s.system_id, s.notes, s.revision
FROM radioshop.create_radio_system(:system.name::text, :system.wacn::text, :system.system_id::text, :system.notes::text) s
