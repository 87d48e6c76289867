-- Adds a keyset, by reference.
SELECT s.refusal, s.id, s.agency, s.code, s.name, s.number, s.algorithm, s.ckrs, s.classes, s.note, s.state, s.superseded_by, s.old_at, s.old_by, s.reason,
  s.holders, s.created_by, s.created_at, s.revision
FROM radioshop.create_keyset(:keyset.agency::text, :keyset.code::text, :keyset.name::text, :keyset.number::int4, :keyset.algorithm::text,
  :keyset.ckrs::text, :keyset.classes::text[], :keyset.note::text) s
