-- Approves a version for a model, or changes an approval. A function, because it is one or the other.
SELECT s.refusal, s.model, s.version, s.from_on, s.until_on, s.note, s.approved_by, s.revision
FROM radioshop.set_approved_firmware(:firmware.model::text, :firmware.version::text, :firmware.from_on::date, :firmware.until_on::date,
  :firmware.note::text, :firmware.revision::int8) s
