-- One import by its UUID.
SELECT o.refusal, s.id, s.agency, s.file_name, s.state, s.rows, s.rows_done, s.created, s.changed, s.unchanged, s.refused, s.started_by,
  s.started_at, s.last_rows_at, s.ended_at, s.ended_by
FROM radioshop.one_import(:run::text) o
LEFT JOIN LATERAL radioshop.shown_import(o.agency_id, o.run_id) s ON o.refusal IS NULL
