-- Takes back that a keyset is old.
SELECT s.refusal, s.id, s.agency, s.code, s.name, s.number, s.algorithm, s.ckrs, s.classes, s.note, s.state, s.superseded_by, s.old_at, s.old_by, s.reason,
  s.holders, s.created_by, s.created_at, s.revision
FROM radioshop.reinstate_keyset(:keyset::text, :revision::int8) s
