-- Begins to import a file, or goes on with it. A function, because two who begin at once take turns.
SELECT s.refusal, s.id, s.agency, s.file_name, s.state, s.rows, s.rows_done, s.created, s.changed, s.unchanged, s.refused, s.started_by,
  s.started_at, s.last_rows_at, s.ended_at, s.ended_by
FROM radioshop.start_import(:agency::text, :file_name::text, :file::text, :rows::int4) s
