-- Verify radioshop:attachment on pg

BEGIN;

SELECT agency_id, file_bytes, total_bytes, record_files, used_bytes, revision, updated_at FROM radioshop.attachment_limits WHERE false;
SELECT agency_id, attachment_id, asset_id, ticket_id, name, name_key, media_type, size_bytes, sha256, note, state, added_by, added_at, stored_at,
  removed_by, removed_at, reason FROM radioshop.attachment WHERE false;
SELECT agency_id, attachment_id, chunk_no, bytes FROM radioshop.attachment_chunk WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 27, 'schema_version is below 27';
  ASSERT (SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND oid IN ('radioshop.attachment'::regclass,
    'radioshop.attachment_chunk'::regclass, 'radioshop.attachment_limits'::regclass)) = 3, 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.attachment', 'DELETE, TRUNCATE'), 'attachments can be deleted';
  ASSERT NOT has_any_column_privilege('radioshop_app', 'radioshop.attachment_chunk', 'UPDATE'), 'bytes can be changed';
  ASSERT NOT EXISTS (SELECT FROM radioshop.agency g LEFT JOIN radioshop.attachment_limits l ON l.agency_id = g.agency_id
    WHERE g.agency_id <> 0 AND l.agency_id IS NULL), 'an agency has no limits';
  ASSERT radioshop.media_type_of('\xffd8ffe0', false, 'x') = 'image/jpeg', 'a photo is not known';
END
$$;

ROLLBACK;
