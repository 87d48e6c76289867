-- The bytes of an attachment, a mebibyte at a time: a slow reader holds neither a snapshot nor memory. The last chunk has no page_key. If
-- the attachment is removed meanwhile the stream ends with a refusal and not as if it were whole.
WITH it AS MATERIALIZED (
  SELECT a.agency_id, a.attachment_id, (a.size_bytes - 1) / radioshop.chunk_bytes() AS last, coalesce((:page_key::text[])[1]::int4, -1) AS before,
    CASE a.state
      WHEN 'uploading' THEN radioshop.refuse('FAILED_PRECONDITION', 'attachment', format('%s is not whole yet', a.name))
      WHEN 'removed' THEN radioshop.refuse('FAILED_PRECONDITION', 'attachment', format('%s was removed by %s: %s', a.name, a.removed_by, a.reason))
    END AS refusal
  FROM (VALUES (1)) one (row)
  LEFT JOIN radioshop.attachment a ON a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = :attachment::uuid
)
SELECT CASE
    WHEN it.attachment_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'attachment', format('no attachment has the UUID %s', :attachment))
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN c.chunk_no IS NULL THEN radioshop.refuse('DATA_LOSS', 'attachment', 'bytes of this attachment are gone; tell the shop''s administrator')
  END AS refusal,
  c.chunk_no::int8 * radioshop.chunk_bytes() AS offset, c.bytes AS data,
  CASE WHEN c.chunk_no < it.last THEN ARRAY[c.chunk_no::text] END AS page_key
FROM it
LEFT JOIN LATERAL (
  SELECT k.chunk_no, k.bytes FROM radioshop.attachment_chunk k
  WHERE it.refusal IS NULL AND k.agency_id = it.agency_id AND k.attachment_id = it.attachment_id AND k.chunk_no > it.before
  ORDER BY k.chunk_no LIMIT least(:page_limit::int4, 4)) c ON true
ORDER BY c.chunk_no
