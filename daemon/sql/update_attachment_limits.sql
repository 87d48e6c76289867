-- Changes the named limits of an agency that are still at the revision read. The disk is the shop's, and so is the word on it.
WITH held AS MATERIALIZED (
  SELECT l.agency_id, g.code, l.revision FROM radioshop.agency g JOIN radioshop.attachment_limits l ON l.agency_id = g.agency_id
  WHERE g.code = upper(btrim(:limits.agency::text)) AND g.agency_id = ANY (radioshop.agencies()) FOR NO KEY UPDATE OF l
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes how much is attached')
    ELSE radioshop.refuse_update(:update_mask.paths::text[], '{file_bytes,total_bytes,record_files}', :limits.revision::int8,
      (SELECT h.revision FROM held h), 'agency ' || btrim(:limits.agency::text))
  END AS refusal
), changed AS (
  UPDATE radioshop.attachment_limits l SET
    file_bytes = CASE WHEN 'file_bytes' = ANY (:update_mask.paths) THEN :limits.file_bytes::int8 ELSE l.file_bytes END,
    total_bytes = CASE WHEN 'total_bytes' = ANY (:update_mask.paths) THEN :limits.total_bytes::int8 ELSE l.total_bytes END,
    record_files = CASE WHEN 'record_files' = ANY (:update_mask.paths) THEN :limits.record_files::int4 ELSE l.record_files END
  FROM held h, verdict v WHERE l.agency_id = h.agency_id AND v.refusal IS NULL
  RETURNING h.code, l.file_bytes, l.total_bytes, l.record_files, l.used_bytes, l.revision
)
SELECT v.refusal, n.code AS agency, n.file_bytes, n.total_bytes, n.record_files, n.used_bytes, n.revision
FROM verdict v LEFT JOIN changed n ON true
