-- One keyset by its code or UUID.
SELECT o.refusal, s.id, s.agency, s.code, s.name, s.number, s.algorithm, s.ckrs, s.classes, s.note, s.state, s.superseded_by, s.old_at, s.old_by, s.reason,
  s.holders, s.created_by, s.created_at, s.revision
FROM radioshop.one_keyset(:keyset::text, 'keyset') o
LEFT JOIN LATERAL radioshop.shown_keyset(o.agency_id, o.keyset_id) s ON o.refusal IS NULL
