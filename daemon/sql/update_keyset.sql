-- Changes the named fields of a keyset that is still at the revision read.
SELECT s.refusal, s.id, s.agency, s.code, s.name, s.number, s.algorithm, s.ckrs, s.classes, s.note, s.state, s.superseded_by, s.old_at, s.old_by, s.reason,
  s.holders, s.created_by, s.created_at, s.revision
FROM radioshop.update_keyset(coalesce(nullif(:keyset.id::text, ''), :keyset.code::text), :keyset.revision::int8, :update_mask.paths::text[],
  :keyset.name::text, :keyset.ckrs::text, :keyset.classes::text[], :keyset.note::text) s
