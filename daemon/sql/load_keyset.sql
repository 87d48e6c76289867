-- Records that radios were loaded with a keyset: all of them, or none.
SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.status, s.assigned_to, s.keyset, s.name, s.number, s.algorithm, s.ckrs, s.state, s.superseded_by,
  s.means, s.loader, s.loaded_on, s.note, s.not_allowed, s.exception, s.recorded_by, s.recorded_at, s.ended_as, s.ended_on, s.ended_note, s.ended_by,
  s.ended_at, s.asset_id
FROM radioshop.load_keyset(:keyset::text, :assets::text[], :ckrs::text, :means::text, :loader::text, :loaded_on::date, :note::text,
  :exception::text) s
