-- Begins an upload, or says where one of the same file stopped.
SELECT s.refusal, s.id, s.agency, s.tag, s.ticket, s.name, s.media_type, s.size_bytes, s.sha256, s.note, s.state, s.added_by, s.added_at, s.stored_at,
  s.removed_by, s.removed_at, s.reason, s.next_offset, radioshop.chunk_bytes() AS chunk_bytes
FROM radioshop.start_upload(:record::text, :name::text, :size_bytes::int8, :sha256::text, :note::text, :restart::bool) s
