-- One attachment by what it is on and its name, or by its UUID.
SELECT o.refusal, s.id, s.agency, s.tag, s.ticket, s.name, s.media_type, s.size_bytes, s.sha256, s.note, s.state, s.added_by, s.added_at, s.stored_at,
  s.removed_by, s.removed_at, s.reason
FROM radioshop.one_attachment(:record::text, :name::text) o
LEFT JOIN LATERAL radioshop.shown_attachment(o.agency_id, o.attachment_id) s ON o.refusal IS NULL
