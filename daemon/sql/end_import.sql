-- Ends an import. A function, because it waits for the rows that are just being written.
SELECT s.refusal, s.id, s.agency, s.file_name, s.state, s.rows, s.rows_done, s.created, s.changed, s.unchanged, s.refused, s.started_by,
  s.started_at, s.last_rows_at, s.ended_at, s.ended_by
FROM radioshop.end_import(:run::text, :state::text) s
