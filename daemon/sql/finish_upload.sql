-- Makes an attachment of an upload that is whole.
SELECT s.refusal, s.id, s.agency, s.tag, s.ticket, s.name, s.media_type, s.size_bytes, s.sha256, s.note, s.state, s.added_by, s.added_at, s.stored_at,
  s.removed_by, s.removed_at, s.reason
FROM radioshop.finish_upload(:upload::uuid) s
