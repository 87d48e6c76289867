-- Takes the bytes of an attachment away, and keeps who and why.
SELECT s.refusal, s.id, s.agency, s.tag, s.ticket, s.name, s.media_type, s.size_bytes, s.sha256, s.note, s.state, s.added_by, s.added_at, s.stored_at,
  s.removed_by, s.removed_at, s.reason
FROM radioshop.remove_attachment(:attachment::uuid, :reason::text) s
